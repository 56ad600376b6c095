"""Template filters of loyalty's pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from liushui.loyalty.pages.programme_view import LABELS, element_of

register = template.Library()


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
