"""What happened to a member, in one line of time: bookings, purchases, tiers, consents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from liushui.kernel.money_text import money_text
from liushui.loyalty.contracts import Member
from liushui.loyalty.lists import Booking, entries_before, merged_numbers
from liushui.loyalty.pages.words import CHANNELS, ENTRY_KINDS, PURPOSES
from liushui.loyalty.tier_queries import tier_history
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.privacy import facade as privacy
from liushui.runtime.access import Principal

TABS: Mapping[str, Any] = {
    "": pgettext_lazy("timeline", "Everything"),
    "points": pgettext_lazy("timeline", "Points"),
    "value": pgettext_lazy("timeline", "Stored value"),
    "purchases": pgettext_lazy("timeline", "Purchases"),
    "tiers": pgettext_lazy("timeline", "Tiers"),
    "consents": pgettext_lazy("timeline", "Consents"),
}
SHOWN = 30
_DAY = timedelta(days=1)  # `before` is UTC: in the morning of a store to the east its business day is one later
_MORE = 40  # as many as one member may buy in a day at most, so that a day's end cuts nothing off


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line."""

    at: datetime
    title: str
    note: str = ""
    place: str = ""
    points: int | None = None
    amount_minor: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The latest lines before an instant; `before` is where the next page begins, empty on the last."""

    moments: tuple[Moment, ...]
    before: str


def history(
    *, member: Member, tab: str, before: datetime | None, tiers: Mapping[str, str], places: Mapping[int, str],
    principal: Principal, currency: str,
) -> History:  # fmt: skip
    """Lines of one kind or of all, the newest first."""
    found: list[Moment] = []
    if tab in ("", "points", "value"):
        found += _entries(member, tab, before, places, currency, principal)
    if tab in ("", "purchases"):
        found += _purchases(member, before, places, principal)
    if tab in ("", "tiers"):
        found += [each for each in _tiers(member, tiers) if before is None or each.at < before]
    if tab in ("", "consents"):
        found += [each for each in _consents(member) if before is None or each.at < before]
    found.sort(key=lambda each: each.at, reverse=True)
    shown = found[:SHOWN]
    while len(found) > len(shown) and found[len(shown)].at == shown[-1].at:
        shown.append(found[len(shown)])  # what happened at one instant stays on one page
    more = len(found) > len(shown)
    return History(moments=tuple(shown), before=shown[-1].at.astimezone(UTC).isoformat() if more else "")


def _entries(
    member: Member, tab: str, before: datetime | None, places: Mapping[int, str], currency: str, principal: Principal
) -> list[Moment]:
    sees = principal.stores("sale.read")
    return [
        Moment(
            at=entry.at,
            title=str(ENTRY_KINDS.get(entry.kind, entry.kind)),
            note=_entry_note(entry, currency),
            place=places.get(entry.store_id or 0, ""),
            points=entry.points or None,
            amount_minor=(entry.principal_minor + entry.gift_minor) or None,
            url=reverse("orders:sale", args=[entry.sale_id]) if entry.sale_id and entry.store_id in sees else "",
        )
        for entry in entries_before(member_id=member.id, kind=tab, before=before, limit=SHOWN + _MORE)
    ]


def _entry_note(entry: Booking, currency: str) -> str:
    parts = []
    if entry.lot_until is not None and entry.lot_until.year < 9999:
        parts.append(_("expire on %(day)s") % {"day": entry.lot_until.isoformat()})
    if entry.gift_minor and entry.principal_minor:
        gift = money_text(amount_minor=entry.gift_minor, currency=currency, language=get_language() or "en")
        parts.append(_("of which gift part %(amount)s") % {"amount": gift})
    elif entry.gift_minor:
        parts.append(_("Gift part"))
    if entry.reason:
        parts.append(entry.reason)
    return " · ".join(parts)


def _purchases(
    member: Member, before: datetime | None, places: Mapping[int, str], principal: Principal
) -> list[Moment]:
    """Receipts in the stores that the reader may see; also those under numbers of merged duplicates."""
    store_ids = principal.stores("sale.read")
    if not store_ids:
        return []
    found = []
    for number in (member.number, *merged_numbers(member_id=member.id)):
        query = SaleQuery(
            store_ids=store_ids, customer=number, last=(before + _DAY).date() if before else None,
            limit=SHOWN + 2 * _MORE,
        )  # fmt: skip
        found += [each for each in orders.sales(query=query).sales if before is None or each.completed_at < before]
    return [
        Moment(
            at=sale.completed_at,
            title=_("Receipt %(number)s") % {"number": sale.receipt_number},
            note=pgettext("sale", "voided") if sale.status == "voided" else "",
            place=places.get(sale.store_id, sale.store_code),
            amount_minor=sale.total_minor,
            url=reverse("orders:sale", args=[sale.id]),
        )
        for sale in found
    ]


def _tiers(member: Member, tiers: Mapping[str, str]) -> list[Moment]:
    none = pgettext("tier", "None")
    return [
        Moment(
            at=change.at,
            title=_("Tier: %(before)s → %(after)s")
            % {
                "before": tiers.get(change.tier_before, change.tier_before) or none,
                "after": tiers.get(change.tier_after, change.tier_after) or none,
            },
            note=_("by version %(number)s of the programme") % {"number": change.programme_number},
        )
        for change in tier_history(member_id=member.id)
    ]


def _consents(member: Member) -> list[Moment]:
    if member.subject_id is None:
        return []
    return [
        Moment(
            at=each.at,
            title=(_("Consent given: %(purpose)s") if each.is_given else _("Consent withdrawn: %(purpose)s"))
            % {"purpose": PURPOSES[each.purpose][0] if each.purpose in PURPOSES else each.purpose},
            note=_("notice %(version)s") % {"version": each.notice_version} if each.notice_version else "",
            place=str(CHANNELS.get(each.channel, each.channel)),
        )
        for each in privacy.consent_history(subject_id=member.subject_id)
    ]
