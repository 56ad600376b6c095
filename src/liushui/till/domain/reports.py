"""The report of a shift and of a day, put together from figures that were added up before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from liushui.till.contracts import DayReport, DrawerEntry, Shift, ShiftReport, TicketTender
from liushui.till.domain.tenders import TYPES
from liushui.till.domain.totals import Taken, merged, tender_totals
from liushui.till.domain.value import ValueFigures, merged_value, value_totals


class Sums(NamedTuple):
    """Tickets of one operator added up, those on which goods came back apart."""

    operator: str
    operator_name: str
    is_refund: bool
    tickets: int
    units: int
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    returned_minor: int  # what goods that came back came to, positive
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


class Rest(NamedTuple):
    """What else is to be told of a shift's tickets."""

    first_number: str
    last_number: str
    cancelled_tickets: int
    voided_lines: int


class Figures(NamedTuple):
    """All that a shift's report is made of."""

    settled: Sequence[Sums]
    voided: Sequence[Sums]
    entries: Sequence[DrawerEntry]
    rest: Rest
    value: Sequence[ValueFigures] = ()
    back: Mapping[str, Taken] = {}  # what tickets on which goods came back did with each tender


def shift_report(*, shift: Shift, figures: Figures, now: datetime) -> ShiftReport:
    """Figures of a shift: what was settled in it, less what was voided in it, on whatever shift that was sold.

    The money of a void goes out of this shift's drawer by its entries, so `taken` holds what was settled only.
    """
    settled, voided, entries, rest, value, back = figures
    sold = [sums for sums in settled if not sums.is_refund]
    returned = [sums for sums in settled if sums.is_refund]
    return ShiftReport(
        shift=shift,
        made_at=now,
        first_number=rest.first_number,
        last_number=rest.last_number,
        tickets=sum(sums.tickets for sums in sold),
        refund_tickets=sum(sums.tickets for sums in returned),
        voided_tickets=sum(sums.tickets for sums in voided),
        cancelled_tickets=rest.cancelled_tickets,
        voided_lines=rest.voided_lines,
        units=_net(settled, voided, "units"),
        regular_minor=_net(settled, voided, "regular_minor"),
        discount_minor=_net(settled, voided, "discount_minor"),
        total_minor=_net(settled, voided, "total_minor"),
        tax_minor=_net(settled, voided, "tax_minor"),
        refunds_minor=sum(sums.returned_minor for sums in returned),
        tenders=tender_totals(
            float_minor=shift.float_minor,
            taken=_taken(sold, back),
            entries=entries,
            counted_minor=shift.counted_minor,
            value=value,
        ),
        entries=tuple(entries),
        no_sale_openings=sum(entry.kind == "no_sale" for entry in entries),
        copies=sum(entry.kind == "copy" for entry in entries),
        by_operator=_by_operator(settled, voided),
        value=value_totals(value),
    )


def blind(report: ShiftReport) -> ShiftReport:
    """The report without what would tell the counter how much should be in the drawer."""
    return replace(
        report, tenders=(), by_operator=(), regular_minor=0, discount_minor=0, total_minor=0, tax_minor=0, value=()
    )


def day_report(
    *,
    store_id: int,
    business_date: date,
    currency: str,
    shifts: Sequence[ShiftReport],
    z_number: int | None = None,
    closed_at: datetime | None = None,
    closed_by: str = "",
) -> DayReport:
    """The sums over a day's shifts."""

    def total(name: str) -> int:
        return sum(int(getattr(report, name)) for report in shifts)

    return DayReport(
        z_number=z_number,
        store_id=store_id,
        business_date=business_date,
        closed_at=closed_at,
        closed_by=closed_by,
        currency=currency,
        shifts=tuple(shifts),
        tenders=merged(report.tenders for report in shifts),
        tickets=total("tickets"),
        refund_tickets=total("refund_tickets"),
        voided_tickets=total("voided_tickets"),
        cancelled_tickets=total("cancelled_tickets"),
        units=total("units"),
        regular_minor=total("regular_minor"),
        discount_minor=total("discount_minor"),
        total_minor=total("total_minor"),
        tax_minor=total("tax_minor"),
        refunds_minor=total("refunds_minor"),
        value=merged_value(each for report in shifts for each in report.value),
        difference_minor=sum(report.shift.difference_minor or 0 for report in shifts),
    )


def _net(settled: Iterable[Sums], voided: Iterable[Sums], name: str) -> int:
    return sum(int(getattr(sums, name)) for sums in settled) - sum(int(getattr(sums, name)) for sums in voided)


def taken_back(tenders: Iterable[TicketTender]) -> dict[str, Taken]:
    """What the tenders of tickets with goods that came back did: an exchange may take by one and give by another."""
    kept = [tender for tender in tenders if tender.state == "paid" and tender.amount_minor]
    found = {}
    for kind in TYPES:
        took = [tender for tender in kept if tender.type == kind and tender.amount_minor > 0]
        gave = [tender for tender in kept if tender.type == kind and tender.amount_minor < 0]
        found[kind] = Taken(
            sales=len(took),
            sales_minor=sum(tender.given_minor for tender in took),
            change_minor=sum(tender.change_minor for tender in took),
            refunds=len(gave),
            refunds_minor=-sum(tender.amount_minor for tender in gave),
        )
    return found


def _taken(sold: Sequence[Sums], back: Mapping[str, Taken]) -> dict[str, Taken]:
    taken = {}
    for kind in TYPES:
        change = sum(sums.change_minor for sums in sold) if kind == "cash" else 0
        own = back.get(kind, Taken())
        taken[kind] = Taken(
            sales=sum(getattr(sums, f"{kind}_count") for sums in sold) + own.sales,
            sales_minor=sum(getattr(sums, f"{kind}_minor") for sums in sold) + change + own.sales_minor,
            change_minor=change + own.change_minor,
            refunds=own.refunds,
            refunds_minor=own.refunds_minor,
        )
    return taken


def _by_operator(settled: Sequence[Sums], voided: Sequence[Sums]) -> tuple[tuple[str, str, int, int], ...]:
    """(user name, name, tickets settled, what they come to less voids), in the order of user names."""
    found: dict[str, list[object]] = {}
    for sign, group in ((1, settled), (-1, voided)):
        for sums in group:
            known = found.setdefault(sums.operator, [sums.operator_name, 0, 0])
            known[1] += sums.tickets if sign == 1 else 0  # type: ignore[operator]
            known[2] += sign * sums.total_minor  # type: ignore[operator]
    return tuple((name, row[0], row[1], row[2]) for name, row in sorted(found.items()))  # type: ignore[misc]
