"""One draft of the programme: what it changes, its review, its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotAllowed
from liushui.loyalty import facade
from liushui.loyalty.actions.programme_drafts import NAME_MAX
from liushui.loyalty.contracts import ProgrammeDraft
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_json import normal_text
from liushui.loyalty.errors import ProgrammeMoved
from liushui.loyalty.pages.programme_try import findings
from liushui.loyalty.pages.programmes import DRAFT_STATES, changes_of, words_of
from liushui.loyalty.pages.rules import may_write, revision_of
from liushui.loyalty.pages.scope import chain_by_id, zone_of
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.request_limits import takes_files
from liushui.runtime.step_up import ask, is_fresh
from liushui.runtime.web import page

FILE_MAX = 1024 * 1024
_GRAVE = ("approve", "reject")


@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def draft_detail(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """The draft; a POST says in `do` what to do with it."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    if request.method == "GET":
        return _show(request, draft, principal)
    deed = request.POST.get("do", "")
    if deed in _GRAVE and not is_fresh(request):
        return ask(request)
    try:
        answer = _DEEDS[deed](request, draft, principal) if deed in _DEEDS else None
    except NotAllowed as error:
        if not isinstance(error, approvals.SamePerson):
            raise
        return _show(request, draft, principal, error=error)
    except LiushuiError as error:
        return _show(request, draft, principal, error=error)
    return answer or redirect("loyalty:draft", programme_draft_id=draft.id)


def _show(
    request: HttpRequest, draft: ProgrammeDraft, principal: Principal, *, error: LiushuiError | None = None
) -> HttpResponse:
    chain = chain_by_id(draft.chain_id)
    now = datetime.now(UTC)
    title, kind = DRAFT_STATES[draft.state]
    asked = approvals.approval(approval_id=draft.approval_id) if draft.approval_id else None
    base = _base(draft, principal, now)
    context = {
        "draft": draft,
        "chain": chain,
        "zone": zone_of(chain),
        "state_name": title,
        "state_class": kind,
        "base": base,
        "changes": changes_of(base.programme if base else Programme(currency=chain.currency), draft.programme, chain),
        "is_changed": bool(facade.programme_changes(draft_id=draft.id, principal=principal)),
        "findings": findings(draft.programme, words_of(draft.programme, chain)),
        "runs": facade.dry_runs(draft_id=draft.id, principal=principal, limit=5),
        "is_open": draft.state == "open",
        "may_write": may_write(chain, principal),
        "may_approve": chain.id in principal.whole_chains("loyalty.approve"),
        "approval": asked,
        "is_own": asked is not None and asked.requested_by == principal.subject,
        "error": error,
        "has_moved": isinstance(error, ProgrammeMoved),
        "posted": request.POST,
    }
    return render(request, "loyalty/draft.html", context, status=422 if error else 200)


def _base(draft: ProgrammeDraft, principal: Principal, now: datetime) -> Any:
    if draft.base_id is None:
        return None
    return facade.programme_version(programme_id=draft.base_id, principal=principal, at=now)


def _rename(request: HttpRequest, draft: ProgrammeDraft, principal: Principal) -> None:
    if not 0 < len(request.POST.get("name", "").strip()) <= NAME_MAX:
        raise InvalidValue(_("Give the draft a name of 1 to 200 characters."), pointer="/name")
    facade.rename_programme_draft(
        draft_id=draft.id, revision=revision_of(request, draft), name=request.POST.get("name", ""),
        principal=principal, now=datetime.now(UTC),
    )  # fmt: skip
    messages.success(request, _("Renamed."))


def _discard(request: HttpRequest, draft: ProgrammeDraft, principal: Principal) -> HttpResponse:
    facade.discard_programme_draft(draft_id=draft.id, principal=principal, now=datetime.now(UTC))
    messages.success(request, _("The draft was thrown away."))
    return redirect("loyalty:programmes")


def _submit(request: HttpRequest, draft: ProgrammeDraft, principal: Principal) -> None:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise InvalidValue(_("Say what it is for, so that the other person can judge it."), pointer="/reason")
    facade.submit_programme(
        draft_id=draft.id, revision=revision_of(request, draft), reason=reason, principal=principal,
        now=datetime.now(UTC), starts_at=_start(request, chain_by_id(draft.chain_id)),
    )  # fmt: skip
    messages.success(request, _("Handed in. Another person reviews it now."))


def _start(request: HttpRequest, chain: ChainPlace) -> datetime | None:
    if request.POST.get("start") != "at":
        return None
    try:
        starts_at = datetime.fromisoformat(request.POST.get("starts_at", "").strip()).replace(tzinfo=zone_of(chain))
    except ValueError:
        raise InvalidValue(_("Give a date and a time."), pointer="/starts_at") from None
    if starts_at < datetime.now(UTC):
        raise InvalidValue(
            _("This time is over. Choose a later one, or let it start when approved."), pointer="/starts_at"
        )
    return starts_at


def _take_back(request: HttpRequest, draft: ProgrammeDraft, principal: Principal) -> None:
    facade.take_back_programme(draft_id=draft.id, principal=principal, now=datetime.now(UTC))
    messages.success(request, _("Taken back. It can be changed again."))


def _decide(request: HttpRequest, draft: ProgrammeDraft, principal: Principal) -> HttpResponse | None:
    approve, reason = request.POST.get("do") == "approve", request.POST.get("reason", "").strip()
    if not approve and not reason:
        raise InvalidValue(_("Say why, so that the author can mend it."), pointer="/reason")
    after = facade.decide_programme(
        draft_id=draft.id, approve=approve, principal=principal, now=datetime.now(UTC), reason=reason
    )
    if approve and after.programme_id is not None:
        messages.success(request, _("Published."))
        return redirect("loyalty:programme", programme_id=after.programme_id)
    messages.success(request, _("Sent back to the author."))
    return None


_DEEDS: Mapping[str, Any] = {
    "rename": _rename,
    "discard": _discard,
    "submit": _submit,
    "take-back": _take_back,
    "approve": _decide,
    "reject": _decide,
}


@require_GET
@page(capability="member.read")
def draft_export(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """The draft's rules as a JSON file."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    return _file(draft.document, f"programme-draft-{draft.id}")


@require_GET
@page(capability="member.read")
def version_export(request: HttpRequest, *, programme_id: int, principal: Principal) -> HttpResponse:
    """A published version as a JSON file."""
    found = facade.programme_version(programme_id=programme_id, principal=principal, at=datetime.now(UTC))
    return _file(normal_text(found.programme), f"programme-version-{found.number}")


def _file(document: str, name: str) -> HttpResponse:
    text = json.dumps(json.loads(document), ensure_ascii=False, indent=2)
    response = HttpResponse(text + "\n", content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


@require_http_methods(["GET", "POST"])
@page(capability="loyalty.write")
@takes_files
def draft_import(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """Rules from a file or from pasted text in place of the draft's."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    error: LiushuiError | None = None
    raw = _posted(request) if request.method == "POST" else ""
    if request.method == "POST":
        try:
            facade.save_programme_draft(
                draft_id=draft.id, revision=revision_of(request, draft), document=raw, principal=principal,
                now=datetime.now(UTC),
            )  # fmt: skip
        except NotAllowed:
            raise
        except LiushuiError as problem:
            error = problem
        else:
            messages.success(request, _("The rules were taken in. Look at what they change."))
            return redirect("loyalty:draft", programme_draft_id=draft.id)
    context = {
        "draft": draft,
        "chain": chain,
        "error": error,
        "text": raw,
        "is_open": draft.state == "open" and may_write(chain, principal),
    }
    return render(request, "loyalty/programme_import.html", context, status=422 if error else 200)


def _posted(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "")[:FILE_MAX]
    return bytes(file.read(FILE_MAX + 1)).decode("utf-8", "replace")
