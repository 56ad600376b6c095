"""More or fewer of a line, or none of it: fewer is for two persons."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.price import reprice
from liushui.till.contracts import Ticket, TicketLine, Till
from liushui.till.domain.lines import UNITS_MAX
from liushui.till.errors import LineRefused
from liushui.till.models import TicketRow


def set_units(
    *, till: Till, ticket_id: UUID, version: int, line_number: int, units: int, approval_id: UUID | None = None,
    now: datetime,
) -> Ticket:  # fmt: skip
    """Give a line another number of units, at least one; fewer need an approval of kind till.line_void."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    line = _line(row, line_number)
    if type(units) is not int or not 1 <= units <= UNITS_MAX or (line.measure_value is not None and units != 1):
        raise LineRefused(f"{units!r} is not a number of units for this line", pointer="/units")
    lines = _with(row, replace(line, units=units))
    return _save(row, till, line, lines, now, approval_id=approval_id, reason="", is_less=units < line.units)


def void_line(
    *, till: Till, ticket_id: UUID, version: int, line_number: int, reason: str, approval_id: UUID | None, now: datetime
) -> Ticket:
    """Strike a line through, with an approval of kind till.line_void; it stays on the ticket and counts nothing."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    line = _line(row, line_number)
    lines = _with(row, replace(line, is_voided=True))
    return _save(row, till, line, lines, now, approval_id=approval_id, reason=reason.strip()[:400], is_less=True)


def _save(
    row: TicketRow, till: Till, line: TicketLine, lines: list[TicketLine], now: datetime, *, approval_id: UUID | None,
    reason: str, is_less: bool,
) -> Ticket:  # fmt: skip
    target = f"ticket:{row.id}/line:{line.number}"
    priced = reprice(row, stores.store(store_id=till.store_id), now, lines=lines)
    with transaction.atomic():
        if is_less:
            found = used_approval(
                approval_id=approval_id, kind=kinds.LINE_VOID, target=target, principal=till.principal, now=now
            )
            told = [
                replace(each, voided_by=found.decided_by_name) if each.number == line.number else each
                for each in priced.lines
            ]
            priced = priced._replace(lines=told)
            audit.record(
                principal=till.principal, action="till.line_void", target=target, chain_id=row.chain_id,
                store_id=row.store_id, before={"sku": line.sku, "units": line.units, "minor": line.amount_minor},
                after={"approved_by": found.decided_by}, reason=reason or found.reason,
            )  # fmt: skip
        storage.change(row, states=("open",), now=now, **priced.columns())
    return storage.ticket_of(row)


def _line(row: TicketRow, number: int) -> TicketLine:
    for line in storage.lines_of(row):
        if line.number == number and line.is_returned:
            raise LineRefused("Goods that come back are changed where they were chosen", pointer="/line_number")
        if line.number == number and not line.is_voided:
            return line
    raise LineRefused(f"Ticket {row.number} has no line {number}", pointer="/line_number")


def _with(row: TicketRow, changed: TicketLine) -> list[TicketLine]:
    return [changed if line.number == changed.number else line for line in storage.lines_of(row)]
