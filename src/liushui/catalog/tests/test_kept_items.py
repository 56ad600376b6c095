"""Items kept between batches: read once, believed for seconds, and never a miss."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade
from liushui.catalog.contracts import NewItem
from liushui.catalog.queries import kept_items

pytestmark = pytest.mark.django_db


def test_an_item_is_read_once_and_an_unknown_code_every_time(chain) -> None:
    facade.save_items(items=[NewItem(chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk")])
    kept = facade.KeptItems()
    assert kept.find(chain_id=chain.id, codes={"MILK", "BREAD"}).keys() == {"MILK"}
    with CaptureQueriesContext(connection) as queries:
        assert kept.find(chain_id=chain.id, codes=["MILK"])["MILK"].name_zh == "牛奶"
    assert len(queries) == 0
    facade.save_items(items=[NewItem(chain_id=chain.id, sku="BREAD", name_zh="面包", name_en="Bread")])
    assert kept.find(chain_id=chain.id, codes={"MILK", "BREAD"}).keys() == {"MILK", "BREAD"}
    assert kept.find(chain_id=chain.id + 1, codes={"MILK"}) == {}  # of another chain


def test_a_changed_item_is_read_again_after_five_seconds(chain, monkeypatch) -> None:
    now = 1000.0
    monkeypatch.setattr(kept_items.time, "monotonic", lambda: now)
    facade.save_items(items=[NewItem(chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk", tax_rate_bp=900)])
    kept = facade.KeptItems()
    assert kept.find(chain_id=chain.id, codes={"MILK"})["MILK"].tax_rate_bp == 900
    facade.save_items(items=[NewItem(chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk", tax_rate_bp=1300)])
    now += 5.1
    assert kept.find(chain_id=chain.id, codes={"MILK"})["MILK"].tax_rate_bp == 1300
