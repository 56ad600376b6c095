"""What a line of the account is called on the member's own pages."""

from __future__ import annotations

from django.utils.translation import pgettext


def entry_name(kind: str) -> str:
    """A kind of entry in words; the kind itself where there is no word for it."""
    names = {
        "earn": pgettext("entry", "Purchase"),
        "benefit": pgettext("entry", "Gift of the shop"),
        "take_back": pgettext("entry", "Return of goods"),
        "spend": pgettext("entry", "Payment"),
        "give_back": pgettext("entry", "Refund"),
        "expire": pgettext("entry", "Expired"),
        "forfeit": pgettext("entry", "Forfeited"),
        "top_up": pgettext("entry", "Top-up"),
        "top_up_back": pgettext("entry", "Top-up taken back"),
        "sell": pgettext("entry", "Gift card"),
        "adjust": pgettext("entry", "Correction"),
        "merge": pgettext("entry", "Merged memberships"),
    }
    return names.get(kind, kind)
