"""Shifts in the console: the list with filters in its address, to a file, and the report of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from liushui.kernel.money import exponent
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.menu import MenuEntry
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import facade
from liushui.till.contracts import SHIFT_STATES, Shift, ShiftReport
from liushui.till.pages.shift_words import STATES, blocker_rows, report_rows, shift_times

SHOWN_MAX = 500
_DEFAULT_DAYS = 7
_SORTS: Mapping[str, Callable[[ShiftRow], Any]] = {
    "opened": lambda row: row.shift.opened_at,
    "store": lambda row: (row.store.code, row.shift.opened_at),
    "operator": lambda row: (row.shift.operator_name, row.shift.opened_at),
    "counted": lambda row: (row.shift.counted_minor is not None, row.shift.counted_minor or 0),
    "difference": lambda row: (row.shift.difference_minor is not None, row.shift.difference_minor or 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """A shift with its store and its times on the store's clock."""

    shift: Shift
    store: Store
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Sums of the listed shifts of one currency; training is left out."""

    currency: str
    shifts: int
    counted_minor: int
    expected_minor: int
    difference_minor: int
    short: int  # shifts that lacked money
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters as they stand in the address."""

    store_ids: frozenset[int]
    first: date
    last: date
    state: str
    operator: str
    differs: bool
    sort: str
    is_narrowed: bool


@require_GET
@page(capability="shift.read")
def shift_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The newest shifts first, or as `?sort=` says."""
    asked = _asked(request, allowed=principal.stores("shift.read"))
    rows = _rows(asked, limit=SHOWN_MAX)
    context = {
        "rows": rows,
        "totals": _totals(rows),
        "asked": asked,
        "states": [(state, name) for state, (name, _kind) in STATES.items()],
        "cut_at": SHOWN_MAX if len(rows) >= SHOWN_MAX else None,
        "may_export": principal.may("report.export"),
    }
    return render(request, "till/shift_list.html", context)


@require_GET
@page(capability="report.export")
def shift_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """What the list finds, all of it, as `?format=csv` or `xlsx`."""
    asked = _asked(request, allowed=principal.stores("report.export") & principal.stores("shift.read"))
    rows = [row for days in _parts(asked) for row in _rows(days, limit=SHOWN_MAX)]
    places = max((exponent(row.shift.currency) for row in rows), default=2)
    return table_response(
        filename="liushui-shifts",
        columns=_columns(places),
        rows=_export_rows(rows, places),
        format=request.GET.get("format", "csv"),
    )


@require_GET
@page(capability="shift.read")
def shift_report(request: HttpRequest, shift_id: UUID, *, principal: Principal) -> HttpResponse:
    """One shift: its sums by tender, the difference with who approved it, and the drawer as a line of time."""
    report, store = _report(shift_id, principal)
    blockers = facade.shift_blockers(shift_id=shift_id) if report.shift.state == "open" else ()
    return render(request, "till/shift_detail.html", report_shown(report, store) | {"blockers": blocker_rows(blockers)})


@require_GET
@page(capability="shift.read")
def shift_paper(request: HttpRequest, shift_id: UUID, *, principal: Principal) -> HttpResponse:
    """One shift on a roll of 80 mm."""
    report, store = _report(shift_id, principal)
    return render(request, "till/shift_roll.html", report_shown(report, store))


def _report(shift_id: UUID, principal: Principal) -> tuple[ShiftReport, Store]:
    """The report; of an open shift without what should be in the drawer for the one who will count it."""
    allowed = principal.stores("shift.read")
    shift = facade.shift(shift_id=shift_id, store_ids=allowed)
    store = stores.store(store_id=shift.store_id)
    report = facade.x_report(
        shift_id=shift_id, store_ids=allowed, now=datetime.now(UTC), blind=is_blind(shift, principal)
    )
    return report, store


def is_blind(shift: Shift, principal: Principal) -> bool:
    """Whether this reader must not see what should be in the drawer: it is open, and he answers for it."""
    return shift.state == "open" and shift.operator_name == principal.name


def report_shown(report: ShiftReport, store: Store) -> dict[str, Any]:
    """What a page of one shift's report shows."""
    return {
        "report": report,
        "is_blind": report.shift.state == "open" and not report.tenders,
        "shift": report.shift,
        "store": store,
        "currency": report.shift.currency,
        "made_at": store.local(report.made_at).replace(tzinfo=None),
        "rows": report_rows(report.entries, store=store),
        **shift_times(report.shift, store=store),
    }


def _asked(request: HttpRequest, *, allowed: frozenset[int]) -> Asked:
    place = stores.place(query=request.GET.dict(), allowed=allowed)
    today = max(
        (stores.store(store_id=store_id).business_date(datetime.now(UTC)) for store_id in place.store_ids),
        default=datetime.now(UTC).date(),
    )
    last = read_day(request.GET.get("to", "")) or today
    first = read_day(request.GET.get("from", "")) or last - timedelta(days=_DEFAULT_DAYS - 1)
    state = request.GET.get("state", "")
    operator = request.GET.get("operator", "").replace("\0", "").strip()[:64]
    differs = request.GET.get("differs") == "1"
    return Asked(
        store_ids=place.store_ids,
        first=min(first, last),
        last=last,
        state=state if state in SHIFT_STATES else "",
        operator=operator,
        differs=differs,
        sort=request.GET.get("sort", "-opened"),
        is_narrowed=bool(state or operator or differs),
    )


def read_day(text: str) -> date | None:
    """A day of an address; None for one that is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1971 <= day.year <= 9000 else None


def _rows(asked: Asked, *, limit: int) -> list[ShiftRow]:
    known = {store.id: store for store in stores.stores()}
    found = facade.shifts(store_ids=asked.store_ids, first=asked.first, last=asked.last, state=asked.state, limit=limit)
    wanted = asked.operator.casefold()
    rows = [
        ShiftRow(shift=shift, store=known[shift.store_id], **shift_times(shift, store=known[shift.store_id]))  # type: ignore[arg-type]
        for shift in found
        if (not wanted or wanted in shift.operator.casefold() or wanted in shift.operator_name.casefold())
        and (not asked.differs or shift.difference_minor)
    ]
    key = _SORTS.get(asked.sort.lstrip("-"), _SORTS["opened"])
    return sorted(rows, key=key, reverse=asked.sort.startswith("-") or asked.sort.lstrip("-") not in _SORTS)


def _parts(asked: Asked) -> Iterator[Asked]:
    """The same question in parts that each find less than the door answers at once, the latest days first."""
    found = facade.shifts(
        store_ids=asked.store_ids, first=asked.first, last=asked.last, state=asked.state, limit=SHOWN_MAX
    )
    if len(found) < SHOWN_MAX or asked.first == asked.last:
        yield asked
        return
    middle = asked.first + (asked.last - asked.first) // 2
    yield from _parts(replace(asked, first=middle + timedelta(days=1)))
    yield from _parts(replace(asked, last=middle))


def _totals(rows: Iterable[ShiftRow]) -> list[Total]:
    by_currency: dict[str, list[Shift]] = {}
    for row in rows:
        if not row.shift.is_training:
            by_currency.setdefault(row.shift.currency, []).append(row.shift)
    return [
        Total(
            currency=currency,
            shifts=len(found),
            counted_minor=sum(shift.counted_minor or 0 for shift in found),
            expected_minor=sum(shift.expected_minor or 0 for shift in found),
            difference_minor=sum(shift.difference_minor or 0 for shift in found),
            short=sum((shift.difference_minor or 0) < 0 for shift in found),
            over=sum((shift.difference_minor or 0) > 0 for shift in found),
        )
        for currency, found in sorted(by_currency.items())
    ]


def _columns(places: int) -> tuple[Column, ...]:
    return (
        Column(title=_("Store")),
        Column(title=_("Till")),
        Column(title=_("Shift"), kind="integer"),
        Column(title=_("Training")),
        Column(title=_("Business day"), kind="date"),
        Column(title=_("Cashier")),
        Column(title=_("Opened"), kind="datetime"),
        Column(title=_("Closed at"), kind="datetime"),
        Column(title=_("State")),
        Column(title=_("Currency")),
        Column(title=_("Float"), kind="amount", places=places),
        Column(title=_("Should be"), kind="amount", places=places),
        Column(title=_("Counted"), kind="amount", places=places),
        Column(title=_("Difference"), kind="amount", places=places),
        Column(title=_("Reason")),
        Column(title=_("Approved by")),
        Column(title=_("Handed over to")),
    )


def _export_rows(rows: Iterable[ShiftRow], places: int) -> Iterator[tuple[Any, ...]]:
    """Amounts of a currency with fewer decimal places than the columns are brought to the columns' unit."""
    for row in rows:
        shift = row.shift
        unit = 10 ** (places - exponent(shift.currency))
        amounts = (shift.float_minor, shift.expected_minor, shift.counted_minor, shift.difference_minor)
        yield (
            row.store.code,
            shift.workstation_code,
            shift.number,
            _("Training") if shift.is_training else "",
            shift.business_date,
            shift.operator_name,
            row.opened_at,
            row.closed_at,
            STATES[shift.state][0],
            shift.currency,
            *(None if amount is None else amount * unit for amount in amounts),
            shift.difference_reason,
            shift.difference_approved_by,
            shift.handed_to,
        )


urlpatterns: list[URLPattern] = [
    path("tills/shifts/", shift_list, name="shifts"),
    path("tills/shifts/export/", shift_export, name="shifts-export"),
    path("tills/shifts/<uuid:shift_id>/", shift_report, name="shift-report"),
    path("tills/shifts/<uuid:shift_id>/paper/", shift_paper, name="shift-paper"),
]
MENU: tuple[MenuEntry, ...] = (
    MenuEntry(section="orders", title=_("Shifts"), url_name="till:shifts", capability="shift.read", position=5),
)
