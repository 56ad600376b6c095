"""Numbers as people read them: ¥1,234.56, 1.2 万, 12.3 %. Whole numbers in, text out; no float on the way."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_symbol

from liushui.kernel.money import exponent, format_minor, round_half_up

NOTHING = "–"


def money_text(*, amount_minor: int, currency: str, language: str, sign: bool = False) -> str:
    """`¥1,234.56`; with `sign`, a positive amount starts with +."""
    before = "-" if amount_minor < 0 else "+" if sign and amount_minor > 0 else ""
    whole, _point, fraction = format_minor(abs(amount_minor), currency).partition(".")
    digits = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    return f"{before}{currency_symbol(currency=currency, language=language)}{digits}"


def compact_money_text(*, amount_minor: int, currency: str, language: str) -> str:
    """`¥12.3 万` in Chinese, `¥123.0k` in English; small amounts in full."""
    symbol = currency_symbol(currency=currency, language=language)
    scale, unit = _scale(abs(amount_minor) // 10 ** exponent(currency), language)
    if scale == 1:
        return money_text(amount_minor=amount_minor, currency=currency, language=language)
    tenths = round_half_up(abs(amount_minor) * 10, scale * 10 ** exponent(currency))
    return f"{'-' if amount_minor < 0 else ''}{symbol}{tenths // 10:,}.{tenths % 10}{unit}"


def _scale(whole: int, language: str) -> tuple[int, str]:
    steps = ((10**8, " 亿"), (10**4, " 万")) if language.startswith("zh") else ((10**6, "M"), (10**4, "k"))
    for least, unit in steps:
        if whole >= least:
            return (1000 if unit == "k" else least), unit
    return 1, ""


def percent_text(*, basis_points: int, sign: bool = False) -> str:
    """`12.3%` of 1230 basis points; with `sign`, a positive one starts with +."""
    tenths = round_half_up(abs(basis_points), 10)
    before = "-" if basis_points < 0 else "+" if sign and basis_points > 0 else ""
    return f"{before}{tenths // 10:,}.{tenths % 10}%"


def change_basis_points(*, now: int, before: int) -> int | None:
    """By how much `now` is over `before`, in basis points of `before`; None when there is nothing to compare with."""
    return round_half_up((now - before) * 10_000, abs(before)) if before else None


@lru_cache(maxsize=256)
def currency_symbol(*, currency: str, language: str) -> str:
    """The sign of a currency in a language. CNY is ¥ in English too, since the yuan is what ¥ means in these shops."""
    if currency == "CNY":
        return "¥"
    locale = Locale.parse("zh_Hans_CN" if language.startswith("zh") else "en")
    symbol = get_currency_symbol(currency, locale)
    return f"{symbol} " if symbol == currency else symbol
