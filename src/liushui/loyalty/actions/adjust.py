"""Corrections of points and stored value: one person asks, another approves, then they are booked once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.loyalty import ledger
from liushui.loyalty.asked_deeds import settle
from liushui.loyalty.contracts import POINTS_MAX, VALUE_MAX_MINOR
from liushui.loyalty.errors import EntryConflict, NotEnoughPoints, NotEnoughValue
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.member_queries import active_member
from liushui.loyalty.models import AccountRow, AdjustmentRow
from liushui.loyalty.programme_live import live_programme
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

KIND, CAPABILITY, ASKS = "loyalty.adjust", "value.approve", "value.adjust"
_AT_ONCE = 100


def register() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    approvals.register_kind(approvals.Kind(name=KIND, title=_("Correct points or stored value"), capability=CAPABILITY))


def request_adjustment(
    *,
    adjustment_id: UUID,
    member_id: UUID,
    points: int = 0,
    principal_minor: int = 0,
    gift_minor: int = 0,
    reason: str,
    principal: Principal,
    now: datetime,
) -> Approval:
    """Ask for a correction, which is booked as soon as somebody else has approved it; the same id again answers the
    same request. Signs: what the member gets is positive.

    Raises NotAllowed, UnknownMember, InvalidValue for a correction of nothing or without a reason, EntryConflict for
    the same id with other amounts or for another member.
    """
    member = active_member(member_id=member_id)
    if member.chain_id not in principal.chains(ASKS):
        raise NotAllowed(f"This needs the right {ASKS!r}")
    if not (points or principal_minor or gift_minor):
        raise InvalidValue("This corrects nothing", pointer="/points")
    if abs(points) > POINTS_MAX or max(abs(principal_minor), abs(gift_minor)) > VALUE_MAX_MINOR // 10:
        raise InvalidValue("That is more than an account takes", pointer="/points")
    amounts = (points, principal_minor, gift_minor)
    known = _known(adjustment_id, {member_id, member.id}, amounts)
    if known is not None:
        return known
    moved_minor, currency = _moved_minor(member.chain_id, *amounts, now), ledger.currency_of(chain_id=member.chain_id)
    try:
        with transaction.atomic():
            asked = approvals.request(
                kind=KIND, target=_target(adjustment_id), chain_id=member.chain_id, store_id=None, reason=reason,
                principal=principal, now=now, amount_minor=moved_minor, currency=currency,
                payload={
                    "member": str(member.id), "number": member.number, "points": points,
                    "principal_minor": principal_minor, "gift_minor": gift_minor,
                },
            )  # fmt: skip
            AdjustmentRow.objects.create(
                id=adjustment_id, chain_id=member.chain_id, member_id=member.id, points=points,
                principal_minor=principal_minor, gift_minor=gift_minor, reason=asked.reason, approval_id=asked.id,
                asked_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody asked at the same instant
        known = _known(adjustment_id, {member_id, member.id}, amounts)
        if known is None:
            raise
        return known
    return asked


def _known(adjustment_id: UUID, member_ids: set[UUID], amounts: tuple[int, int, int]) -> Approval | None:
    row = AdjustmentRow.objects.filter(id=adjustment_id).first()
    if row is None:
        return None
    if (row.points, row.principal_minor, row.gift_minor) != amounts or row.member_id not in member_ids:
        raise EntryConflict("Another correction was asked for under this id")
    return approvals.approval(approval_id=row.approval_id)


def settle_adjustments(*, now: datetime) -> int:
    """Book what was approved and close what was not; how many came to their end. Safe to run twice at once."""
    rows = AdjustmentRow.objects.filter(state="waiting").order_by("id")[:_AT_ONCE]
    return sum(settle_adjustment(adjustment_id=row.id, now=now) for row in rows)


def settle_adjustment(*, adjustment_id: UUID, now: datetime) -> bool:
    """Book one correction if it is approved, close it if it is rejected, withdrawn or expired; whether it ended now."""
    row = AdjustmentRow.objects.get(id=adjustment_id)
    return settle(row, carry_out=partial(_book, row, now=now), now=now)


def adjustments_of(*, member_id: UUID) -> tuple[tuple[UUID, str, str], ...]:
    """The corrections of a member, the newest first: the approval's id, the state, and why an approved one failed."""
    rows = AdjustmentRow.objects.filter(member_id=member_id).order_by("-asked_at", "-id")
    return tuple(rows.values_list("approval_id", "state", "problem")[:_AT_ONCE])


def _book(row: AdjustmentRow, decided: Approval, now: datetime) -> bool:
    member = active_member(member_id=row.member_id)
    today = ledger.business_date(chain_id=row.chain_id, store_id=None, at=now)
    lot = live_programme(chain_id=row.chain_id, at=now).expires_on(earned_on=today) or ledger.NEVER
    with transaction.atomic():
        if not AdjustmentRow.objects.filter(id=row.id, state="waiting").update(state="booked", ended_at=now):
            return False
        approvals.use(approval_id=decided.id, kind=KIND, target=_target(row.id), now=decided.decided_at or now)
        _take(row, member.id)
        entry = NewEntry(
            account_id=member.id,
            chain_id=row.chain_id,
            kind="adjust",
            cause=f"adjust:{row.id}",
            currency=ledger.currency_of(chain_id=row.chain_id),
            at=now,
            on_date=today,
            points=row.points,
            principal_minor=row.principal_minor,
            gift_minor=row.gift_minor,
            lot_until=lot if row.points > 0 else None,
            operator=decided.decided_by,
            reason=row.reason,
        )
        ledger.book([entry])
    return True


def _moved_minor(chain_id: int, points: int, principal_minor: int, gift_minor: int, now: datetime) -> int | None:
    """What a correction moves in all, up or down: by this the checker is asked for proof. Points are no money, unless
    what they pay is as much as proof is asked for."""
    worth = live_programme(chain_id=chain_id, at=now).worth_minor(points=abs(points))
    if worth < settings.LIUSHUI.step_up_amount_minor:
        worth = 0
    return abs(principal_minor) + abs(gift_minor) + worth or None


def _take(row: AdjustmentRow, account_id: UUID) -> None:
    """Look by one conditional statement whether the account has what is taken; it stays locked until it is booked."""
    has = AccountRow.objects.filter(id=account_id, is_open=True)
    if row.points < 0:
        has = has.filter(points_free__gte=-row.points)
    if row.principal_minor < 0:
        has = has.filter(principal_free_minor__gte=-row.principal_minor)
    if row.gift_minor < 0:
        has = has.filter(gift_free_minor__gte=-row.gift_minor)
    if not has.update(points_free=F("points_free")):
        error = NotEnoughPoints if row.points < 0 else NotEnoughValue
        raise error("The account has less than is to be taken")


def _target(adjustment_id: UUID) -> str:
    return f"adjustment:{adjustment_id}"
