"""What happens at the tills of world.py: a shift is opened, goods and gift cards are sold."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.runtime import tills
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.till import facade as till
from liushui.till.contracts import Till


def open_shift(*, workstation: str, is_training: bool = False) -> Till:
    """Open a shift with a float of 500.00 at a till of E1 for the cashier, unless one is open there."""
    [device] = [
        device
        for device in tills.devices(store_ids=[store.id for store in stores.stores()])
        if device.workstation_code == workstation
    ]
    user = StaffUser.objects.get(username="cashier")
    here = Till(
        device_id=device.id,
        workstation_id=device.workstation_id,
        workstation_code=device.workstation_code,
        store_id=device.store_id,
        chain_id=device.chain_id,
        principal=tills.at_store(user, store_id=device.store_id, chain_id=device.chain_id),
        operator=user.username,
        operator_name=user.display_name,
    )
    if till.current_shift(till=here) is None:
        till.open_shift(till=here, float_minor=50_000, is_training=is_training, now=datetime.now(UTC))
    return here


def sell_at(*, workstation: str) -> UUID:
    """A sale by cash at a till of E1, of three articles; the id of its ticket."""
    here, now = open_shift(workstation=workstation), datetime.now(UTC)
    for code in ("SKU-01", "SKU-16", "SKU-27"):
        ticket = till.scan(till=here, code=code, now=now)
    sold = till.pay_cash(till=here, ticket_id=ticket.id, version=ticket.version, given_minor=10_000, now=now)
    return sold.id


def sell_gift_card_at(*, workstation: str) -> UUID:
    """A gift card of 50.00 sold for cash at a till of E1; the id of that sale of value."""
    here, now = open_shift(workstation=workstation), datetime.now(UTC)
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=here.chain_id, count=1, now=now)
    sold = till.sell_gift_card(
        till=here, value_id=new_id(), code=card.code, paid_minor=5_000, payment=till.Payment(tender="cash"), now=now
    )
    return sold.id
