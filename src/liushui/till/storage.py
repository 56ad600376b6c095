"""Tickets between tables and contracts, and the one way in which a ticket changes: conditionally, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from liushui.checkout.contracts import FrozenPrice
from liushui.promotions.contracts import PricedBasket
from liushui.till.contracts import (
    DrawerEntry,
    Ticket,
    TicketCode,
    TicketLine,
    TicketMember,
    TicketTender,
    Till,
)
from liushui.till.domain import lines as line_rules
from liushui.till.domain import tenders as tender_rules
from liushui.till.domain.codes import masked
from liushui.till.domain.returned import Settlement, settlement
from liushui.till.errors import ShiftClosed, ShiftMissing, TicketChanged, TicketMissing, WrongState
from liushui.till.models import DrawerRow, ShiftRow, TicketRow
from liushui.till.returned import TicketReturn

_NEXT = """
    INSERT INTO till_series (name, last) VALUES (%s, 1)
    ON CONFLICT (name) DO UPDATE SET last = till_series.last + 1 RETURNING last"""
_ENTRY_FIELDS = tuple(DrawerEntry.__dataclass_fields__)
_AS_THEY_ARE = (
    *("id", "number", "version", "state", "is_training", "is_refund", "store_id", "workstation_id", "workstation_code"),
    *("shift_id", "business_date", "operator", "operator_name", "currency", "opened_at", "finished_at", "label"),
    *("regular_minor", "discount_minor", "total_minor", "tax_minor", "sale_id", "reason"),
    *("approved_by", "copies"),
)


def lines_of(row: TicketRow) -> tuple[TicketLine, ...]:
    """The lines as contracts."""
    return msgspec.convert(row.lines, tuple[TicketLine, ...])


def tenders_of(row: TicketRow) -> tuple[TicketTender, ...]:
    """The tenders as contracts."""
    return msgspec.convert(row.tenders, tuple[TicketTender, ...])


def codes_of(row: TicketRow) -> tuple[TicketCode, ...]:
    """The coupon codes as contracts."""
    return msgspec.convert(row.codes, tuple[TicketCode, ...])


def member_of(row: TicketRow) -> TicketMember | None:
    """The member as a contract."""
    return msgspec.convert(row.member, TicketMember | None)


def returned_of(row: TicketRow) -> TicketReturn | None:
    """What comes back on the ticket, as a contract."""
    return msgspec.convert(row.returned, TicketReturn | None)


def returned_in(columns: Mapping[str, Any]) -> TicketReturn | None:
    """What comes back by these columns."""
    return msgspec.convert(columns["returned"], TicketReturn | None)


def answer_of(row: TicketRow) -> PricedBasket | None:
    """The answer that priced the ticket, as it was made."""
    return msgspec.convert(row.answer, PricedBasket | None)


def frozen_of(row: TicketRow) -> FrozenPrice | None:
    """What the ticket was priced with, for the sale that it becomes."""
    return msgspec.convert(row.frozen, FrozenPrice | None)


def answer_columns(answer: PricedBasket | None, frozen: FrozenPrice | None) -> dict[str, Any]:
    """The columns that an answer fills: its values in runs, so that ten thousand pieces take no more than one."""
    return {"answer": msgspec.to_builtins(answer), "frozen": msgspec.to_builtins(frozen)}


def over_columns(row: TicketRow) -> dict[str, Any]:
    """What a ticket that is over still keeps of its codes, nothing that could be used, and of its member: the number,
    not the person, whom only the membership leads to."""
    member = {"member": {**row.member, "asked": None, "subject_id": None}} if row.member else {}
    return {**code_column(masked(codes_of(row))), "frozen": None, **member}


def source_id(row: TicketRow) -> str:
    """The id under which the sale is recorded."""
    return row.id.hex


def code_column(codes: Sequence[TicketCode]) -> dict[str, Any]:
    """The column that codes fill."""
    return {"codes": msgspec.to_builtins(codes)}


def member_column(member: TicketMember | None) -> dict[str, Any]:
    """The column that the member fills."""
    return {"member": msgspec.to_builtins(member)}


def line_columns(lines: Sequence[TicketLine]) -> dict[str, Any]:
    """The columns that lines fill."""
    return {"lines": msgspec.to_builtins(lines), **line_rules.sums_of(lines)._asdict()}


def lines_in(columns: Mapping[str, Any]) -> tuple[TicketLine, ...]:
    """The lines that these columns hold."""
    return msgspec.convert(columns["lines"], tuple[TicketLine, ...])


def tender_columns(tenders: Sequence[TicketTender]) -> dict[str, Any]:
    """The columns that tenders fill."""
    return {"tenders": msgspec.to_builtins(tenders), **tender_rules.sums_of(tenders)._asdict()}


def ticket_of(row: TicketRow) -> Ticket:
    """The row as others see it."""
    tenders = tenders_of(row)
    return Ticket(
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        answer=None if "answer" in row.get_deferred_fields() else answer_of(row),
        lines=lines_of(row),
        tenders=tenders,
        codes=codes_of(row),
        member=member_of(row),
        returned=returned_of(row),
        due_minor=_due_minor(row, tenders),
        change_minor=sum(tender.change_minor for tender in tender_rules.taken(tenders)),
    )


def settlement_of(row: TicketRow) -> Settlement:
    """What the ticket ends in by what stands on it: what the customer pays, and what goes back."""
    returned = returned_of(row)
    tenders = returned.tenders if returned is not None else ()
    return settlement(sold_minor=row.total_minor + row.returned_minor, tenders=tenders)


def payable_minor(row: TicketRow) -> int:
    """What the customer's tenders have to come to: the total, unless goods come back."""
    return settlement_of(row).due_minor if row.is_refund else row.total_minor


def _due_minor(row: TicketRow, tenders: Sequence[TicketTender]) -> int:
    """What is still to be paid, or less than nothing: what is to be given back."""
    if not row.is_refund or any(tender.amount_minor < 0 for tender in tenders):
        return tender_rules.due_minor(row.total_minor, tenders)
    due, refunds = settlement_of(row)
    return tender_rules.due_minor(due or sum(refund.amount_minor for refund in refunds), tenders)


def return_columns(returned: TicketReturn | None) -> dict[str, Any]:
    """The columns that goods that come back fill, besides their lines."""
    return {
        "returned": msgspec.to_builtins(returned),
        "returned_minor": returned.refund_minor if returned is not None else 0,
        "is_refund": returned is not None,
    }


def entry_of(row: DrawerRow) -> DrawerEntry:
    """The row as others see it."""
    return DrawerEntry(**{name: getattr(row, name) for name in _ENTRY_FIELDS})


def at_hand(till: Till) -> TicketRow | None:
    """The ticket that is open or being paid at this workstation."""
    return TicketRow.objects.filter(workstation_id=till.workstation_id, state__in=("open", "paying")).first()


def load(*, till: Till, ticket_id: UUID, version: int | None = None, states: Collection[str] = ()) -> TicketRow:
    """A ticket of the till's store. Raises TicketMissing, TicketChanged for another version, WrongState."""
    row = TicketRow.objects.filter(id=ticket_id, store_id=till.store_id).first()
    if row is None:
        raise TicketMissing(f"There is no ticket {ticket_id} in this store")
    if version is not None and row.version != version:
        raise changed(row)
    if states and row.state not in states:
        raise wrong_state(row)
    return row


def changed(row: TicketRow) -> TicketChanged:
    """The error for a ticket that was changed meanwhile."""
    return TicketChanged(
        f"Ticket {row.number} is {row.state} now, at version {row.version}", remedy="Look at it again, then repeat."
    )


def wrong_state(row: TicketRow) -> WrongState:
    """The error for what a ticket in this state can't do."""
    return WrongState(f"Ticket {row.number} is {row.state}", context={"state": row.state})


def change(
    row: TicketRow, *, states: Collection[str], now: datetime, while_open: UUID | None = None, **values: Any
) -> None:
    """Change the ticket if it is still at this version and in one of these states, and `row` with it.

    `while_open` names a shift that must be open, and stays so until this is committed: closing it waits. Raises
    TicketChanged or ShiftClosed and changes nothing otherwise.
    """
    values |= {"version": row.version + 1, "changed_at": now}
    if while_open is not None:
        done = _change_while_open(row, tuple(states), while_open, values)
    else:
        wanted = TicketRow.objects.filter(id=row.id, version=row.version, state__in=tuple(states))
        done = wanted.update(**values)
    if not done:
        raise _why(row, while_open)
    for name, value in values.items():
        setattr(row, name, value)


def _change_while_open(row: TicketRow, states: tuple[str, ...], shift_id: UUID, values: dict[str, Any]) -> int:
    """One statement, a round trip less than a transaction. PostgreSQL locks the shift before the ticket, so that a
    close which has begun is waited for and then seen; SQLite has one writer anyway."""
    fields: dict[str, Any] = {name: TicketRow._meta.get_field(name) for name in (*values, "id")}
    stored = [fields[name].get_db_prep_save(value, connection) for name, value in values.items()]
    row_id, held_id = (fields["id"].get_db_prep_save(each, connection) for each in (row.id, shift_id))
    sets = ", ".join(f'"{name}" = %s' for name in values)
    marks = ", ".join(["%s"] * len(states))
    where = f"till_ticket.id = %s AND till_ticket.version = %s AND till_ticket.state IN ({marks})"
    held = "SELECT id FROM till_shift WHERE id = %s AND state = 'open'"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sql = f"WITH held AS ({held} FOR SHARE) UPDATE till_ticket SET {sets} FROM held WHERE {where}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
            cursor.execute(sql, [held_id, *stored, row_id, row.version, *states])
        else:
            sql = f"UPDATE till_ticket SET {sets} WHERE {where} AND EXISTS ({held})"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
            cursor.execute(sql, [*stored, row_id, row.version, *states, held_id])
        return int(cursor.rowcount)


def _why(row: TicketRow, while_open: UUID | None) -> TicketChanged | ShiftClosed:
    if while_open is not None and not ShiftRow.objects.filter(id=while_open, state="open").exists():
        return ShiftClosed("The shift is counted or closed", remedy="Open a shift, then resume the ticket.")
    return changed(TicketRow.objects.get(id=row.id))


def next_in_series(name: str) -> int:
    """The next number of a series; inside the transaction of what it numbers, so that there are no gaps."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [name])
        return int(cursor.fetchone()[0])


def open_shift_row(till: Till) -> ShiftRow:
    """The open shift of this workstation; raises ShiftMissing."""
    row = ShiftRow.objects.filter(workstation_id=till.workstation_id, state="open").first()
    if row is None:
        raise ShiftMissing("No shift is open at this till", remedy="Open one with its float.")
    return row


def held_shift(shift_id: UUID, *, states: Collection[str] = ("open",)) -> ShiftRow:
    """The shift, locked until the transaction ends; raises ShiftClosed unless it is in one of these states."""
    row = ShiftRow.objects.select_for_update().filter(id=shift_id, state__in=tuple(states)).first()
    if row is None:
        raise ShiftClosed("The shift is counted or closed")
    return row
