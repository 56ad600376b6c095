"""A process of its own: two tills of the demo chain, one that sells and one that is counted; prints their cookies."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from liushui.app import bootstrap  # noqa: F401  # first: the others import models
from liushui.app.demo import tills as demo
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.chain import CHAIN_CODE
from liushui.runtime import tills
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.till import facade

now = datetime.now(UTC)
store = stores.stores_by_code()[CHAIN_CODE, "S001"]
user = StaffUser.objects.get(username="cashier")


def at_till(code):
    """The cookies of a till with the cashier signed in and a shift open."""
    place = next(each for each in stores.workstations(store_id=store.id) if each.code == code)
    device, secret = tills.enrol(
        workstation_id=place.id,
        workstation_code=place.code,
        store_id=store.id,
        chain_id=store.chain_id,
        name=code,
        principal=system_principal(name="pictures"),
        now=now,
    )
    token = tills.sign_in(device=device, user=user, now=now)
    till = demo.at_till(store, "cashier", workstation=code)
    if facade.current_shift(till=till) is None:
        facade.open_shift(till=till, float_minor=50_000, now=now)
    return till, {"liushui_till": secret, "liushui_operator": token}


till, selling = at_till("T1")
_, counting = at_till("T2")
if facade.current_ticket(till=till, now=now) is None:
    goods = [item for item in demo_assortment().items if not item.weighed and item.gtin][20:60:8]
    for number, item in enumerate(goods):
        ticket = facade.scan(till=till, code=item.gtin, units=1 + number % 2, now=now)
    facade.ask_approval(
        till=till,
        kind="till.line_void",
        target=f"ticket:{ticket.id}/line:1",
        reason="顾客不要了",
        now=now,
        amount_minor=ticket.lines[0].amount_minor,
    )
day = next(day for day in facade.days(store_ids=frozenset({store.id})) if day.z_number)
address = f"/tills/days/{store.id}/{day.business_date}/"
print(json.dumps({"selling": selling, "counting": counting, "day": address}))
