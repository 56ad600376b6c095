"""Numbers as people read them."""

from __future__ import annotations

import pytest

from liushui.console.numbers import change_basis_points, compact_money_text, money_text, percent_text


@pytest.mark.parametrize(
    ("amount_minor", "currency", "language", "text"),
    [
        (123456, "CNY", "zh-hans", "¥1,234.56"),
        (123456, "CNY", "en", "¥1,234.56"),
        (-5, "CNY", "en", "-¥0.05"),
        (0, "CNY", "en", "¥0.00"),
        (1234, "JPY", "zh-hans", "JP¥1,234"),
        (1234567, "KWD", "en", "KWD 1,234.567"),
        (10**17 + 1, "USD", "zh-hans", "US$1,000,000,000,000,000.01"),
    ],
)
def test_money_is_written_with_its_sign_and_exponent(
    amount_minor: int, currency: str, language: str, text: str
) -> None:
    assert money_text(amount_minor=amount_minor, currency=currency, language=language) == text


def test_a_positive_amount_gets_a_plus_when_asked() -> None:
    assert money_text(amount_minor=100, currency="CNY", language="en", sign=True) == "+¥1.00"
    assert money_text(amount_minor=0, currency="CNY", language="en", sign=True) == "¥0.00"


@pytest.mark.parametrize(
    ("amount_minor", "language", "text"),
    [
        (999_999, "zh-hans", "¥9,999.99"),
        (1_234_567, "zh-hans", "¥1.2 万"),
        (-1_250_000, "zh-hans", "-¥1.3 万"),
        (12_345_678_900, "zh-hans", "¥1.2 亿"),
        (1_234_567, "en", "¥12.3k"),
        (123_456_789, "en", "¥1.2M"),
    ],
)
def test_large_amounts_are_shortened_by_the_language(amount_minor: int, language: str, text: str) -> None:
    assert compact_money_text(amount_minor=amount_minor, currency="CNY", language=language) == text


def test_percentages_are_rounded_half_away_from_zero() -> None:
    assert percent_text(basis_points=1234) == "12.3%"
    assert percent_text(basis_points=1235) == "12.4%"
    assert percent_text(basis_points=-1235, sign=True) == "-12.4%"
    assert percent_text(basis_points=1, sign=True) == "+0.0%"


def test_a_change_from_nothing_is_not_a_number() -> None:
    assert change_basis_points(now=5, before=0) is None
    assert change_basis_points(now=0, before=200) == -10_000
    assert change_basis_points(now=-50, before=-100) == 5_000
