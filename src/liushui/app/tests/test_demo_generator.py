"""The demo chain is the same on every machine and has the shape of a supermarket."""

import hashlib
from collections import Counter
from datetime import date, datetime, timedelta
from statistics import median

import pytest
from stdnum.cn import uscc

from liushui.app.demo.assortment import Assortment, demo_assortment, size_in_english
from liushui.app.demo.baskets import TIME_ZONE, Baskets, day_factor
from liushui.app.demo.chain import demo_gtin, demo_stores, demo_uscc, organisation_code
from liushui.app.demo.live import unknown_gtin, weighed_barcode
from liushui.checkout.contracts import CompleteSale
from liushui.kernel.gtin import normal_gtin

MONDAY = date(2026, 11, 2)


@pytest.fixture(scope="module")
def assortment() -> Assortment:
    return demo_assortment()


@pytest.fixture(scope="module")
def fortnight(assortment: Assortment) -> list[CompleteSale]:
    baskets = Baskets(assortment=assortment, tickets=20)
    days = [MONDAY + timedelta(days=offset) for offset in range(14)]
    return [sale for day in days for store in demo_stores() for sale in baskets.day(store=store, day=day)]


def test_the_assortment_has_as_many_items_and_categories_as_it_always_had(assortment: Assortment) -> None:
    assert len(assortment.items) == 4979
    assert len(assortment.categories) == 75
    assert sum(item.weighed for item in assortment.items) == 219


def test_no_two_items_share_a_number_or_a_name(assortment: Assortment) -> None:
    for column in ("sku", "name_zh", "name_en"):
        assert len({getattr(item, column) for item in assortment.items}) == 4979, column
    gtins = [item.gtin for item in assortment.items if item.gtin]
    assert len(set(gtins)) == 4760


def test_every_item_has_the_numbers_that_its_kind_needs(assortment: Assortment) -> None:
    for item in assortment.items:
        assert len(item.tax_code) == 19 and item.tax_code.isdecimal()
        assert item.tax_rate_bp in (0, 900, 1300)
        if item.weighed:
            assert len(item.sku) == 5 and item.gtin == "" and item.unit == "kg"
        else:
            assert normal_gtin(item.gtin).startswith("0952")


def test_goods_cost_less_than_they_bring_and_the_margin_is_that_of_a_supermarket(assortment: Assortment) -> None:
    margins = []
    for item in assortment.items:
        untaxed = item.price_minor * 10_000 / (10_000 + item.tax_rate_bp)
        assert 0 < item.cost_minor < untaxed
        margins.append(1 - item.cost_minor / untaxed)
    assert median(margins) == pytest.approx(0.27, abs=0.01)


def test_english_names_have_no_chinese_in_them(assortment: Assortment) -> None:
    assert [
        item.name_en for item in assortment.items if any("\u4e00" <= letter <= "\u9fff" for letter in item.name_en)
    ] == []


@pytest.mark.parametrize(
    ("label", "english"),
    [
        ("500g", "500g"),
        ("10枚", "10 pcs"),
        ("6支装", "6-pack"),
        ("五连包", "5-pack"),
        ("单个", "single"),
        ("大号", "large"),
    ],
)
def test_sizes_in_english(label: str, english: str) -> None:
    assert size_in_english(label) == english


def test_a_day_of_a_store_is_the_same_to_the_last_fen_every_time(assortment: Assortment) -> None:
    sales = Baskets(assortment=assortment, tickets=20).day(store=demo_stores()[0], day=MONDAY)
    assert len(sales) == 34
    assert sum(line.amount_minor or 0 for sale in sales for line in sale.lines) == 589_156
    told = [
        (
            sale.source_id,
            sale.completed_at.isoformat(),
            [(line.code, line.units, line.amount_minor) for line in sale.lines],
        )
        for sale in sales
    ]
    assert hashlib.sha256(repr(told).encode()).hexdigest()[:16] == "067cffc1041d11b1"


def test_today_is_the_beginning_of_the_whole_day(assortment: Assortment) -> None:
    baskets = Baskets(assortment=assortment, tickets=20)
    store = demo_stores()[0]
    noon = datetime(2026, 11, 2, 12, tzinfo=TIME_ZONE)
    whole, until_noon = baskets.day(store=store, day=MONDAY), baskets.day(store=store, day=MONDAY, until=noon)
    assert until_noon == whole[: len(until_noon)]
    assert [sale.completed_at <= noon for sale in whole] == [True] * len(until_noon) + [False] * (
        len(whole) - len(until_noon)
    )


def test_baskets_have_a_median_of_five_lines_and_a_mean_of_nine(fortnight: list[CompleteSale]) -> None:
    counts = [len(sale.lines) for sale in fortnight]
    assert median(counts) == 5
    assert sum(counts) / len(counts) == pytest.approx(9.1, abs=0.15)


def test_the_median_price_of_a_sold_line_is_about_ten_yuan(
    assortment: Assortment, fortnight: list[CompleteSale]
) -> None:
    prices = {item.sku: item.price_minor for item in assortment.items}
    assert median(prices[line.code] for sale in fortnight for line in sale.lines) == 950


def test_the_evening_peak_is_at_17_hours_and_nobody_buys_at_night(fortnight: list[CompleteSale]) -> None:
    hours = Counter(sale.completed_at.hour for sale in fortnight)
    assert max(hours, key=lambda hour: hours[hour]) == 17
    assert (min(hours), max(hours)) == (7, 22)


def test_weekends_sell_a_quarter_more_and_holidays_and_festivals_have_their_own_factor() -> None:
    monday, saturday = day_factor(date(2026, 11, 2)), day_factor(date(2026, 11, 7))
    assert saturday / monday == pytest.approx(1.25, abs=0.01)
    assert day_factor(date(2026, 10, 1)) / day_factor(date(2026, 9, 30)) == pytest.approx(1.2, abs=0.01)
    assert day_factor(date(2026, 2, 11)) / day_factor(date(2026, 2, 4)) == pytest.approx(1.5, abs=0.01)


def test_few_items_make_most_of_the_sales(fortnight: list[CompleteSale]) -> None:
    sold = Counter(line.code for sale in fortnight for line in sale.lines)
    top_fifth = sum(count for _, count in sold.most_common(1000))
    assert top_fifth / sold.total() == pytest.approx(0.73, abs=0.03)


def test_every_sale_adds_up(fortnight: list[CompleteSale]) -> None:
    for sale in fortnight:
        total = 0
        for line in sale.lines:
            assert line.amount_minor is not None and line.regular_minor is not None
            assert sum(part.amount_minor for part in line.discounts) == line.regular_minor - line.amount_minor
            assert (line.amount_minor <= 0) == (line.units < 0) or line.amount_minor == 0
            total += line.amount_minor
        assert sum(tender.amount_minor for tender in sale.tenders) == total


def test_one_in_a_hundred_brings_goods_back(fortnight: list[CompleteSale]) -> None:
    returned = [sale for sale in fortnight if sale.lines[0].units < 0]
    assert all(line.units < 0 for sale in returned for line in sale.lines)
    assert len(returned) / len(fortnight) == pytest.approx(0.01, abs=0.004)


def test_ids_are_unique_and_say_store_day_and_number(fortnight: list[CompleteSale]) -> None:
    assert len({sale.source_id for sale in fortnight}) == len(fortnight)
    assert fortnight[0].source_id == "S001-20261102-00001"


def test_stores_have_valid_numbers() -> None:
    stores = demo_stores()
    assert len(stores) == 20
    assert all(uscc.is_valid(store.uscc) and normal_gtin(store.gln) for store in stores)
    assert len({store.uscc for store in stores}) == len({store.gln for store in stores}) == 20


def test_check_characters_are_those_of_the_standards() -> None:
    assert organisation_code("D2143569") == "D2143569X"  # the example of GB 11714-1997
    assert demo_uscc("310115", 1) == "93310115DEM000014J"
    assert demo_gtin(1) == "9520000000011"


def test_scales_and_wrong_scans_print_well_formed_barcodes() -> None:
    assert weighed_barcode("11001", 480) == "2110010004801"
    assert normal_gtin(unknown_gtin(7)) == "09528000000079"
