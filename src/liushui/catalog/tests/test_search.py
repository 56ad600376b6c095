"""Search: what is found by what, and what comes first."""

from __future__ import annotations

import pytest

from liushui.catalog import facade
from liushui.catalog.contracts import NewItem, SearchPage
from liushui.catalog.domain.search_text import pinyin_of, query_grams, search_keys


@pytest.fixture
def assortment(items) -> None:
    facade.save_items(
        items=[
            NewItem(chain_id=1, sku="2001", name_zh="农夫山泉", name_en="Nongfu spring water"),
            NewItem(chain_id=1, sku="2002", name_zh="Coca-Cola可乐 330ml", name_en="Coca-Cola 330 ml"),
            NewItem(chain_id=1, sku="MILK", name_zh="特价商品", name_en="Special"),
            NewItem(chain_id=1, sku="2003", gtin="96385074", name_zh="100%果汁_大瓶", name_en="Juice 100%"),
            NewItem(chain_id=1, sku="2004", name_zh="绿豆", name_en="Green beans"),
            NewItem(chain_id=2, sku="9001", name_zh="牛奶", name_en="Milk"),
        ]
    )


def search(text: str, **options) -> SearchPage:
    return facade.search_items(chain_ids=[1], text=text, limit=50, offset=0, **options)


def skus(text: str, **options) -> list[str]:
    return [item.sku for item in search(text, **options).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nn", ["1002", "1001"]),
        ("niunai", ["1002", "1001"]),
        ("NIU", ["1002", "1001"]),
        ("niu nai", ["1002", "1001"]),
        ("牛奶", ["1002", "1001"]),
        ("牛", ["1002", "1001"]),
        ("纯牛奶", ["1001"]),
        ("nfsq", ["2001"]),
        ("lvdou", ["2004"]),
        ("milk", ["MILK", "1002", "1001"]),
        ("ilk", ["1002", "1001"]),
        ("mengniu mi", ["1001"]),
        ("牛奶 250", ["1001"]),
        ("1001", ["1001"]),
        ("100", ["1002", "1001", "2003"]),
        ("6901234567892", ["1001"]),
        ("06901234567892", ["1001"]),
        ("690123", ["1001"]),
        ("00690123", ["1001"]),
        ("9638", ["2003"]),
        ("coca-cola", ["2002"]),
        ("ola可", ["2002"]),
        ("100%", ["2003"]),
        ("果汁_", ["2003"]),
        ("果汁%", []),
        ("１００１", ["1001"]),
        ("zzz", []),
        ("'; drop table", []),
        ('"OR"', []),
        ("𠮷野家", []),
    ],
)
def test_a_text_finds_by_code_name_and_pinyin_best_first(assortment, text, expected) -> None:
    assert skus(text) == expected


def test_another_chain_is_never_searched(assortment) -> None:
    assert "9001" not in skus("牛奶")
    assert [item.sku for item in facade.search_items(chain_ids=[2], text="牛奶", limit=9, offset=0).items] == ["9001"]
    assert facade.search_items(chain_ids=[], text="牛奶", limit=9, offset=0).items == ()


def test_a_category_holds_what_lies_below_it(assortment) -> None:
    assert skus("", category="food") == ["1001", "1002"]
    assert skus("奶", category="food/milk") == ["1002", "1001"]
    assert skus("奶", category="foo") == []


def test_pages_follow_each_other_without_gaps(assortment) -> None:
    pages = [facade.search_items(chain_ids=[1], text="", sort="-sku", limit=3, offset=n) for n in (0, 3, 6)]
    assert [item.sku for page in pages for item in page.items] == sorted(skus(""), reverse=True)
    assert {page.total for page in pages} == {8}


def test_a_new_name_is_found_and_the_old_one_no_more(assortment) -> None:
    facade.save_items(items=[NewItem(chain_id=1, sku="2001", name_zh="怡宝", name_en="Cestbon")])
    assert (skus("农夫"), skus("nfsq"), skus("怡宝"), skus("yb")) == ([], [], ["2001"], ["2001"])


def test_readings_are_the_common_ones_and_latin_stands_for_itself() -> None:
    assert pinyin_of("蒙牛牛奶250ml") == ("mnnn250ml", "mengniuniunai250ml")
    assert pinyin_of("Ａ4 纸") == ("a4z", "a4zhi")


def test_every_substring_that_can_be_asked_for_has_its_grams_in_the_index() -> None:
    keys = search_keys(sku="1", gtin="", name_zh="蒙牛纯牛奶Pro 250ml", name_en="Mengniu milk")
    held = set(keys.grams.split())
    for text in (keys.name_key, keys.name_en_key):
        for start in range(len(text)):
            for end in range(start + 3, len(text) + 1):
                assert (
                    set(query_grams(text[start:end]))
                    - {gram for gram in query_grams(text[start:end]) if len(gram) == 2 and gram.isascii()}
                    <= held
                )
