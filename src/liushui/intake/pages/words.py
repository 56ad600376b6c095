"""Words of intake's pages: statuses, and what the commonest problems mean, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

IMPORT_STATUS = {
    "waiting": (_("Waiting"), "info"),
    "running": (_("Running"), "info"),
    "done": (_("Done"), "good"),
    "failed": (_("Failed"), "bad"),
    "cancelled": (_("Cancelled"), "warn"),
}
ENTRY_STATUS = {
    "open": (_("To be mended"), "warn"),
    "resolved": (_("Booked"), "good"),
    "discarded": (_("Discarded"), "info"),
}
REASONS = {
    "unreadable-rows": _("Rows that cannot be read"),
    "item-unknown": _("Unknown item"),
    "store-unknown": _("Unknown store"),
    "store-not-allowed": _("Store not allowed"),
    "chain-needed": _("Chain not given"),
    "currency-mismatch": _("Other currency than the store"),
    "tenders-unbalanced": _("Tenders do not come to the total"),
    "tender-refused": _("Unknown kind of tender"),
    "discount-mismatch": _("Discounts do not add up"),
    "sign-mismatch": _("Signs of units and amount disagree"),
    "price-missing": _("No price"),
    "time-refused": _("Impossible time"),
    "tax-refused": _("Tax is more than the amount"),
    "text-refused": _("Text too long or unusable"),
    "lines-refused": _("Too few or too many lines"),
    "amount-refused": _("Impossible amount"),
    "units-refused": _("Impossible quantity"),
    "measure-refused": _("Impossible measure"),
    "invalid-value": _("Value of a wrong form"),
    "sale-conflict": _("Recorded before with other contents"),
    "malformed-json": _("Not JSON"),
    "invalid-sale": _("Not of the right form"),
}
PHASES = {
    "waiting": _("Waiting for the worker"),
    "running": _("Importing"),
}


def reason_name(reason: str) -> str:
    """A reason in words; one without words as it is."""
    return str(REASONS.get(reason, reason))
