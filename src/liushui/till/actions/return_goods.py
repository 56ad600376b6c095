"""Take goods back on the ticket at hand, beside what is sold on it, and give back what they were paid with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.catalog import facade as catalog
from liushui.orders import facade as orders
from liushui.returns import facade as returns
from liushui.returns.contracts import ReturnPart, UnreceiptedLine, WantedReturn
from liushui.returns.errors import NotReturnable
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.quote_return import (
    Wanted,
    of_units,
    receipt_columns,
    return_columns,
    units_left,
    wanted_of,
)
from liushui.till.actions.scan import TRIES, new_ticket
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import (
    NotAtTraining,
    NothingToGiveBack,
    NotOnReceipt,
    ReturnInTheWay,
    TicketChanged,
    TooManyReceipts,
)
from liushui.till.models import TicketRow
from liushui.till.returned import RECEIPTS_MAX, ReturnedReceipt, TicketReturn

_Coming = TypeVar("_Coming", ReturnPart, WantedReturn, UnreceiptedLine)


def return_units(
    *, till: Till, sale_id: UUID, line_number: int, units: int, reason: str = "", condition: str = "", now: datetime
) -> Ticket:
    """That many units of a receipt's line come back, 0 for none of it; the first one opens a ticket. Without a reason
    or condition it keeps what it has, or takes the last that was said of this receipt.

    Up to RECEIPTS_MAX receipts come back on one ticket (decision 0227). Raises TooManyReceipts, ReturnInTheWay where
    goods without a receipt come back, and what returns.quote_return raises: TooMuchReturned, NotReturnable …
    """

    def change(wanted: Wanted) -> Wanted:
        return _with_units(till, wanted, line_number, units, reason, condition)

    return _change(till, sale_id, change, now)


def step_return(*, till: Till, sale_id: UUID | None, line_number: int, step: str, now: datetime) -> Ticket:
    """One more (`1`) or one less (`-1`) of a line, `all` that is left of it, or `none`. Without a receipt the line is
    one of the ticket."""

    def change(wanted: Wanted) -> Wanted:
        if sale_id is None:
            return _step_goods(till, wanted, line_number, step)
        present = wanted.lines[line_number].units if line_number in wanted.lines else 0
        if step == "all":
            units = units_left(orders.for_return(sale_id=sale_id, chain_id=till.chain_id)).get(line_number, 0)
        else:
            units = _stepped(present, step)
        return _with_units(till, wanted, line_number, units, "", "")

    return _change(till, sale_id, change, now)


def split_return(*, till: Till, sale_id: UUID | None, line_number: int, now: datetime) -> Ticket:
    """One unit of a line is in another condition than the rest (decision 0220): of those that come back, else one more.
    From then on the line's reason and condition are said of it. Without a receipt it stands on a line of its own."""
    rules = returns.policy(chain_id=till.chain_id)
    offered = [each.code for each in rules.conditions if each.is_active]

    def change(wanted: Wanted) -> Wanted:
        if sale_id is None:
            return _split_goods(till, wanted, line_number, offered)
        known = wanted.lines.get(line_number)
        if known is None:
            raise NothingToGiveBack("Nothing of this line comes back yet")
        last = known.parts[-1].units if known.parts else known.units
        if last < 2:  # the one at hand is said already: a further one comes
            known = replace(known, units=known.units + 1)
        elif known.parts:
            known = of_units(known, known.units - 1)
            known = replace(known, units=known.units + 1)
        why = known.parts[-1] if known.parts else known
        part = ReturnPart(units=1, reason=why.reason, condition=_next(offered, why.condition))
        return wanted._replace(lines={**wanted.lines, line_number: replace(known, parts=(*known.parts, part))})

    return _change(till, sale_id, change, now)


def return_everything(
    *, till: Till, sale_id: UUID, reason: str = "", condition: str = "", now: datetime
) -> Ticket:  # fmt: skip
    """All that can still come back of a receipt (整单退货); what was chosen before keeps its reason and condition."""

    def change(wanted: Wanted) -> Wanted:
        left = units_left(orders.for_return(sale_id=sale_id, chain_id=till.chain_id))
        if not any(units > 0 for units in left.values()):
            raise NotReturnable("Nothing of this receipt can come back any more")
        for number, units in left.items():
            if units > 0:
                wanted = _with_units(till, wanted, number, units, reason, condition)
        return wanted

    return _change(till, sale_id, change, now)


def return_scanned(*, till: Till, sale_id: UUID | None, code: str, units: int = 1, now: datetime) -> Ticket:
    """Goods that come back were scanned: more of the receipt's line that they are of; without a receipt by the price of
    now, always with an approval and up to the limit of the chain's policy. Raises NotOnReceipt."""
    if sale_id is None:
        return _change(till, None, lambda wanted: _with_goods(till, wanted, code, units), now)
    store = stores.store(store_id=till.store_id)
    found = orders.for_return(sale_id=sale_id, chain_id=till.chain_id)
    priced = catalog.price_items(store=store, codes={code}, at=now).get(code)
    sku = priced.item.sku if priced is not None else code
    theirs = [line for line in found.sale.lines if not line.is_return and line.sku == sku]
    if not theirs:
        raise NotOnReceipt(f"{code!r} is not on receipt {found.sale.summary.receipt_number}")
    left = units_left(found)

    def change(wanted: Wanted) -> Wanted:
        def free(number: int) -> int:
            return left.get(number, 0) - (wanted.lines[number].units if number in wanted.lines else 0)

        line = next((each for each in theirs if free(each.line_number) >= units), theirs[0])
        present = wanted.lines[line.line_number].units if line.line_number in wanted.lines else 0
        return _with_units(till, wanted, line.line_number, present + units, "", "")

    return _change(till, sale_id, change, now)


def say_why(
    *, till: Till, sale_id: UUID | None, line_number: int, what: str, code: str = "", now: datetime
) -> Ticket:  # fmt: skip
    """Another `reason` or `condition` for a line that comes back (of the receipt; without one, of the ticket), or for
    the units of it that were parted from it last; without a code, the next that the policy offers."""
    returned = _coming_back(till, sale_id)
    if what not in ("reason", "condition"):
        raise NothingToGiveBack(f"{what!r} is nothing to say of a line", pointer="/what")
    rules = returns.policy(chain_id=till.chain_id)
    offered = [each.code for each in (rules.reasons if what == "reason" else rules.conditions) if each.is_active]

    def change(wanted: Wanted) -> Wanted:
        if wanted.sale_id is not None:
            each = wanted.lines.get(line_number)
            if each is None:
                raise NothingToGiveBack("Nothing of this line comes back yet")
            return wanted._replace(lines={**wanted.lines, line_number: _said_at_hand(each, what, code, offered)})
        place = _place(returned, line_number)
        goods = list(wanted.goods)
        goods[place] = _said(goods[place], what, code, offered)
        return wanted._replace(goods=tuple(goods))

    return _change(till, sale_id, change, now)


def keep_everything(
    *, till: Till, ticket_id: UUID, version: int, sale_id: UUID | None = None, now: datetime
) -> Ticket:  # fmt: skip
    """Nothing of a receipt comes back on the ticket after all; without one named, nothing at all."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    returned = storage.returned_of(row)
    receipts = returned.receipts if returned is not None and sale_id is not None else ()
    columns = receipt_columns(
        lines=storage.lines_of(row), receipts=tuple(each for each in receipts if each.sale_id != sale_id), fresh={},
        store=stores.store(store_id=till.store_id),
    )  # fmt: skip
    storage.change(row, states=("open",), now=now, **columns)
    return storage.ticket_of(row)


def _change(till: Till, sale_id: UUID | None, change: Callable[[Wanted], Wanted], now: datetime) -> Ticket:
    store = stores.store(store_id=till.store_id)
    for _ in range(TRIES):
        row = storage.at_hand(till)
        returned = storage.returned_of(row) if row is not None else None
        if row is not None:
            _check(row, returned, sale_id)
        receipt = returned.of(sale_id) if returned is not None else None
        columns = return_columns(
            lines=storage.lines_of(row) if row is not None else (), before=returned,
            wanted=change(wanted_of(receipt) if receipt is not None else Wanted(sale_id, {})), store=store,
            principal=till.principal, now=now,
        )  # fmt: skip
        try:
            return storage.ticket_of(_saved(till, row, columns, now))
        except (TicketChanged, IntegrityError):
            continue
    raise TicketChanged("The ticket is changed faster than it can be read")


def _saved(till: Till, row: TicketRow | None, columns: dict[str, Any], now: datetime) -> TicketRow:
    if row is not None:
        storage.change(
            row, states=("open",), now=now, operator=till.operator, operator_name=till.operator_name, **columns
        )
        return row
    shift = storage.open_shift_row(till)
    if shift.is_training:
        raise NotAtTraining("In training no goods are taken back")
    with transaction.atomic():
        return new_ticket(till=till, store=stores.store(store_id=till.store_id), shift=shift, now=now, values=columns)


def _check(row: TicketRow, returned: TicketReturn | None, sale_id: UUID | None) -> None:
    if row.state != "open":
        raise storage.wrong_state(row)
    if row.is_training:
        raise NotAtTraining("In training no goods are taken back")
    if returned is None or returned.of(sale_id) is not None:
        return
    if sale_id is None or returned.of(None) is not None:
        raise ReturnInTheWay(f"With and without a receipt goods come back on ticket {row.number}")
    if len(returned.receipts) >= RECEIPTS_MAX:
        raise TooManyReceipts(f"Goods of {len(returned.receipts)} receipts come back on ticket {row.number}")


def _coming_back(till: Till, sale_id: UUID | None) -> ReturnedReceipt:
    row = storage.at_hand(till)
    returned = storage.returned_of(row) if row is not None else None
    receipt = returned.of(sale_id) if returned is not None else None
    if receipt is None:
        raise NothingToGiveBack("Nothing of this comes back on a ticket here")
    return receipt


def _with_units(till: Till, wanted: Wanted, number: int, units: int, reason: str, condition: str) -> Wanted:
    lines = {each: line for each, line in wanted.lines.items() if each != number}
    if units:
        known = wanted.lines.get(number)
        if known is None:
            said = _said_last(till, wanted)
            known = WantedReturn(line_number=number, units=units, reason=said[0], condition=said[1])
        lines[number] = replace(
            of_units(known, units), reason=reason or known.reason, condition=condition or known.condition
        )
    return wanted._replace(lines=lines)


def _with_goods(till: Till, wanted: Wanted, code: str, units: int) -> Wanted:
    """More of goods without a receipt: what was scanned before grows."""
    goods = list(wanted.goods)
    for place in reversed(range(len(goods))):  # the one that was said last
        if goods[place].code == code:
            goods[place] = replace(goods[place], units=goods[place].units + units)
            return wanted._replace(goods=tuple(goods))
    reason, condition = _said_last(till, wanted)
    added = UnreceiptedLine(code=code, units=units, reason=reason, condition=condition)
    return wanted._replace(goods=(*goods, added))


def _step_goods(till: Till, wanted: Wanted, number: int, step: str) -> Wanted:
    place = _place(_coming_back(till, None), number)
    goods = list(wanted.goods)
    units = _stepped(goods[place].units, step)
    if units:
        goods[place] = replace(goods[place], units=units)
    else:
        del goods[place]
    return wanted._replace(goods=tuple(goods))


def _split_goods(till: Till, wanted: Wanted, number: int, offered: Sequence[str]) -> Wanted:
    place = _place(_coming_back(till, None), number)
    goods, each = list(wanted.goods), wanted.goods[place]
    goods[place] = replace(each, units=max(each.units - 1, 1))
    goods.insert(place + 1, replace(each, units=1, condition=_next(offered, each.condition)))
    return wanted._replace(goods=tuple(goods))


def _place(returned: ReturnedReceipt, number: int) -> int:
    """Where a line of the ticket stands among goods without a receipt."""
    numbers = [each.number for each in returned.lines]
    if number not in numbers:
        raise NothingToGiveBack(f"Line {number} does not come back")
    return numbers.index(number)


def _stepped(present: int, step: str) -> int:
    steps = {"1": present + 1, "-1": max(present - 1, 0), "none": 0}
    if step not in steps:
        raise NotReturnable(f"{step!r} is not a number of units", pointer="/step")
    return steps[step]


def _said_last(till: Till, wanted: Wanted) -> tuple[str, str]:
    """The reason and condition that a further line begins with: the last said here, else the policy's first."""
    said = [(each.reason, each.condition) for each in wanted.lines.values()]
    said += [(each.reason, each.condition) for each in wanted.goods]
    if said:
        return said[-1]
    rules = returns.policy(chain_id=till.chain_id)
    first = [next((each.code for each in codes if each.is_active), "") for codes in (rules.reasons, rules.conditions)]
    return first[0], first[1]


def _said_at_hand(each: WantedReturn, what: str, code: str, offered: Sequence[str]) -> WantedReturn:
    """Said of the units that were parted last; of the whole line where none were."""
    if not each.parts:
        return _said(each, what, code, offered)
    *parts, last = each.parts
    return replace(each, parts=(*parts, _said(last, what, code, offered)))


def _said(each: _Coming, what: str, code: str, offered: Sequence[str]) -> _Coming:
    if what == "reason":
        return replace(each, reason=code or _next(offered, each.reason))
    return replace(each, condition=code or _next(offered, each.condition))


def _next(offered: Sequence[str], present: str) -> str:
    if not offered:
        return present
    return offered[(offered.index(present) + 1) % len(offered)] if present in offered else offered[0]
