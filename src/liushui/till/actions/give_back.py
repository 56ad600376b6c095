"""Have a return approved, and give back what its goods were paid with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.runtime import audit
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.pay import PAYABLE
from liushui.till.actions.record import record, refund_tenders
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import NothingToGiveBack


def approve_return(*, till: Till, ticket_id: UUID, version: int, approval_id: UUID | None, now: datetime) -> Ticket:
    """Take the approval that a return needs, of kind returns.refund for the ticket and its receipts, and write on the
    ticket who gave it: it stands for each of these receipts, as long as no more of it is given back (decision 0228)."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=PAYABLE)
    returned = storage.returned_of(row)
    if returned is None:
        raise NothingToGiveBack(f"Nothing comes back on ticket {row.number}")
    target = kinds.return_target(ticket_id=row.id, returned=returned)
    with transaction.atomic():
        found = used_approval(
            approval_id=approval_id, kind=kinds.RETURN, target=target, principal=till.principal,
            amount_minor=returned.refund_minor, now=now,
        )  # fmt: skip
        receipts = tuple(
            replace(each, approval_id=found.id, approved_by=found.decided_by_name, approved_minor=each.refund_minor)
            for each in returned.receipts
        )
        storage.change(
            row, states=PAYABLE, now=now, approved_by=found.decided_by_name, reason=found.reason,
            **storage.return_columns(replace(returned, receipts=receipts)),
        )  # fmt: skip
        audit.record(
            principal=till.principal, action="till.return", target=target, chain_id=row.chain_id,
            store_id=row.store_id, reason=found.reason,
            after={
                "approved_by": found.decided_by, "refund_minor": returned.refund_minor, "ticket": row.number,
                "receipts": [each.receipt_number for each in receipts],
            },
        )  # fmt: skip
    return storage.ticket_of(row)


def give_back(
    *, till: Till, ticket_id: UUID, version: int, slips: Mapping[int, str] | None = None, now: datetime
) -> Ticket:
    """Record a ticket on which the customer owes nothing, and give back what is due: cash from this drawer, payments of
    ours through their provider, points and stored value to their account, all others at the machine that took them,
    whose slip numbers are `slips`, by the place of the tender (1, 2, …).

    Raises NothingToGiveBack while something is to be paid, ApprovalMissing, ReturnedMeanwhile.
    """
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=PAYABLE)
    if not row.is_refund or storage.payable_minor(row) or storage.tenders_of(row):
        raise NothingToGiveBack(f"Ticket {row.number} is to be paid for")
    tenders = refund_tenders(row, (), now=now, slips=slips or {})
    return record(row, tenders=tenders, states=PAYABLE, till=till, now=now, principal=till.principal)
