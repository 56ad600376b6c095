"""Files of items and prices: what is taken, what is put aside and why, and that a second time changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from liushui.catalog import facade
from liushui.catalog.contracts import ImportView
from liushui.catalog.models import ImportRun, ItemRow
from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.gtin import check_digit
from liushui.runtime.access import Grant, Principal

FRACTION = "'{}' has a fraction of the smallest unit of CNY, which has 2 decimal places"
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def bring(items, marketer, tmp_path):
    """bring(text) imports it and gives (the run, its faults as (line, column, reason))."""

    def run(text: str, *, kind: str = "items", encoding: str = "utf-8", now: datetime = NOW):
        path = tmp_path / "file.csv"
        path.write_bytes(text.encode(encoding))
        view = facade.import_items(path=path, chain_id=1, kind=kind, principal=marketer, now=now)
        faults = [(each.line_number, each.column, each.reason) for each in facade.import_faults(run_id=view.id)]
        return view, faults

    return run


def counts(view: ImportView) -> tuple[int, int, int, int]:
    return view.rows_new, view.rows_changed, view.rows_unchanged, view.rows_wrong


def item(sku: str):
    return facade.find_items(chain_id=1, codes=[sku]).get(sku)


def price(sku: str, chain, *, at: datetime = NOW) -> int | None:
    return facade.price_items(store=chain.first, codes=[sku], at=at)[sku].unit_price_minor


FILE = (
    "商品编码,条码,品名,商品类别,单位,税率,税收分类编码,零售价,进价,备注\n"
    "2001,4006381333931,薯片,奶制品,袋,13%,1030201010000000000,9.90,6.5,甲\n"
    '2002,,"糖, 散装",食品/奶制品,袋,0.09,,12,,乙\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_file_is_taken_in_every_usual_encoding(bring, chain, encoding) -> None:
    view, faults = bring(FILE, encoding=encoding)
    assert (counts(view), faults, view.status) == ((2, 0, 0, 0), [], "done")
    chips, sweets = item("2001"), item("2002")
    assert (chips.name_zh, chips.gtin, chips.category, chips.unit) == ("薯片", "04006381333931", "food/milk", "袋")
    assert (chips.tax_rate_bp, chips.tax_code, chips.cost_minor) == (1300, "1030201010000000000", 650)
    assert (sweets.name_zh, sweets.category, sweets.tax_rate_bp, sweets.cost_minor) == (
        "糖, 散装",
        "food/milk",
        900,
        None,
    )
    assert (price("2001", chain), price("2002", chain)) == (990, 1200)


def test_the_same_file_again_changes_nothing(bring, items) -> None:
    bring(FILE)
    view, _ = bring(FILE, now=NOW + timedelta(days=1))
    assert counts(view) == (0, 0, 2, 0)
    assert len(facade.prices(item_id=item("2001").id)) == 1


def test_columns_that_are_absent_leave_their_values_alone(bring) -> None:
    view, _ = bring("sku,cost\n1001,2.50\n")
    assert counts(view) == (0, 1, 0, 0)
    assert (item("1001").cost_minor, item("1001").name_zh, item("1001").gtin) == (
        250,
        "蒙牛纯牛奶250ml",
        "06901234567892",
    )


def test_a_row_without_a_code_is_found_by_its_barcode(bring) -> None:
    view, _ = bring("barcode,brand\n6901234567892,蒙牛\n")
    assert (counts(view), item("1001").brand) == ((0, 1, 0, 0), "蒙牛")


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("3001,4006381333932,糖,food,9.90,1", "条码", "The check digit of GTIN 4006381333932 is 2, it should be 1"),
        ("3001,6901234567892,糖,food,9.90,1", "条码", "Barcode 06901234567892 belongs to item '1001'"),
        ("3001,,糖,玩具,9.90,1", "分类", "There is no category '玩具'"),
        ("3001,,,food,9.90,1", "品名", "The name is empty"),
        (
            "3001,,糖,food,9.905,1",
            "售价",
            "'9.905' has a fraction of the smallest unit of CNY, which has 2 decimal places",
        ),
        ("3001,,糖,food,-1,1", "售价", "-100 is not a price"),
        ("3001,,糖,food,九块九,1", "售价", "'九块九' is not an amount"),
        (
            "3001,,糖,food,9.9,1.001",
            "进价",
            "'1.001' has a fraction of the smallest unit of CNY, which has 2 decimal places",
        ),
        (",,糖,food,9.9,1", "商品编码", "The row has neither item code nor barcode"),
        ("2000,,糖,food,9.9,1", "商品编码", "The same item code stands on line 2 already"),
        (f"{'9' * 65},,糖,food,9.9,1", "商品编码", "sku has 1 to 64 characters, not 65"),
    ],
)
def test_a_wrong_row_says_where_and_why_and_the_others_are_kept(bring, row, column, reason) -> None:
    view, faults = bring(f"商品编码,条码,品名,分类,售价,进价\n2000,,茶,food,5,3\n{row}\n2002,,水,food,2,1\n")
    assert faults == [(3, column, reason)]
    assert (counts(view), item("2000").name_zh, item("2002").name_zh, item("3001")) == ((2, 0, 0, 1), "茶", "水", None)


def test_a_mended_row_is_taken_the_second_time(bring) -> None:
    bring("sku,name,category\n3001,糖,玩具\n")
    assert item("3001") is None
    view, faults = bring("sku,name,category,行号,原因\n3001,糖,food,2,没有\n")
    assert (counts(view), faults) == ((1, 0, 0, 0), [])


def test_a_file_without_a_code_column_fails_as_a_whole(bring) -> None:
    view, faults = bring("品名,售价\n糖,1\n")
    assert (view.status, view.failure, faults) == (
        "failed",
        "The file has no column for sku. Name the columns as in the template.",
        [],
    )
    assert ItemRow.objects.count() == 3


def test_an_empty_file_says_so(bring) -> None:
    view, _ = bring("\n\n")
    assert (view.status, view.failure) == (
        "failed",
        "The file is empty. The first row holds the headers of the columns.",
    )


def test_formulas_in_names_are_text_like_any_other(bring) -> None:
    bring("sku,name\n3001,=1+1\n3002,'=1+1\n")
    assert (item("3001").name_zh, item("3002").name_zh) == ("=1+1", "=1+1")


def test_excel_numbers_come_as_people_see_them(items, chain, marketer, tmp_path) -> None:
    path = tmp_path / "items.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["商品编码", "条码", "品名", "售价", "税率"])
    sheet.write_row(1, 0, [2001, 4006381333931, "薯片", 9.9, 0.13])
    sheet.write_string(2, 0, "00077")
    sheet.write_row(2, 1, [36000291452, "水", 19.99, 13])  # a UPC-A whose leading zero Excel has eaten
    book.close()
    view = facade.import_items(path=path, chain_id=1, principal=marketer, now=NOW)
    assert counts(view) == (2, 0, 0, 0)
    assert (item("2001").gtin, item("00077").gtin) == ("04006381333931", "00036000291452")
    assert (price("2001", chain), price("00077", chain)) == (990, 1999)
    assert (item("2001").tax_rate_bp, item("00077").tax_rate_bp) == (1300, 1300)


def test_prices_are_imported_by_place_and_time(bring, chain) -> None:
    view, faults = bring(
        "商品编码,售价,门店编码,区域编码,开始时间,结束时间\n"
        "1001,3.30,S1,,2026-06-02,2026-06-03\n"
        "1001,3.40,,east,2026-06-01 08:00,\n"
        "1001,3.20,S9,,,\n"
        "9999,3.20,,,,\n"
        "1001,,,,,\n"
        "1001,3,,,2026-13-01,\n",
        kind="prices",
    )
    assert counts(view) == (2, 0, 0, 4)
    assert faults == [
        (4, "门店编码", "The chain has no store 'S9'"),
        (5, "商品编码", "The chain lists no item '9999'"),
        (6, "售价", "The price is empty"),
        (7, "开始时间", "'2026-13-01' is not a date or time"),
    ]
    shanghai_midnight = datetime(2026, 6, 1, 16, tzinfo=UTC)  # 2 June 00:00 there; the last day counts whole
    at = [shanghai_midnight - timedelta(seconds=1), shanghai_midnight, shanghai_midnight + timedelta(days=2)]
    assert [price("1001", chain, at=each) for each in at] == [340, 330, 340]


def test_ten_thousand_rows_are_taken_in_chunks_with_progress(items, marketer, tmp_path) -> None:
    path = tmp_path / "many.csv"
    barcodes = [f"690{number:09d}" for number in range(10_000)]
    lines = [f"B{n},{body}{check_digit(body)},商品{n},食品,{n % 50 + 1}.50" for n, body in enumerate(barcodes)]
    path.write_text("编码,条码,品名,分类,售价\n" + "\n".join(lines), encoding="utf-8")
    seen: list[tuple[int, int]] = []
    view = facade.import_items(
        path=path, chain_id=1, principal=marketer, now=NOW, on_progress=lambda done, total: seen.append((done, total))
    )
    assert counts(view) == (10_000, 0, 0, 0)
    assert seen == [(done, 10_000) for done in range(1000, 10_001, 1000)]


def test_a_cancelled_import_stops_after_the_rows_in_hand(items, marketer, tmp_path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("sku,name\n" + "\n".join(f"C{n},x" for n in range(3000)), encoding="utf-8")
    run = facade.open_import(path=path, file_name="many.csv", kind="items", chain_id=1, principal=marketer, now=NOW)
    facade.start_import(run_id=run.id, principal=marketer)
    view = facade.run_import(
        run_id=run.id, on_progress=lambda done, total: facade.cancel_import(run_id=run.id, principal=marketer)
    )
    assert (view.status, view.rows_done, ItemRow.objects.filter(sku__startswith="C").count()) == (
        "cancelled",
        1000,
        1000,
    )


def test_an_import_that_was_killed_half_way_is_run_again_from_the_start(items, marketer, tmp_path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("sku,name\n" + "\n".join(f"D{n},x" for n in range(2500)) + "\nD1,y\n", encoding="utf-8")
    run = facade.open_import(path=path, file_name="many.csv", kind="items", chain_id=1, principal=marketer, now=NOW)
    facade.start_import(run_id=run.id, principal=marketer)

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        facade.run_import(run_id=run.id, on_progress=die)
    assert ImportRun.objects.get(id=run.id).status == "running"
    view = facade.run_import(run_id=run.id)
    assert (view.status, counts(view)) == ("done", (1500, 0, 1000, 1))
    assert len(list(facade.import_faults(run_id=run.id))) == 1


def test_a_preview_shows_what_would_be_and_changes_nothing(items, marketer, tmp_path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("SKU,Name,Price,Colour\n1001,牛奶,3.60,red\n1002,牛奶,,\n7,新,1,\n8,坏,x,\n", encoding="utf-8")
    run = facade.open_import(path=path, file_name="f.csv", kind="items", chain_id=1, principal=marketer, now=NOW)
    preview = facade.preview_import(run_id=run.id, chain_ids=frozenset({1}))
    assert [row.state for row in preview.rows] == ["changed", "unchanged", "new", "wrong"]
    assert preview.rows[0].changes == (("name_zh", "蒙牛纯牛奶250ml", "牛奶"), ("price", "3.50", "3.60"))
    assert (preview.ignored, preview.missing, preview.encoding) == (("Colour",), (), "utf-8-sig")
    assert (item("1001").name_zh, ItemRow.objects.count()) == ("蒙牛纯牛奶250ml", 3)


def test_only_who_may_change_the_whole_chain_imports(items, tmp_path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("sku,name\n1,x\n", encoding="utf-8")
    for grant in (Grant(role="cashier", chain_id=1), Grant(role="marketer", chain_id=1, store_id=11)):
        somebody = Principal(subject="staff:2", name="x", grants=(grant,))
        with pytest.raises(NotAllowed):
            facade.import_items(path=path, chain_id=1, principal=somebody, now=NOW)
    assert item("1") is None


def test_a_file_that_is_no_table_is_refused(marketer, tmp_path) -> None:
    path: Path = tmp_path / "f.exe"
    path.write_bytes(b"MZ")
    with pytest.raises(InvalidValue):
        facade.import_items(path=path, chain_id=1, principal=marketer, now=NOW)
