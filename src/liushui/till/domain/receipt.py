"""What a printed receipt shows, as plain values: the pages and printers only set it in type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liushui.promotions.contracts import IssuedCoupon
from liushui.stores.contracts import Store
from liushui.till.contracts import PrintedCoupon, Receipt, Ticket
from liushui.till.domain.codes import mask, masked
from liushui.till.domain.lines import sold_lines
from liushui.till.domain.members import ReceiptAccount
from liushui.till.domain.tenders import taken
from liushui.till.returned import TicketReturn


def receipt(
    ticket: Ticket, *, store: Store, chain_names: tuple[str, str], tax_rates: Mapping[int, int],
    coupons: Sequence[IssuedCoupon] = (), account: ReceiptAccount | None = None,
) -> Receipt:  # fmt: skip
    """The receipt of a ticket. `tax_rates` are (basis points -> tax) sums; times are on the store's clock.

    `is_copy` is true from the first reprint on. `qr` is the number, by which a till finds the receipt again.
    `coupons` are those that the sale handed out for the next time, with their codes in full; `account` is the member's.
    """
    at = ticket.finished_at or ticket.opened_at
    return {
        "ticket_id": ticket.id,
        "sale_id": ticket.sale_id,
        "number": ticket.number,
        "qr": ticket.number,
        "chain_zh": chain_names[0],
        "chain_en": chain_names[1],
        "store_code": store.code,
        "store_zh": store.name_zh,
        "store_en": store.name_en,
        "uscc": store.uscc,
        "workstation": ticket.workstation_code,
        "operator": ticket.operator,
        "operator_name": ticket.operator_name,
        "local_time": store.local(at).replace(tzinfo=None),
        "business_date": ticket.business_date,
        "currency": ticket.currency,
        "state": ticket.state,
        "is_training": ticket.is_training,
        "is_refund": ticket.is_refund,
        "is_voided": ticket.state in ("voiding", "voided"),
        "is_copy": ticket.copies > 0,
        "copies": ticket.copies,
        "reason": ticket.reason,
        "lines": sold_lines(ticket.lines),
        "units": sum(line.units for line in sold_lines(ticket.lines)),
        "returned": _returned(ticket.returned) if ticket.returned is not None else None,
        "returned_lines": tuple(line for line in ticket.lines if line.is_returned),
        "tenders": tuple(tender for tender in taken(ticket.tenders) if tender.state == "paid"),
        "codes": tuple(each.code for each in masked(ticket.codes)),
        "coupons": tuple(
            PrintedCoupon(
                name_zh=each.name_zh,
                name_en=each.name_en,
                code=each.code,
                valid_from=store.local(each.valid_from).replace(tzinfo=None) if each.valid_from else None,
                valid_until=store.local(each.valid_until).replace(tzinfo=None) if each.valid_until else None,
            )
            for each in coupons
            if each.state == "issued" and each.code and ticket.state not in ("voiding", "voided")
        ),
        "member": mask(ticket.member.id) if ticket.member is not None else "",
        "account": account,
        "regular_minor": ticket.regular_minor,
        "discount_minor": ticket.discount_minor,
        "total_minor": ticket.total_minor,
        "tax_minor": ticket.tax_minor,
        "taxes": tuple(sorted(tax_rates.items())),
        "paid_minor": sum(tender.given_minor for tender in taken(ticket.tenders) if tender.state == "paid"),
        "change_minor": ticket.change_minor,
        "saved_minor": sum(line.discount_minor for line in sold_lines(ticket.lines)),
    }


def _returned(returned: TicketReturn) -> Mapping[str, object]:
    """What the receipt says about goods that came back: of each receipt, and of all of them."""
    return {
        "refund_minor": returned.refund_minor,
        "approved_by": returned.approved_by,
        "receipts": tuple(
            {
                "receipt_number": each.receipt_number,
                "store_id": each.store_id,
                "refund_minor": each.refund_minor,
                "reasons": {line.number: line.said for line in each.lines},
                "points_given_back": sum(tender.points for tender in each.tenders),
                "points_taken_back": each.points_taken_back,
            }
            for each in returned.receipts
        ),
    }
