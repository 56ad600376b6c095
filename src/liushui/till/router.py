"""HTTP: shifts and days as they were counted and closed. Guide: docs/guides/close-the-day.md."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router

from liushui.runtime.access import Principal
from liushui.runtime.oauth import Bearer
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import DayReport, Shift, ShiftReport, TenderTotals
from liushui.till.schemas import DayAnswer, ShiftFilters, ShiftReportAnswer, ShiftsAnswer

router = Router(tags=["shifts"])
_Store = Annotated[str, Path(max_length=32, pattern=r"^[^\x00/]+$", description="Code of the store.")]
_Day = Annotated[date, Path(description="Business day.")]


@router.get(
    "/shifts", auth=Bearer("shift.read"), response=ShiftsAnswer, summary="List shifts", operation_id="list_shifts"
)
def list_shifts(request: HttpRequest, filters: Query[ShiftFilters]) -> dict[str, Any]:
    """Shifts of the stores that the client reads, the latest first, training ones among them, marked so. Ask by days:
    when as many come back as `limit`, there may be more. What a drawer should hold is null until it is counted."""
    place = stores.place(
        query={name: getattr(filters, name) for name in ("chain", "region", "store") if getattr(filters, name)},
        allowed=_principal(request).stores("shift.read"),
    )
    found = facade.shifts(
        store_ids=place.store_ids, first=filters.first, last=filters.last, state=filters.state, limit=filters.limit
    )
    return {"shifts": [_shift(shift) for shift in found]}


@router.get(
    "/shifts/{uuid:shift_id}",
    auth=Bearer("shift.read"),
    response=ShiftReportAnswer,
    summary="One shift's report",
    operation_id="get_shift",
)
def get_shift(request: HttpRequest, shift_id: UUID) -> dict[str, Any]:
    """The figures of a shift by tender, with what happened at its drawer: final once it is closed, so far before."""
    report = facade.x_report(
        shift_id=shift_id,
        store_ids=_principal(request).stores("shift.read"),
        now=datetime.now(UTC),
        blind=False,
    )
    return _shift_report(report)


@router.get(
    "/days/{store}/{day}",
    auth=Bearer("shift.read"),
    response=DayAnswer,
    summary="One business day",
    operation_id="get_day",
)
def get_day(request: HttpRequest, store: _Store, day: _Day, chain: Annotated[str, Query(max_length=32)] = "") -> Any:
    """The Z report of a store's day; while the day is open, `z_number` is null and the figures are so far."""
    query = {"store": store} | ({"chain": chain} if chain else {})
    place = stores.place(query=query, allowed=_principal(request).stores("shift.read"))
    [store_id] = place.store_ids
    report = facade.day_report(store_id=store_id, business_date=day, store_ids=place.store_ids, now=datetime.now(UTC))
    return _day(report)


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal


def _plain(view: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__slots__ if name not in without}


def _shift(shift: Shift) -> dict[str, Any]:
    code = stores.store(store_id=shift.store_id).code
    return _plain(shift, without=frozenset({"store_id", "workstation_id", "approval_id"})) | {"store": code}


def _tender(tender: TenderTotals) -> dict[str, Any]:
    return _plain(tender)


def _shift_report(report: ShiftReport) -> dict[str, Any]:
    return _plain(report) | {
        "shift": _shift(report.shift),
        "tenders": [_tender(tender) for tender in report.tenders],
        "entries": [_plain(entry) for entry in report.entries],
        "value": [_plain(each) for each in report.value],
        "by_operator": [
            {"operator": operator, "operator_name": name, "tickets": tickets, "total_minor": total}
            for operator, name, tickets, total in report.by_operator
        ],
    }


def _day(report: DayReport) -> dict[str, Any]:
    code = stores.store(store_id=report.store_id).code
    return _plain(report, without=frozenset({"store_id"})) | {
        "store": code,
        "shifts": [_shift_report(each) for each in report.shifts],
        "tenders": [_tender(tender) for tender in report.tenders],
        "value": [_plain(each) for each in report.value],
    }
