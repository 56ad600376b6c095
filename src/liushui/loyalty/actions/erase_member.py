"""What loyalty does when a person's data is erased, and what it tells the person before."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liushui.loyalty import ledger
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow, CardRow, EntryRow, MemberRow, TopUpRow
from liushui.loyalty.tier_queries import tiers_as_exported
from liushui.privacy import facade as privacy
from liushui.privacy.contracts import Source

_ENTRY = (
    *("at", "kind", "points", "principal_minor", "gift_minor", "currency", "on_date", "store_id", "lot_until"),
    *("sale_id", "order_key", "reason"),
)


def register() -> None:
    """Make known to privacy that loyalty holds something about people; once, when the module is loaded."""
    privacy.register_source(Source(name="loyalty", title=_("Membership"), export=export_member, erase=erase_member))


def export_member(subject_id: UUID) -> Any:
    """Everything that loyalty has about a person, as JSON, memberships that were merged into this one too; None for
    somebody who is no member."""
    row = MemberRow.objects.filter(subject_id=subject_id).first()
    if row is None:
        return None
    merged = dict(MemberRow.objects.filter(merged_into=row.id).order_by("number").values_list("id", "number"))
    ids = (row.id, *merged)
    account = AccountRow.objects.filter(id=row.id).values("points_free", "principal_free_minor", "gift_free_minor")
    entries = EntryRow.objects.filter(account_id__in=ids).order_by("id").values(*_ENTRY)
    top_ups = TopUpRow.objects.filter(account_id__in=ids).order_by("at", "id")
    return {
        "number": row.number,
        "merged_numbers": list(merged.values()),
        "status": row.status,
        "joined_at": row.joined_at.isoformat(),
        "joined_by": row.join_channel,
        "home_store_id": row.home_store_id,
        "tier": row.tier,
        "tier_since": _plain(row.tier_since),
        "tier_until": _plain(row.tier_until),
        "cards": [
            {"number": card.number, "is_blocked": card.is_blocked, "given_at": card.given_at.isoformat()}
            for card in CardRow.objects.filter(member_id=row.id).order_by("id")
        ],
        "free": account.first(),
        "entries": [{name: _plain(value) for name, value in entry.items()} for entry in entries],
        "top_ups": [
            {"at": each.at.isoformat(), "paid_minor": each.paid_minor, "gift_minor": each.gift_minor,
             "currency": each.currency, "tender": each.tender}
            for each in top_ups
        ],
        **tiers_as_exported(member_ids=ids),
    }  # fmt: skip


def erase_member(subject_id: UUID, now: datetime) -> None:
    """End the membership: cards are gone, points lapse, nothing leads from the member's number to the person.

    Stored value stays on the books of the closed account, for it is owed; so do the entries. Again changes nothing.
    """
    with transaction.atomic():
        row = MemberRow.objects.select_for_update().filter(subject_id=subject_id).first()
        if row is None:
            return
        if row.status == "merged":  # the kept member has all of it
            MemberRow.objects.filter(id=row.id).update(subject_id=None)
            return
        account = ledger.lock([row.id])[row.id]
        AccountRow.objects.filter(id=row.id).update(is_open=False, next_expiry_on=None)
        if account.points_free > 0:
            ledger.book(
                [
                    NewEntry(
                        account_id=row.id, chain_id=row.chain_id, kind="forfeit", cause="erased",
                        currency=account.currency, at=now, points=-account.points_free,
                        on_date=ledger.business_date(chain_id=row.chain_id, store_id=None, at=now),
                    )
                ]
            )  # fmt: skip
        CardRow.objects.filter(member_id=row.id).delete()
        MemberRow.objects.filter(id=row.id).update(status="erased", subject_id=None)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
