"""Figures as the charts of the console take them: data, never drawing options."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from babel.numbers import get_currency_symbol
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.analytics.contracts import Report
from liushui.analytics.pages.links import receipts_url
from liushui.analytics.queries.home import Home
from liushui.analytics.titles import WEEKDAYS
from liushui.catalog import facade as catalog
from liushui.kernel.money import exponent
from liushui.orders import facade as orders

_SLICES = 6
_BARS = 10


def _spec(kind: str, label: str, currency: str, **more: Any) -> dict[str, Any]:
    money = {"format": "money", "currency": currency_format(currency)}
    return {"type": kind, "label": label, **money, "table": _("Show as table"), **more}


def currency_format(currency: str) -> dict[str, Any]:
    """How charts write money of this currency."""
    language = "zh_Hans_CN" if (get_language() or "").startswith("zh") else "en"
    symbol = "¥" if currency == "CNY" else get_currency_symbol(currency, language)
    return {"symbol": symbol, "exponent": exponent(currency)}


def curve_chart(data: Home, days: dict[str, str]) -> dict[str, Any]:
    """Net sales by hour of the day, or by day of several, in front of those compared with."""
    points = data.curve
    one_day = data.scope.days == 1
    names = (
        (_("This day"), _("Day before"), _("Same weekday last week"))
        if one_day
        else (_("These days"), _("Days before"), _("Last week") if data.scope.days < 7 else _("A year ago"))
    )
    urls = [
        receipts_url({**days, "hour": str(point.hour)})
        if point.day is None
        else receipts_url({**days, "from": point.day.isoformat(), "to": point.day.isoformat()})
        for point in points
    ]
    series = [
        {"name": names[0], "values": [point.now_minor for point in points], "style": "main"},
        {"name": names[1], "values": [point.before_minor for point in points], "style": "ghost"},
        {"name": names[2], "values": [point.same_minor for point in points], "style": "ghost"},
    ]
    return _spec(
        "line",
        _("Net sales by hour") if one_day else _("Net sales by day"),
        data.scope.currency,
        categories=[str(point.hour) if point.day is None else point.day.strftime("%m-%d") for point in points],
        series=[each for i, each in enumerate(series) if i == 0 or any(each["values"])],
        urls=urls,
        category=_("Hour") if one_day else _("Business day"),
    )


def payment_chart(data: Home, days: dict[str, str]) -> dict[str, Any]:
    """How it was paid; what is beyond six means is taken together."""
    rows = [
        (orders.payment_name(type_, method), amount, receipts_url({**days, "tender": method or type_}))
        for type_, method, amount, _count in data.tenders
    ]
    return _shares("pie", _("Payments"), data.scope.currency, rows, _SLICES, receipts_url(days), _("Means of payment"))


def category_chart(data: Home, kept: dict[str, str], days: dict[str, str]) -> dict[str, Any]:
    """Net sales by top category."""
    names = catalog.category_names(chain_ids={chain_id for chain_id, _path, _figures in data.categories})
    zh = (get_language() or "").startswith("zh")
    rows = []
    for _chain_id, path, figures in data.categories:
        name_zh, name_en = names.get(path, ("", ""))
        title = (name_zh or name_en) if zh else (name_en or name_zh)
        rows.append(
            (title or path or _("No category"), figures.net_minor, _category_url({**kept, **days, "category": path}))
        )
    rest = _category_url({**kept, **days})
    return _shares("hbar", _("Net sales by category"), data.scope.currency, rows, _BARS, rest, _("Category"))


def _category_url(parameters: dict[str, str]) -> str:
    chosen = {name: value for name, value in parameters.items() if value}
    return f"{reverse('analytics:report-categories')}?{urlencode(chosen)}"


def _shares(
    kind: str, label: str, currency: str, rows: list[tuple[str, int, str]], most: int, rest_url: str, category: str
) -> dict[str, Any]:
    rest = rows[most - 1 :] if len(rows) > most else []
    shown = rows[: most - 1] if rest else rows
    if rest:
        shown = [*shown, (_("Others"), sum(amount for _name, amount, _url in rest), rest_url)]
    return _spec(
        kind,
        label,
        currency,
        categories=[name for name, _amount, _url in shown],
        series=[{"name": label, "values": [amount for _name, amount, _url in shown], "style": "main"}],
        urls=[url for _name, _amount, url in shown],
        category=category,
        height="low" if kind == "pie" else "normal",
    )


def heat_chart(cells: dict[tuple[int, int], int], currency: str) -> dict[str, Any]:
    """Average net sales by hour and weekday."""
    hours = sorted({hour for _weekday, hour in cells})
    span = list(range(hours[0], hours[-1] + 1)) if hours else []
    return _spec(
        "heatmap",
        _("Average net sales by weekday and hour"),
        currency,
        categories=[str(hour) for hour in span],
        rows=[str(name) for name in WEEKDAYS],
        series=[
            {
                "name": _("Net sales"),
                "values": [[cells.get((weekday, hour)) for hour in span] for weekday in range(7)],
                "style": "main",
            }
        ],
        category=_("Weekday"),
    )


def report_chart(report: Report, currency: str, *, titles: list[str]) -> dict[str, Any]:
    """The rows of a page of a report by net sales."""
    return _spec(
        "bar" if report.name in ("sales", "hours") else "hbar",
        _("Net sales"),
        currency,
        categories=titles,
        series=[{"name": _("Net sales"), "values": [row.values.get("net") for row in report.rows], "style": "main"}],
        category=_("Row"),
        height="high" if len(titles) > 10 and report.name not in ("sales", "hours") else "normal",
    )
