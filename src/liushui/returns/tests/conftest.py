"""A chain with two stores, a sale in the first, and people who may look, change and export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale, SaleLine, SaleRecorded, Tender
from liushui.returns import facade
from liushui.returns.contracts import ReturnQuote, WantedReturn
from liushui.returns.policies import forget
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, Store

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def line(number: int, *, units: int, amount: int, sku: str = "MILK") -> SaleLine:
    return SaleLine(
        line_number=number, item_id=1, sku=sku, gtin="", name="牛奶", category="food", units=units, measure_value=None,
        measure_unit=None, unit_price_minor=amount // units, regular_minor=amount, discount_minor=0,
        amount_minor=amount, tax_rate_bp=900, tax_minor=amount * 9 // 109, cost_minor=None, is_return=False,
    )  # fmt: skip


@dataclass(frozen=True)
class House:
    chain: Chain
    here: Store
    there: Store

    def principal(self, role: str = "cashier", *, store: Store | None = None, name: str = "1") -> Principal:
        place = {"store_id": store.id} if store is not None else {}
        return Principal(
            subject=f"staff:{name}", name=f"Staff {name}", grants=(Grant(role=role, chain_id=self.chain.id, **place),)
        )

    def sell(self, name: str = "S-1", *, at: datetime = NOON, **fields: Any) -> UUID:
        """Three bottles for 10.00 and one for 300.00, paid by card."""
        lines = (line(1, units=3, amount=1000), line(2, units=1, amount=30_000))
        values: dict[str, Any] = {
            "source": "web", "source_id": name, "body_sha256": "a" * 64, "chain_id": self.chain.id,
            "store_id": self.here.id, "store_code": self.here.code, "workstation": "", "operator": "7",
            "receipt_number": name, "channel": "pos", "currency": "CNY", "completed_at": at,
            "business_date": at.date(), "local_hour": 12, "customer": "", "lines": lines,
            "tenders": (Tender(type="card", amount_minor=31_000, method="visa", reference="R1"),),
        }  # fmt: skip
        return self.record(RecordSale(**(values | fields))).sale_id

    def record(self, command: RecordSale) -> SaleRecorded:
        [answer] = orders.record_sales(commands=[command], recorded_at=command.completed_at)
        assert isinstance(answer, SaleRecorded)
        return answer

    def quote(
        self, sale_id: UUID, *wanted: WantedReturn, at: datetime = NOON, store: Store | None = None
    ) -> ReturnQuote:
        place = store or self.here
        return facade.quote_return(
            sale_id=sale_id, wanted=wanted, at=at, store_id=place.id, principal=self.principal(store=place)
        )

    def take_back(self, quote: ReturnQuote, name: str = "R-1", *, store: Store | None = None) -> UUID:
        """Record the return as it was quoted."""
        place = store or self.here
        at = NOON + timedelta(hours=1)
        returned = RecordSale(
            source="web", source_id=name, body_sha256="b" * 64, chain_id=self.chain.id, store_id=place.id,
            store_code=place.code, workstation="", operator="9", receipt_number=name, channel="pos", currency="CNY",
            completed_at=at, business_date=date(2026, 11, 20), local_hour=13, customer="",
            lines=tuple(each.line for each in quote.lines),
            tenders=tuple(
                Tender(type=each.type, method=each.method, reference=each.reference, amount_minor=each.amount_minor)
                for each in quote.tenders
            ),
            returns_of=(quote.returns_of,) if quote.returns_of is not None else (),
        )  # fmt: skip
        return self.record(returned).sale_id


@pytest.fixture
def house(db: None) -> Iterator[House]:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    here, there = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=name, name_en=name)
            for code, name in (("SH01", "First"), ("SH02", "Second"))
        ]
    )
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk", tax_rate_bp=900),
            NewItem(chain_id=chain.id, sku="SAUCE", name_zh="酱油", name_en="Sauce", tax_rate_bp=1300),
        ]
    )
    spring = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(
        prices=[NewPrice(chain_id=chain.id, sku="MILK", amount_minor=650, starts_at=spring)]
    )  # fmt: skip
    forget()
    yield House(chain=chain, here=here, there=there)
    forget()


@pytest.fixture
def signed_in(house: House, client: Client) -> Callable[..., Client]:
    """The test client, signed in with this role in the whole chain; English, so that words can be read."""

    def sign_in(role: str = "store_manager", *, language: str = "en") -> Client:
        user = StaffUser.objects.create_user(username=role, password="quiet-river-runs", display_name="Ann")
        grant(
            subject=f"staff:{user.pk}", grant=Grant(role=role, chain_id=house.chain.id),
            granted_by=system_principal(name="tests"),
        )  # fmt: skip
        client.force_login(user)
        client.cookies["liushui_language"] = language
        return client

    return sign_in
