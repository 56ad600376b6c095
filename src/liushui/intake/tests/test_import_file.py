"""Files of sales: what is booked, what is quarantined, and that every row and cent is accounted for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.support.between import meetings

from liushui.catalog import facade as catalog
from liushui.intake import facade
from liushui.intake.domain.mapping import parse_mapping
from liushui.intake.errors import MissingColumn, UnreadableFile
from liushui.intake.models import ImportRunRow, QuarantineEntryRow
from liushui.intake.raw_store import raw_path, working_dir
from liushui.intake.tests.examples import HEADER, MAPPING, row
from liushui.orders import facade as orders
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

ME = system_principal(name="tests")


def imported(path: Path, mapping: str = MAPPING, **options):
    run, _new = facade.start_import(
        path=path,
        mapping=parse_mapping(mapping, name="test"),
        chain=options.pop("chain", ""),
        items=options.pop("items", None),
        principal=ME,
        now=datetime.now(UTC),
    )
    return facade.run_import(import_id=run.id, principal=ME, **options)


def receipt(source_id: str, source: str = "till-export"):
    sale_id = orders.find_sale(source=source, source_id=source_id)
    store_ids = {store.id for store in stores.stores()}
    return orders.sale(sale_id=sale_id, store_ids=store_ids) if sale_id else None


@pytest.fixture
def csv(tmp_path):
    def write(text: str, encoding: str = "utf-8", name: str = "sales.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_a_file_that_two_people_send_at_one_instant_is_one_import(shop, csv):
    path, mapping = csv(HEADER + row("A")), parse_mapping(MAPPING, name="test")

    def send():
        run, is_new = facade.start_import(
            path=path, mapping=mapping, chain="", items=None, principal=ME, now=datetime.now(UTC)
        )
        return run.id, is_new, ImportRunRow.objects.count()

    theirs = []
    for place, (id, is_new, count) in meetings(send, lambda: theirs.append(send())):
        assert (id, count) == (theirs[-1][0], 1), place
        assert {is_new, theirs[-1][1]} == {False, True}, place


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_texts_are_read_in_every_encoding(shop, csv, encoding):
    run = imported(csv(HEADER + row("A", name="新疆红富士苹果"), encoding))
    assert run.status == "done"
    assert receipt("A").lines[0].name == "新疆红富士苹果"


def test_lines_of_a_document_may_stand_anywhere_in_the_file(shop, csv):
    text = HEADER + row("A", "APPLE", 2, "25.00") + row("B", "MILK") + row("A", "BREAD", 1, "8.00") + row("B", "APPLE")
    run = imported(csv(text))
    assert [(line.sku, line.amount_minor) for line in receipt("A").lines] == [("APPLE", 2500), ("BREAD", 800)]
    assert [line.sku for line in receipt("B").lines] == ["MILK", "APPLE"]
    account = run.reconciliation
    assert (account.rows_read, account.rows_sold, account.documents_booked) == (4, 4, 2)
    assert (account.money_in, account.money_booked) == (Decimal("58.00"), Decimal("58.00"))
    assert account.is_exact


def test_a_bad_row_quarantines_its_whole_document_with_row_and_column_and_keeps_the_others(shop, csv):
    text = (
        HEADER + row("A", amount="twelve") + row("B") + row("A", "MILK") + row("C", "NO-SUCH") + row("D", units="1.5")
    )
    run = imported(csv(text))
    assert receipt("A") is None
    assert receipt("B").summary.total_minor == 1250
    account = run.reconciliation
    assert (account.rows_sold, account.rows_quarantined, account.documents_quarantined) == (1, 4, 3)
    assert (account.money_in, account.money_booked, account.money_quarantined) == (
        Decimal("50.00"),
        Decimal("12.50"),
        Decimal("37.50"),
    )
    assert account.is_exact
    entry = QuarantineEntryRow.objects.get(source_id="A")
    assert [(reason["row"], reason["column"]) for reason in entry.reasons] == [(2, "amount")]
    assert "'twelve' is not a number" in entry.problem["detail"]
    assert [raw["row"] for raw in entry.raw_rows] == [2, 4]
    assert entry.raw_rows[0]["cells"]["amount"] == "twelve"
    assert QuarantineEntryRow.objects.get(source_id="C").reason == "item-unknown"
    assert QuarantineEntryRow.objects.get(source_id="D").reasons[0]["column"] == "units"


def test_a_row_with_a_cell_too_many_is_quarantined_and_empty_lines_are_none(shop, csv):
    text = HEADER + "\n" + row("A") + "B,SH01,2026-11-20 09:00:00,APPLE,a,1,1.00,extra\n" + "C,SH01\n"
    account = imported(csv(text)).reconciliation
    assert (account.rows_read, account.rows_sold, account.rows_quarantined) == (3, 1, 2)
    assert QuarantineEntryRow.objects.get(source_id="B").reasons[0]["text"] == "The row has 8 cells, the header 7."


def test_negative_units_are_returned_goods_and_counted_apart(shop, csv):
    account = imported(csv(HEADER + row("A", units=-1, amount="-12.50") + row("B"))).reconciliation
    assert (account.rows_sold, account.rows_returned, account.money_booked) == (1, 1, Decimal("0.00"))
    assert receipt("A").lines[0].is_return


def test_a_document_may_be_said_to_be_a_return_by_a_column(shop, csv):
    mapping = MAPPING + 'returned_when = { column = "name", equals = "退货" }\n'
    account = imported(csv(HEADER + row("A", name="退货") + row("B")), mapping).reconciliation
    assert (account.rows_sold, account.rows_returned) == (1, 1)
    assert (receipt("A").lines[0].units, receipt("A").summary.total_minor) == (-1, -1250)
    assert account.money_in == 0
    assert account.is_exact


def test_the_head_of_a_document_must_agree_unless_the_mapping_lets_it_differ(shop, csv):
    text = HEADER + row("A") + row("A", at="2026-11-20 09:01:00")
    assert imported(csv(text)).reconciliation.rows_quarantined == 2
    assert "completed_at" in QuarantineEntryRow.objects.get(source_id="A").reasons[0]["column"]
    lenient = MAPPING.replace('store = "store"', 'store = "store"\ndiffering = ["completed_at"]')
    assert imported(csv(text), lenient).reconciliation.rows_sold == 2
    assert receipt("A").summary.completed_at == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    assert QuarantineEntryRow.objects.get(source_id="A").status == "resolved"


def test_the_same_file_again_changes_nothing(shop, csv):
    path = csv(HEADER + row("A") + row("B", "NO-SUCH"))
    imported(path)
    again = imported(path)
    assert again.already_imported
    assert (again.reconciliation.rows_sold, again.reconciliation.rows_quarantined) == (1, 1)
    assert ImportRunRow.objects.count() == 1
    assert QuarantineEntryRow.objects.get().tries == 1


def test_a_file_with_sales_that_are_known_shows_them_apart(shop, csv):
    imported(csv(HEADER + row("A")))
    account = imported(csv(HEADER + row("A") + row("B"), name="more.csv")).reconciliation
    assert (account.rows_sold, account.rows_known, account.documents_known) == (1, 1, 1)
    assert account.money_booked == Decimal("25.00")
    assert account.is_exact


def test_a_known_sale_with_other_contents_is_quarantined_as_a_conflict(shop, csv):
    imported(csv(HEADER + row("A")))
    account = imported(csv(HEADER + row("A", amount="13.00"), name="more.csv")).reconciliation
    assert (account.rows_quarantined, account.is_exact) == (1, True)
    assert QuarantineEntryRow.objects.get().reason == "sale-conflict"
    assert receipt("A").summary.total_minor == 1250


@pytest.mark.parametrize(
    ("text", "encoding", "error", "says"),
    [
        (HEADER.replace("amount", "amuont") + row("A"), "utf-8", MissingColumn, "'amount'"),
        ("", "utf-8", UnreadableFile, "empty"),
        (HEADER.replace("store,", "receipt,") + row("A"), "utf-8", UnreadableFile, "twice"),
        ("PK\x03\x04rest", "latin-1", UnreadableFile, "Excel"),
        (HEADER + "\xff\xff" + row("A", name="x"), "latin-1", UnreadableFile, "nor gb18030"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_written(shop, csv, text, encoding, error, says):
    with pytest.raises(error) as caught:
        imported(csv(text, encoding))
    assert says in caught.value.detail
    assert ImportRunRow.objects.count() == 0


def test_excel_json_lines_and_parquet_give_the_same_sale_as_csv(shop, csv, tmp_path):
    cells = {"store": "SH01", "at": "2026-11-20 09:00:00", "code": "APPLE", "name": "苹果", "units": 3, "amount": 37.65}
    book = xlsxwriter.Workbook(tmp_path / "sales.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["receipt", *cells])
    sheet.write_row(1, 0, ["XLSX", *cells.values()])
    book.close()
    (tmp_path / "sales.jsonl").write_text(json.dumps({"receipt": "JSONL"} | cells) + "\n")
    typed = {"receipt": ["PARQUET"]} | {name: [value] for name, value in cells.items()}
    pq.write_table(pa.table(typed | {"at": [datetime(2026, 11, 20, 9)]}), tmp_path / "sales.parquet")  # noqa: DTZ001
    imported(csv(HEADER + row("CSV", units=3, amount="37.65")))
    for name in ("sales.xlsx", "sales.jsonl", "sales.parquet"):
        assert imported(tmp_path / name).reconciliation.is_exact
    expected = receipt("CSV")
    for source_id in ("XLSX", "JSONL", "PARQUET"):
        found = receipt(source_id)
        assert found.lines == expected.lines
        assert found.summary.completed_at == expected.summary.completed_at


def test_a_line_that_is_no_json_quarantines_itself_only(shop, tmp_path):
    good = {"receipt": "A", "store": "SH01", "at": "2026-11-20 09:00:00", "code": "MILK", "units": 1, "amount": "5.00"}
    (tmp_path / "sales.jsonl").write_text(json.dumps(good) + "\n{broken\n")
    mapping = MAPPING.replace('name = "name"\n', "")
    account = imported(tmp_path / "sales.jsonl", mapping).reconciliation
    assert (account.rows_sold, account.rows_quarantined) == (1, 1)


def test_missing_stores_and_items_are_made_where_the_mapping_says_so(db, csv):
    mapping = MAPPING.replace('currency = "CNY"', 'currency = "CNY"\ncreate_missing = ["stores", "items"]')
    mapping += '[items]\nfrom_sales = true\nsku = "code"\nname_zh = "name"\n'
    account = imported(
        csv(HEADER + row("A", store="N1") + row("B", "PEAR", store="N2", name="梨")), mapping
    ).reconciliation
    assert account.rows_sold == 2
    assert {code for _, code in stores.stores_by_code()} == {"N1", "N2"}
    [chain] = stores.chains()
    assert catalog.find_items(chain_id=chain.id, codes=["PEAR"])["PEAR"].name_zh == "梨"


def test_tenders_are_summed_and_one_takes_the_rest(shop, csv):
    mapping = MAPPING + '[[tenders]]\ntype = "card"\namount = "units"\n[[tenders]]\ntype = "cash"\namount = "rest"\n'
    imported(csv(HEADER + row("A", units=2, amount="25.00") + row("A", units=3, amount="30.00")), mapping)
    tenders = [(tender.type, tender.amount_minor) for tender in receipt("A").tenders]
    assert tenders == [("card", 500), ("cash", 5000)]


def test_a_preview_writes_nothing_and_names_what_is_unknown(shop, csv):
    text = HEADER + row("A") + row("B", "NO-SUCH", store="XX") + row("C", amount="?")
    mapping = parse_mapping(MAPPING, name="test")
    found = facade.preview_file(path=csv(text), mapping=mapping, chain="", items=None)
    assert [(document.source_id, document.rows, document.command is None) for document in found.documents] == [
        ("A", (2,), False),
        ("B", (3,), False),
        ("C", (4,), True),
    ]
    assert (found.unknown_stores, found.unknown_codes, found.encoding) == (("XX",), ("NO-SUCH",), "utf-8")
    assert ImportRunRow.objects.count() == 0
    assert receipt("A") is None


def test_the_raw_file_is_kept_and_the_working_folder_goes(shop, csv):
    path = csv(HEADER + row("A"))
    run = imported(path)
    assert raw_path(run.file_sha256).read_bytes() == path.read_bytes()
    assert not working_dir(run.id).exists()


def test_a_cancelled_import_keeps_what_is_booked_and_goes_on_later(shop, csv, monkeypatch):
    monkeypatch.setattr("liushui.intake.actions.import_file.BATCH_ROWS", 1)

    def cancel_at_the_first(progress):
        if progress.phase == "booking" and progress.rows_done == 1:
            run = ImportRunRow.objects.get()
            facade.cancel_import(import_id=run.id, principal=ME, now=datetime.now(UTC))

    path = csv(HEADER + row("A") + row("B") + row("C"))
    stopped = imported(path, on_progress=cancel_at_the_first)
    assert (stopped.status, stopped.rows_done) == ("cancelled", 1)
    assert receipt("B") is None
    done = imported(path)
    assert (done.status, done.reconciliation.rows_sold, done.reconciliation.rows_known) == ("done", 3, 0)
    assert done.reconciliation.is_exact
