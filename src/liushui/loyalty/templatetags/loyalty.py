"""Template filters of loyalty's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.translation import get_language

from liushui.kernel.money_text import money_text
from liushui.loyalty.pages.programme_view import LABELS, element_of

register = template.Library()
NOTHING = "–"


@register.filter
def key(mapping: Mapping[str, Any], name: str) -> Any:
    """`mapping[name]` for names that have a full stop in them; empty when it is absent."""
    return mapping.get(name, "")


@register.filter
def element(name: str) -> str:
    """The id of the element of a field."""
    return element_of(name)


@register.filter
def rule_label(name: str) -> Any:
    """What a field of the programme is called."""
    return LABELS[name]


@register.simple_tag
def amount(value: int, what: str, currency: str) -> str:
    """Points as a whole number, all else as money; a dash for nothing."""
    if value == 0:
        return NOTHING
    if what == "points":
        return f"{value:,}"
    return money_text(amount_minor=value, currency=currency, language=get_language() or "en")


@register.filter
def parted(line: Any, titles: Sequence[Any]) -> Iterable[tuple[int, Any]]:
    """The parts of a line of the liability report, each with its title."""
    return zip(line.parts, titles, strict=True)
