"""What tills do when goods come back in a race: many at once of one receipt, and tills that die while giving back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.races.deeds import prepare, warm_up  # noqa: F401  # done by name
from tests.races.till_deeds import (  # noqa: F401  # done by name
    NOON,
    _at,
    _told,
    _wallet,
    day_differs,
    open_tills,
    recover_tills,
)
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.orders.models import Sale, TenderRow
from liushui.payments import facade as payments
from liushui.till import facade as till
from liushui.till.models import TicketRow


def sell(*, name: str, units: int, how: str = "cash") -> dict[str, Any]:
    """A sale of milk."""
    shown = till.scan(till=_at(name), code="MILK", units=units, now=NOON)
    here = {"till": _at(name), "ticket_id": shown.id, "version": shown.version, "now": NOON}
    with _wallet():
        if how == "cash":
            sold = till.pay_cash(given_minor=shown.due_minor, **here)
        else:
            sold = till.pay_mobile(provider="paper", mode="we_scan", auth_code="28" + "1" * 16, **here)
    payment = sold.tenders[0].payment_id
    return {"sale": str(sold.sale_id), "payment": str(payment) if payment is not None else ""}


def choose(*, name: str, sale: str, units: int, new: int = 0, also: str = "") -> dict[str, Any]:
    """So many of the receipt's first line come back, and `also` of another's, for new ones; all is left at that."""
    for each in filter(None, (sale, also)):
        ticket = till.return_units(till=_at(name), sale_id=UUID(each), line_number=1, units=units, now=NOON)
    if new:
        ticket = till.scan(till=_at(name), code="MILK", units=new, now=NOON)
    return _told(ticket) | {"due": ticket.due_minor}


def finish(*, name: str, ticket: str, version: int, due: int, crash_at: int | None = None) -> dict[str, Any]:
    """Give back, or take the difference in cash; dies at that step."""
    here = {"till": _at(name), "ticket_id": UUID(ticket), "version": version, "now": NOON}
    with _wallet(), crash_at_step(crash_at) as steps:
        done = till.pay_cash(given_minor=due, **here) if due > 0 else till.give_back(**here)
    return _told(done) | {"steps": steps.names}


def take_back(*, name: str, sale: str, units: int, also: str = "") -> str:
    """From the receipt to the money at one go: `settled`, or why not."""
    try:
        chosen = choose(name=name, sale=sale, units=units, also=also)
        return str(finish(name=name, ticket=chosen["id"], version=chosen["version"], due=chosen["due"])["state"])
    except LiushuiError as error:
        left = till.current_ticket(till=_at(name))
        if left is not None:  # the till is ready for the next race
            kept = till.keep_everything(till=_at(name), ticket_id=left.id, version=left.version, now=NOON)
            till.cancel_ticket(
                till=_at(name), ticket_id=kept.id, version=kept.version, reason="", approval_id=None, now=NOON
            )
        return error.type


def look(*, sale: str, payment: str = "", ticket: str = "") -> dict[str, Any]:
    """What tables and provider hold of a receipt and of the ticket that takes goods back."""
    found = Sale.objects.get(id=UUID(sale))
    so_far = orders.returned(sale_id=found.id, chain_id=found.chain_id)
    row = TicketRow.objects.filter(id=UUID(ticket)).first() if ticket else None
    recorded = Sale.objects.filter(source="till", source_id=row.id.hex) if row is not None else Sale.objects.none()
    moved = TenderRow.objects.filter(sale_id__in=[each.id for each in recorded])
    with _wallet() as wallet:
        kept = wallet.kept_minor([UUID(payment).hex]) if payment else 0
    refunds = payments.refunds_of(payment_id=UUID(payment)) if payment else ()
    return {
        "state": row.state if row is not None else "",
        "returned": sum(line.units for line in so_far.lines.values()),
        "sales": recorded.count(),
        "moved": sum(tender.amount_minor for tender in moved),
        "with_provider": kept,
        "refunds": [refund.amount_minor for refund in refunds],
    }
