"""What the chain owes its members: points, stored value and gift cards, opening + movements = closing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from liushui.kernel.money import exponent
from liushui.kernel.money_text import currency_symbol
from liushui.loyalty import facade
from liushui.loyalty.contracts import Liability, Movement
from liushui.loyalty.pages.scope import asked_date, chain_of, local, stores_of, zone_of
from liushui.loyalty.ties import held_by_accounts
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

WHATS: Mapping[str, Any] = {
    "points": pgettext_lazy("member", "Points"),
    "principal": gettext_lazy("Principal"),
    "gift": gettext_lazy("Gift part"),
    "gift_card": gettext_lazy("Gift cards"),
}
PARTS: Mapping[str, Any] = {
    "earned": pgettext_lazy("liability", "Earned or paid in"),
    "taken_back": pgettext_lazy("liability", "Taken back"),
    "spent": pgettext_lazy("liability", "Spent"),
    "given_back": pgettext_lazy("liability", "Given back"),
    "expired": pgettext_lazy("liability", "Expired"),
    "adjusted": pgettext_lazy("liability", "Corrected"),
    "merged": pgettext_lazy("liability", "Merged"),
}
OUTWARD = ("taken_back", "spent", "expired")
BYS = ("day", "store")
DAYS_MAX = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for."""

    chain: ChainPlace
    store_ids: frozenset[int] | None  # None: the whole chain, with what was booked in no store
    first: date
    last: date
    what: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the report; amounts in minor units, points whole."""

    title: str
    opening: int
    parts: tuple[int, ...]  # in the order of PARTS, what went as negative numbers
    closing: int

    @property
    def ties(self) -> bool:
        """Whether opening and movements come to the closing figure."""
        return self.opening + sum(self.parts) == self.closing


@require_GET
@page(capability="report.read")
def liability(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The figures of some days, of all or some stores, by day or by store."""
    asked = asked_of(request, principal)
    found = _found(asked)
    lines = rows_of(found, asked)
    sums = {movement.what: movement for movement in found.movements}
    accounts = held_by_accounts(chain_id=asked.chain.id) if _is_all(asked) else None
    whole = [_line(str(WHATS[what]), sums.get(what)) for what in WHATS]
    context = {
        "chain": asked.chain,
        "asked": asked,
        "zone": zone_of(asked.chain),
        "found": found,
        "closing": {what: sums[what].closing if what in sums else 0 for what in WHATS},
        "parts": list(PARTS.values()),
        "whole": [(what, line) for what, line in zip(WHATS, whole, strict=True)],
        "lines": lines,
        "total": _line(_("Total"), sums.get(asked.what)),
        "whats": WHATS.items(),
        "bys": (("day", _("By day")), ("store", _("By store"))),
        "accounts": [(WHATS[what], sums[what].closing if what in sums else 0, stated, what)
                     for what, stated in accounts.items()] if accounts is not None else None,
        "ties": accounts is not None
        and all((sums[what].closing if what in sums else 0) == stated for what, stated in accounts.items()),
        "chart": _chart(lines, asked) if asked.by == "day" and len(lines) > 1 else None,
        "may_export": asked.chain.id in principal.chains("report.export"),
    }  # fmt: skip
    return render(request, "loyalty/liability.html", context)


@require_GET
@page(capability="report.export")
def liability_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The rows of the report as a file."""
    principal.require("report.read")
    asked = asked_of(request, principal)
    lines = rows_of(_found(asked), asked)
    is_points = asked.what == "points"
    amount: dict[str, Any] = {"kind": "integer"} if is_points else {
        "kind": "amount", "places": exponent(asked.chain.currency)
    }  # fmt: skip
    columns = (
        Column(title=_("Day") if asked.by == "day" else _("Store")),
        Column(title=_("Opening"), **amount),
        *(Column(title=title, **amount) for title in PARTS.values()),
        Column(title=_("Closing"), **amount),
    )
    rows = ((line.title, line.opening, *line.parts, line.closing) for line in lines)
    return table_response(
        filename=f"liushui-{asked.what}-{asked.first}-{asked.last}", columns=columns, rows=rows,
        format=request.GET.get("format", "csv"),
    )  # fmt: skip


def asked_of(request: HttpRequest, principal: Principal) -> Asked:
    """This month so far, unless the address says otherwise; never stores that the reader may not see."""
    chain = chain_of(request, principal, "report.read")
    allowed = principal.stores("report.read")
    own = frozenset(key for key in stores_of(chain) if key in allowed)
    chosen = places.directory().place(query=request.GET.dict(), allowed=allowed).store_ids & own
    is_whole = chosen == frozenset(stores_of(chain)) and chain.id in principal.whole_chains("report.read")
    today = datetime.now(zone_of(chain)).date()
    last = asked_date(request.GET.get("last")) or today
    first = asked_date(request.GET.get("first")) or last.replace(day=1)
    first = min(max(first, last - timedelta(days=DAYS_MAX)) if last.year > 2 else last, last)
    what, by = request.GET.get("what", ""), request.GET.get("by", "")
    return Asked(
        chain=chain,
        store_ids=None if is_whole else chosen,
        first=first,
        last=last,
        what=what if what in WHATS else "points",
        by=by if by in BYS else "day",
    )


def _found(asked: Asked) -> Liability:
    return facade.liability(
        chain_id=asked.chain.id, first=asked.first, last=asked.last, now=datetime.now(UTC), store_ids=asked.store_ids
    )


def _is_all(asked: Asked) -> bool:
    """Whether the closing figures are those of this moment, for the whole chain: those that accounts can be laid by."""
    return asked.store_ids is None and asked.last >= timezone.localdate()


def rows_of(found: Liability, asked: Asked) -> list[Line]:
    """The chosen figure by day or by store; the rows add up to the whole."""
    total = next((movement for movement in found.movements if movement.what == asked.what), None)
    if total is None:
        return []
    days = [day for day in found.days if day.movement.what == asked.what]
    if asked.by == "store":
        return list(_by_store(days, total, asked))
    return list(_by_day(days, total))


def _by_day(days: Sequence[Any], total: Movement) -> Iterator[Line]:
    stands = total.opening
    for on_date in sorted({day.on_date for day in days}):
        parts = _sum_of([day.movement for day in days if day.on_date == on_date])
        yield Line(title=on_date.isoformat(), opening=stands, parts=parts, closing=stands + sum(parts))
        stands += sum(parts)


def _by_store(days: Sequence[Any], total: Movement, asked: Asked) -> Iterator[Line]:
    names = {key: local((store.name_zh, store.name_en)) for key, store in stores_of(asked.chain).items()}
    rest = total.opening
    by_store: dict[int | None, list[Movement]] = {}
    for day in days:  # they come in order of days, so the first has the store's opening
        by_store.setdefault(day.store_id, []).append(day.movement)
    for store_id, movements in sorted(by_store.items(), key=lambda pair: names.get(pair[0] or 0, "")):
        parts, opening = _sum_of(movements), movements[0].opening
        rest -= opening
        title = names.get(store_id, str(store_id)) if store_id is not None else _("In no store")
        yield Line(title=title, opening=opening, parts=parts, closing=opening + sum(parts))
    if rest:
        yield Line(title=_("Stores without movements"), opening=rest, parts=(0,) * len(PARTS), closing=rest)


def _sum_of(movements: Sequence[Movement]) -> tuple[int, ...]:
    return tuple(
        sum(getattr(movement, part) for movement in movements) * (-1 if part in OUTWARD else 1) for part in PARTS
    )


def _line(title: str, movement: Movement | None) -> Line:
    if movement is None:
        return Line(title=title, opening=0, parts=(0,) * len(PARTS), closing=0)
    return Line(title=title, opening=movement.opening, parts=_sum_of([movement]), closing=movement.closing)


def _chart(lines: Sequence[Line], asked: Asked) -> dict[str, Any]:
    is_points = asked.what == "points"
    language = get_language() or "en"
    title = _("%(what)s at the end of each day") % {"what": WHATS[asked.what]}
    return {
        "type": "line",
        "label": title,
        "categories": [line.title for line in lines],
        "series": [{"name": str(WHATS[asked.what]), "values": [line.closing for line in lines], "style": "main"}],
        "format": "count" if is_points else "money",
        "currency": {
            "symbol": currency_symbol(currency=asked.chain.currency, language=language),
            "exponent": exponent(asked.chain.currency),
        },
        "height": "low",
        "table": _("Show as table"),
        "category": _("Day"),
    }
