"""One member: head, balances, tier, personal data, cards, coupons, consents, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from liushui.loyalty import facade
from liushui.loyalty.contracts import Member, MergeRequest
from liushui.loyalty.lists import cards_of
from liushui.loyalty.pages.adjustments import waiting_of
from liushui.loyalty.pages.history import TABS, history
from liushui.loyalty.pages.scope import chain_by_id, local, seen_member, stores_of, zone_of
from liushui.loyalty.pages.tiers import tier_names
from liushui.loyalty.pages.words import CHANNELS, FIELDS, ON_BEHALF, PURPOSES, STATUSES
from liushui.privacy import facade as privacy
from liushui.promotions import facade as promotions
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

REVEAL_SECONDS = 60
CORRECTABLE: Mapping[str, str] = {"name": "text", "phone": "tel", "birthday": "text", "email": "email"}


@require_GET
@page(capability="member.read")
def member_detail(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """The page of a member."""
    return show_member(request, seen_member(member_id=member_id, principal=principal), principal)


@require_GET
@page(capability="member.read")
def personal(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """The part with the personal data, masked: what takes the place of data shown in clear."""
    member = seen_member(member_id=member_id, principal=principal)
    chain = chain_by_id(member.chain_id)
    return render(request, "loyalty/personal.html", personal_context(member, chain, principal))


def show_member(
    request: HttpRequest, member: Member, principal: Principal, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page with whatever a form has to say besides."""
    chain = chain_by_id(member.chain_id)
    now = datetime.now(UTC)
    places, tiers = stores_of(chain), tier_names(chain.id)
    title, kind = STATUSES[member.status]
    balances, lots = facade.balances(member_id=member.id), facade.expiring(member_id=member.id)
    tab = request.GET.get("tab", "")
    told = history(
        member=member, tab=tab if tab in TABS else "", before=_before(request), tiers=tiers,
        places={key: local((store.name_zh, store.name_en)) for key, store in places.items()}, principal=principal,
        currency=chain.currency,
    )  # fmt: skip
    context = {
        "zone": zone_of(chain),
        "status_name": title,
        "status_class": kind,
        "home": places.get(member.home_store_id or 0),
        "balances": balances,
        "stored_minor": balances.principal_minor + balances.gift_minor,
        "lots": lots[:6],
        "next_expiry": lots[0] if lots else None,
        "tier_name": tiers.get(member.tier, member.tier) or _("No tier yet"),
        "progress": _progress(member, tiers, now) if member.status == "active" else None,
        "cards": _cards(member),
        "coupons": promotions.member_codes(chain_id=chain.id, member_id=member.number, now=now),
        "consents": _consents(member, chain),
        "channels": [(code, CHANNELS[code]) for code in ON_BEHALF],
        "waiting": waiting_of(member, now),
        "merges": _merges(member),
        "tabs": TABS.items(),
        "tab": tab if tab in TABS else "",
        "moments": told.moments,
        "before": told.before,
        "may_adjust": member.chain_id in principal.chains("value.adjust"),
        "may_handle": member.chain_id in principal.chains("privacy.handle"),
    }
    context |= personal_context(member, chain, principal) | more
    response = render(request, "loyalty/member.html", context, status=status)
    if more.get("revealed"):
        response["Cache-Control"] = "no-store"
    return response


def personal_context(member: Member, chain: ChainPlace, principal: Principal) -> dict[str, Any]:
    """What the part with the personal data takes."""
    masked = masked_of(member)
    return {
        "member": member,
        "chain": chain,
        "personal": masked,
        "fields": [(name, title, masked.get(name, "")) for name, title in FIELDS.items() if masked],
        "is_active": member.status == "active",
        "may_write": member.chain_id in principal.chains("member.write"),
        "may_reveal": member.chain_id in principal.chains("member.reveal"),
        "reveal_seconds": REVEAL_SECONDS,
        "correctable": correctable({}, {}),
    }


def correctable(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields of the form that corrects; what is kept is never put into them."""
    return [
        {
            "name": name,
            "title": FIELDS[name],
            "type": kind,
            "help": _("1985-03-08, or 03-08 without the year.") if name == "birthday" else "",
            "value": values.get(name, ""),
            "error": errors.get(name, ""),
        }
        for name, kind in CORRECTABLE.items()
    ]


def masked_of(member: Member) -> Mapping[str, str]:
    """A member's personal data, masked; empty when none is kept."""
    if member.subject_id is None:
        return {}
    return privacy.masked(subject_ids=[member.subject_id]).get(member.subject_id, {})


def _before(request: HttpRequest) -> datetime | None:
    try:
        at = datetime.fromisoformat(request.GET.get("before", ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None and 1 < at.year < 9999 else None


def _progress(member: Member, tiers: Mapping[str, str], now: datetime) -> dict[str, Any]:
    found = facade.tier_progress(member=member, at=now)
    window = _("%(first)s to %(last)s counts") % {
        "first": found.window_first.isoformat(), "last": found.window_last.isoformat()
    }  # fmt: skip
    return {
        "next_name": tiers.get(found.next_tier, found.next_tier),
        "spent_minor": max(0, found.spend_minor),
        "goal_minor": found.next_spend_minor,
        "need_minor": found.need_minor,
        "keep_minor": found.keep_minor,
        "window": window,
    }


def _cards(member: Member) -> list[dict[str, Any]]:
    return [
        {
            "number": card.number,
            "at": card.given_at,
            "is_blocked": card.is_blocked,
            "status_name": _("Blocked") if card.is_blocked else _("Good"),
            "status_class": "status-bad" if card.is_blocked else "status-good",
        }
        for card in cards_of(member_id=member.id)
    ]


def _merges(member: Member) -> list[tuple[MergeRequest, str]]:
    """Merges that wait, with the number of the other member."""
    found = facade.merges_waiting(member_id=member.id)
    others = [each.drop_id if each.keep_id == member.id else each.keep_id for each in found]
    known = facade.members(ids=others)
    return [(each, known[other].number) for each, other in zip(found, others, strict=True)]


def _consents(member: Member, chain: ChainPlace) -> list[dict[str, Any]]:
    given = privacy.consents(subject_id=member.subject_id) if member.subject_id else {}
    notices = privacy.current_notices(chain_id=chain.id)
    return [
        {
            "purpose": purpose,
            "title": title,
            "text": text,
            "is_given": purpose in given and given[purpose].is_given,
            "at": given[purpose].at if purpose in given else None,
            "notice_version": given[purpose].notice_version if purpose in given else "",
            "channel": CHANNELS.get(given[purpose].channel, given[purpose].channel) if purpose in given else "",
            "current_version": notices[purpose].version,
        }
        for purpose, (title, text) in PURPOSES.items()
    ]
