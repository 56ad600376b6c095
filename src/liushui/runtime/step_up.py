"""Fresh proof of who sits there: what is grave asks for the password or a code again when the last is too old.

`web.page(step_up=True)` sends whoever is stale to the page named by `settings.STEP_UP_URL` and back. What a form held
is kept in the session meanwhile and offered again: nothing that was typed is lost, and nothing is done unasked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

from liushui.kernel.errors import NotAllowed

VERIFIED_AT = "liushui_verified_at"
_KEPT_FORM = "liushui_kept_form"
_KEPT_BYTES_MAX = 64_000
_CSRF = "csrfmiddlewaretoken"
_NEVER_KEPT = ("password", "credential", "recovery", "secret", "pin")


class StepUpNeeded(NotAllowed):
    """Confirm first that it is you."""

    type = "step-up-needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """A form that was sent too late after the last proof: where to, and its fields in their order."""

    address: str
    fields: tuple[tuple[str, str], ...]


def confirm(request: HttpRequest, *, now: datetime) -> None:
    """A second factor was given just now, or the password of one who has none."""
    request.session[VERIFIED_AT] = int(now.timestamp())


def is_fresh(request: HttpRequest, *, now: datetime | None = None) -> bool:
    """Whether a second factor (or the password of one who has none) was given within LIUSHUI_STEP_UP_SECONDS."""
    given_at = request.session.get(VERIFIED_AT, 0)
    age = int((now or datetime.now(UTC)).timestamp()) - given_at
    return bool(0 <= age <= settings.LIUSHUI.step_up_seconds)


def proved_at(request: HttpRequest) -> datetime | None:
    """When a second factor, or the password of one who has none, was given last in this session; None when never."""
    given_at = request.session.get(VERIFIED_AT)
    return None if given_at is None else datetime.fromtimestamp(given_at, UTC)


def is_due(request: HttpRequest, *, amount_minor: int | None) -> bool:
    """Whether money of this size asks for fresh proof: from LIUSHUI_STEP_UP_AMOUNT_MINOR on, given or taken back."""
    return abs(amount_minor or 0) >= settings.LIUSHUI.step_up_amount_minor and not is_fresh(request)


def require(request: HttpRequest) -> None:
    """Raise StepUpNeeded unless the proof is fresh: for what has no page to come back to."""
    if not is_fresh(request):
        raise StepUpNeeded(
            "The last password or code is too old for this", remedy="Confirm that it is you, and repeat."
        )


def ask(request: HttpRequest) -> HttpResponse:
    """To the page that asks for proof, and back; a form's fields are kept for the way back."""
    if request.method == "GET":
        return go_to(request, f"{resolve_url(settings.STEP_UP_URL)}?{urlencode({'next': asked_address(request)})}")
    _keep_form(request)
    back = page_of(request)
    return go_to(request, f"{resolve_url(settings.STEP_UP_URL)}?{urlencode({'next': back})}")


def kept_form(request: HttpRequest) -> KeptForm | None:
    """What `ask` kept."""
    kept = request.session.get(_KEPT_FORM)
    if kept is None:
        return None
    return KeptForm(address=kept["address"], fields=tuple((name, value) for name, value in kept["fields"]))


def forget_form(request: HttpRequest) -> None:
    """Drop what `ask` kept."""
    request.session.pop(_KEPT_FORM, None)


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also when HTMX asked for a part of it."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def asked_address(request: HttpRequest) -> str:
    """The page to come back to: of a part that HTMX asked for, the page around it."""
    return page_of(request) if request.headers.get("HX-Request") == "true" else request.get_full_path()


def page_of(request: HttpRequest) -> str:
    """Path and query of the page from which this request was sent, if it is one of ours; else its own path."""
    around = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if around.netloc != request.get_host() or not around.path.startswith("/"):
        return request.path
    return around.path + (f"?{around.query}" if around.query else "")


def _keep_form(request: HttpRequest) -> None:
    forget_form(request)
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name != _CSRF]
    size = sum(len(name) + len(value) for name, value in fields)
    holds_secret = any(secret in name for name, _value in fields for secret in _NEVER_KEPT)
    is_part = request.headers.get("HX-Request") == "true"  # it has no page of its own to come back to
    if not (request.FILES or holds_secret or is_part) and 0 < size <= _KEPT_BYTES_MAX:
        request.session[_KEPT_FORM] = {"address": request.get_full_path(), "fields": fields}
