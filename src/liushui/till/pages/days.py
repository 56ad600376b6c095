"""Business days in the console: which are closed, the Z report (日结) of each, and closing one."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import LiushuiError, NotFound
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.menu import MenuEntry
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import facade
from liushui.till.contracts import DayReport
from liushui.till.pages.shift_list import is_blind, read_day
from liushui.till.pages.shift_words import APPROVAL_ADVICE, BlockerRow, blocker_rows, problem_text, shift_times

_SHOWN_MAX = 400
_DEFAULT_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A day of a store in the list."""

    report: DayReport
    store: Store
    closed_at: datetime | None  # on the store's clock
    is_past: bool  # over, by the store's clock
    differing: int  # shifts whose count differed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day of the calendar; `row` is None when the store's tills did nothing on it."""

    day: date
    is_in_month: bool
    is_today: bool
    row: DayRow | None
    kind: str  # good | warn | bad | none


@require_GET
@page(capability="shift.read")
def day_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Days by store, the newest first; `?view=month` shows one store's month."""
    place = stores.place(query=request.GET.dict(), allowed=principal.stores("shift.read"))
    now = datetime.now(UTC)
    today = max((stores.store(store_id=each).business_date(now) for each in place.store_ids), default=now.date())
    if request.GET.get("view") == "month":
        return _month(request, place.store_ids, today=today)
    last = read_day(request.GET.get("to", "")) or today
    first = min(read_day(request.GET.get("from", "")) or last - timedelta(days=_DEFAULT_DAYS - 1), last)
    state = request.GET.get("state", "")
    rows = [row for row in _rows(place.store_ids, first=first, last=last) if _fits(row, state)]
    context = {"rows": rows, "first": first, "last": last, "state": state, "may_close": principal.may("day.close")}
    return render(request, "till/day_list.html", context)


def _fits(row: DayRow, state: str) -> bool:
    is_open = row.report.z_number is None
    return {"open": is_open, "closed": not is_open, "differs": row.differing > 0}.get(state, True)


def _rows(store_ids: Iterable[int], *, first: date, last: date) -> list[DayRow]:
    known = {store.id: store for store in stores.stores()}
    now = datetime.now(UTC)
    found = facade.days(store_ids=frozenset(store_ids), first=first, last=last, limit=_SHOWN_MAX)
    return [_row(report, known[report.store_id], now) for report in found]


def _row(report: DayReport, store: Store, now: datetime) -> DayRow:
    return DayRow(
        report=report,
        store=store,
        closed_at=store.local(report.closed_at).replace(tzinfo=None) if report.closed_at else None,
        is_past=report.business_date < store.business_date(now),
        differing=sum(bool(each.shift.difference_minor) for each in report.shifts if not each.shift.is_training),
    )


def _month(request: HttpRequest, store_ids: frozenset[int], *, today: date) -> HttpResponse:
    choice = sorted((stores.store(store_id=each) for each in store_ids), key=lambda store: store.code)
    if not choice:
        raise NotFound("There is no store whose days are yours to see")
    store = choice[0]
    first = (read_day(f"{request.GET.get('month', '')}-01") or today).replace(day=1)
    weeks = calendar.Calendar(firstweekday=0).monthdatescalendar(first.year, first.month)
    rows = {row.report.business_date: row for row in _rows([store.id], first=weeks[0][0], last=weeks[-1][-1])}
    own_today = store.business_date(datetime.now(UTC))
    context = {
        "store": store,
        "first": first,
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (first + timedelta(days=32)).strftime("%Y-%m"),
        "weeks": [[_cell(day, first, own_today, rows) for day in week] for week in weeks],
        "is_one_of": len(choice),
    }
    return render(request, "till/day_month.html", context)


def _cell(day: date, first: date, today: date, rows: Mapping[date, DayRow]) -> Cell:
    row = rows.get(day)
    kind = "none"
    if row is not None:
        kind = "good" if row.report.z_number is not None else "bad" if row.is_past else "warn"
        if kind == "good" and row.report.difference_minor:
            kind = "warn"
    return Cell(day=day, is_in_month=day.month == first.month, is_today=day == today, row=row, kind=kind)


@require_GET
@page(capability="shift.read")
def day(request: HttpRequest, store_id: int, day: str, *, principal: Principal) -> HttpResponse:
    """One day: its Z report, or while it is open its sums so far and what keeps it from being closed."""
    return _day_page(request, store_id, day, principal, template="till/day_report.html")


@require_GET
@page(capability="shift.read")
def day_paper(request: HttpRequest, store_id: int, day: str, *, principal: Principal) -> HttpResponse:
    """One day on a roll of 80 mm."""
    return _day_page(request, store_id, day, principal, template="till/day_roll.html")


@require_POST
@page(capability="day.close")
def close_day(request: HttpRequest, store_id: int, day: str, *, principal: Principal) -> HttpResponse:
    """Close the day for good: it gets its number, and its Z report never changes again."""
    store, business_date = _named(store_id, day, principal, capability="day.close")
    try:
        report = facade.close_day(
            store_id=store.id, business_date=business_date, principal=principal, now=datetime.now(UTC)
        )
    except LiushuiError as error:
        messages.error(request, problem_text(error))
    else:
        text = _("The day is closed: Z report %(number)s.") % {"number": report.z_number}
        messages.success(request, text)
    return redirect("till:day", store.id, business_date.isoformat())


def _named(store_id: int, day: str, principal: Principal, *, capability: str) -> tuple[Store, date]:
    business_date = read_day(day)
    if business_date is None or store_id not in principal.stores(capability):
        raise NotFound("There is no such day, or it is not yours to see")
    return stores.store(store_id=store_id), business_date


def _day_page(request: HttpRequest, store_id: int, day: str, principal: Principal, *, template: str) -> HttpResponse:
    store, business_date = _named(store_id, day, principal, capability="shift.read")
    report = facade.day_report(
        store_id=store.id, business_date=business_date, store_ids=principal.stores("shift.read"), now=datetime.now(UTC)
    )
    is_open = report.z_number is None
    context = {
        "report": report,
        "row": _row(report, store, datetime.now(UTC)),
        "store": store,
        "currency": report.currency,
        "day": business_date,
        "made_at": store.local(datetime.now(UTC)).replace(tzinfo=None),
        "shifts": [
            {"report": each, "shift": each.shift, "is_blind": is_blind(each.shift, principal)}
            | shift_times(each.shift, store=store)
            for each in report.shifts
        ],
        "is_blind": any(is_blind(each.shift, principal) for each in report.shifts),
        "blockers": _blockers(store, business_date) if is_open else (),
        "may_close": is_open and store.id in principal.stores("day.close"),
    }
    return render(request, template, context)


def _blockers(store: Store, business_date: date) -> tuple[BlockerRow, ...]:
    """What keeps the day open; of a difference also how far its approval has come."""
    found = facade.day_blockers(store_id=store.id, business_date=business_date)
    urls = {"shift": reverse("till:shifts") + "{id}/", "approval": reverse("till:shifts") + "{id}/"}
    states = {row.id: _approval_state(row.id, store) for row in found if row.kind == "approval"}
    return tuple(
        replace(row, advice=str(APPROVAL_ADVICE[states[row.blocker.id]])) if row.blocker.id in states else row
        for row in blocker_rows(found, urls=urls)
    )


def _approval_state(shift_id: str, store: Store) -> str:
    """unasked, pending, approved or refused."""
    shift = facade.shift(shift_id=UUID(shift_id), store_ids=frozenset({store.id}))
    if shift.approval_id is None:
        return "unasked"
    asked = approvals.approval(approval_id=shift.approval_id)
    if asked.state == "pending" and asked.expires_at > datetime.now(UTC):
        return "pending"
    return "approved" if asked.state == "approved" else "refused"


urlpatterns: list[URLPattern] = [
    path("tills/days/", day_list, name="days"),
    path("tills/days/<int:store_id>/<str:day>/", day, name="day"),
    path("tills/days/<int:store_id>/<str:day>/paper/", day_paper, name="day-paper"),
    path("tills/days/<int:store_id>/<str:day>/close/", close_day, name="day-close"),
]
MENU: tuple[MenuEntry, ...] = (
    MenuEntry(
        section="orders", title=gettext_lazy("Business days"), url_name="till:days", capability="shift.read", position=6
    ),
)
