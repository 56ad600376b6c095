"""Money: exact to the minor unit, in the currency's own number of decimal places."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import (
    AMOUNT_MAX,
    EXPONENTS,
    Money,
    exponent,
    format_minor,
    parse_minor,
    round_half_up,
    split_by_weight,
)

AMOUNTS = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


@pytest.mark.parametrize(
    ("currency", "places"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("CLF", 4)]
)
def test_a_currency_has_the_exponent_of_iso_4217(currency, places):
    assert exponent(currency) == places


@pytest.mark.parametrize("code", ["cny", "RMB", "", "XXX", "CN¥", "CNY "])
def test_a_code_that_iso_4217_lacks_is_refused(code):
    with pytest.raises(InvalidValue, match="not an active ISO 4217"):
        exponent(code)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "CNY", 1250),
        ("12.50", "CNY", 1250),
        ("12.500", "CNY", 1250),
        ("12.", "CNY", 1200),
        ("12", "CNY", 1200),
        ("0", "CNY", 0),
        ("-0.00", "CNY", 0),
        ("-0.01", "CNY", -1),
        ("+7.10", "CNY", 710),
        (" 007.10 ", "CNY", 710),
        ("12", "JPY", 12),
        ("12.000", "JPY", 12),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
        ("92233720368547758.07", "CNY", AMOUNT_MAX),
        ("-92233720368547758.07", "CNY", -AMOUNT_MAX),
    ],
)
def test_a_plain_decimal_is_read_exactly(text, currency, minor):
    assert parse_minor(text, currency) == minor
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"), [("12.345", "CNY"), ("0.001", "CNY"), ("12.5", "JPY"), ("1.2345", "KWD")]
)
def test_a_fraction_of_the_smallest_unit_is_refused_and_never_rounded(text, currency):
    with pytest.raises(InvalidValue, match="fraction of the smallest unit"):
        parse_minor(text, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        ".5",
        "-",
        "1,234.50",
        "1e3",
        "¥5",
        "12.5元",
        "１２",
        "٣",
        "0x10",
        "NaN",
        "Infinity",
        "--1",
        "1 2",
        "1_0",
    ],
)
def test_what_is_not_a_plain_decimal_is_refused(text):
    with pytest.raises(InvalidValue, match="is not an amount"):
        parse_minor(text, "CNY")


@pytest.mark.parametrize("text", ["92233720368547758.08", "-92233720368547758.08", "9" * 30, "9" * 10_000])
def test_more_than_any_record_can_hold_is_refused(text):
    with pytest.raises(InvalidValue, match="more than any amount"):
        parse_minor(text, "CNY")


@given(AMOUNTS, CURRENCIES)
def test_what_is_written_is_read_back_the_same(amount, currency):
    text = format_minor(amount, currency)
    assert parse_minor(text, currency) == amount
    assert Fraction(text) == Fraction(amount, 10 ** EXPONENTS[currency])


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "CNY", "1234.50"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (0, "CNY", "0.00"),
        (5, "JPY", "5"),
        (-5, "JPY", "-5"),
        (5, "KWD", "0.005"),
        (-1234, "KWD", "-1.234"),
    ],
)
def test_an_amount_is_written_with_the_places_of_its_currency(amount, currency, text):
    assert format_minor(amount, currency) == text
    assert str(Money(amount, currency)) == f"{text} {currency}"


@pytest.mark.parametrize(
    ("numerator", "denominator", "nearest"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (5, 3, 2), (-4, 3, -1), (1, 2, 1), (-1, 2, -1), (0, 7, 0), (49, 100, 0)],
)
def test_halves_are_rounded_away_from_zero(numerator, denominator, nearest):
    assert round_half_up(numerator, denominator) == nearest


@given(st.integers(), st.integers(1, 10**12))
def test_rounding_is_the_nearest_whole_number_and_the_same_on_both_sides_of_zero(numerator, denominator):
    rounded = round_half_up(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    assert round_half_up(-numerator, denominator) == -rounded
    if Fraction(numerator, denominator) - rounded == Fraction(1, 2):
        assert numerator < 0  # a positive half went up, so only a negative one can lie above its rounding


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_positive_is_a_mistake(denominator):
    with pytest.raises(ValueError, match="denominator"):
        round_half_up(1, denominator)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [1, 1], [1, 0]),
        (100, [999, 1], [100, 0]),
        (10, [0, 3, 0], [0, 10, 0]),
        (10, [0, 0], [10, 0]),
        (0, [5, 6], [0, 0]),
        (1000, [333, 333, 334], [333, 333, 334]),
        (7, [1, 2, 4], [1, 2, 4]),
        (8, [1, 2, 4], [1, 2, 5]),  # remainders 1/7, 2/7, 4/7
    ],
)
def test_shares_follow_the_weights_by_largest_remainder(total, weights, shares):
    assert split_by_weight(total, weights) == shares


@given(AMOUNTS, st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_shares_sum_to_the_total_and_each_is_within_one_of_its_part(total, weights):
    shares = split_by_weight(total, weights)
    assert sum(shares) == total
    if sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Fraction(total * weight, sum(weights))) < 1
            assert weight or share == 0
    assert split_by_weight(-total, weights) == [-share for share in shares]


@pytest.mark.parametrize("weights", [[], [1, -1], [-1]])
def test_weights_that_share_nothing_are_a_mistake(weights):
    with pytest.raises(ValueError, match=r"share among|not negative"):
        split_by_weight(10, weights)


def test_amounts_of_one_currency_add_compare_and_multiply():
    assert Money(1250, "CNY") + Money(-50, "CNY") == Money(1200, "CNY")
    assert Money(1250, "CNY") - Money(1300, "CNY") == Money(-50, "CNY")
    assert -Money(5, "CNY") == Money(-5, "CNY")
    assert Money(333, "CNY") * 3 == Money(999, "CNY")
    assert Money(1, "CNY") < Money(2, "CNY") <= Money(2, "CNY")
    assert Money(1, "CNY") != Money(1, "USD")
    assert len({Money(1, "CNY"), Money(1, "CNY"), Money(1, "JPY")}) == 2


@pytest.mark.parametrize(
    "mix", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b], ids=["+", "-", "<", "<="]
)
def test_two_currencies_are_never_taken_together(mix):
    with pytest.raises(InvalidValue, match="CNY and USD cannot be taken together"):
        mix(Money(1, "CNY"), Money(1, "USD"))


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_only_whole_numbers_are_money(amount):
    with pytest.raises(InvalidValue):
        Money(amount, "CNY")
    with pytest.raises(InvalidValue):
        Money(1, "CNY") * amount
