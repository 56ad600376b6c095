"""The tables of a backtest as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page
from liushui.trials import facade
from liushui.trials.errors import BacktestNotFound
from liushui.trials.pages.result import measures
from liushui.trials.pages.words import PROMOTION_STATE, promotion_name

Table = tuple[Sequence[Column], Iterable[Sequence[Any]]]
_SIDES = ("live", "draft")


@require_GET
@page(capability="report.export")
def export(request: HttpRequest, *, backtest_id: UUID, principal: Principal) -> HttpResponseBase:
    """One of TABLES as CSV or Excel, or everything as JSON."""
    found = facade.backtest(backtest_id=backtest_id, store_ids=principal.stores("promotion.read"))
    if found.result is None:
        raise BacktestNotFound(f"Backtest {backtest_id} has no figures yet", remedy="Wait until it is done.")
    name, format = request.GET.get("table", "figures"), request.GET.get("format", "xlsx")
    filename = f"backtest-{found.first}-{found.last}-{name}"
    if format == "json":
        response = JsonResponse(dict(found.result), json_dumps_params={"ensure_ascii": False, "indent": 1})
        response["Content-Disposition"] = f'attachment; filename="backtest-{found.first}-{found.last}.json"'
        return response
    if name not in TABLES:
        raise InvalidValue(f"{name!r} is no table of a backtest", remedy=f"Use one of {', '.join(TABLES)}.")
    columns, rows = TABLES[name](found.result, exponent(found.currency))
    return table_response(filename=filename, columns=columns, rows=rows, format=format)


def _figures(result: Mapping[str, Any], places: int) -> Table:
    """A row for what the receipts say, one for each rulebook, one for the change; percentages with two decimals."""
    kinds = {"money": ("amount", places), "percent": ("amount", 2), "count": ("integer", 0)}
    figures = measures(result)
    columns = [Column(title=_("Rulebook"))]
    for each in figures:
        kind, decimals = kinds[each["kind"]]
        title = f"{each['name']} (%)" if each["kind"] == "percent" else each["name"]
        columns.append(Column(title=title, kind=kind, places=decimals))  # type: ignore[arg-type]  # one of its kinds
    titles = {"recorded": _("On the receipts"), "live": "A", "draft": "B", "change": _("Difference")}
    return columns, [(title, *(each[key] for each in figures)) for key, title in titles.items()]


def _promotions(result: Mapping[str, Any], places: int) -> Table:
    columns = (
        Column(title=_("Promotion")),
        Column(title=_("Name")),
        Column(title=_("Against the live version")),
        *(
            column
            for side in ("A", "B")
            for column in (
                Column(title=f"{side}: {_('Receipts')}", kind="integer"),
                Column(title=f"{side}: {_('Applications')}", kind="integer"),
                Column(title=f"{side}: {_('Amount')}", kind="amount", places=places),
                Column(title=f"{side}: {_('Refused by a limit')}", kind="integer"),
            )
        ),
        Column(title=_("Displaced on receipts"), kind="integer"),
        Column(title=_("Displaced amount"), kind="amount", places=places),
        Column(title=_("New on receipts"), kind="integer"),
        Column(title=_("New amount"), kind="amount", places=places),
    )  # fmt: skip
    keys = ("receipts", "applications", "amount", "receipts_refused")
    rows = [
        (
            each["id"],
            promotion_name(each["id"], each["name"]),
            str(PROMOTION_STATE[each["state"]][0]),
            *((each[side] or {}).get(key) for side in _SIDES for key in keys),
            *each["displaced"].values(),
            *each["gained"].values(),
        )
        for each in result["promotions"]
    ]
    return columns, rows


def _limits(result: Mapping[str, Any], places: int) -> Table:
    columns = (
        Column(title=_("Promotion")),
        Column(title="A / B"),
        Column(title=_("Ran out on"), kind="date"),
        Column(title=_("Business day"), kind="date"),
        Column(title=_("Spent that day"), kind="amount", places=places),
    )
    rows = [
        (each["promotion"], _letter(each["side"]), _day(each["ran_out_on"]), _day(day), spent)
        for each in result["limits"]
        for day, spent in each["days"] or [["", None]]
    ]
    return columns, rows


def _series(key: str, title: str) -> Any:
    def table(result: Mapping[str, Any], places: int) -> Table:
        columns = (
            Column(title=_(title), kind="date" if key == "day" else "text"),
            Column(title=_("Receipts"), kind="integer"),
            *(
                Column(title=name, kind="amount", places=places)
                for name in (_("At list prices"), _("Discount A"), _("Discount B"))
            ),
        )
        rows = [
            (_day(row[key]) if key == "day" else row[key], row["receipts"], row["worth"], row["live"], row["draft"])
            for row in result[f"{key}s"]
        ]
        return columns, rows

    return table


def _examples(key: str) -> Any:
    def table(result: Mapping[str, Any], places: int) -> Table:
        columns = (
            Column(title=_("Receipt")),
            Column(title=_("Time")),
            Column(title=_("Store")),
            Column(title=_("Member")),
            *(
                Column(title=name, kind="amount", places=places)
                for name in (_("At list prices"), _("Discount A"), _("Discount B"))
            ),
            Column(title=_("Promotions A")),
            Column(title=_("Promotions B")),
        )
        rows = [
            (
                row["receipt"], row["at"], row["store"], row["member"], row["worth"], row["live"], row["draft"],
                *(", ".join(name for name, _amount in row[f"{side}_promotions"]) for side in _SIDES),
            )
            for row in result[key]
        ]  # fmt: skip
        return columns, rows

    return table


def _letter(side: str) -> str:
    return "A" if side == "live" else "B"


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


TABLES: Mapping[str, Any] = {
    "figures": _figures,
    "promotions": _promotions,
    "limits": _limits,
    "days": _series("day", "Business day"),
    "stores": _series("store", "Store"),
    "winners": _examples("winners"),
    "losers": _examples("losers"),
}
