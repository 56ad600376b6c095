"""Take money that is at hand: cash with its change, and what a machine of its own has taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from liushui.till import storage
from liushui.till.actions.hold import hold, standing
from liushui.till.actions.record import record
from liushui.till.contracts import Ticket, TicketTender, Till
from liushui.till.domain import tenders as rules
from liushui.till.domain.denominations import change_max_minor
from liushui.till.errors import AmountRefused, ChangeTooMuch, NotEnough, NothingToPay, TenderRefused
from liushui.till.models import TicketRow

PAYABLE = ("open", "paying")
METHOD_MAX, NOTE_MAX = 64, 128


def pay_cash(
    *, till: Till, ticket_id: UUID, version: int, given_minor: int, amount_minor: int | None = None, now: datetime
) -> Ticket:
    """Take cash. Without an amount it pays what is due, or the part that the cash given covers.

    When that completes the payment the sale is recorded: at most twelve round trips from here to settled. Raises
    NotEnough when less is given than is to be paid with it, ChangeTooMuch when more would go back than ten of the
    largest notes (decision 0219), PriceChanged with nothing taken.
    """
    row = payable(till, ticket_id, version)
    tenders = storage.tenders_of(row)
    due = rules.due_minor(storage.payable_minor(row), tenders)
    _check_amount(given_minor)
    if amount_minor is None:
        amount_minor = min(given_minor, due)
    if given_minor < amount_minor or (given_minor == 0 and due > 0):
        raise NotEnough(f"{given_minor} given for {amount_minor or due}", pointer="/given_minor")
    amount = amount_for(due, amount_minor)
    if given_minor - amount > change_max_minor(row.currency):
        raise ChangeTooMuch(f"{given_minor} given for {amount}", pointer="/given_minor")
    tender = TicketTender(
        number=rules.next_number(tenders), type="cash", method="cash", amount_minor=amount, given_minor=given_minor,
        change_minor=given_minor - amount, state="paid", taken_at=now,
    )  # fmt: skip
    return take(row, [*tenders, tender], till=till, now=now)


def pay_recorded(
    *, till: Till, ticket_id: UUID, version: int, type: str, method: str, amount_minor: int | None = None,
    note: str = "", now: datetime,
) -> Ticket:  # fmt: skip
    """Write down what a card machine or a voucher box has taken; `note` is its slip number."""
    if type not in rules.RECORDED_TYPES:
        raise TenderRefused(f"{type!r} is not written down by hand", pointer="/type")
    if not 0 < len(method) <= METHOD_MAX or len(note) > NOTE_MAX or "\0" in method + note:
        raise TenderRefused("The means of payment or its slip number is missing or too long", pointer="/method")
    row = payable(till, ticket_id, version)
    tenders = storage.tenders_of(row)
    due = rules.due_minor(storage.payable_minor(row), tenders)
    amount = amount_for(due, due if amount_minor is None else amount_minor)
    tender = TicketTender(
        number=rules.next_number(tenders), type=type, method=method, amount_minor=amount, given_minor=amount,
        change_minor=0, state="paid", note=note, taken_at=now,
    )  # fmt: skip
    return take(row, [*tenders, tender], till=till, now=now)


def take(row: TicketRow, tenders: Sequence[TicketTender], *, till: Till, now: datetime) -> Ticket:
    """Put the tenders on the ticket, and record the sale when they pay for it."""
    if rules.all_paid(storage.payable_minor(row), tenders):
        return record(row, tenders=tenders, states=PAYABLE, till=till, now=now, principal=till.principal)
    if tenders and tenders[-1].type == "cash":
        hold(row, now=now)  # of what a machine has taken already the price is agreed
    storage.change(
        row, states=PAYABLE, now=now, while_open=row.shift_id, **storage.tender_columns(tenders),
        **standing(row, tenders, now),
    )  # fmt: skip
    return storage.ticket_of(row)


def amount_for(due: int, amount: int) -> int:
    """The amount, if it is one that can still be paid: more than nothing unless nothing is due."""
    _check_amount(amount)
    if amount > due or (amount == 0 and due > 0):
        raise AmountRefused(f"{amount} is not a part of the {due} that are due", pointer="/amount_minor")
    return amount


def _check_amount(amount: int) -> None:
    if type(amount) is not int or not 0 <= amount <= rules.AMOUNT_MAX_MINOR:
        raise AmountRefused(f"{amount!r} is not an amount in minor units", pointer="/amount_minor")


def payable(till: Till, ticket_id: UUID, version: int) -> TicketRow:
    """A ticket that can be paid; raises NothingToPay for one without lines."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=PAYABLE)
    if row.line_count == 0:
        raise NothingToPay(f"Ticket {row.number} has no lines")
    if len(row.tenders) >= rules.TENDERS_MAX:
        raise TenderRefused(f"A ticket has at most {rules.TENDERS_MAX} tenders")
    return row
