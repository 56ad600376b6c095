"""What the reports are called."""

from __future__ import annotations

from collections.abc import Iterable
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
TENDER_TITLES: dict[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "mobile": _("Mobile payment"),
    "other": _("Other payment"),
}
METHOD_TITLES: dict[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "mobile": _("Mobile payment"),
    "other": _("Other payment"),
    "unknown": _("Unknown payment"),
    "gift-card": _("Gift card"),
    "manufacturer-coupon": _("Manufacturer's coupon"),
    "wechat-pay": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "wechat": _("WeChat Pay"),
    "unionpay": _("UnionPay"),
    "visa": _("Visa"),
    "mastercard": _("Mastercard"),
}
WEEKDAYS: tuple[Any, ...] = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
CHANNEL_TITLES: dict[str, Any] = {
    "pos": _("Till"),
    "app": _("App"),
    "web": _("Web shop"),
    "mini-program": _("Mini program"),
}


def channel_pairs(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Sales channels with their names in the reader's language; the shop's own word where we know none."""
    return [(code, str(CHANNEL_TITLES.get(code, code))) for code in codes]
