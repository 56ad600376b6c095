"""What nobody may give back alone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liushui.returns.contracts import APPROVAL_KIND
from liushui.runtime.approvals import Kind, register_kind


def register() -> None:
    """Make the kind known; once, when the module is loaded."""
    register_kind(Kind(name=APPROVAL_KIND, title=_("Refund for goods that come back"), capability="till.approve"))
