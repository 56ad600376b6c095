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
    "phone": pgettext_lazy("channel", "By telephone"),
    "letter": pgettext_lazy("channel", "By letter"),
}
# How a member may have said so to the person who writes it down.
ON_BEHALF: tuple[str, ...] = ("console", "phone", "letter")
PURPOSES: Mapping[str, tuple[Any, Any]] = {
    "membership": (pgettext_lazy("consent", "Membership"), _("Keeping the account: points, tier, stored value.")),
    "marketing": (pgettext_lazy("consent", "Marketing"), _("Messages about offers, and coupons sent unasked.")),
    "profiling": (pgettext_lazy("consent", "Profiling"), _("Offers chosen by what was bought; birthday benefits.")),
}
FIELDS: Mapping[str, Any] = {
    "name": pgettext_lazy("member", "Name"),
    "phone": pgettext_lazy("member", "Phone"),
    "birthday": pgettext_lazy("member", "Birthday"),
    "email": pgettext_lazy("member", "E-mail"),
    "plate": pgettext_lazy("member", "Car plate"),
}
