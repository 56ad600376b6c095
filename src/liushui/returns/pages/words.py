"""What people call reasons, conditions and the settings of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from liushui.returns import facade

SUMMED_BY: Mapping[str, Any] = {
    "reason": pgettext_lazy("returns", "Reason"),
    "condition": pgettext_lazy("returns", "Condition"),
    "store": pgettext_lazy("returns", "Store"),
    "cashier": pgettext_lazy("returns", "Cashier"),
    "item": pgettext_lazy("returns", "Item"),
}
OTHER_STORE: Mapping[str, Any] = {
    "allow": _("Take them back"),
    "approve": _("Take them back with approval"),
    "refuse": _("Send the shopper to the store of the receipt"),
}
COUPONS_BACK: Mapping[str, Any] = {
    "full_return": _("Once all of the receipt has come back"),
    "never": pgettext_lazy("returns", "Never"),
}
MONEY: Mapping[str, Any] = {
    "mobile": pgettext_lazy("returns", "Mobile payment"),
    "card": pgettext_lazy("returns", "Card"),
    "other": _("Outside the till, such as a bank transfer"),
    "cash": pgettext_lazy("returns", "Cash"),
    "stored_value": pgettext_lazy("returns", "Stored value of the member who bought"),
}


def code_names(chain_ids: frozenset[int]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of reasons and of conditions in the reader's language, by code; of several chains the first one's."""
    attribute = "name_en" if (get_language() or "").startswith("en") else "name_zh"
    reasons: dict[str, str] = {}
    conditions: dict[str, str] = {}
    for chain_id in sorted(chain_ids):
        codes = facade.return_codes(chain_id=chain_id)
        for found, into in ((codes.reasons, reasons), (codes.conditions, conditions)):
            for each in found:
                into.setdefault(each.code, getattr(each, attribute))
    return reasons, conditions
