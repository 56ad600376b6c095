"""What the reports are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Any] = {
    "sales": _("Sales"),
    "stores": _("Stores compared"),
    "hours": _("Hours"),
    "items": _("Item sales"),
    "categories": _("Category sales"),
    "payments": _("Payments"),
    "cashiers": _("Cashiers"),
}
KEY_TITLES: dict[str, Any] = {
    "sales": _("Business day"),
    "stores": _("Store"),
    "hours": _("Hour"),
    "items": _("Item"),
    "categories": _("Category"),
    "payments": _("Means of payment"),
    "cashiers": _("Cashier"),
}
GRAIN_TITLES: dict[str, Any] = {"day": _("By day"), "week": _("By week"), "month": _("By month")}
WEEKDAYS: tuple[Any, ...] = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
