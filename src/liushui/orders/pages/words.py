"""What people call the codes on a sale: its channel, the means of payment, how much was weighed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from liushui.orders.contracts import SaleLine, Tender

CHANNELS: Mapping[str, Any] = {
    "pos": _("Store"),
    "app": _("App"),
    "web": _("Web shop"),
    "mini-program": _("Mini program"),
}
TYPES: Mapping[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "mobile": _("Mobile payment"),
    "other": _("Paid elsewhere"),
}
METHODS: Mapping[str, Any] = {
    "cash": _("Cash"),
    "wechat": _("WeChat Pay"),
    "wechat-pay": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "unionpay": _("UnionPay"),
    "visa": _("Visa"),
    "mastercard": _("Mastercard"),
    "gift-card": _("Gift card"),
}


def channel_name(code: str) -> str:
    """The channel in the reader's language; one that the shop named itself stays as it is."""
    return str(CHANNELS.get(code, code))


def tender_name(tender: Tender) -> str:
    """The means of payment; a method of the shop's own is said beside its type."""
    if tender.method in METHODS:
        return str(METHODS[tender.method])
    kind = str(TYPES[tender.type])
    return f"{kind} · {tender.method}" if tender.method else kind


def quantity_text(line: SaleLine) -> str:
    """`3`; of weighed goods what the scale said, `677 g`, and before it how many when there were more than one."""
    if line.measure_value is None:
        return f"{line.units:,}"
    measured = f"{abs(line.measure_value):,} {line.measure_unit or ''}".rstrip()
    if abs(line.units) != 1:
        return f"{line.units:,} · {measured}"
    return f"-{measured}" if line.units < 0 else measured
