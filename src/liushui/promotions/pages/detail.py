"""One promotion as it stands: what it says, what it gave so far, the buttons that stop it or open it for change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.promotions import facade
from liushui.promotions.contracts import PromotionView
from liushui.promotions.errors import UnknownRulebook
from liushui.promotions.pages import sentences
from liushui.promotions.pages.chain_names import chain_of, is_chinese, names_of
from liushui.promotions.pages.drafts import may_write, new_name, promotions_of
from liushui.promotions.pages.listing import fill_usage, may_pause, refusal, row_of
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def promotion_detail(request: HttpRequest, *, promotion_id: str, principal: Principal) -> HttpResponse:
    """A promotion of the chain; a POST pauses or ends it, lets it run again, or opens it in a draft."""
    chain = chain_of(request, principal)
    now = datetime.now(UTC)
    found = next((each for each in facade.promotions(chain_id=chain.id, at=now) if each.id == promotion_id), None)
    if found is None:
        raise UnknownRulebook(f"There is no promotion {promotion_id[:60]!r}, or it is not yours to see")
    if request.method == "POST":
        try:
            return _do(request, found, chain, principal)
        except NotAllowed:
            raise
        except LiushuiError as error:
            messages.error(request, refusal(error))
            return redirect(request.get_full_path())
    names = names_of(chain, [found.document])
    row = row_of(found)
    fill_usage([row], chain)
    changed = {
        draft: facade.draft_changes(draft_id=draft.id, principal=principal).changes
        for draft in facade.drafts(chain_ids=[chain.id])
    }
    in_drafts = [draft for draft, changes in changed.items() if any(each.id == promotion_id for each in changes)]
    context = {
        "chain": chain,
        "row": row,
        "promotion": found,
        "sentence": sentences.said(found.document, names),
        "other_sentence": sentences.said(found.document, names, "en" if is_chinese() else "zh"),
        "other_language": "en" if is_chinese() else "zh-Hans",
        "period": sentences.period(found.document, names),
        "zone": names.zone,
        "limits": found.document.get("limits") or {},
        "json": json.dumps(found.document, ensure_ascii=False, indent=2),
        "drafts": in_drafts,
        "may_write": may_write(chain, principal),
        "may_pause": may_pause(chain, principal),
    }
    return render(request, "promotions/promotion.html", context)


def _do(request: HttpRequest, promotion: PromotionView, chain: ChainPlace, principal: Principal) -> HttpResponse:
    deed, reason, now = request.POST.get("do", ""), request.POST.get("reason", ""), datetime.now(UTC)
    known: dict[str, Any] = {
        "chain_id": chain.id,
        "promotion_id": promotion.id,
        "reason": reason,
        "principal": principal,
        "now": now,
    }
    if deed == "change":
        return _open(promotion, chain, principal)
    if deed == "pause":
        facade.pause_promotion(**known)
        messages.success(request, _("Paused. It takes effect within a second."))
        return redirect(request.get_full_path())
    draft = facade.resume_promotion(**known) if deed == "resume" else facade.end_promotion(**known)
    messages.success(request, _("Handed in. Another person reviews it now."))
    return redirect("promotions:draft", draft_id=draft.id)


def _open(promotion: PromotionView, chain: ChainPlace, principal: Principal) -> HttpResponse:
    """The builder of the promotion, in the reader's own open draft that has it, else in a new draft."""
    open_drafts = facade.drafts(chain_ids=[chain.id], states=("open",))
    draft = next(
        (
            each
            for each in open_drafts
            if (each.id == promotion.draft_id or each.created_by == principal.subject)
            and any(document["id"] == promotion.id for document in promotions_of(each))
        ),
        None,
    )
    if draft is None:
        draft = facade.create_draft(chain_id=chain.id, name=new_name(chain), principal=principal, now=datetime.now(UTC))
    return redirect("promotions:builder", draft_id=draft.id, promotion_id=promotion.id)
