"""Reads of tickets, shifts and days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import IssuedCoupon, order_key
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.contracts import (
    SOURCE,
    UNSETTLED_STATES,
    Blocker,
    DayReport,
    DrawerEntry,
    Receipt,
    Shift,
    ShiftReport,
    Ticket,
    TicketTender,
    Till,
)
from liushui.till.domain import reports
from liushui.till.domain.numbers import ticket_number
from liushui.till.domain.receipt import receipt as make_receipt
from liushui.till.domain.reports import Figures, Rest, Sums
from liushui.till.domain.totals import Taken
from liushui.till.errors import DayUnknown, ShiftUnknown, TicketMissing
from liushui.till.member_queries import receipt_account
from liushui.till.models import DayRow, DrawerRow, ShiftRow, TicketRow
from liushui.till.value_queries import value_blockers, value_figures

_SHIFT_FIELDS = tuple(Shift.__dataclass_fields__)
_SUMMED = Sums._fields[4:]
SETTLED = ("settled", "voiding", "voided")
VOIDED = ("voiding", "voided")
LIMIT_MAX = 500


def current_ticket(*, till: Till, now: datetime | None = None) -> Ticket | None:
    """The ticket at hand at this till."""
    row = storage.at_hand(till)
    return None if row is None else storage.ticket_of(row)


def ticket(*, ticket_id: UUID, store_ids: Collection[int]) -> Ticket:
    """One ticket of these stores; raises TicketMissing."""
    row = TicketRow.objects.filter(id=ticket_id, store_id__in=store_ids).first()
    if row is None:
        raise TicketMissing(f"There is no ticket {ticket_id} in the stores you may see")
    return storage.ticket_of(row)


def parked(*, till: Till) -> tuple[Ticket, ...]:
    """The parked tickets of this store's open shifts, the oldest first, without their answers: any till of the store
    may resume one."""
    rows = TicketRow.objects.filter(store_id=till.store_id, state="parked").defer("answer").order_by("id")[:LIMIT_MAX]
    return tuple(storage.ticket_of(row) for row in rows)


def finished(*, till: Till, text: str = "", limit: int = 50) -> tuple[Ticket, ...]:
    """The receipts of this store, the latest first, without their answers; `text` is a number, whole or its digits."""
    rows = TicketRow.objects.filter(store_id=till.store_id, state__in=SETTLED, finished_at__isnull=False).defer(
        "answer"
    )
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit():
        rows = rows.filter(sequence=min(int(wanted), 2**63 - 1))
    elif wanted:
        rows = rows.filter(number=wanted.upper()) | rows.filter(number=wanted)
    latest = rows.defer("answer").order_by("-finished_at", "-id")[: min(limit, LIMIT_MAX)]
    return tuple(storage.ticket_of(row) for row in latest)


def receipt(*, ticket_id: UUID, store_ids: Collection[int]) -> Receipt:
    """What the receipt of a ticket of these stores shows."""
    found = ticket(ticket_id=ticket_id, store_ids=store_ids)
    store = stores.store(store_id=found.store_id)
    chain = next(chain for chain in stores.chains() if chain.id == store.chain_id)
    taxes: dict[int, int] = {}
    sale = orders.sale(sale_id=found.sale_id, store_ids={found.store_id}) if found.sale_id is not None else None
    for line in sale.lines if sale is not None else ():
        taxes[line.tax_rate_bp] = taxes.get(line.tax_rate_bp, 0) + line.tax_minor
    return make_receipt(
        found, store=store, chain_names=(chain.name_zh, chain.name_en), tax_rates=taxes, coupons=_coupons(found),
        account=receipt_account(ticket=found, chain_id=store.chain_id, sale=sale),
    )  # fmt: skip


def _coupons(ticket: Ticket) -> tuple[IssuedCoupon, ...]:
    """What its sale handed out for the next time; asked only where the price promised something."""
    if ticket.sale_id is None or ticket.is_refund or ticket.answer is None or not ticket.answer.issued:
        return ()
    return promotions.issued_coupons(order_key=order_key(source=SOURCE, source_id=ticket.id.hex))


def shift_of(row: ShiftRow) -> Shift:
    """The row as others see it."""
    return Shift(**{name: getattr(row, name) for name in _SHIFT_FIELDS})


def current_shift(*, till: Till) -> Shift | None:
    """The open shift of this workstation; without one, the last that was counted and still waits for its end."""
    rows = ShiftRow.objects.filter(workstation_id=till.workstation_id, state__in=("open", "counted"))
    found = sorted(rows, key=lambda row: (row.state == "open", row.opened_at))
    return shift_of(found[-1]) if found else None


def shift(*, shift_id: UUID, store_ids: Collection[int]) -> Shift:
    """One shift of these stores; raises ShiftUnknown."""
    return shift_of(shift_row(shift_id=shift_id, store_ids=store_ids))


def shift_row(*, shift_id: UUID, store_ids: Collection[int]) -> ShiftRow:
    """Its row; raises ShiftUnknown."""
    row = ShiftRow.objects.filter(id=shift_id, store_id__in=store_ids).first()
    if row is None:
        raise ShiftUnknown(f"There is no shift {shift_id} in the stores you may see")
    return row


def shifts(
    *,
    store_ids: Collection[int],
    first: date | None = None,
    last: date | None = None,
    state: str = "",
    limit: int = 100,
) -> tuple[Shift, ...]:
    """Shifts of these stores, the latest first; training among them, marked so."""
    rows = ShiftRow.objects.filter(store_id__in=store_ids).defer("report")
    if first is not None:
        rows = rows.filter(business_date__gte=first)
    if last is not None:
        rows = rows.filter(business_date__lte=last)
    if state:
        rows = rows.filter(state=state)
    return tuple(shift_of(row) for row in rows.order_by("-opened_at", "-id")[: min(limit, LIMIT_MAX)])


def x_report(*, shift_id: UUID, store_ids: Collection[int], now: datetime, blind: bool) -> ShiftReport:
    """The figures so far, or the final ones as they were made. `blind` leaves out what the drawer should hold, until
    it is counted."""
    row = shift_row(shift_id=shift_id, store_ids=store_ids)
    if row.report is not None:
        return msgspec.convert(row.report, ShiftReport)
    report = live_report(row, now=now)
    return reports.blind(report) if blind and row.state == "open" else report


def live_report(row: ShiftRow, *, now: datetime) -> ShiftReport:
    """Added up from the tickets and the drawer: five statements, however many tickets."""
    return reports.shift_report(shift=shift_of(row), figures=figures(row), now=now)


def figures(row: ShiftRow) -> Figures:
    """What a shift's tickets and drawer come to."""
    tickets = TicketRow.objects.filter(shift_id=row.id)
    settled = _sums(tickets.filter(state__in=SETTLED))
    return Figures(
        settled=settled,
        voided=_sums(TicketRow.objects.filter(voided_shift_id=row.id, state__in=VOIDED)),
        entries=entries(shift_id=row.id),
        rest=_rest(row, tickets),
        value=value_figures(shift_id=row.id),
        back=_back(tickets) if any(sums.is_refund for sums in settled) else {},
    )


def _back(tickets: QuerySet[TicketRow]) -> dict[str, Taken]:
    """What went in and out by tickets with returns: few, so that their tenders are read and not added up in columns."""
    rows = tickets.filter(state__in=SETTLED, is_refund=True).values_list("tenders", flat=True)
    return reports.taken_back(tender for each in rows for tender in msgspec.convert(each, tuple[TicketTender, ...]))


def entries(*, shift_id: UUID) -> tuple[DrawerEntry, ...]:
    """What happened at the drawer besides sales, in order."""
    rows = DrawerRow.objects.filter(shift_id=shift_id).order_by("at", "id")
    return tuple(storage.entry_of(row) for row in rows)


def _sums(tickets: QuerySet[TicketRow]) -> list[Sums]:
    groups = ("operator", "operator_name", "is_refund")
    rows = tickets.order_by(*groups).values_list(*groups).annotate(Count("id"), *(Sum(name) for name in _SUMMED))
    return [Sums(*row[:3], *map(int, row[3:])) for row in rows]


def _rest(row: ShiftRow, tickets: QuerySet[TicketRow]) -> Rest:
    cancelled = Q(state="cancelled", line_count__gt=0) | Q(state="cancelled", voided_line_count__gt=0)
    found = tickets.aggregate(
        first=Min("sequence"), last=Max("sequence"), cancelled=Count("id", filter=cancelled),
        voided_lines=Sum("voided_line_count"),
    )  # fmt: skip

    def number(sequence: int | None) -> str:
        if sequence is None:
            return ""
        code = stores.store(store_id=row.store_id).code
        return ticket_number(
            store_code=code, workstation_code=row.workstation_code, sequence=sequence, is_training=row.is_training
        )

    return Rest(number(found["first"]), number(found["last"]), found["cancelled"], int(found["voided_lines"] or 0))


def shift_blockers(*, shift_id: UUID) -> tuple[Blocker, ...]:
    """The tickets with the payments on their way, and the top-ups, that keep a shift from being counted."""
    rows = TicketRow.objects.filter(
        Q(shift_id=shift_id) | Q(voided_shift_id=shift_id, state="voiding"), state__in=UNSETTLED_STATES
    ).order_by("id")
    found: list[Blocker] = []
    for row in rows:
        found.append(Blocker(kind="ticket", id=str(row.id), number=row.number, detail=row.state))
        found += [
            Blocker(kind="payment", id=str(tender.payment_id), number=row.number, detail=tender.provider)
            for tender in storage.tenders_of(row)
            if tender.state == "pending"
        ]
    return (*found, *value_blockers(shift_id=shift_id))


def day_blockers(*, store_id: int, business_date: date) -> tuple[Blocker, ...]:
    """The shifts that keep a day from being closed: those still selling, and those whose difference is unexplained."""
    rows = (
        ShiftRow.objects.filter(store_id=store_id, business_date=business_date, is_training=False)
        .exclude(state="closed")
        .order_by("opened_at")
    )
    return tuple(
        Blocker(
            kind="shift" if row.state == "open" else "approval",
            id=str(row.id),
            number=f"{row.workstation_code} #{row.number}",
            detail=row.operator_name,
        )
        for row in rows
    )


def day_report(*, store_id: int, business_date: date, store_ids: Collection[int], now: datetime) -> DayReport:
    """The Z report as it was made; while the day is open, how it stands. Raises DayUnknown."""
    day = DayRow.objects.filter(store_id=store_id, business_date=business_date).first()
    if day is None or store_id not in store_ids:
        raise DayUnknown(f"No shift was opened on {business_date} in a store that you may see")
    return day_of(day, now=now)


def day_of(day: DayRow, *, now: datetime) -> DayReport:
    """A day's report, stored or as it stands."""
    if day.report is not None:
        return msgspec.convert(day.report, DayReport)
    return reports.day_report(
        store_id=day.store_id,
        business_date=day.business_date,
        currency=stores.store(store_id=day.store_id).currency,
        shifts=shift_reports(day, now=now),
    )


def shift_reports(day: DayRow, *, now: datetime) -> list[ShiftReport]:
    """The reports of a day's shifts without training, the final ones as they were made."""
    rows = ShiftRow.objects.filter(store_id=day.store_id, business_date=day.business_date, is_training=False)
    return [
        msgspec.convert(row.report, ShiftReport) if row.report is not None else live_report(row, now=now)
        for row in rows.order_by("opened_at", "id")
    ]


def days(
    *, store_ids: Collection[int], first: date | None = None, last: date | None = None, limit: int = 50
) -> tuple[DayReport, ...]:
    """Days of these stores, the latest first."""
    rows = DayRow.objects.filter(store_id__in=store_ids)
    if first is not None:
        rows = rows.filter(business_date__gte=first)
    if last is not None:
        rows = rows.filter(business_date__lte=last)
    now = datetime.now(UTC)  # when the figures of a day that still runs were made
    return tuple(day_of(row, now=now) for row in rows.order_by("-business_date", "store_id")[: min(limit, LIMIT_MAX)])
