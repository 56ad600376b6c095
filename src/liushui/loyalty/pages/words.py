"""What the codes of loyalty are called on its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STATUSES: Mapping[str, tuple[Any, str]] = {
    "active": (pgettext_lazy("member", "Active"), "status-good"),
    "merged": (pgettext_lazy("member", "Merged"), "status-info"),
    "erased": (pgettext_lazy("member", "Erased"), ""),
}
CHANNELS: Mapping[str, Any] = {
    "till": pgettext_lazy("channel", "Till"),
    "portal": pgettext_lazy("channel", "Member portal"),
    "console": pgettext_lazy("channel", "Head office"),
    "import": pgettext_lazy("channel", "Import"),
    "api": pgettext_lazy("channel", "Interface"),
}
# Where a member may have said so to the person who writes it down.
ON_BEHALF: tuple[str, ...] = ("console", "till")
ENTRY_KINDS: Mapping[str, Any] = {
    "earn": pgettext_lazy("booking", "Points earned"),
    "benefit": pgettext_lazy("booking", "Birthday or anniversary"),
    "take_back": pgettext_lazy("booking", "Points taken back"),
    "spend": pgettext_lazy("booking", "Spent"),
    "give_back": pgettext_lazy("booking", "Given back"),
    "expire": pgettext_lazy("booking", "Expired"),
    "forfeit": pgettext_lazy("booking", "Forfeited"),
    "extend": pgettext_lazy("booking", "Extended"),
    "top_up": pgettext_lazy("booking", "Topped up"),
    "top_up_back": pgettext_lazy("booking", "Top-up taken back"),
    "sell": pgettext_lazy("booking", "Gift card sold"),
    "adjust": pgettext_lazy("booking", "Correction"),
    "merge": pgettext_lazy("booking", "Merged"),
}
PURPOSES: Mapping[str, tuple[Any, Any]] = {
    "membership": (pgettext_lazy("consent", "Membership"), _("Keeping the account: points, tier, stored value.")),
    "marketing": (pgettext_lazy("consent", "Marketing"), _("Messages about offers, and coupons sent unasked.")),
    "profiling": (pgettext_lazy("consent", "Profiling"), _("Offers chosen by what was bought.")),
}
FIELDS: Mapping[str, Any] = {
    "name": pgettext_lazy("member", "Name"),
    "phone": pgettext_lazy("member", "Phone"),
    "birthday": pgettext_lazy("member", "Birthday"),
    "email": pgettext_lazy("member", "E-mail"),
    "plate": pgettext_lazy("member", "Car plate"),
}
GIFT_CARD_STATES: Mapping[str, tuple[Any, str]] = {
    "active": (pgettext_lazy("gift card", "Good"), "status-good"),
    "blocked": (pgettext_lazy("gift card", "Blocked"), "status-bad"),
    "expired": (pgettext_lazy("gift card", "Ended"), "status-warn"),
    "issued": (pgettext_lazy("gift card", "Not sold yet"), ""),
}
CARD_BATCH_STATES: Mapping[str, tuple[Any, str]] = {
    "making": (pgettext_lazy("card batch", "Being made"), "status-info"),
    "done": (pgettext_lazy("card batch", "Made"), "status-good"),
    "stopped": (pgettext_lazy("card batch", "Stopped"), "status-warn"),
}
