"""What people write at the drawer, read as they mean it."""

from __future__ import annotations

import pytest

from liushui.kernel.errors import InvalidValue
from liushui.till.domain.denominations import counted_minor, denominations
from liushui.till.pages.cash_forms import pieces_of, read_amount, read_approver, read_count, read_reason


def test_notes_and_coins_of_one_value_are_counted_together():
    counted = read_count({"note_100": "3", "coin_100": "4", "note_10000": "1", "coin_50": " "}, currency="CNY")
    assert counted.count == {10000: 1, 100: 7}
    assert counted.total_minor == 10700
    assert counted.is_good
    assert not counted.is_empty


def test_an_empty_form_is_an_empty_drawer():
    counted = read_count({}, currency="CNY")
    assert (counted.count, counted.total_minor, counted.is_empty, counted.is_good) == ({}, 0, True, True)


@pytest.mark.parametrize("typed", ["-1", "2.5", "many", "１２", "1e3", "100000"])
def test_what_is_no_number_of_pieces_is_named_and_counts_nothing(typed):
    counted = read_count({"note_5000": typed, "note_1000": "2"}, currency="CNY")
    assert [piece.name for piece in counted.pieces if piece.problem] == ["note_5000"]
    assert not counted.is_good
    assert counted.total_minor == 2000


@pytest.mark.parametrize("currency", ["CNY", "HKD", "USD", "EUR", "GBP", "JPY", "KRW", "KWD", "CHF"])
def test_every_denomination_has_a_field_and_every_field_can_be_counted(currency):
    pieces = pieces_of(currency)
    assert {piece.value_minor for piece in pieces} == set(denominations(currency))
    assert len({piece.name for piece in pieces}) == len(pieces)
    counted = read_count({piece.name: "1" for piece in pieces}, currency=currency)
    assert counted_minor(counted.count, currency) == counted.total_minor == sum(piece.value_minor for piece in pieces)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.5", "CNY", 1250), ("¥1,234.50", "CNY", 123450), ("１２．５", "CNY", 1250), (" 300 ", "JPY", 300)],
)
def test_amounts_are_read_as_people_write_them(text, currency, minor):
    assert read_amount(text, currency=currency) == minor


@pytest.mark.parametrize("text", ["", "0", "-5", "12.505", "cheap", "9" * 13])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(InvalidValue):
        read_amount(text, currency="CNY")


def test_a_float_may_be_nothing():
    assert read_amount("0", currency="CNY", may_be_zero=True) == 0


def test_an_approver_is_named_by_a_badge_or_by_name_and_pin():
    assert read_approver({"approver_badge": "LSB1"}).is_named
    assert read_approver({"approver": "mona", "approver_pin": "9035"}).is_named
    assert not read_approver({"approver": "mona"}).is_named
    assert read_approver({"way": "nonsense"}).way == "here"
    assert "9035" not in repr(read_approver({"approver": "mona", "approver_pin": "9035"}))


def test_a_reason_is_one_line():
    assert read_reason({"reason": "  to the\n bank\0 "}) == "to the bank"
