"""A till ticket of a member that pays with points, stored value and cash, in processes that die; plain JSON."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.races.member_deeds import (  # noqa: F401  # done by name
    CONSUMERS,
    LATER,
    balance,
    deliver,
    inspect,
    members,
    prepare,
    settled,
    warm_up,
)
from tests.races.till_deeds import NOON, _at, day_differs, open_tills, recover_tills, shift_figures  # noqa: F401
from tests.support import rulebooks
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.orders.models import Sale, TenderRow
from liushui.stores import facade as stores
from liushui.till import facade as till
from liushui.till.contracts import Ticket
from liushui.till.models import TicketRow

WELCOME = {
    "id": "welcome", "when": [{"type": "first_order"}], "limits": {"per_member": 1},
    "effects": [{"type": "amount_off", "amount": 100, "level": "order"}],
}  # fmt: skip


def ring_up_for(*, name: str, number: int, units: int, **has: int) -> dict[str, str]:
    """A new member with so much on the account, and a ticket of milk for him."""
    [member] = members(count=1, first=number, **has)
    found = loyalty.members(ids=[UUID(member)])[UUID(member)]
    till.find_member(till=_at(name), text=found.number, now=NOON)
    return {"member": member, "ticket": str(till.scan(till=_at(name), code="MILK", units=units, now=NOON).id)}


def welcome_once() -> None:
    """1.00 off the first purchase of a member, once for each."""
    chain = stores.stores_by_code()["HM", "SH01"].chain_id
    rulebooks.publish(chain_id=chain, rules=[WELCOME], now=NOON - timedelta(hours=1))


def ring_up_known(*, names: list[str], number: int) -> dict[str, str]:
    """A ticket for the same new member at each of these tills; what they show to be paid by ticket."""
    [member] = members(count=1, first=number)
    found = loyalty.members(ids=[UUID(member)])[UUID(member)]
    for name in names:
        till.find_member(till=_at(name), text=found.number, now=NOON)
    shown = {name: till.scan(till=_at(name), code="MILK", units=2, now=NOON) for name in names}
    assert {ticket.total_minor for ticket in shown.values()} == {1_200}
    return {name: str(ticket.id) for name, ticket in shown.items()}


def pay_or_hear(*, name: str, ticket: str) -> str:
    """Take cash: the ticket's state, or why it was refused."""
    try:
        return str(pay(name=name, ticket=ticket)["state"])
    except LiushuiError as error:
        return error.type


def totals(*, tickets: list[str]) -> list[int]:
    """What the sales of these tickets came to."""
    keys = [UUID(ticket).hex for ticket in tickets]
    return sorted(Sale.objects.filter(source="till", source_id__in=keys).values_list("total_minor", flat=True))


def pay(*, name: str, ticket: str, points: int = 0, stored: int = 0, crash_at: int | None = None) -> dict[str, Any]:
    """Take what is not taken yet of points and value, and the rest in cash; dies at that step. A ticket that is being
    recorded, or is over, is left to the clock, as its screen does."""
    with nullcontext() if crash_at is None else crash_at_step(crash_at) as steps:
        shown = _shown(name, ticket)
        for kind, amount in (("points", points), ("stored_value", stored)):
            taken = sum(each.amount_minor for each in shown.tenders if each.type == kind)
            if amount > taken and shown.state in ("open", "paying"):
                shown = till.pay_value(type=kind, amount_minor=amount - taken, **_on(name, shown))
        if shown.state in ("open", "paying"):
            shown = till.pay_cash(given_minor=shown.due_minor, **_on(name, shown))
    return {"state": shown.state, "steps": steps.names if steps is not None else []}


def go_on(
    *, name: str, ticket: str, member: str, way: str, minutes: int, points: int = 0, stored: int = 0
) -> dict[str, Any]:
    """What the cashier does after a death, at once or when time has passed, or nothing any more; then time passes. What
    was wrong on the way, how the ticket ended, the member's balances."""
    wrong = _wrong(minutes=5) if way == "later" else {}
    if way != "nothing":
        try:
            pay(name=name, ticket=ticket, points=points, stored=stored)
        except LiushuiError as error:
            wrong |= {"refused": error.type}
    return {"wrong": wrong | _wrong(minutes=minutes), "sold": _sold(ticket), "balance": balance(member=member)}


def _wrong(*, minutes: int) -> dict[str, int]:
    """What is wrong when the worker's clock has gone on: what tills left is ended, events are read, holds end."""
    recover_tills(minutes=minutes)
    deliver()
    loyalty.expire_holds(now=LATER)
    return {name: found for name, found in (inspect() | settled()).items() if found}


def _sold(ticket: str) -> dict[str, Any]:
    """What tables hold of a ticket: its state, its sales, what they say was paid how."""
    row = TicketRow.objects.get(id=UUID(ticket))
    sales = Sale.objects.filter(source="till", source_id=row.id.hex, status="completed")
    paid: dict[str, int] = {}
    for tender in TenderRow.objects.filter(sale_id__in=[sale.id for sale in sales]):
        paid[tender.type] = paid.get(tender.type, 0) + tender.amount_minor
    return {"state": row.state, "sales": sales.count(), "paid": paid}


def _on(name: str, shown: Ticket) -> dict[str, Any]:
    return {"till": _at(name), "ticket_id": shown.id, "version": shown.version, "now": NOON}


def _shown(name: str, ticket: str) -> Ticket:
    store = stores.stores_by_code()["HM", "SH01"]
    return till.ticket(ticket_id=UUID(ticket), store_ids={store.id})
