"""The money of a ticket: what is still due, what change is given, what each way of paying comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from liushui.orders.contracts import TENDER_TYPES, VALUE_TENDERS
from liushui.till.contracts import TicketTender

TYPES = TENDER_TYPES  # in this order everywhere
RETURNABLE = ("cash", *VALUE_TENDERS)  # a till gives them back by itself
VALUE_TYPES = VALUE_TENDERS  # paid from what loyalty keeps: held, then posted with the sale
RECORDED_TYPES = ("card", "other")  # paid at a machine of its own and only written down here
AMOUNT_MAX_MINOR = 10**12
TENDERS_MAX = 20


class TenderSums(NamedTuple):
    """Number and amount of the paid tenders of each type; change is within what cash was given."""

    cash_count: int
    cash_minor: int
    change_minor: int
    card_count: int
    card_minor: int
    mobile_count: int
    mobile_minor: int
    other_count: int
    other_minor: int
    points_count: int
    points_minor: int
    stored_value_count: int
    stored_value_minor: int
    gift_card_count: int
    gift_card_minor: int
    pending_count: int


def taken(tenders: Sequence[TicketTender]) -> tuple[TicketTender, ...]:
    """The tenders that pay or may yet pay."""
    return tuple(tender for tender in tenders if tender.state != "failed")


def due_minor(total_minor: int, tenders: Sequence[TicketTender]) -> int:
    """What is neither paid nor on its way."""
    return total_minor - sum(tender.amount_minor for tender in taken(tenders))


def all_paid(total_minor: int, tenders: Sequence[TicketTender]) -> bool:
    """Whether the paid tenders come to the total and none is on its way."""
    kept = taken(tenders)
    return (
        bool(kept)
        and all(tender.state == "paid" for tender in kept)
        and sum(tender.amount_minor for tender in kept) == total_minor
    )


def next_number(tenders: Sequence[TicketTender]) -> int:
    """The number of the tender after these."""
    return max((tender.number for tender in tenders), default=0) + 1


def sums_of(tenders: Sequence[TicketTender]) -> TenderSums:
    """Add up the paid tenders by type."""
    paid = [tender for tender in tenders if tender.state == "paid"]
    counts = {f"{kind}_count": sum(tender.type == kind for tender in paid) for kind in TYPES}
    amounts = {f"{kind}_minor": sum(tender.amount_minor for tender in paid if tender.type == kind) for kind in TYPES}
    return TenderSums(
        **counts,
        **amounts,
        change_minor=sum(tender.change_minor for tender in paid),
        pending_count=sum(tender.state == "pending" for tender in tenders),
    )
