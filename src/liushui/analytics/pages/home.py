"""The home page: is today a good day?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.analytics import facade
from liushui.analytics.contracts import Figures
from liushui.analytics.domain import metrics
from liushui.analytics.filters import PRESETS, Choice, channel_pairs, choose
from liushui.analytics.pages.alerts import alerts_of
from liushui.analytics.pages.charts import category_chart, curve_chart, payment_chart
from liushui.analytics.pages.links import receipts_url
from liushui.analytics.queries.home import Home
from liushui.runtime.access import Principal
from liushui.runtime.web import page

_RANKED = 10
_TILES = ("net", "tickets", "average_ticket", "items_per_ticket", "discount", "refund", "margin")
_LEVEL_BP = 300  # closer than this to last week is as usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure beside the same figure of other days."""

    metric: metrics.Metric
    name: str
    definition: str
    value: int | None
    url: str
    changes: tuple[tuple[int | None, int | None, str], ...]  # now, before, label: over the same hours
    notes: tuple[tuple[str, int | None], ...] = ()  # basis points


@page(capability=None)
def home(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The business day of the chosen stores beside yesterday and last week; the parts alone for live updates."""
    if not principal.may("report.read"):
        return render(request, "analytics/home_without_figures.html", {})
    choice = choose(request, principal=principal, capability="report.read", default="today")
    if not choice.stores:
        return render(request, "analytics/home_empty.html", {"choice": choice})
    data = facade.home(
        scope=choice.scope,
        stores=choice.stores,
        now=choice.now,
        whole_chains=facade.whole_chains(scope=choice.scope),
    )
    part = request.GET.get("part", "")
    alerts = alerts_of(principal=principal, choice=choice, found=data.unusual)
    state = hashlib.sha256(repr((data, alerts, choice.today)).encode()).hexdigest()[:16]
    if part and request.GET.get("state") == state:
        return HttpResponse(status=204)  # nothing has changed: HTMX leaves the page alone
    context = context_of(choice, data) | {"alerts": alerts, "state": state}
    if part in ("figures", "curve"):
        context["part"] = part  # what else changes comes along, swapped out of band
        return render(request, f"analytics/home_{part}.html", context)
    if not data.figures and not facade.has_sales(store_ids=choice.scope.store_ids):
        return render(request, "analytics/home_empty.html", context)
    latest = None if data.figures else facade.days_with_sales(store_ids=choice.scope.store_ids)
    if latest is not None:
        day = latest[1].isoformat()
        context |= {"latest": latest[1], "latest_url": choice.address(**{"from": day, "to": day})}
    context["channels"] = channel_pairs(choice.scope)
    return render(request, "analytics/home.html", context)


def context_of(choice: Choice, data: Home) -> dict[str, Any]:
    """What the templates of the page and its parts need."""
    kept = dict(choice.kept)
    days = {"from": data.scope.first.isoformat(), "to": data.scope.last.isoformat()}
    sellers = facade.item_names(keys=[(row.chain_id, row.sku) for row in (*data.best, *data.worst)])
    return {
        "choice": choice,
        "currency": data.scope.currency,
        "presets": PRESETS,
        "previous_url": choice.address(**choice.shifted(-1)),
        "next_url": "" if choice.is_today else choice.address(**choice.shifted(1)),
        "preset_urls": [(name, title, choice.address(period=name)) for name, title in PRESETS.items()],
        "tiles": tiles(data, {**kept, **days}),
        "verdict": verdict(data),
        "comparison": comparison_text(data),
        "is_live": choice.is_today,
        "live_url": choice.address(**choice.days),
        "stores": [
            {
                "place": rank.store,
                "figures": rank.figures,
                "average": metrics.value("average_ticket", rank.figures),
                "now": rank.beside.now.net_minor,
                "before": rank.beside.before.net_minor,
                "url": choice.address(**{**choice.days, "store": rank.store.code}),
            }
            for rank in data.stores[:_RANKED]
        ],
        "store_count": len(data.stores),
        "store_before": labels_of(data)[1 if data.scope.days == 1 else 0],
        "sellers": [
            (_("Best sellers"), _sellers(data, "best", sellers, {**kept, **days})),
            (_("Slowest sellers"), _sellers(data, "worst", sellers, {**kept, **days})),
        ],
        "curve": curve_chart(data, {**kept, **days}),
        "payments": payment_chart(data, {**kept, **days}),
        "categories": category_chart(data, kept, choice.days),
        "report_query": choice.address(**choice.days),
    }


def _sellers(
    data: Home, which: str, names: Mapping[tuple[int, str], tuple[str, str]], days: dict[str, str]
) -> list[Any]:
    return [
        {
            "name_zh": names[row.chain_id, row.sku][0],
            "name_en": names[row.chain_id, row.sku][1],
            "sku": row.sku,
            "figures": row.figures,
            "url": receipts_url({**days, "sku": row.sku}),
        }
        for row in getattr(data, which)
    ]


def labels_of(data: Home) -> tuple[str, str]:
    """What the two periods compared with are called."""
    if data.scope.days > 1:
        same = _("vs last week") if data.scope.days < 7 else _("vs a year ago")
        return _("vs %(days)d days before") % {"days": data.scope.days}, same
    return _("vs day before"), _("vs last week")


def verdict(data: Home) -> tuple[str, str] | None:
    """Kind and words of what the day looks like beside the same weekday last week, over the same hours."""
    if data.scope.days > 1:
        return None
    change = metrics.change_bp(now=data.beside_same.now.net_minor, before=data.beside_same.before.net_minor)
    if change is None:
        return None
    if abs(change) < _LEVEL_BP:
        return "info", _("About as on this weekday last week")
    return (
        ("good", _("Ahead of this weekday last week")) if change > 0 else ("warn", _("Behind this weekday last week"))
    )


def comparison_text(data: Home) -> str:
    """What the changes under the figures compare: like with like, so a running day only up to the last full hour."""
    if not data.is_running:
        return ""
    if data.until_hour is None:
        return _("The day is not over: changes compare each store up to its last full hour.")
    return _("The day is not over: changes compare up to %(hour)s:00.") % {"hour": f"{data.until_hour:02}"}


def tiles(data: Home, days: dict[str, str]) -> list[Tile]:
    """The figures of the page, each with what it is compared with."""
    language = get_language() or ""
    before_label, same_label = labels_of(data)
    made = []
    for key in _TILES:
        metric = metrics.BY_KEY[key]

        def pair(beside: Any, key: str = key) -> tuple[int | None, int | None]:
            return metrics.value(key, beside.now), metrics.value(key, beside.before)

        made.append(
            Tile(
                metric=metric,
                name=metric.name(language),
                definition=metric.definition(language),
                value=metric.value(data.figures),
                url=receipts_url({**days, **({"returns": "1"} if metric.drill == "returned" else {})}),
                changes=((*pair(data.beside_before), before_label), (*pair(data.beside_same), same_label)),
                notes=_notes(key, data.figures, language),
            )
        )
    return made


def _notes(key: str, figures: Figures, language: str) -> tuple[tuple[str, int | None], ...]:
    named = {"margin": ("margin_rate", "cost_coverage"), "refund": ("return_rate",), "discount": ("discount_rate",)}
    return tuple((metrics.BY_KEY[name].name(language), metrics.value(name, figures)) for name in named.get(key, ()))
