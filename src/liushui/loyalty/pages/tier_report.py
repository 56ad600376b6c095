"""How members are spread over the tiers, by home store, and who moved lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from liushui.loyalty.lists import tier_counts_by_store, tier_moves
from liushui.loyalty.pages.scope import READ, asked_date, chain_of, local, stores_of, zone_of
from liushui.loyalty.pages.tiers import tier_names
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

DAYS = 30


@require_GET
@page(capability="member.read")
def tier_report(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Members of each tier now, and moves between tiers within some days."""
    chain = chain_of(request, principal)
    names, rows = table_of(chain)
    totals = [sum(row["counts"][at] for row in rows) for at in range(len(names))]
    everybody = sum(totals)
    today = datetime.now(zone_of(chain)).date()
    last = asked_date(request.GET.get("last")) or today
    first = min(asked_date(request.GET.get("first")) or last - timedelta(days=DAYS), last)
    none = pgettext("tier", "None")
    known = tier_names(chain.id)
    context = {
        "chain": chain,
        "names": names,
        "rows": rows,
        "totals": totals,
        "everybody": everybody,
        "tiles": [
            (name, count, count * 10_000 // everybody if everybody else None)
            for name, count in zip(names, totals, strict=True)
        ],
        "first": first,
        "last": last,
        "moves": [
            (known.get(move.tier_before, move.tier_before) or none,
             known.get(move.tier_after, move.tier_after) or none, move.members)
            for move in tier_moves(chain_id=chain.id, first=first, last=last)
        ],
        "chart": {
            "type": "hbar",
            "label": _("Members by tier"),
            "categories": names,
            "series": [{"name": _("Members"), "values": totals, "style": "main"}],
            "format": "count",
            "height": "low",
            "table": _("Show as table"),
            "category": pgettext("member", "Tier"),
        } if everybody else None,
        "may_export": chain.id in principal.chains("report.export"),
    }  # fmt: skip
    return render(request, "loyalty/tiers.html", context)


@require_GET
@page(capability="report.export")
def tier_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """Members by home store and tier as a file."""
    principal.require(READ)
    names, rows = table_of(chain_of(request, principal))
    columns = (
        Column(title=_("Home store")),
        *(Column(title=name, kind="integer") for name in names),
        Column(title=_("Total"), kind="integer"),
    )
    return table_response(
        filename=f"liushui-tiers-{timezone.localdate()}",
        columns=columns,
        rows=((row["title"], *row["counts"], row["total"]) for row in rows),
        format=request.GET.get("format", "csv"),
    )


def table_of(chain: ChainPlace) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the tiers, and a row of counts for each home store that has members."""
    counts = tier_counts_by_store(chain_id=chain.id)
    known = {"": pgettext("tier", "None"), **tier_names(chain.id)}
    used = {tier for _store, tier in counts}
    codes = [code for code in known if code or "" in used] + sorted(used - known.keys())
    places = stores_of(chain)
    rows: list[dict[str, Any]] = []
    for store_id in {store_id for store_id, _tier in counts}:
        store = places.get(store_id or 0)
        per_tier = [counts.get((store_id, code), 0) for code in codes]
        rows.append(
            {
                "title": local((store.name_zh, store.name_en)) if store else _("No home store"),
                "code": store.code if store else "",
                "counts": per_tier,
                "total": sum(per_tier),
            }
        )
    rows.sort(key=lambda row: (-row["total"], row["code"]))
    return [known.get(code, code) for code in codes], rows
