"""The two doors by which people and machines come in: console pages and API operations, each with its capability."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url

from liushui.kernel.errors import LiushuiError
from liushui.runtime import row_security
from liushui.runtime.access import Principal
from liushui.runtime.grants import staff_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.second_factor import has_factor, is_required_for
from liushui.runtime.step_up import ask, asked_address, go_to, is_fresh

log = structlog.get_logger(__name__)
Page = Callable[..., HttpResponseBase]
_HAS_FACTOR = "liushui_has_factor"
# Serialization failure, deadlock, lock not had, statement cancelled (PostgreSQL, appendix A).
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
_BUSY_SECONDS = 2


class Busy(LiushuiError):
    """Too much is going on at once."""

    status = 503
    type = "busy"


def page(
    *, capability: str | None, step_up: bool | Literal["POST"] = False, before_set_up: bool = False
) -> Callable[[Page], Page]:
    """Make a view a console page: signed in, with this capability somewhere, else the sign-in page or a 403.

    The view gets `principal` as keyword argument and must hand it, or the store ids it gives, to the query layer.
    None means that being signed in is enough. The access matrix test reads `capability` off the view.
    `step_up` asks for a password or code again when the last is old: for every request, or for "POST" only.
    Whoever has yet to choose a password or a second factor is led to that first; `before_set_up` pages stay open.
    """

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            principal = principal_of(request)
            if principal is None:
                wanted = urlencode({"next": asked_address(request)})
                return go_to(request, f"{resolve_url(settings.LOGIN_URL)}?{wanted}")
            if not before_set_up and is_set_up_missing(request, principal):
                return go_to(request, resolve_url(settings.SET_UP_URL))
            if capability is not None:
                principal.require(capability)
            if (step_up is True or step_up == request.method) and not is_fresh(request):
                return ask(request)
            return view(request, *args, principal=principal, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]  # read by the access matrix test
        return guarded

    return decorate


def back_to(name: str) -> Callable[[Page], Page]:
    """Lead whoever comes without a form to the page of this name, with the same arguments: an address that only takes
    forms stands in the browser when what was wrong is told there, and a change of language or a reload asks for it."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def led(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(resolve_url(name, *args, **kwargs))
            return view(request, *args, **kwargs)

        return led

    return decorate


def principal_of(request: HttpRequest) -> Principal | None:
    """The member of staff who is signed in on this request, with present grants; looked up once a request."""
    if not hasattr(request, "liushui_principal"):
        user = getattr(request, "user", None)
        found = None
        if isinstance(user, StaffUser) and user.is_active:
            found = staff_principal(user, address=client_address(request))
            row_security.enter(found)
        request.liushui_principal = found  # type: ignore[attr-defined]
    return request.liushui_principal  # type: ignore[attr-defined,no-any-return]


def is_set_up_missing(request: HttpRequest, principal: Principal) -> bool:
    """Whether a password of one's own, or a second factor that one's roles call for, is still to be chosen."""
    if request.user.must_change_password:  # type: ignore[union-attr]  # a StaffUser: there is a principal
        return True
    if not is_required_for(principal) or request.session.get(_HAS_FACTOR):
        return False
    if not has_factor(user_id=request.user.pk):  # type: ignore[arg-type]
        return True
    request.session[_HAS_FACTOR] = True  # the last one is not taken away while it is required: ask once a sign-in
    return False


def client_address(request: HttpRequest) -> str:
    """Address of the peer, for the audit log."""
    return str(request.META.get("REMOTE_ADDR", ""))


def problem_response(error: LiushuiError) -> JsonResponse:
    """An error as RFC 9457 JSON; one that has a `challenge` asks for better credentials (RFC 6750, section 3)."""
    response = JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")
    if isinstance(error, Busy):
        response["Retry-After"] = str(_BUSY_SECONDS)
    challenge = getattr(error, "challenge", None)
    if challenge is not None or error.status == 401:
        response["WWW-Authenticate"] = challenge or 'Bearer realm="liushui"'
    return response


class ProblemMiddleware:
    """Turns a named error of any view into problem JSON (API) or an error page (console)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        error = busy(error) or error
        if not isinstance(error, LiushuiError):
            return None
        if request.path.startswith("/api/"):
            return problem_response(error)
        return render(request, "console/error.html", {"error": error}, status=error.status)


def busy(error: Exception) -> Busy | None:
    """What to say of a lock that was not had in time, or of two that waited for each other; None for other errors.

    Every request is safe to repeat, so whoever sent this one is told to.
    """
    cause = error.__cause__
    waited = isinstance(error, OperationalError) and (
        getattr(cause, "sqlstate", None) in _BUSY_STATES
        or str(getattr(cause, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
    )
    if not waited:
        return None
    log.warning("the database was busy", exc_info=error)
    return Busy("Others kept the database busy for too long", remedy="Do the same once more in a moment.")
