"""A chain with two stores and one abroad, as a fake directory that we own, and a few items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from liushui.catalog import facade
from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.runtime import access, places
from liushui.runtime.access import Grant, Principal

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class FakePlace:
    id: int
    code: str
    name_zh: str
    name_en: str
    chain_id: int = 1
    region_id: int = 1
    currency: str = "CNY"
    time_zone: str = "Asia/Shanghai"
    weighed_patterns: tuple[str, ...] = ()


@dataclass(kw_only=True)
class FakeDirectory:
    """The places of the tests, in memory."""

    _chains: list[FakePlace] = field(default_factory=list)
    _regions: list[FakePlace] = field(default_factory=list)
    _stores: list[FakePlace] = field(default_factory=list)

    def chains(self) -> list[FakePlace]:
        return self._chains

    def regions(self) -> list[FakePlace]:
        return self._regions

    def stores(self) -> list[FakePlace]:
        return self._stores

    def place(self, *, query: Mapping[str, str], allowed: frozenset[int]) -> SimpleNamespace:
        raise AssertionError("only pages choose places")

    def covered(self, grants) -> frozenset[int]:
        return frozenset(
            store.id
            for store in self._stores
            for grant in grants
            if grant.chain_id == store.chain_id and grant.store_id in (None, store.id)
        )


@pytest.fixture
def chain(db, monkeypatch) -> Iterator[SimpleNamespace]:
    home = FakePlace(
        id=1, code="lk", name_zh="流客", name_en="Liuke", weighed_patterns=("2pppppwwwwwwc", "21ppppp vvvvv c")
    )
    directory = FakeDirectory(
        _chains=[home],
        _regions=[FakePlace(id=1, code="east", name_zh="华东", name_en="East")],
        _stores=[
            FakePlace(id=11, code="S1", name_zh="一店", name_en="One"),
            FakePlace(id=12, code="S2", name_zh="二店", name_en="Two"),
            FakePlace(id=13, code="T1", name_zh="东京店", name_en="Tokyo", currency="JPY", time_zone="Asia/Tokyo"),
        ],
    )
    monkeypatch.setattr(places, "_directory", directory)
    monkeypatch.setattr(access, "_expander", directory.covered)
    first, second, abroad = directory.stores()
    yield SimpleNamespace(id=1, region=directory.regions()[0], first=first, second=second, abroad=abroad)


@pytest.fixture
def items(chain) -> dict[str, int]:
    """Item ids by SKU; 1001 and 00123 have a price for the chain."""
    facade.save_categories(
        categories=[
            NewCategory(chain_id=1, path="food", name_zh="食品", name_en="Food"),
            NewCategory(chain_id=1, path="food/milk", name_zh="奶制品", name_en="Dairy"),
        ]
    )
    facade.save_items(
        items=[
            NewItem(
                chain_id=1, sku="1001", gtin="6901234567892", name_zh="蒙牛纯牛奶250ml", name_en="Mengniu milk",
                category="food/milk", tax_rate_bp=1300, cost_minor=210,
            ),
            NewItem(chain_id=1, sku="1002", name_zh="牛奶", name_en="Milk", category="food/milk"),
            NewItem(chain_id=1, sku="00123", name_zh="红富士苹果", name_en="Fuji apple", unit="kg", weighed=True),
        ]
    )  # fmt: skip
    facade.save_prices(
        prices=[
            NewPrice(chain_id=1, sku="1001", amount_minor=350, starts_at=START),
            NewPrice(chain_id=1, sku="00123", amount_minor=1280, starts_at=START),
        ]
    )
    found = facade.find_items(chain_id=1, codes=["1001", "1002", "00123"])
    return {code: item.id for code, item in found.items()}


@pytest.fixture
def marketer(chain) -> Principal:
    return Principal(subject="staff:1", name="Mei", grants=(Grant(role="marketer", chain_id=1),))
