"""Template tags of the till's own screen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.context import Context

from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import Till

register = template.Library()


@register.filter
def bare_gtin(gtin: str) -> str:
    """A GTIN as it stands below the barcode: without the zeros that fill it up to fourteen digits."""
    return gtin.lstrip("0").rjust(8, "0")


@register.inclusion_tag("till/parts/status.html", takes_context=True)
def status_line(context: Context) -> dict[str, Any]:
    """Store, till, shift, operator, connection: the line on top of every screen of the till. Takes `till`."""
    till: Till = context["till"]
    store = stores.store(store_id=till.store_id)
    return {
        "request": context["request"],
        "shell": context["shell"],
        "csrf_token": context["csrf_token"],
        "till": till,
        "store": store,
        "shift": context["shift"] if "shift" in context else facade.current_shift(till=till),
        "now": store.local(datetime.now(UTC)).replace(tzinfo=None),
        "shift_url": "/till/shift/",
        "sign_out_url": "/till/sign-out/",
    }
