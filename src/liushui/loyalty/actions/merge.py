"""Make one member of two: cards and number point to the one kept, balances move by entries, a phone becomes free."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from liushui.kernel.ids import new_id
from liushui.loyalty import ledger
from liushui.loyalty.contracts import Member, Programme
from liushui.loyalty.errors import MergeGrew, MergeNeedsApproval, MergeRefused, UnknownMember
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.member_queries import member
from liushui.loyalty.merge_stakes import Stake, stake_of
from liushui.loyalty.models import AccountRow, CardRow, MemberDayRow, MemberRow
from liushui.loyalty.points import lots_left
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_moves import carry_spend
from liushui.privacy import facade as privacy
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal

_LEFT_MAX = 100
_REASON = "merged into another member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge found and did."""

    subject_id: UUID | None  # whose personal data is to be erased now
    was_merged: bool  # before, into the same member


def merge(*, keep_id: UUID, drop_id: UUID, reason: str, principal: Principal, now: datetime) -> Member:
    """Merge a duplicate without value into the member that is kept; the kept one. Safe to repeat.

    What open orders of the duplicate hold stays theirs and follows when it is given back. Points go with the days on
    which their lots end. The duplicate's personal data is erased, so that its phone is free.
    Raises UnknownMember, MergeRefused for two chains or currencies, for one member, and for one that is not active, and
    MergeNeedsApproval for a duplicate with stored value or many points: that takes two people, see request_merge.
    """
    chain_id = MemberRow.objects.filter(id=keep_id).values_list("chain_id", flat=True).first()
    if chain_id is None:
        raise UnknownMember("There is no such member")
    programme = live_programme(chain_id=chain_id, at=now)
    with transaction.atomic():
        merged = merge_locked(
            keep_id=keep_id, drop_id=drop_id, reason=reason, principal=principal, programme=programme, now=now
        )
    if merged.subject_id is not None:
        free_phone(drop_id, merged.subject_id, now)
    kept = member(member_id=keep_id)
    if kept is None:
        raise UnknownMember("There is no such member")
    return kept


def merge_locked(
    *,
    keep_id: UUID,
    drop_id: UUID,
    reason: str,
    principal: Principal,
    programme: Programme,
    now: datetime,
    approved_minor: int | None = None,
) -> Merged:
    """Merge in the caller's transaction, both members and their accounts locked; `free_phone` is to be called after it.

    `approved_minor` is what was at stake when a second person was asked; None: nobody was.
    """
    if keep_id == drop_id:
        raise MergeRefused("A member cannot be merged with himself")
    rows = {
        row.id: row for row in MemberRow.objects.filter(id__in=[keep_id, drop_id]).order_by("id").select_for_update()
    }
    if len(rows) < 2:
        raise UnknownMember("There is no such member")
    keep, drop = rows[keep_id], rows[drop_id]
    if (drop.status, drop.merged_into) == ("merged", keep_id):
        return Merged(subject_id=drop.subject_id, was_merged=True)
    check_mergeable(keep, drop)
    accounts = ledger.lock([keep.id, drop.id])
    if accounts[keep.id].currency != accounts[drop.id].currency:
        raise MergeRefused("These members have accounts in two currencies")
    stake = stake_of(member_id=drop.id, programme=programme)
    _check_stake(stake, approved_minor)
    _merge(keep, drop, now)
    audit.record(
        principal=principal, action="member.merge", target=f"member:{keep_id}", chain_id=keep.chain_id,
        after={
            "merged": str(drop_id), "number": drop.number, "principal_minor": stake.principal_minor,
            "gift_minor": stake.gift_minor, "points": stake.points, "people": 1 if approved_minor is None else 2,
        },
        reason=reason,
    )  # fmt: skip
    return Merged(subject_id=drop.subject_id, was_merged=False)


def carry_over(*, account_ids: Collection[UUID], now: datetime) -> None:
    """Move what came back to accounts of merged members to those who are kept, and let points lapse that came back to
    somebody who was erased; in the transaction that gave it back.

    One statement when there is nothing of that kind, which is nearly always.
    """
    closed = AccountRow.objects.filter(id__in=account_ids, kind="member", is_open=False)
    for account_id in sorted(closed.values_list("id", flat=True)):
        kept_id = MemberRow.objects.filter(id=account_id, status="merged").values_list("merged_into", flat=True).first()
        if kept_id is not None:
            _carry(account_id, kept_id, now)
        _lapse(kept_id or account_id, now)


def finish_merges(*, now: datetime) -> int:
    """Free the phones of duplicates whose merge was broken off after the books were done, and move what was earned for
    a duplicate, or for somebody who was erased, at that very moment."""
    merged = MemberRow.objects.filter(status="merged", merged_into__isnull=False)
    stranded = AccountRow.objects.filter(is_open=False, id__in=merged.values("id")).exclude(
        points_free=0, principal_free_minor=0, gift_free_minor=0
    )
    erased = MemberRow.objects.filter(status="erased").values("id")
    lapsing = AccountRow.objects.filter(is_open=False, id__in=erased, points_free__gt=0)
    moved = [
        id for rows in (stranded, lapsing) for id in rows.order_by("id").values_list("id", flat=True)[:_LEFT_MAX]
    ]  # fmt: skip
    for account_id in moved:
        with transaction.atomic():
            carry_over(account_ids=[account_id], now=now)
    moved += _carry_days(merged)
    left = MemberRow.objects.filter(status="merged", subject_id__isnull=False).order_by("id")[:_LEFT_MAX]
    found = list(left.values_list("id", "subject_id"))
    for member_id, subject_id in found:
        if subject_id is not None:
            free_phone(member_id, subject_id, now)
    return len(found) + len(moved)


def check_mergeable(keep: MemberRow, drop: MemberRow) -> None:
    """Raise MergeRefused for one member, for members of two chains, and for one that is not active."""
    if keep.id == drop.id:
        raise MergeRefused("A member cannot be merged with himself")
    if keep.chain_id != drop.chain_id:
        raise MergeRefused("These members belong to two chains")
    for row in (keep, drop):
        if row.status != "active":
            raise MergeRefused(f"Member {row.number} is {row.status} already", context={"number": row.number})


def _check_stake(stake: Stake, approved_minor: int | None) -> None:
    """Whether so much may move: nothing of value by one person, and not from below to above the amount for which the
    checker would have been asked for proof."""
    if approved_minor is None and stake.needs_two:
        raise MergeNeedsApproval("The member that goes has value", remedy="Ask for the approval of another person.")
    limit = settings.LIUSHUI.step_up_amount_minor
    if approved_minor is not None and approved_minor < limit <= stake.moved_minor:
        raise MergeGrew("The member that goes has much more now than when it was asked for", remedy="Ask again.")


def _merge(keep: MemberRow, drop: MemberRow, now: datetime) -> None:
    AccountRow.objects.filter(id=drop.id).update(is_open=False)
    MemberRow.objects.filter(id=drop.id).update(status="merged", merged_into=keep.id)
    MemberRow.objects.filter(merged_into=drop.id).update(merged_into=keep.id)
    CardRow.objects.filter(member_id=drop.id).update(member_id=keep.id)
    _carry(drop.id, keep.id, now)
    carry_spend(keep_id=keep.id, drop_id=drop.id)


def _carry(from_id: UUID, to_id: UUID, now: datetime) -> None:
    """Book what is free of one account over to the other, each lot of points with its day."""
    row = AccountRow.objects.select_for_update().get(id=from_id)
    if not (row.points_free or row.principal_free_minor or row.gift_free_minor):
        return
    left, beyond = lots_left(account_id=from_id)
    name = f"merge:{new_id()}"
    common: dict[str, Any] = {
        "chain_id": row.chain_id, "kind": "merge", "currency": row.currency, "at": now,
        "on_date": ledger.business_date(chain_id=row.chain_id, store_id=None, at=now),
    }  # fmt: skip
    entries = []
    for account_id, sign in ((from_id, -1), (to_id, 1)):
        rest = NewEntry(
            account_id=account_id, cause=name, points=-sign * beyond, gift_minor=sign * row.gift_free_minor,
            principal_minor=sign * row.principal_free_minor, **common,
        )  # fmt: skip
        entries += [rest] if rest.points or rest.principal_minor or rest.gift_minor else []
        entries += [
            NewEntry(account_id=account_id, cause=f"{name}:{until}", points=sign * points, lot_until=until, **common)
            for until, points in left
        ]
    ledger.book(entries)


def _lapse(account_id: UUID, now: datetime) -> None:
    """Points that somebody who was erased has again are gone, as those that he had then."""
    if not MemberRow.objects.filter(id=account_id, status="erased").exists():
        return
    row = AccountRow.objects.select_for_update().get(id=account_id)
    if row.points_free > 0:
        ledger.book(
            [
                NewEntry(
                    account_id=row.id, chain_id=row.chain_id, kind="forfeit", cause=f"erased:{new_id()}",
                    currency=row.currency, at=now, points=-row.points_free,
                    on_date=ledger.business_date(chain_id=row.chain_id, store_id=None, at=now),
                )
            ]
        )  # fmt: skip


def _carry_days(merged: QuerySet[MemberRow]) -> list[UUID]:
    """Count what was bought for a duplicate at the moment of its merge as the kept member's; the duplicates."""
    late = MemberDayRow.objects.filter(member_id__in=merged.values("id")).order_by("member_id")
    found = list(late.values_list("member_id", flat=True).distinct()[:_LEFT_MAX])
    for drop_id in found:
        with transaction.atomic():
            drop = MemberRow.objects.select_for_update().get(id=drop_id)
            if drop.merged_into is not None:
                carry_spend(keep_id=drop.merged_into, drop_id=drop_id)
    return found


def free_phone(member_id: UUID, subject_id: UUID, now: datetime) -> None:
    """Erase the duplicate's personal data; what of it concerns the kept member is the kept member's own."""
    by = system_principal(name="loyalty")  # who merges need not be who handles requests about data
    privacy.erase_subject(subject_id=subject_id, reason=_REASON, principal=by, now=now)
    MemberRow.objects.filter(id=member_id, status="merged").update(subject_id=None)
