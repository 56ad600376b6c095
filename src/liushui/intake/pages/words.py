"""Words of intake's pages: statuses, and what the commonest problems mean, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liushui.runtime import error_words

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


# A detail is an English sentence with the case in it; the page knows the shapes of frequent ones and says them again.
_DETAILS: tuple[tuple[re.Pattern[str], Any], ...] = tuple(
    (re.compile(shape, re.DOTALL), text)
    for shape, text in (
        (r"The catalogue has no item under '(?P<code>.*)'", _("The catalogue has no item with the code %(code)s.")),
        (
            r"There is no store '(?P<store>.*)' of chain '(?P<chain>.*)' among those you send sales for",
            _("Chain %(chain)s has no store with the code %(store)s."),
        ),
        (
            r"The tenders come to (?P<paid>\S+) (?P<currency>\w+), the lines to (?P<total>\S+)",
            _("%(paid)s %(currency)s were paid, but the lines come to %(total)s."),
        ),
        (r"(?P<time>\S+) has no zone", _("The time %(time)s does not say its time zone.")),
        (
            r"(?P<time>\S+) lies before 1970 or more than 24 hours ahead of (?P<now>\S+)",
            _("The time %(time)s lies before 1970 or more than a day ahead: it was received at %(now)s."),
        ),
        (
            r"The discounts of line (?P<line>\d+) come to (?P<sum>-?\d+), its regular price minus its amount to "
            r"(?P<difference>-?\d+)",
            _("Line %(line)s: its discounts do not come to the price before discounts less the amount."),
        ),
        (
            r"Line (?P<line>\d+) comes to (?P<amount>-?\d+), which is beyond its regular price (?P<regular>-?\d+)",
            _("Line %(line)s: the amount is more than the price before discounts."),
        ),
        (
            r"Line (?P<line>\d+) states no amount, and '(?P<code>.*)' has no price here at that time",
            _("Line %(line)s states no amount, and %(code)s had no price in this store at that time."),
        ),
        (
            r"The sale is in (?P<currency>\w+), store (?P<store>.*) sells in (?P<other>\w+)",
            _("The sale is in %(currency)s, store %(store)s sells in %(other)s."),
        ),
        (
            r"(?P<field>amount|regular|tax|cost) is money and was sent as a JSON number.*",
            _("An amount was sent as a JSON number, which loses cents. Send it as a text."),
        ),
    )
)
# Sentences of libraries and of what is put together of a file's faults, as error_words finds them.
MADE_ELSEWHERE = (
    pgettext_lazy("error", "row {1}, column {2}: {3} (and {4} more)"),
    pgettext_lazy("error", "row {1}: {2} (and {3} more)"),
    pgettext_lazy("error", "row {1}, column {2}: {3}"),
    pgettext_lazy("error", "row {1}: {2}"),
    pgettext_lazy("error", "The line is not a row: {1}."),
    pgettext_lazy("error", "Rows of the document cannot be read as a sale"),
    pgettext_lazy("error", "Expected `{1}`, got `{2}`"),
    pgettext_lazy("error", "Expected `{1}` of length <= {2}"),
    pgettext_lazy("error", "Expected `{1}` of length >= {2}"),
    pgettext_lazy("error", "Expected `datetime` with a timezone component"),
    pgettext_lazy("error", "Invalid RFC3339 encoded datetime"),
    pgettext_lazy("error", "Object missing required field `{1}`"),
    pgettext_lazy("error", "Object contains unknown field `{1}`"),
    pgettext_lazy("error", "JSON is malformed: {1}"),
    pgettext_lazy("error", "Input data was truncated"),
)
REMEDIES = {
    "item-unknown": _("Add the item to the catalogue, or correct the code."),
    "store-unknown": _("Correct the code of the store, or set the store up."),
    "tenders-unbalanced": _("Correct an amount, so that what was paid comes to the total of the lines."),
    "time-refused": _("Set the clock of the till, or correct the time."),
    "discount-mismatch": _("Correct the amount or the price before discounts."),
    "price-missing": _("Write the amount, or enter a price for the item."),
    "currency-mismatch": _("Clear the currency, or choose a store with that currency."),
    "sale-conflict": _("Find the receipt with the same number; if it is right, discard this one."),
}


def detail_text(detail: str) -> str:
    """What was wrong, in the reader's language where the sentence is a frequent one; else as it is."""
    for shape, text in _DETAILS:
        if found := shape.fullmatch(detail):
            return str(text) % found.groupdict()
    return error_words.translated(detail)


def remedy_text(problem: Mapping[str, object]) -> str:
    """What to do about it, likewise."""
    reason = str(problem.get("type", "")).rpartition(":")[2]
    return str(REMEDIES.get(reason) or error_words.translated(str(problem.get("remedy") or "")))
