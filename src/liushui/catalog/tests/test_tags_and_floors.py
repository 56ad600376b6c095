"""Tags and floor prices of items: their form, where they are found, and which store has which floor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade
from liushui.catalog.contracts import Goods, NewItem, Saved
from liushui.catalog.errors import InvalidItem
from liushui.catalog.tests.test_imports import FRACTION, NOW, bring, counts, item

__all__ = ["bring"]

TEA = NewItem(chain_id=1, sku="T1", name_zh="绿茶", name_en="Green tea")


def save(*items: NewItem) -> Saved:
    return facade.save_items(items=items)


def test_tags_are_kept_in_small_letters_each_once_and_in_order(chain) -> None:
    assert save(replace(TEA, tags=("Sale", "ｎｅｗ", "清仓", "sale"), floor_price_minor=0)) == Saved(new=1)
    found = item("T1")
    assert (found.tags, found.floor_price_minor) == (("new", "sale", "清仓"), 0)
    assert save(replace(TEA, tags=("清仓", "new", "SALE"), floor_price_minor=0)) == Saved(unchanged=1)
    assert save(replace(TEA, floor_price_minor=0)) == Saved(changed=1)
    assert save(TEA) == Saved(changed=1)
    assert (item("T1").tags, item("T1").floor_price_minor) == ((), None)


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"tags": ("a b",)}, "/tags", "'a b' is not a tag"),
        ({"tags": ("",)}, "/tags", "'' is not a tag"),
        ({"tags": ("-new",)}, "/tags", "'-new' is not a tag"),
        ({"tags": ("50%",)}, "/tags", "'50%' is not a tag"),
        ({"tags": ("x" * 33,)}, "/tags", f"'{'x' * 33}' is not a tag"),
        ({"tags": tuple(f"t{n}" for n in range(17))}, "/tags", "17 tags are more than 16"),
        ({"floor_price_minor": -1}, "/floor_price_minor", "A floor price is zero or more; -1 was given"),
    ],
)
def test_a_wrong_tag_or_floor_names_its_field(chain, change, pointer, detail) -> None:
    with pytest.raises(InvalidItem) as caught:
        save(replace(TEA, **change))
    assert (caught.value.pointer, caught.value.detail) == (pointer, detail)
    assert item("T1") is None


def test_the_longest_tags_fit(chain) -> None:
    longest = tuple(sorted(f"{n:02d}".ljust(32, "x") for n in range(16)))
    save(replace(TEA, tags=longest))
    assert item("T1").tags == longest


def test_items_are_found_by_a_whole_tag_with_and_without_a_text(items) -> None:
    save(
        replace(TEA, tags=("sale", "new")),
        replace(TEA, sku="T2", name_zh="红茶", tags=("sale-2",)),
        replace(TEA, sku="T3", name_zh="花茶", tags=("sale",)),
    )

    def found(**wanted: object) -> list[str]:
        page = facade.search_items(**{"chain_ids": [1], "text": "", "limit": 9, "offset": 0} | wanted)
        assert page.total == len(page.items)
        return [each.sku for each in page.items]

    assert found(tag="sale") == ["T1", "T3"]
    assert found(tag=" ＳＡＬＥ ") == ["T1", "T3"]
    assert found(tag="sale", text="花茶") == ["T3"]
    assert found(tag="sale", text="茶") == ["T1", "T3"]
    assert found(tag="sal") == found(tag="s\0") == []
    assert found(tag="' OR 1=1 --") == []
    assert sorted(found(tag=" ", text="茶")) == ["T1", "T2", "T3"]
    with CaptureQueriesContext(connection) as queries:
        assert facade.tags(chain_id=1, text="SAL", limit=9) == (("sale", 2), ("sale-2", 1))
    assert len(queries) == 1
    assert facade.tags(chain_id=1, limit=1) == (("new", 1),)
    assert facade.tags(chain_id=2, limit=9) == ()


def test_tags_of_ended_items_are_not_offered(items, marketer) -> None:
    facade.change_item(item=replace(TEA, tags=("old",)), is_active=False, principal=marketer)
    assert facade.tags(chain_id=1, limit=9) == ()


def test_a_floor_holds_where_the_chains_currency_is_spent(items, chain) -> None:
    save(NewItem(chain_id=1, sku="1001", name_zh="蒙牛纯牛奶250ml", name_en="Mengniu milk", floor_price_minor=300))
    at = [facade.price_items(store=store, codes=["1001"], at=NOW)["1001"] for store in (chain.first, chain.abroad)]
    assert [each.floor_unit_price_minor for each in at] == [300, 0]
    assert [each.unit_price_minor for each in at] == [350, None]
    assert facade.price_items(store=chain.first, codes=["1002"], at=NOW)["1002"].floor_unit_price_minor == 0


def test_the_goods_of_a_chain_carry_tags_and_the_floor_of_pieces(items) -> None:
    save(
        NewItem(chain_id=1, sku="1002", name_zh="牛奶", name_en="Milk", tags=("new",), floor_price_minor=200),
        NewItem(chain_id=1, sku="00123", name_zh="红富士", name_en="Fuji", weighed=True, floor_price_minor=900),
    )
    with CaptureQueriesContext(connection) as queries:
        assert facade.goods(chain_id=1) == [
            Goods("00123", "", "", True, (), 0),  # its receipts do not say by which weight they were priced
            Goods("1001", "food/milk", "", True, (), 0),
            Goods("1002", "", "", True, ("new",), 200),
        ]
    assert len(queries) == 1


def test_a_file_brings_tags_and_floors_and_an_empty_cell_takes_them_away(bring) -> None:
    text = '货号,标签,最低限价\n1001,"清仓，New",3.00\n1002,a b;c|d、e,\n'
    view, faults = bring(text)
    assert (counts(view), faults) == ((0, 2, 0, 0), [])
    assert (item("1001").tags, item("1001").floor_price_minor) == (("new", "清仓"), 300)
    assert (item("1002").tags, item("1002").floor_price_minor) == (("a", "b", "c", "d", "e"), None)
    assert counts(bring(text)[0]) == (0, 0, 2, 0)
    assert counts(bring("sku,name_zh\n1001,别名\n")[0]) == (0, 1, 0, 0)
    assert item("1001").tags == ("new", "清仓")  # a column that is absent leaves its values alone
    assert counts(bring("sku,tags,floor price\n1001,,\n")[0]) == (0, 1, 0, 0)
    assert (item("1001").tags, item("1001").floor_price_minor) == ((), None)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("1001,50%,", "标签", "'50%' is not a tag"),
        ("1001," + " ".join(f"t{n}" for n in range(17)) + ",", "标签", "17 tags are more than 16"),
        ("1001,new,-1", "底价", "A floor price is zero or more; -100 was given"),
        ("1001,new,1.001", "底价", FRACTION.format("1.001")),
        ("1001,new,三块", "底价", "'三块' is not an amount"),
    ],
)
def test_a_row_with_a_wrong_tag_or_floor_is_put_aside_and_the_others_are_taken(bring, row, column, reason) -> None:
    view, faults = bring(f"货号,标签,底价\n{row}\n1002,new,1.50\n")
    assert (counts(view), faults) == ((0, 1, 0, 1), [(2, column, reason)])
    assert (item("1001").tags, item("1001").floor_price_minor) == ((), None)
    assert (item("1002").tags, item("1002").floor_price_minor) == (("new",), 150)
