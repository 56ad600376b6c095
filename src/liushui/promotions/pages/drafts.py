"""Drafts: the list, a promotion to begin with, one draft with what it changes, its review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotAllowed
from liushui.promotions import facade
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.sentence_names import instant_text
from liushui.promotions.errors import BaseMoved
from liushui.promotions.pages import sentences
from liushui.promotions.pages.chain_names import chain_by_id, chain_of, names_of, style_of, zone_of
from liushui.promotions.pages.form_values import Wrong, read_instant
from liushui.promotions.pages.starters import STARTERS, started
from liushui.runtime import approvals, audit
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.step_up import ask, is_fresh
from liushui.runtime.web import page

STATES: Mapping[str, tuple[Any, str]] = {
    "open": (gettext_lazy("Being written"), "status-info"),
    "in_review": (gettext_lazy("In review"), "status-warn"),
    "published": (gettext_lazy("Published"), "status-good"),
    "discarded": (gettext_lazy("Discarded"), ""),
}
AUDIT_LINES = 30
_GRAVE = ("approve", "reject")  # ask for password or code again, when the last is old


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def draft_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Drafts of the chain; a POST begins one."""
    chain = chain_of(request, principal)
    if request.method == "POST":
        draft = facade.create_draft(
            chain_id=chain.id,
            name=request.POST.get("name", "").strip() or new_name(chain),
            principal=principal,
            now=datetime.now(UTC),
        )
        return redirect("promotions:draft", draft_id=draft.id)
    state = request.GET.get("state", "")
    states = (state,) if state in STATES else ("open", "in_review")
    found = facade.drafts(chain_ids=[chain.id], states=states if state != "all" else tuple(STATES))
    context = {
        "chain": chain,
        "rows": [(draft, *STATES[draft.state]) for draft in found],
        "state": state,
        "states": [("", _("Not done")), *((code, title) for code, (title, _kind) in STATES.items()), ("all", _("All"))],
        "may_write": may_write(chain, principal),
    }
    return render(request, "promotions/drafts.html", context)


def may_write(chain: ChainPlace, principal: Principal) -> bool:
    """Whether the reader may change promotions of the chain."""
    return chain.id in principal.whole_chains("promotion.write")


def new_name(chain: ChainPlace) -> str:
    """What a draft is called when nobody says."""
    return _("Draft of %(day)s") % {"day": f"{datetime.now(zone_of(chain)):%m-%d %H:%M}"}


@require_http_methods(["GET", "POST"])
@page(capability="promotion.write")
def begin(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new promotion from a template, in a draft that is open or in a new one."""
    chain = chain_of(request, principal, "promotion.write")
    if not may_write(chain, principal):
        raise NotAllowed("This needs the right 'promotion.write' in the whole chain")
    drafts = facade.drafts(chain_ids=[chain.id], states=("open",))
    if request.method == "POST":
        draft = _chosen_draft(request, drafts, chain, principal)
        taken = {each["id"] for each in promotions_of(draft)}
        document = started(request.POST.get("starter", ""), currency=chain.currency, taken=taken)
        if document is None:
            raise InvalidValue("There is no such template", pointer="/starter")
        return redirect(_builder_address(draft.id, document["id"], request.POST.get("starter", "")))
    context = {"chain": chain, "starters": STARTERS, "drafts": drafts, "chosen": request.GET.get("draft", "")}
    return render(request, "promotions/begin.html", context)


def _builder_address(draft_id: int, promotion_id: str, starter: str) -> str:
    address: str = redirect("promotions:builder", draft_id=draft_id, promotion_id=promotion_id)["Location"]
    return f"{address}?starter={starter}"


def _chosen_draft(
    request: HttpRequest, drafts: tuple[DraftView, ...], chain: ChainPlace, principal: Principal
) -> DraftView:
    chosen = next((draft for draft in drafts if str(draft.id) == request.POST.get("draft", "")), None)
    return chosen or facade.create_draft(
        chain_id=chain.id, name=new_name(chain), principal=principal, now=datetime.now(UTC)
    )


def promotions_of(draft: DraftView) -> list[dict[str, Any]]:
    """All promotions of a draft as JSON, those set aside too."""
    return [*json.loads(draft.document)["promotions"], *json.loads(draft.paused)]


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def draft_detail(request: HttpRequest, *, draft_id: int, principal: Principal) -> HttpResponse:
    """What a draft changes, what the lint says of it, where it stands; a POST moves it on."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    if request.method == "POST":
        if request.POST.get("do") in _GRAVE and not is_fresh(request):
            return ask(request)
        try:
            answer = _DEEDS[request.POST.get("do", "")](request, draft, principal)
        except KeyError:
            raise InvalidValue("There is no such thing to do", pointer="/do") from None
        except BaseMoved as error:
            return _show(request, facade.draft(draft_id=draft_id, principal=principal), principal, moved=error)
        except NotAllowed:
            raise
        except LiushuiError as error:
            return _show(request, facade.draft(draft_id=draft_id, principal=principal), principal, error=error)
        return answer or redirect("promotions:draft", draft_id=draft_id)
    return _show(request, draft, principal)


def _show(
    request: HttpRequest,
    draft: DraftView,
    principal: Principal,
    *,
    error: LiushuiError | None = None,
    moved: BaseMoved | None = None,
) -> HttpResponse:
    chain = chain_by_id(draft.chain_id)
    changes = facade.draft_changes(draft_id=draft.id, principal=principal)
    promotions = promotions_of(draft)
    names = names_of(chain, [*sentences.documents_of(changes), *promotions])
    changed = {change.id for change in changes.changes}
    now = datetime.now(UTC)
    approval = _approval(draft, principal)
    state, state_class = STATES[draft.state]
    context = {
        "draft": draft,
        "chain": chain,
        "state_name": state,
        "state_class": state_class,
        "changes": sentences.change_views(changes, names),
        "mode": changes.mode,
        "draft_mode": json.loads(draft.document).get("mode", "best"),
        "unchanged": [
            {"id": each["id"], "name": sentences.title(each), "sentence": sentences.said(each, names)}
            for each in promotions
            if each["id"] not in changed
        ],
        "approval": approval,
        "starts_text": instant_text(draft.starts_at, names) if draft.starts_at else "",
        "zone": names.zone,
        "is_own": approval is not None and approval.requested_by == principal.subject,
        "may_write": may_write(chain, principal),
        "may_decide": _may_decide(chain, approval, principal, now),
        "is_open": draft.state == "open",
        "has_lint": draft.state in ("open", "in_review") and bool(promotions),
        "entries": audit.entries(target=f"draft:{draft.id}", limit=AUDIT_LINES)
        if chain.id in principal.whole_chains("audit.read")
        else (),
        "error": error,
        "moved": moved,
        "posted": request.POST,
    }
    return render(request, "promotions/draft.html", context, status=422 if error or moved else 200)


def _approval(draft: DraftView, principal: Principal) -> approvals.Approval | None:
    return approvals.approval(approval_id=draft.approval_id) if draft.approval_id else None


def _may_decide(chain: ChainPlace, approval: approvals.Approval | None, principal: Principal, now: datetime) -> bool:
    if approval is None or approval.state_at(now) != "pending":
        return False
    return chain.id in principal.whole_chains("promotion.approve") and approval.requested_by != principal.subject


def _revision(request: HttpRequest, draft: DraftView) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else draft.revision


def _rename(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    facade.rename_draft(
        draft_id=draft.id,
        revision=_revision(request, draft),
        name=request.POST.get("name", ""),
        principal=principal,
        now=datetime.now(UTC),
    )
    messages.success(request, _("Saved."))


def _remove(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    facade.remove_promotion(
        draft_id=draft.id,
        revision=_revision(request, draft),
        promotion_id=request.POST.get("promotion", ""),
        principal=principal,
        now=datetime.now(UTC),
    )
    messages.success(request, _("Taken out of the draft."))


def _restore(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    """Bring one promotion back to what the version before the draft said of it."""
    changes = facade.draft_changes(draft_id=draft.id, principal=principal)
    change = next((each for each in changes.changes if each.id == request.POST.get("promotion", "")), None)
    if change is None:
        return
    known: dict[str, Any] = {"draft_id": draft.id, "revision": _revision(request, draft), "principal": principal}
    now = datetime.now(UTC)
    if change.before is None:
        facade.remove_promotion(**known, promotion_id=change.id, now=now)
    elif change.kind in ("paused", "resumed"):
        facade.set_paused(**known, promotion_id=change.id, is_paused=change.kind == "resumed", now=now)
    else:
        facade.put_promotion(**known, promotion=change.before, now=now)
    messages.success(request, _("As it was before the draft."))


def _mode(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    facade.set_mode(
        draft_id=draft.id,
        revision=_revision(request, draft),
        mode=request.POST.get("mode", ""),
        principal=principal,
        now=datetime.now(UTC),
    )
    messages.success(request, _("Saved."))


def _discard(request: HttpRequest, draft: DraftView, principal: Principal) -> HttpResponse:
    facade.discard_draft(draft_id=draft.id, principal=principal, now=datetime.now(UTC))
    messages.success(request, _("The draft has been discarded. It stays in the list of discarded ones."))
    return redirect("promotions:drafts")


def _submit(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    facade.submit_for_review(
        draft_id=draft.id,
        revision=_revision(request, draft),
        reason=request.POST.get("reason", ""),
        starts_at=_start(request, draft),
        principal=principal,
        now=datetime.now(UTC),
    )
    messages.success(request, _("Handed in. Another person reviews it now."))


def _start(request: HttpRequest, draft: DraftView) -> datetime | None:
    text = request.POST.get("starts_at", "").strip()
    if request.POST.get("start") != "at" or not text:
        return None
    try:
        return datetime.fromisoformat(read_instant(text, style_of(chain_by_id(draft.chain_id))))
    except Wrong as wrong:
        raise InvalidValue(str(wrong), pointer="/starts_at") from None


def _take_back(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    facade.take_back(draft_id=draft.id, principal=principal, now=datetime.now(UTC))
    messages.success(request, _("Taken back. It can be changed again."))


def _rebase(request: HttpRequest, draft: DraftView, principal: Principal) -> None:
    ours = [key.removeprefix("keep:") for key, value in request.POST.items() if value == "ours"]
    theirs = [key.removeprefix("keep:") for key, value in request.POST.items() if value == "theirs"]
    facade.rebase_draft(
        draft_id=draft.id,
        revision=_revision(request, draft),
        keep_ours=ours,
        keep_theirs=theirs,
        principal=principal,
        now=datetime.now(UTC),
    )
    messages.success(request, _("Carried over to the latest version."))


def _decide(request: HttpRequest, draft: DraftView, principal: Principal) -> HttpResponse:
    approve = request.POST.get("do") == "approve"
    reason = request.POST.get("reason", "").strip()
    if not approve and not reason:
        raise InvalidValue(_("Say why, so that the author can mend it."), pointer="/reason")
    after = facade.decide_review(
        draft_id=draft.id,
        approve=approve,
        reason=reason,
        principal=principal,
        now=datetime.now(UTC),
        acknowledged=request.POST.getlist("acknowledged"),
    )
    if approve and after.rulebook_id is not None:
        messages.success(request, _("Published."))
        return redirect("promotions:version", rulebook_id=after.rulebook_id)
    messages.success(request, _("Sent back to the author."))
    return redirect("promotions:draft", draft_id=draft.id)


_DEEDS: Mapping[str, Any] = {
    "rename": _rename,
    "remove": _remove,
    "restore": _restore,
    "mode": _mode,
    "discard": _discard,
    "submit": _submit,
    "take-back": _take_back,
    "rebase": _rebase,
    "approve": _decide,
    "reject": _decide,
}
