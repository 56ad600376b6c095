"""What nobody may take back alone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from liushui.runtime.approvals import Kind, register_kind

VOID = "orders.void"


def register() -> None:
    """Make the kind known; once, when the module is loaded."""
    register_kind(Kind(name=VOID, title=gettext_lazy("Void a large sale"), capability="sale.void"))
