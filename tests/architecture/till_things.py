"""What a till of a store in the access matrix's world has: an open shift, a receipt, a parked ticket, a gift card."""

from __future__ import annotations

from datetime import UTC, datetime

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.runtime.access import Grant, Principal
from liushui.stores.contracts import Store, Workstation
from liushui.till import facade
from liushui.till.contracts import Till


def till_things(*, store: Store, workstation: Workstation) -> dict[str, str]:
    """Open a shift there, sell a tea, put another one aside, and sell a gift card."""
    now = datetime.now(UTC)
    grant = Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)
    till = Till(
        device_id=new_id(),
        workstation_id=workstation.id,
        workstation_code=workstation.code,
        store_id=store.id,
        chain_id=store.chain_id,
        principal=Principal(subject="staff:0", name="Matrix", grants=(grant,)),
        operator="matrix",
        operator_name="Matrix",
    )
    shift = facade.open_shift(till=till, float_minor=0, now=now)
    ticket = facade.scan(till=till, code="TEA", now=now)
    sold = facade.pay_cash(till=till, ticket_id=ticket.id, version=ticket.version, given_minor=990, now=now)
    ticket = facade.scan(till=till, code="TEA", now=now)
    parked = facade.park(till=till, ticket_id=ticket.id, version=ticket.version, label="", now=now)
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=store.chain_id, count=1, now=now)
    value = facade.sell_gift_card(
        till=till, value_id=new_id(), code=card.code, paid_minor=5_000, payment=facade.Payment(tender="cash"), now=now
    )
    return {
        "value_id": str(value.id),
        "ticket_id": str(sold.id),
        "parked_id": str(parked.id),
        "shift_id": str(shift.id),
        "day": shift.business_date.isoformat(),
    }
