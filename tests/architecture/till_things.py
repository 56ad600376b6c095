"""What a till of a store in the access matrix's world has: an open shift, a receipt, a parked ticket."""

from __future__ import annotations

from datetime import UTC, datetime

from liushui.kernel.ids import new_id
from liushui.runtime.access import Grant, Principal
from liushui.stores.contracts import Store, Workstation
from liushui.till import facade
from liushui.till.contracts import Till


def till_things(*, store: Store, workstation: Workstation) -> dict[str, str]:
    """Open a shift there, sell a tea, and put another one aside."""
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
    return {
        "ticket_id": str(sold.id),
        "parked_id": str(parked.id),
        "shift_id": str(shift.id),
        "day": shift.business_date.isoformat(),
    }
