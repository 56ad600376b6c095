"""What people call the codes on a sale, wherever they are shown: its channel and the means of payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

CHANNELS: Mapping[str, Any] = {
    "pos": _("Store"),
    "app": _("App"),
    "web": _("Web shop"),
    "mini-program": _("Mini program"),
}
TENDER_TYPES: Mapping[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "mobile": _("Mobile payment"),
    "other": _("Paid elsewhere"),
    "points": pgettext_lazy("tender", "Points"),
    "stored_value": pgettext_lazy("tender", "Stored value"),
    "gift_card": _("Gift card"),
}
METHODS: Mapping[str, Any] = {
    **TENDER_TYPES,
    "wechat": _("WeChat Pay"),
    "wechat-pay": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "unionpay": _("UnionPay"),
    "visa": _("Visa"),
    "mastercard": _("Mastercard"),
    "gift-card": _("Gift card"),
    "manufacturer-coupon": _("Manufacturer's coupon"),
    "unknown": _("Unknown payment"),
}


def channel_name(code: str) -> str:
    """The channel in the reader's language; one that the shop named itself stays as it is."""
    return str(CHANNELS.get(code, code))


def payment_name(type_: str, method: str) -> str:
    """The means of payment in the reader's language; a method of the shop's own is said beside its type."""
    if method.lower() in METHODS:
        return str(METHODS[method.lower()])
    kind = str(TENDER_TYPES.get(type_, type_))
    return f"{kind} · {method}" if method else kind
