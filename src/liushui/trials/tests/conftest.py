"""A chain with two stores, a catalogue, three days of receipts, and people who try promotions on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.orders import facade as orders
from liushui.orders.contracts import Discount, RecordSale, SaleLine, Tender
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

DAY = date(2026, 11, 20)  # a Friday
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
SNACKS_OFF = {"id": "snacks", "name": {"zh": "零食九折", "en": "Snacks 10% off"}, "effects": [
    {"type": "percent_off", "percent": 10, "level": "line", "scope": {"category_in": ["food/snacks"]}}]}  # fmt: skip
SPEND = {"id": "spend", "stage": "order", "when": [{"type": "subtotal_at_least", "amount": 10_000}],
         "effects": [{"type": "amount_off", "amount": 1_000, "level": "order"}]}  # fmt: skip


@dataclass(frozen=True)
class Shop:
    chain_id: int
    here: Store
    there: Store

    @property
    def ids(self) -> frozenset[int]:
        return frozenset({self.here.id, self.there.id})

    def staff(self, role: str = "marketer", *, store_id: int | None = None) -> Principal:
        """Someone who works there; for the whole chain unless a store is named."""
        return Principal(
            subject="staff:1", name="Li Lei", grants=(Grant(role=role, chain_id=self.chain_id, store_id=store_id),)
        )

    def sell(self, number: int, *lines: SaleLine, at: datetime = NOON, **fields: Any) -> Any:
        """One receipt; answers its id."""
        store = fields.pop("store", self.here)
        values = {
            "source": "pos", "source_id": f"T-{number}", "body_sha256": "a" * 64, "chain_id": self.chain_id,
            "store_id": store.id, "store_code": store.code, "workstation": "T1", "operator": "7",
            "receipt_number": f"R{number}", "channel": "pos", "currency": "CNY", "completed_at": at,
            "business_date": store.business_date(at), "local_hour": store.local(at).hour, "customer": "",
            "lines": lines,
            "tenders": (Tender(type="cash", amount_minor=sum(each.amount_minor for each in lines)),),
        }  # fmt: skip
        [answer] = orders.record_sales(commands=[RecordSale(**(values | fields))], recorded_at=at)
        return answer.sale_id


def line(number: int, sku: str, regular: int, *, units: int = 1, off: int = 0, cost: int | None = None) -> SaleLine:
    """A line of that item; `regular` is of all its units together."""
    return SaleLine(
        line_number=number, item_id=1, sku=sku, gtin="", name=sku, category="other", units=units, measure_value=None,
        measure_unit=None, unit_price_minor=regular // (units or 1), regular_minor=regular, discount_minor=off,
        amount_minor=regular - off, tax_rate_bp=0, tax_minor=0, cost_minor=cost, is_return=units < 0,
        discounts=(Discount(code="D", name="D", amount_minor=off),) if off else (),
    )  # fmt: skip


@pytest.fixture
def shop(db, settings, tmp_path) -> Shop:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"data_dir": tmp_path, "backtest_processes": 1})
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    here, there = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=zh, name_en=en)
            for code, zh, en in (("SH01", "一店", "First"), ("SH02", "二店", "Second"))
        ]
    )
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku="CHIPS", name_zh="薯片", name_en="Chips", category="food/snacks", brand="A"),
            NewItem(chain_id=chain.id, sku="SOAP", name_zh="肥皂", name_en="Soap", category="care"),
        ]
    )
    return Shop(chain_id=chain.id, here=here, there=there)


@pytest.fixture
def three_days(shop) -> list[Any]:
    """Four receipts: 50.00 of chips and soap, 120.00 of soap, and two days later 30.00 of chips twice."""
    later = NOON + timedelta(days=2)
    return [
        shop.sell(1, line(1, "CHIPS", 3_000, cost=1_000), line(2, "SOAP", 2_000, off=500), customer="m1"),
        shop.sell(2, line(1, "SOAP", 12_000, units=4), store=shop.there),
        shop.sell(3, line(1, "CHIPS", 3_000, units=3), at=later, customer="m1"),
        shop.sell(4, line(1, "CHIPS", 3_000, units=2), at=later + timedelta(minutes=5), customer="m2"),
    ]


@pytest.fixture
def signed_in(shop, client):
    """The test client, signed in as someone with this role; English, so that words can be read."""

    def sign_in(role: str = "marketer", *, store_id: int | None = None):
        user = StaffUser.objects.create_user(username="ann", password="quiet-river-runs", display_name="Ann")
        given = Grant(role=role, chain_id=shop.chain_id, store_id=store_id)
        grant(subject=f"staff:{user.pk}", grant=given, granted_by=system_principal(name="tests"))
        client.force_login(user)
        client.cookies["liushui_language"] = "en"
        return client

    return sign_in
