"""Give a ticket up: what is paid through providers goes back first, and the till may die at any point."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.payments import facade as payments
from liushui.payments.errors import PaymentNotFound
from liushui.runtime import audit
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.hold import let_go
from liushui.till.actions.hold_value import let_value_go
from liushui.till.contracts import Ticket, Till
from liushui.till.domain import lines as line_rules
from liushui.till.domain import tenders as rules
from liushui.till.models import TicketRow

CANCELLABLE = ("open", "paying", "parked")


def cancel_ticket(
    *, till: Till, ticket_id: UUID, version: int, reason: str, approval_id: UUID | None, now: datetime
) -> Ticket:
    """Cancel a ticket with an approval of kind till.cancel; without goods sold and money on it none is needed."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=CANCELLABLE)
    target = f"ticket:{row.id}"
    if not line_rules.sold_lines(storage.lines_of(row)) and not rules.taken(storage.tenders_of(row)):
        over = storage.over_columns(row)
        storage.change(row, states=CANCELLABLE, now=now, state="cancelled", finished_at=now, **over)
        return storage.ticket_of(row)
    with transaction.atomic():
        found = used_approval(
            approval_id=approval_id, kind=kinds.CANCEL, target=target, principal=till.principal, now=now
        )
        text = reason.strip()[:400] or found.reason
        storage.change(
            row, states=CANCELLABLE, now=now, state="cancelling", reason=text, approved_by=found.decided_by_name
        )
        audit.record(
            principal=till.principal, action="till.cancel", target=target, chain_id=row.chain_id,
            store_id=row.store_id, after={"approved_by": found.decided_by, "total_minor": row.total_minor}, reason=text,
        )  # fmt: skip
    return finish_cancel(row, now=now)


def finish_cancel(row: TicketRow, *, now: datetime) -> Ticket:
    """Go on with a ticket in `cancelling`: payments is told of each payment that it must not keep, and sees to it."""
    for tender in storage.tenders_of(row):
        if tender.payment_id is not None and tender.state != "failed":
            try:
                payments.release(payment_id=tender.payment_id, reason=row.reason or "cancelled", now=now)
            except PaymentNotFound:
                continue  # it was never begun
    let_go(row, now=now)
    let_value_go(row, now=now)
    done = TicketRow.objects.filter(id=row.id, state="cancelling")
    over = storage.over_columns(row)
    done.update(state="cancelled", finished_at=now, changed_at=now, version=row.version + 1, **over)
    return storage.ticket_of(TicketRow.objects.get(id=row.id))
