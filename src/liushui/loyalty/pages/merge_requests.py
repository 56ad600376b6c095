"""A merge that one person asked for: both members side by side, what moves, how it was decided."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from liushui.loyalty import facade
from liushui.loyalty.merge_stakes import stake_of
from liushui.loyalty.pages.adjustments import why_not
from liushui.loyalty.pages.member import masked_of
from liushui.loyalty.pages.merge import preview
from liushui.loyalty.pages.scope import chain_by_id, seen_member, zone_of
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.web import page

_STATES = {
    "waiting": (pgettext_lazy("merge request", "Waiting"), "status-info"),
    "merged": (pgettext_lazy("merge request", "Merged"), "status-good"),
    "refused": (pgettext_lazy("merge request", "Not merged"), "status-bad"),
}


@require_GET
@page(capability="member.read")
def merge_request(request: HttpRequest, *, merge_id: UUID, principal: Principal) -> HttpResponse:
    """The request, and while it waits what would move now; where the approval inbox leads."""
    found = facade.merge_request(merge_id=merge_id)
    keep, drop = (seen_member(member_id=each, principal=principal) for each in (found.keep_id, found.drop_id))
    chain, now = chain_by_id(found.chain_id), datetime.now(UTC)
    asked = approvals.approval(approval_id=found.approval_id)
    is_waiting = found.state == "waiting"
    is_decidable = is_waiting and asked.state_at(now) == "pending"
    stake = stake_of(member_id=drop.id, programme=facade.live_programme(chain_id=chain.id, at=now))
    title, kind = _STATES[found.state]
    context = {
        "found": found,
        "asked": asked,
        "member": keep,
        "other": drop,
        "personal": masked_of(keep),
        "chain": chain,
        "zone": zone_of(chain),
        "state_name": title,
        "state_class": kind,
        "is_waiting": is_waiting,
        "is_decidable": is_decidable,
        "is_own": asked.requested_by == principal.subject,
        "stake": stake,
        "stored_minor": stake.principal_minor + stake.gift_minor,
        "rows": preview(keep, drop, chain) if is_waiting else [],
        "problem": (why_not(asked, now=now) or _(found.problem)) if found.problem else "",
    }
    return render(request, "loyalty/merge_request.html", context)
