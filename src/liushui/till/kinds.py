"""What a cashier may not do alone: the kinds of approval that tills ask for."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from liushui.runtime.approvals import Kind, register_kind
from liushui.till.returned import TicketReturn

LINE_VOID = "till.line_void"
CANCEL = "till.cancel"
PAID_OUT = "till.paid_out"
DIFFERENCE = "till.difference"
VOID_SALE = "till.void_sale"
VOID_VALUE = "till.void_value"
RETURN = "returns.refund"  # registered by returns, which say when it is needed
REFUNDS = frozenset({VOID_SALE, RETURN})
LIMITED = REFUNDS | {VOID_VALUE}  # over a limit not by PIN

TITLES = {
    LINE_VOID: _("Void a line at the till"),
    CANCEL: _("Cancel a ticket at the till"),
    PAID_OUT: _("Pay cash out of the drawer"),
    DIFFERENCE: _("Difference of a cash count"),
    VOID_VALUE: _("Take a top-up or a gift card back"),
    VOID_SALE: _("Void a sale at the till"),
}


ASKED_HERE = frozenset(TITLES) | {RETURN}


def return_target(*, ticket_id: UUID, returned: TicketReturn | None) -> str:
    """What an approval of a return names: the ticket and a mark of the receipts that come back on it, so that what was
    approved for one is nothing for another."""
    receipts = returned.receipts if returned is not None else ()
    named = ",".join(sorted(str(receipt.sale_id) for receipt in receipts))
    return f"ticket:{ticket_id}/return/{sha256(named.encode()).hexdigest()[:16]}"


def register() -> None:
    """Make the kinds known; once, when the module is loaded."""
    for name, title in TITLES.items():
        register_kind(Kind(name=name, title=title, capability="till.approve"))
