"""How figures are written, beyond the tags of the console."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from liushui.kernel.money import round_half_up

register = template.Library()
_NOTHING = "–"


@register.filter
def thousandths(value: int | None) -> str:
    """`6.28` of thousandths, rounded half up to hundredths; a dash for None."""
    if value is None:
        return _NOTHING
    hundredths = round_half_up(value, 10)
    sign, digits = ("-" if hundredths < 0 else ""), abs(hundredths)
    return f"{sign}{digits // 100:,}.{digits % 100:02}"


@register.filter
def growth(value: int | None) -> SafeString:
    """`▲ +12.3%` of basis points, with arrow, sign and colour as on the home page; a dash for None."""
    if value is None:
        return SafeString(_NOTHING)  # nosec B703  # escaped where it was made
    tenths = round_half_up(value, 10)
    kind, arrow, sign = ("up", "▲", "+") if tenths > 0 else ("down", "▼", "-") if tenths else ("same", "＝", "")
    text = f"{sign}{abs(tenths) // 10:,}.{abs(tenths) % 10}%"
    return format_html('<span class="delta delta-{}"><span aria-hidden="true">{}</span> {}</span>', kind, arrow, text)


@register.filter
def item_name(row: Mapping[str, str]) -> str:
    """The name of a row in the reader's language, else the other one, else its SKU."""
    zh = (get_language() or "").startswith("zh")
    first, second = ("name_zh", "name_en") if zh else ("name_en", "name_zh")
    return row[first] or row[second] or row["sku"]
