"""Merging a duplicate into a member: first what will be, then the deed, or asking for it where value is at stake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.money_text import money_text
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.loyalty.errors import MergeNeedsApproval
from liushui.loyalty.merge_stakes import stake_of
from liushui.loyalty.pages.gift_cards import request_id
from liushui.loyalty.pages.member import masked_of
from liushui.loyalty.pages.scope import WRITE, chain_by_id, local, seen_member, stores_of, zone_of
from liushui.loyalty.pages.tiers import tier_names
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@page(capability="member.write")
def merge(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """Find the other one, look at what will be, merge."""
    keep = seen_member(member_id=member_id, principal=principal, capability=WRITE)
    if keep.status != "active":
        return redirect("loyalty:member", member_id=keep.id)
    deed = request.POST.get("do", "")
    if deed == "find":
        return _found(request, keep, principal)
    if deed in ("merge", "ask"):
        return _merged(request, keep, principal, is_asking=deed == "ask")
    drop = _other(request.GET.get("with", ""), keep, principal)
    return _show(request, keep, drop)


def _found(request: HttpRequest, keep: Member, principal: Principal) -> HttpResponse:
    text = request.POST.get("text", "").strip()[:200]
    other = facade.find_member(chain_id=keep.chain_id, text=text) if text else None
    if other is None:
        return _show(request, keep, None, find_error=_("Nobody is found by that."))
    if other.id == keep.id:
        return _show(request, keep, None, find_error=_("That is this member."))
    return redirect(f"{reverse('loyalty:merge', args=[keep.id])}?with={other.id}")


def _merged(request: HttpRequest, keep: Member, principal: Principal, *, is_asking: bool) -> HttpResponse:
    drop = _other(request.POST.get("drop", ""), keep, principal)
    reason = request.POST.get("reason", "").strip()[:200]
    if drop is None:
        return _show(request, keep, None, find_error=_("Nobody is found by that."))
    if not reason:
        return _show(request, keep, drop, problem=_("Say why, in a few words."))
    now = datetime.now(UTC)
    terms = {"keep_id": keep.id, "drop_id": drop.id, "reason": reason, "principal": principal, "now": now}
    try:
        if is_asking:
            asked = facade.request_merge(merge_id=request_id(request), **terms)  # type: ignore[arg-type]  # as named
            messages.success(request, _("Asked for. Another person decides it under Approvals."))
            return redirect("loyalty:merge-request", merge_id=asked.target.partition(":")[2])
        facade.merge(**terms)  # type: ignore[arg-type]  # as named
    except NotAllowed:
        raise
    except MergeNeedsApproval:  # value came to it since the page was shown: the page asks for another person now
        return _show(request, keep, drop, problem=_("The other one has value by now: another person has to approve."))
    except LiushuiError as error:
        return _show(request, keep, drop, problem=gettext(error.title))
    messages.success(request, _("Merged. %(number)s leads here now.") % {"number": drop.number})
    return redirect("loyalty:member", member_id=keep.id)


def _other(text: str, keep: Member, principal: Principal) -> Member | None:
    try:
        other = seen_member(member_id=UUID(text), principal=principal)
    except ValueError:
        return None
    return other if other.chain_id == keep.chain_id and other.status == "active" and other.id != keep.id else None


def _show(
    request: HttpRequest, keep: Member, drop: Member | None, *, problem: str = "", find_error: str = ""
) -> HttpResponse:
    chain, now = chain_by_id(keep.chain_id), datetime.now(UTC)
    programme = facade.live_programme(chain_id=chain.id, at=now)
    stake = stake_of(member_id=drop.id, programme=programme) if drop else None
    waiting = facade.merges_waiting(member_id=drop.id) if drop else ()
    asked = next((each for each in waiting if drop and each.drop_id == drop.id), None)
    context = {
        "chain": chain,
        "stake": stake,
        "stored_minor": stake.principal_minor + stake.gift_minor if stake else 0,
        "asked": asked,
        "request_id": request_id(request),
        "member": keep,
        "personal": masked_of(keep),
        "other": drop,
        "rows": preview(keep, drop, chain) if drop else [],
        "swap_url": f"{reverse('loyalty:merge', args=[drop.id])}?with={keep.id}" if drop else "",
        "problem": problem,
        "find_error": find_error,
        "posted": request.POST,
    }
    return render(request, "loyalty/merge.html", context, status=422 if problem or find_error else 200)


def preview(keep: Member, drop: Member, chain: ChainPlace) -> list[dict[str, Any]]:
    """What each has, and what the one kept has afterwards."""
    here, there = facade.balances(member_id=keep.id), facade.balances(member_id=drop.id)
    tiers, ours, theirs = tier_names(chain.id), masked_of(keep), masked_of(drop)
    language = get_language() or "en"

    def money(amount: int) -> str:
        return money_text(amount_minor=amount, currency=chain.currency, language=language)

    def row(title: str, mine: Any, other: Any, after: Any, *, is_number: bool = False) -> dict[str, Any]:
        return {"title": title, "keep": mine, "drop": other, "after": after, "is_number": is_number}

    free_points = there.points - there.points_held
    stores, zone = stores_of(chain), zone_of(chain)

    def joined(one: Member) -> str:
        store = stores.get(one.home_store_id or 0)
        day = one.joined_at.astimezone(zone).date().isoformat()
        return f"{day} · {local((store.name_zh, store.name_en))}" if store else day

    return [
        row(_("Member number"), keep.number, drop.number, keep.number),
        row(pgettext("member", "Name"), ours.get("name", "–"), theirs.get("name", "–"), ours.get("name", "–")),
        row(pgettext("member", "Phone"), ours.get("phone", "–"), theirs.get("phone", "–"), ours.get("phone", "–")),
        row(pgettext("member", "Joined"), joined(keep), joined(drop), joined(keep)),
        row(
            pgettext("member", "Tier"), tiers.get(keep.tier, keep.tier) or "–", tiers.get(drop.tier, drop.tier) or "–",
            tiers.get(keep.tier, keep.tier) or "–",
        ),
        row(
            pgettext("member", "Points"), f"{here.points:,}", f"{there.points:,}", f"{here.points + free_points:,}",
            is_number=True,
        ),
        row(
            _("Principal"), money(here.principal_minor), money(there.principal_minor),
            money(here.principal_minor + there.principal_minor), is_number=True,
        ),
        row(
            _("Gift part"), money(here.gift_minor), money(there.gift_minor),
            money(here.gift_minor + there.gift_minor), is_number=True,
        ),
        row(
            pgettext("member", "Cards"), ", ".join(keep.cards) or "–", ", ".join(drop.cards) or "–",
            ", ".join((*keep.cards, *drop.cards)) or "–",
        ),
    ]  # fmt: skip
