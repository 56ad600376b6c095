"""Mapping files: strict, and clear about what is wrong where."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from liushui.intake import facade
from liushui.intake.domain.evaluate import Batch, Compiler
from liushui.intake.domain.expressions import parse_expression
from liushui.intake.domain.mapping import parse_mapping
from liushui.intake.domain.values import Fault, NumberFormat, TimeFormat, instant_of, minor_of, number_of, text_of
from liushui.intake.errors import MappingError
from liushui.intake.tests.examples import MAPPING

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("change", "pointer", "remedy"),
    [
        (("amount = ", "ammount = "), "line.amount", "Add 'amount' to [line]."),
        (("[line]", "[line]\ncolour = 'x'"), "line.colour", None),
        (("[line]", "[line]\nunit = 'x'"), "line.unit", "Did you mean 'units'?"),
        (('encoding = "auto"', 'encoding = "utf8"'), "file.encoding", "Did you mean 'utf-8'?"),
        (('currency = "CNY"', 'currency = "RMB"'), "chain.currency", None),
        (
            ('zone = "Asia/Shanghai"', 'zone = "Asia/Shanghia"'),
            "sale.completed_at.zone",
            "Did you mean 'Asia/Shanghai'?",
        ),
        (('amount = "amount"', 'amount = { sun = ["a", "b"] }'), "line.amount", "Did you mean 'sum'?"),
        (('amount = "amount"', 'amount = { lookup = "a", table = "x" }'), "line.amount.table", None),
        (('amount = "amount"', "amount = 0.5"), "line.amount", 'Write it as { value = "0.5" }.'),
        (('store = "store"', ""), "sale.store", "Add 'store' to [sale]."),
        (('store = "store"', 'store = "store"\ndiffering = ["colour"]'), "sale.differing", None),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said_with_its_path(change, pointer, remedy):
    assert change[0] in MAPPING
    with pytest.raises(MappingError) as caught:
        parse_mapping(MAPPING.replace(*change), name="test")
    assert caught.value.pointer == pointer
    if remedy is not None:
        assert caught.value.remedy == remedy


def test_what_is_not_toml_is_said_with_its_line():
    with pytest.raises(MappingError, match="line 2"):
        parse_mapping("name = 'a'\nsource = = 'b'\n", name="test")


@pytest.mark.parametrize("name", ["complete-journey", "online-retail"])
def test_the_shipped_mappings_can_be_read(name):
    assert facade.load_mapping(name).source == name


def test_an_unknown_mapping_is_refused_with_the_likeliest():
    with pytest.raises(MappingError) as caught:
        facade.load_mapping("online-retial")
    assert caught.value.remedy == "Did you mean 'online-retail'?"


@pytest.mark.parametrize(
    ("cell", "form", "number"),
    [
        ("12.50", NumberFormat(), Decimal("12.50")),
        (" ¥12.50 ", NumberFormat(), Decimal("12.50")),
        ("-¥12.50", NumberFormat(), Decimal("-12.50")),
        ("12.50-", NumberFormat(), Decimal("-12.50")),
        ("(12.50)", NumberFormat(), Decimal("-12.50")),
        ("1,234.50", NumberFormat(thousands=","), Decimal("1234.50")),
        ("1.234,50", NumberFormat(",", "."), Decimal("1234.50")),
        (12.55, NumberFormat(), Decimal("12.55")),
        (1.776356839400250e-15, NumberFormat(), Decimal(0)),
        (0.07000000000000045, NumberFormat(), Decimal("0.07")),
        (float("nan"), NumberFormat(), None),
        ("", NumberFormat(), None),
        (7, NumberFormat(), Decimal(7)),
    ],
)
def test_numbers_are_read_as_the_file_writes_them(cell, form, number):
    assert number_of(cell, "amount", form, NOTHING) == number


@pytest.mark.parametrize("cell", ["twelve", "1,234.50", "1_000", "１２", "1.2.3", "inf", "--1", True])
def test_what_is_no_number_is_a_fault_that_names_its_column(cell):
    fault = number_of(cell, "amount", NumberFormat(), NOTHING)
    assert isinstance(fault, Fault)
    assert fault.column == "amount"


def test_a_point_is_no_decimal_sign_in_a_file_with_decimal_commas():
    assert isinstance(number_of("12.50", "amount", NumberFormat(",", ""), NOTHING), Fault)


def test_a_fraction_of_a_fen_is_a_fault_unless_the_mapping_rounds():
    assert isinstance(minor_of(Decimal("0.005"), "amount", 2, rounds=False), Fault)
    assert minor_of(Decimal("0.005"), "amount", 2, rounds=True) == 1
    assert minor_of(Decimal("-0.005"), "amount", 2, rounds=True) == -1
    assert minor_of(Decimal("12.500"), "amount", 2, rounds=False) == 1250
    assert minor_of(Decimal("12"), "amount", 0, rounds=False) == 12


def test_numbers_that_are_names_lose_their_point_and_words_for_missing_are_missing():
    assert text_of(17850.0, NOTHING) == "17850"
    assert text_of(" nan ", frozenset({"nan"})) is None
    assert text_of("  ", NOTHING) is None


@pytest.mark.parametrize(
    ("cell", "form", "instant"),
    [
        ("2026-11-22 14:00:00", TimeFormat(zone="Asia/Shanghai"), datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("2026-11-22T14:00:00+09:00", TimeFormat(zone="Asia/Shanghai"), datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("22/11/2026 14.00", TimeFormat("%d/%m/%Y %H.%M", "Asia/Shanghai"), datetime(2026, 11, 22, 6, tzinfo=UTC)),
        (datetime(2026, 7, 1, 12), TimeFormat(zone="Europe/London"), datetime(2026, 7, 1, 11, tzinfo=UTC)),  # noqa: DTZ001
        (
            "2026-10-25 01:30:00",
            TimeFormat("iso", "Europe/London", "earlier"),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        ("2026-10-25 01:30:00", TimeFormat("iso", "Europe/London", "later"), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (
            "2026-03-29 01:30:00",
            TimeFormat("iso", "Europe/London", nonexistent="forward"),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
    ],
)
def test_times_are_placed_in_their_zone(cell, form, instant):
    assert instant_of(cell, "at", form, NOTHING) == instant


@pytest.mark.parametrize(
    ("cell", "form", "text"),
    [
        ("2026-10-25 01:30:00", TimeFormat(zone="Europe/London"), "happened twice"),
        ("2026-03-29 01:30:00", TimeFormat(zone="Europe/London"), "does not exist"),
        ("2026-11-22 14:00:00", TimeFormat(), "has no time zone"),
        ("yesterday", TimeFormat(zone="Asia/Shanghai"), "is not a time"),
    ],
)
def test_a_time_that_cannot_be_placed_is_a_fault(cell, form, text):
    fault = instant_of(cell, "at", form, NOTHING)
    assert isinstance(fault, Fault)
    assert text in fault.text


def worked_out(raw, columns, *, kind="texts", lookups=None):
    expression = parse_expression(raw, "x", lookups or {})
    batch = Batch(columns, len(next(iter(columns.values()))))
    return getattr(Compiler(), kind)(expression)(batch)


def test_expressions_work_out_whole_columns():
    columns = {"a": ["1", "2", None], "b": ["0.5", "x", "3"], "t": ["WX", "ZZ", None]}
    assert worked_out({"sum": ["a", 1]}, columns, kind="numbers")[:2] == [Decimal(2), Decimal(3)]
    assert worked_out({"difference": ["a", 1]}, columns, kind="numbers")[:2] == [Decimal(0), Decimal(1)]
    assert worked_out({"scale": "a", "power": -2}, columns, kind="numbers")[:2] == [Decimal("0.01"), Decimal("0.02")]
    product = worked_out({"product": ["a", "b"]}, columns, kind="numbers")
    assert product[0] == Decimal("0.5")
    assert (product[1].column, product[2].column) == ("b", "a")
    assert worked_out({"first_of": ["a", {"value": "0"}]}, columns, kind="numbers")[2] == 0
    assert worked_out({"join": ["a", "b"], "separator": "/"}, columns) == ["1/0.5", "2/x", "3"]
    lookups = {"tender": {"WX": "wechat"}}
    found = worked_out({"lookup": "t", "table": "tender"}, columns, lookups=lookups)
    assert (found[0], type(found[1]), found[2]) == ("wechat", Fault, None)
    assert worked_out({"replace": "t", "with": [["X$", "Y"]]}, columns) == ["WY", "ZZ", None]
    case = {"case": [{"when": {"column": "a", "below": 2}, "then": {"value": "small"}}], "else": "t"}
    assert worked_out(case, columns) == ["small", "ZZ", None]
