"""What people call states, failures, operations and kinds of cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, tuple[Any, str]] = {  # name and kind of status
    "created": (_("Unknown yet"), "warn"),
    "pending": (_("Waiting for the customer"), "info"),
    "paid": (_("Paid"), "good"),
    "failed": (_("Failed"), "bad"),
    "reversed": (_("Reversed"), "info"),
    "refunded": (_("Given back whole"), "info"),
}
REFUND_STATES: Mapping[str, tuple[Any, str]] = {
    "created": (_("On its way"), "warn"),
    "done": (_("Given back"), "good"),
    "failed": (_("Failed"), "bad"),
}
MODES: Mapping[str, Any] = {
    "customer_scans": _("Customer scans our code"),
    "we_scan": _("We scan the customer's code"),
}
METHODS: Mapping[str, Any] = {"alipay": _("Alipay"), "wechat": _("WeChat Pay"), "card": _("Card")}
PROVIDERS: Mapping[str, Any] = {"sandbox": _("Sandbox wallet")}
FAILURES: Mapping[str, Any] = {
    "declined": _("Declined"),
    "auth_code_invalid": _("The customer's code was not valid"),
    "expired": _("Nobody paid in time"),
    "cancelled": _("Cancelled at the till"),
    "user_cancelled": _("Cancelled by the customer"),
    "closed": _("Closed unpaid"),
    "unreachable": _("The provider could not be reached"),
    "never_arrived": _("The request never reached the provider"),
    "amount_differs": _("Another amount was paid"),
}
CASE_KINDS: Mapping[str, Any] = {
    "missing_here": _("Paid there, unknown here"),
    "missing_there": _("Paid here, not in the bill"),
    "amount_differs": _("The amounts differ"),
    "state_differs": _("Paid there, not here"),
    "refund_missing_here": _("Refunded there, unknown here"),
    "refund_missing_there": _("Refunded here, not in the bill"),
    "refund_failed": _("The provider refused the refund"),
    "paid_late": _("Paid after we had given it up"),
}
OPERATIONS: Mapping[str, Any] = {
    "begin": _("Ask for a QR code"),
    "charge": _("Charge the customer's code"),
    "query": _("Ask how it stands"),
    "close": _("Close"),
    "reverse": _("Take back"),
    "refund": _("Refund"),
    "query_refund": _("Ask how the refund stands"),
    "notify": _("Notification from the provider"),
}
OUTCOMES: Mapping[str, Any] = {
    "sent": _("sent"),
    "not_found": _("not known there"),
    "pending": _("waiting for the customer"),
    "user_paying": _("customer enters the password"),
    "paid": _("paid"),
    "refunded": _("refunded"),
    "closed": _("closed"),
    "failed": _("failed"),
    "reversed": _("taken back"),
    "processing": _("under way"),
    "done": _("done"),
    "not_delivered": _("not delivered"),
    "unknown": _("no answer"),
    "refused": _("refused"),
    "refund_processing": _("refund under way"),
    "refund_done": _("refund done"),
    "refund_failed": _("refund failed"),
}


def word(words: Mapping[str, Any], name: str) -> Any:
    """What people call it; a code that we have no word for stands as it is."""
    return words.get(name, name)
