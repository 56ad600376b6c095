"""Barcodes of scales: the patterns, the check digit, GS1 element strings."""

from __future__ import annotations

import pytest

from liushui.catalog.domain.weighed import checked_pattern, read_weighed
from liushui.catalog.errors import InvalidPattern
from liushui.kernel.gtin import check_digit


def with_check(body: str) -> str:
    return body + str(check_digit(body))


def read(code: str, *patterns: str, exponent: int = 2):
    return read_weighed(code, patterns=patterns, currency_exponent=exponent)


def test_a_weight_is_read_in_grams() -> None:
    found = read(with_check("200123001500"), "2pppppwwwwwwc")
    assert (found.codes, found.grams, found.amount_minor) == (("00123", "123"), 1500, None)


def test_a_price_is_read_in_minor_units() -> None:
    found = read(with_check("210012301980"), "21 ppppp vvvvv c")
    assert (found.codes, found.grams, found.amount_minor) == (("00123", "123"), None, 1980)


def test_a_wrong_check_digit_is_no_weighed_barcode() -> None:
    code = with_check("200123001500")
    assert read(code[:-1] + str((int(code[-1]) + 1) % 10), "2pppppwwwwwwc") is None


def test_the_first_pattern_that_fits_wins() -> None:
    code = with_check("210012301980")
    assert read(code, "21pppppvvvvvc", "2pppppwwwwwwc").amount_minor == 1980
    assert read(code, "2pppppwwwwwwc", "21pppppvvvvvc").grams == 301980 % 1_000_000


def test_another_length_or_letters_do_not_fit() -> None:
    assert read("20012300150", "2pppppwwwwwwc") is None
    assert read("2001A3001500X", "2pppppwwwwwwc") is None
    assert read("2٠٠123001500٠", "2pppppwwwwwwc") is None


def test_a_code_without_a_leading_zero_is_looked_for_once() -> None:
    assert read("212345", "2ppppp").codes == ("12345",)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("01069012345678923103001250", (("06901234567892",), 1250, None, 1)),
        ("(01)06901234567892(3102)000125", (("06901234567892",), 1250, None, 1)),
        ("]C101069012345678923922001980", (("06901234567892",), None, 1980, 1)),
        ("0106901234567892" + "30" + "6", (("06901234567892",), None, None, 6)),
    ],
)
def test_gs1_element_strings_are_read(code, expected) -> None:
    found = read(code)
    assert (found.codes, found.grams, found.amount_minor, found.units) == expected


def test_an_amount_with_more_places_than_the_currency_is_left_out_when_it_would_lose_something() -> None:
    assert read("01069012345678923922001980", exponent=0).amount_minor is None
    assert read("01069012345678923922001900", exponent=0).amount_minor == 19


def test_a_broken_element_string_is_nothing() -> None:
    assert read("0106901234567892310300125") is None
    assert read("01069012345678999999") is None


@pytest.mark.parametrize(
    "pattern", ["", "2wwwwwc", "2pppppxxxc", "2ppwwpp", "2pppwwvvc", "2pppcww", "ppppp", "2pppppwwcc", "2pppwwpww"]
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern) -> None:
    with pytest.raises(InvalidPattern):
        checked_pattern(pattern)
