"""Money as people read it: ¥1,234.56. Whole minor units in, text out; no float on the way."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_symbol

from liushui.kernel.money import format_minor


def money_text(*, amount_minor: int, currency: str, language: str, sign: bool = False) -> str:
    """`¥1,234.56`; with `sign`, a positive amount starts with +."""
    before = "-" if amount_minor < 0 else "+" if sign and amount_minor > 0 else ""
    whole, _point, fraction = format_minor(abs(amount_minor), currency).partition(".")
    digits = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    return f"{before}{currency_symbol(currency=currency, language=language)}{digits}"


@lru_cache(maxsize=256)
def currency_symbol(*, currency: str, language: str) -> str:
    """The sign of a currency in a language. CNY is ¥ in English too, since the yuan is what ¥ means in these shops."""
    if currency == "CNY":
        return "¥"
    locale = Locale.parse("zh_Hans_CN" if language.startswith("zh") else "en")
    symbol = get_currency_symbol(currency, locale)
    return f"{symbol} " if symbol == currency else symbol
