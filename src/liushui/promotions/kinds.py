"""What nobody does alone with promotions: the kinds of approval that are asked for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liushui.promotions.access import APPROVE
from liushui.runtime.approvals import Kind, register_kind

PUBLISH = "promotions.publish"


def register() -> None:
    """Make the kinds known; once, when the module is loaded."""
    register_kind(Kind(name=PUBLISH, title=_("Publish promotions"), capability=APPROVE))
