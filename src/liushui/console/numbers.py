"""Numbers as people read them: ¥1,234.56, 1.2 万, 12.3 %. Whole numbers in, text out; no float on the way."""

from __future__ import annotations

from liushui.kernel.money import exponent, round_half_up
from liushui.kernel.money_text import currency_symbol, money_text

__all__ = ["NOTHING", "change_basis_points", "compact_money_text", "currency_symbol", "money_text", "percent_text"]

NOTHING = "–"


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
