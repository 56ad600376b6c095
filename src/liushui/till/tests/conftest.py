"""A small shop with two tills, two cashiers and a manager; prices that are easy to add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.kernel.ids import new_id
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation, Store
from liushui.till import facade
from liushui.till.contracts import Ticket, Till

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
PRICES = {"MILK": 650, "TEA": 1000, "RICE": 4990, "APPLE": 1990}


@dataclass(frozen=True)
class Shop:
    """The place and its people."""

    store: Store
    till: Till
    other_till: Till
    manager: Principal
    second_manager: Principal

    def person(self, till: Till, name: str) -> Till:
        """Another cashier at the same till."""
        return replace(
            till,
            operator=name,
            operator_name=name.title(),
            principal=replace(self.till.principal, subject=f"staff:{name}", name=name.title()),
        )

    def approval(self, kind: str, target: str, *, till: Till | None = None, amount: int | None = None) -> UUID:
        """What the manager approves by the inbox."""
        asked = facade.ask_approval(
            till=till or self.till, kind=kind, target=target, reason="wrong", amount_minor=amount, now=NOON
        )
        return approvals.decide(approval_id=asked.id, approve=True, principal=self.manager, now=NOON).id

    def recorded(self) -> list[int]:
        """What each recorded sale of the store comes to, the latest first."""
        found = orders.sales(query=SaleQuery(store_ids=frozenset({self.store.id})))
        return [sale.total_minor for sale in found.sales]

    def sell(self, *codes: str, till: Till | None = None, given: int | None = None, now: datetime = NOON) -> Ticket:
        """A sale by cash, paid exactly unless said otherwise."""
        till = till or self.till
        for code in codes:
            ticket = facade.scan(till=till, code=code, now=now)
        return facade.pay_cash(
            till=till,
            ticket_id=ticket.id,
            version=ticket.version,
            given_minor=ticket.due_minor if given is None else given,
            now=now,
        )


def open_shop() -> Shop:
    """The chain, one store, two tills, four items."""
    chain = stores.save_chain(
        code="HM", name_zh="好邻", name_en="Haolin", currency="CNY", weighed_patterns=("2pppppwwwwwwc",)
    )
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S01", name_zh="一店", name_en="First")]
    )
    first, second = stores.save_workstations(
        workstations=[
            NewWorkstation(chain_code="HM", store_code="S01", code=code, name=code, kind="till")
            for code in ("T1", "T2")
        ]
    )
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku=sku, name_zh=sku, name_en=sku.title(), tax_rate_bp=1300)
            for sku in ("MILK", "TEA", "RICE")
        ]
        + [
            NewItem(chain_id=chain.id, sku="10012", name_zh="苹果", name_en="Apple", unit="kg", weighed=True),
            NewItem(chain_id=chain.id, sku="FREE", name_zh="赠品", name_en="Gift"),
            NewItem(chain_id=chain.id, sku="NOPRICE", name_zh="无价", name_en="No price"),
        ]
    )
    prices = {"MILK": 650, "TEA": 1000, "RICE": 4990, "10012": 1990, "FREE": 0}
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku=sku, amount_minor=price, starts_at=NOON - timedelta(days=90))
            for sku, price in prices.items()
        ]
    )

    def person(name: str, role: str) -> Principal:
        grant = Grant(role=role, chain_id=chain.id, store_id=store.id)
        return Principal(subject=f"staff:{name}", name=name.title(), grants=(grant,))

    def till(workstation_id: int, code: str, name: str) -> Till:
        return Till(
            device_id=new_id(), workstation_id=workstation_id, workstation_code=code, store_id=store.id,
            chain_id=chain.id, principal=person(name, "cashier"), operator=name, operator_name=name.title(),
        )  # fmt: skip

    return Shop(
        store=store,
        till=till(first.id, "T1", "ann"),
        other_till=till(second.id, "T2", "bob"),
        manager=person("mia", "store_manager"),
        second_manager=person("max", "store_manager"),
    )


@pytest.fixture
def shop(db) -> Shop:
    return open_shop()


@pytest.fixture
def selling(shop) -> Shop:
    """The shop with a shift open at the first till, with a float of ¥100."""
    facade.open_shift(till=shop.till, float_minor=10_000, now=NOON)
    return shop
