"""What pages call the states of backtests and rulebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

# Sentences of the processes that price receipts, as error_words finds them.
MADE_ELSEWHERE = (
    pgettext_lazy("error", "A process that prices receipts has ended"),
    pgettext_lazy("error", "A process that prices receipts has no pipe"),
)
STATUS: Mapping[str, tuple[Any, str]] = {  # status → (word, kind of mark)
    "waiting": (_("waiting"), "info"),
    "running": (_("running"), "info"),
    "done": (_("done"), "good"),
    "cancelled": (_("cancelled"), "warn"),
    "failed": (_("failed"), "bad"),
}
PROMOTION_STATE: Mapping[str, tuple[Any, str]] = {
    "same": (_("unchanged"), ""),
    "changed": (_("changed"), "warn"),
    "added": (_("added"), "good"),
    "removed": (_("removed"), "bad"),
}


def promotion_name(promotion_id: str, name: Mapping[str, str]) -> str:
    """The name of a promotion in the reader's language, else in the other, else its id."""
    first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
    return name.get(first) or name.get(second) or promotion_id
