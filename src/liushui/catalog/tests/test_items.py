"""Saving and finding items in bulk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade
from liushui.catalog.contracts import NewItem, Saved
from liushui.catalog.errors import InvalidItem, ItemConflict

TEA = NewItem(chain_id=1, sku="T1", name_zh="茶", name_en="Tea", gtin="4006381333931", category="drinks/tea")


def test_saving_again_counts_what_is_new_changed_and_unchanged(chain) -> None:
    coffee = replace(TEA, sku="C1", gtin="", name_zh="咖啡", name_en="Coffee")
    assert facade.save_items(items=[TEA, coffee]) == Saved(new=2)
    assert facade.save_items(items=[TEA, replace(coffee, brand="x")]) == Saved(changed=1, unchanged=1)
    assert facade.find_items(chain_id=1, codes=["C1"])["C1"].brand == "x"


def test_categories_that_items_name_are_made_with_their_parents(chain) -> None:
    facade.save_items(items=[TEA])
    assert facade.category_names(chain_ids=[1]) == {"drinks": ("drinks", "drinks"), "drinks/tea": ("tea", "tea")}


def test_finding_is_one_query_however_many_codes(items) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = facade.find_items(chain_id=1, codes=[f"x{n}" for n in range(40_000)] + ["6901234567892", "1002"])
    assert len(queries) == 1
    assert {code: item.sku for code, item in found.items()} == {"6901234567892": "1001", "1002": "1002"}


def test_a_sku_wins_over_a_barcode_of_the_same_digits(items) -> None:
    facade.save_items(items=[NewItem(chain_id=1, sku="6901234567892", name_zh="别的", name_en="Other")])
    assert facade.find_items(chain_id=1, codes=["6901234567892"])["6901234567892"].name_en == "Other"


def test_a_barcode_stands_for_one_item_only(items) -> None:
    with pytest.raises(ItemConflict):
        facade.save_items(items=[replace(TEA, gtin="6901234567892")])
    with pytest.raises(ItemConflict):
        facade.save_items(items=[TEA, replace(TEA, sku="T2")])
    assert facade.find_items(chain_id=1, codes=["T1", "T2"]) == {}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"sku": ""}, "/sku"),
        ({"name_zh": " ", "name_en": ""}, "/name_zh"),
        ({"gtin": "4006381333932"}, "/gtin"),
        ({"tax_rate_bp": 10_001}, "/tax_rate_bp"),
        ({"tax_code": "103020101"}, "/tax_code"),
        ({"cost_minor": -1}, "/cost_minor"),
        ({"image_url": "http://x/y.png"}, "/image_url"),
        ({"category": "a//b"}, "/category"),
    ],
)
def test_a_wrong_value_names_its_field(chain, change, pointer) -> None:
    with pytest.raises(InvalidItem) as caught:
        facade.save_items(items=[replace(TEA, **change)])
    assert caught.value.pointer == pointer
    assert facade.find_items(chain_id=1, codes=["T1"]) == {}


def test_dirty_names_come_onto_one_line(chain) -> None:
    facade.save_items(items=[replace(TEA, name_zh=" 茶\t\n 叶 \x00", name_en="Tea  leaves")])
    item = facade.find_items(chain_id=1, codes=["T1"])["T1"]
    assert (item.name_zh, item.name_en) == ("茶 叶", "Tea leaves")
