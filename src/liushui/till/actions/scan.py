"""Put what was scanned on the ticket at hand; the first thing scanned opens one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from liushui.checkout.contracts import LineCommand
from liushui.kernel.ids import new_id
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import storage
from liushui.till.actions.price import Priced, price_with
from liushui.till.contracts import Ticket, TicketLine, Till
from liushui.till.domain import lines as rules
from liushui.till.domain.numbers import ticket_number, ticket_series
from liushui.till.errors import LineRefused, TicketChanged, TicketFull, UnknownCode
from liushui.till.models import ShiftRow, TicketRow

TRIES = 20  # two hands at one till, or a fast scanner: whoever is second looks again
CODE_MAX = 64


def scan(*, till: Till, code: str, units: int = 1, measure_value: int | None = None, now: datetime) -> Ticket:
    """Add a line, or units to the last line when it is the same thing. `measure_value` is grams (ml, mm) weighed.

    Raises UnknownCode, PriceMissing, MeasureNeeded, LineRefused, TicketFull; WrongState while the ticket is being
    paid; ShiftMissing when none is open here. All lines are priced anew: four statements on a ticket at hand.
    """
    text = code.strip()
    _check(text, units, measure_value)
    store = stores.store(store_id=till.store_id)
    for _ in range(TRIES):
        row = storage.at_hand(till)
        try:
            if row is None:
                return _open(till, store, text, units, measure_value, now)
            if row.state != "open":
                raise storage.wrong_state(row)
            priced = _with_code(row, store, text, units, measure_value, now)
            storage.change(row, states=("open",), now=now, **priced.columns(), **_operator(till))
            return storage.ticket_of(row)
        except (TicketChanged, IntegrityError):
            continue
    raise TicketChanged("The ticket is changed faster than it can be read")


def _open(till: Till, store: Store, code: str, units: int, measure_value: int | None, now: datetime) -> Ticket:
    shift = storage.open_shift_row(till)
    asked = LineCommand(code=code, units=units, measure_value=measure_value, measure_unit=_unit(measure_value))
    priced = price_with([], asked, store, now, row=None)
    with transaction.atomic():
        row = new_ticket(till=till, store=store, shift=shift, now=now, values=priced.columns())
    return storage.ticket_of(row)


def new_ticket(*, till: Till, store: Store, shift: ShiftRow, now: datetime, values: dict[str, Any]) -> TicketRow:
    """Write a ticket under the next number of the workstation, in the caller's transaction; the shift stays open
    until it is committed."""
    storage.held_shift(shift.id)
    series = ticket_series(workstation_id=till.workstation_id, is_training=shift.is_training)
    sequence = storage.next_in_series(series)
    number = ticket_number(
        store_code=store.code, workstation_code=till.workstation_code, sequence=sequence, is_training=shift.is_training
    )
    return TicketRow.objects.create(
        id=new_id(), number=number, sequence=sequence, is_training=shift.is_training, chain_id=store.chain_id,
        store_id=store.id, workstation_id=till.workstation_id, workstation_code=till.workstation_code,
        shift_id=shift.id, business_date=shift.business_date, currency=shift.currency, opened_at=now, changed_at=now,
        **_operator(till), **values,
    )  # fmt: skip


def _operator(till: Till) -> dict[str, Any]:
    return {"operator": till.operator, "operator_name": till.operator_name}


def _with_code(row: TicketRow, store: Store, code: str, units: int, measure_value: int | None, now: datetime) -> Priced:
    """The ticket with one line more, or with more of the last."""
    lines = storage.lines_of(row)
    last = lines[-1] if lines else None
    if last is not None and _may_grow(last) and last.code == code and measure_value is None:
        asked = LineCommand(code=code, units=last.units + units)
        if asked.units > rules.UNITS_MAX:
            raise LineRefused(f"A line has at most {rules.UNITS_MAX} units", pointer="/units")
        return price_with(lines[:-1], asked, store, now, row=row, number=last.number)
    if len(lines) >= rules.LINES_MAX:
        raise TicketFull(f"The ticket has {len(lines)} lines", remedy="Be paid for it and begin another.")
    asked = LineCommand(code=code, units=units, measure_value=measure_value, measure_unit=_unit(measure_value))
    return price_with(lines, asked, store, now, row=row)


def _may_grow(line: TicketLine) -> bool:
    """Whether one more piece is the same line: what is weighed, given, taken off or brought back stays by itself."""
    return line.measure_value is None and not (line.is_voided or line.is_gift or line.is_returned)


def _unit(measure_value: int | None) -> str | None:
    return None if measure_value is None else "g"


def _check(code: str, units: int, measure_value: int | None) -> None:
    if not code or len(code) > CODE_MAX or "\0" in code:
        raise UnknownCode("Nothing can be found under this code")
    if type(units) is not int or not 1 <= units <= rules.UNITS_MAX:
        raise LineRefused(f"{units!r} is not a number of units from 1 to {rules.UNITS_MAX}", pointer="/units")
    if measure_value is not None and (type(measure_value) is not int or not 1 <= measure_value <= rules.MEASURE_MAX):
        raise LineRefused(f"{measure_value!r} is not a measure in whole grams", pointer="/measure_value")
    if measure_value is not None and units != 1:
        raise LineRefused("Weighed goods are one unit with a measure", pointer="/units")
