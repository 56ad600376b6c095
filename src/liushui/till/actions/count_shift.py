"""End a shift: count its drawer blind, explain a difference, hand over to the next person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from liushui.kernel.errors import LiushuiError
from liushui.runtime import approvals, audit, outbox
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.till import facts, queries, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.open_shift import begin
from liushui.till.contracts import Count, Shift, Till
from liushui.till.domain import reports
from liushui.till.domain.denominations import counted_minor
from liushui.till.domain.reports import Figures
from liushui.till.domain.totals import expected_cash
from liushui.till.errors import SameOperator, ShiftBlocked, ShiftClosed
from liushui.till.models import ShiftRow, TicketRow

DIFFERENCE = "till.difference"
AT_A_TIME = 50

_logger = structlog.get_logger(__name__)


def count_shift(*, till: Till, count: Count, now: datetime) -> Shift:
    """Count the drawer of the open shift here, by denomination, before anybody is told what should be in it.

    The shift is closed when the count agrees; otherwise it is `counted`, and closed by finish_count. Raises
    ShiftBlocked, naming what is unsettled. Counting is done once.
    """
    row = storage.open_shift_row(till)
    counted = counted_minor(count, row.currency)
    with transaction.atomic():
        return queries.shift_of(_count(row, till=till, count=count, counted=counted, handed_to="", now=now))


def hand_over(*, till: Till, to: Till, count: Count, now: datetime) -> Shift:
    """交接班: close this shift with a count and open the next, of another person, with the cash that was counted.

    A difference belongs to the shift that is counted and keeps it `counted`; the next begins all the same.
    """
    if to.workstation_id != till.workstation_id or to.principal.subject == till.principal.subject:
        raise SameOperator("The drawer goes to another person at the same till")
    to.principal.require_store("till.use", store_id=till.store_id)
    row = storage.open_shift_row(till)
    counted = counted_minor(count, row.currency)
    store = stores.store(store_id=till.store_id)
    with transaction.atomic():
        before = _count(row, till=till, count=count, counted=counted, handed_to=to.operator, now=now)
        after = begin(till=to, store=store, float_minor=counted, is_training=before.is_training, now=now)
    return queries.shift_of(after)


def _count(row: ShiftRow, *, till: Till, count: Count, counted: int, handed_to: str, now: datetime) -> ShiftRow:
    """In one transaction: the shift is locked first, so that no sale on it is half taken while we look."""
    shift = storage.held_shift(row.id)
    empty = TicketRow.objects.filter(shift_id=shift.id, state__in=("open", "parked"), line_count=0)
    empty.update(state="cancelled", finished_at=now, changed_at=now, member=None)
    blockers = queries.shift_blockers(shift_id=shift.id)
    if blockers:
        names = ", ".join(dict.fromkeys(blocker.number for blocker in blockers))
        raise ShiftBlocked(f"Not settled yet: {names}", blockers=blockers)
    figures = queries.figures(shift)
    before = reports.shift_report(shift=queries.shift_of(shift), figures=figures, now=now)
    expected = expected_cash(before.tenders)
    shift.count = sorted(([denomination, pieces] for denomination, pieces in count.items()), reverse=True)
    shift.counted_at, shift.counted_by, shift.handed_to = now, till.principal.subject, handed_to
    shift.expected_minor, shift.counted_minor = expected, counted
    shift.difference_minor = counted - expected
    shift.state = "counted"
    if shift.difference_minor == 0:
        _close(shift, figures, now=now)
    shift.save()
    audit.record(
        principal=till.principal, action="shift.count", target=f"shift:{shift.id}", chain_id=shift.chain_id,
        store_id=shift.store_id, after={"counted_minor": counted, "expected_minor": expected, "to": handed_to},
    )  # fmt: skip
    return shift


def explain_difference(*, till: Till, shift_id: UUID, reason: str, now: datetime) -> Shift:
    """Say why the count differs, and ask another person to approve it; the same again asks nothing new."""
    shift = _counted(till, shift_id)
    asked = approvals.request(
        kind=DIFFERENCE, target=f"shift:{shift.id}", chain_id=shift.chain_id, store_id=shift.store_id, reason=reason,
        principal=till.principal, now=now, amount_minor=shift.difference_minor, currency=shift.currency,
    )  # fmt: skip
    ShiftRow.objects.filter(id=shift.id, state="counted").update(approval_id=asked.id, difference_reason=asked.reason)
    return queries.shift(shift_id=shift_id, store_ids={till.store_id})


def finish_count(*, till: Till, shift_id: UUID, approval_id: UUID, now: datetime) -> Shift:
    """Close a counted shift with the approval of its difference. Finishing again answers the same."""
    known = queries.shift_row(shift_id=shift_id, store_ids={till.store_id})
    if known.state == "closed" and known.approval_id == approval_id:
        return queries.shift_of(known)
    return _finish(shift_id, approval_id, principal=till.principal, now=now)


def close_approved(*, now: datetime) -> int:
    """Close counted shifts whose difference was approved in the inbox while nobody stood at the till; how many."""
    waiting = ShiftRow.objects.filter(state="counted", approval_id__isnull=False).values_list("id", "approval_id")
    closed = 0
    for shift_id, approval_id in waiting[:AT_A_TIME]:
        if approval_id is None or approvals.approval(approval_id=approval_id).state != "approved":
            continue
        try:
            _finish(shift_id, approval_id, principal=system_principal(name="till"), now=now)
            closed += 1
        except LiushuiError as error:  # closed at the till meanwhile, or the approval is too old: it is asked anew
            _logger.warning("shift_not_closed", shift=str(shift_id), error=error.detail)
    return closed


def _finish(shift_id: UUID, approval_id: UUID, *, principal: Principal, now: datetime) -> Shift:
    with transaction.atomic():
        shift = storage.held_shift(shift_id, states=("counted",))
        found = used_approval(
            approval_id=approval_id, kind=DIFFERENCE, target=f"shift:{shift.id}", principal=None, now=now
        )
        if found.decided_by == shift.counted_by:
            raise approvals.SamePerson("Who counted the drawer does not approve its difference")
        shift.approval_id, shift.difference_reason = approval_id, found.reason
        shift.difference_approved_by = found.decided_by_name
        _close(shift, queries.figures(shift), now=now)
        shift.save()
        audit.record(
            principal=principal, action="shift.close", target=f"shift:{shift.id}", chain_id=shift.chain_id,
            store_id=shift.store_id, after={"difference_minor": shift.difference_minor}, reason=found.reason,
        )  # fmt: skip
    return queries.shift_of(shift)


def _close(shift: ShiftRow, figures: Figures, *, now: datetime) -> None:
    """Fill in what a closed shift has, and tell it; the caller saves, in the same transaction."""
    shift.state, shift.closed_at = "closed", now
    report = reports.shift_report(shift=queries.shift_of(shift), figures=figures, now=now)
    shift.report = msgspec.to_builtins(report)
    outbox.append(events=[facts.shift_closed(report, chain_id=shift.chain_id, at=now)])


def _counted(till: Till, shift_id: UUID) -> ShiftRow:
    shift = queries.shift_row(shift_id=shift_id, store_ids={till.store_id})
    if shift.state != "counted":
        raise ShiftClosed(f"The shift is {shift.state}: there is no difference to explain")
    return shift
