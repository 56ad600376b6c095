"""Console pages of the stores: the list by region, one store with its workstations, a new store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import LiushuiError
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.menu import MenuEntry
from liushui.runtime.web import page
from liushui.stores import facade
from liushui.stores.contracts import Region, Store
from liushui.stores.forms import WORKSTATION_KIND_NAMES, StoreForm, WorkstationForm, add_problem, initial_of, offered

app_name = "stores"
STATES = ("open", "closed")
AUDIT_LINES = 20


def _chosen(request: HttpRequest, principal: Principal) -> list[Store]:
    place = facade.place(query=request.GET.dict(), allowed=principal.stores("store.read"))
    text, state = request.GET.get("q", "").strip().casefold(), request.GET.get("state", "")
    return [
        store
        for store in facade.stores()
        if store.id in place.store_ids
        and text in f"{store.code} {store.name_zh} {store.name_en} {store.gln} {store.uscc}".casefold()
        and (state not in STATES or store.is_open == (state == "open"))
    ]


def _row(store: Store, now: datetime) -> dict[str, Any]:
    # Templates bring aware times to their own zone; this one is to stay on the store's clock.
    return {
        "store": store,
        "local": store.local(now).replace(tzinfo=None),
        "business_date": store.business_date(now),
    }


@require_GET
@page(capability="store.read")
def store_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The stores by region, with their clock and business day."""
    now = datetime.now(UTC)
    found = _chosen(request, principal)
    groups = list(_by_region(found, facade.regions(), now))
    context = {
        "groups": groups,
        "total": len(found),
        "text": request.GET.get("q", ""),
        "state": request.GET.get("state", ""),
        "may_open": bool(principal.whole_chains("store.write")),
    }
    return render(request, "stores/store_list.html", context)


def _by_region(stores: Iterable[Store], regions: Iterable[Region], now: datetime) -> Iterator[tuple[Region, list[Any]]]:
    rows: dict[int, list[Any]] = {}
    for store in stores:
        rows.setdefault(store.region_id, []).append(_row(store, now))
    for region in regions:
        if region.id in rows:
            yield region, rows[region.id]


@require_GET
@page(capability="store.read")
def store_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The listed stores as CSV or XLSX."""
    found = _chosen(request, principal)  # before regions and chains, which are then all known
    regions = {region.id: region for region in facade.regions()}
    chains = {chain.id: chain for chain in facade.chains()}
    titles = (
        _("Chain"), _("Region"), _("Store code"), _("Chinese name"), _("English name"), _("Time zone"), _("Currency"),
        _("Business day starts at"), _("GLN"), _("Unified social credit code"), _("State"),
    )  # fmt: skip
    rows = (
        (
            chains[store.chain_id].code, regions[store.region_id].code, store.code, store.name_zh, store.name_en,
            store.time_zone, store.currency, store.day_starts_at.isoformat("minutes"), store.gln, store.uscc,
            _("Open") if store.is_open else _("Closed"),
        )
        for store in found
    )  # fmt: skip
    return table_response(
        filename="stores",
        columns=[Column(title=title) for title in titles],
        rows=rows,
        format=request.GET.get("format", "csv"),
    )


@require_http_methods(["GET", "POST"])
@page(capability="store.write")
def store_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new store of a chain in all of which one may change stores."""
    allowed = principal.whole_chains("store.write")
    chains = [chain for chain in facade.chains() if chain.id in allowed]
    initial = {
        "time_zone": "Asia/Shanghai",
        "currency": chains[0].currency if chains else "CNY",
        "day_starts_at": "00:00",
    }
    form = StoreForm(request.POST or None, initial=initial, chains=chains, regions=facade.regions(), store=None)
    if request.method == "POST" and form.is_valid():
        try:
            store = facade.open_store(store=form.new_store(), principal=principal)
        except LiushuiError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:store", store_id=store.id)
    context = {"form": form, **offered()}
    return render(request, "stores/store_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@page(capability="store.read")
def store_detail(request: HttpRequest, *, store_id: int, principal: Principal) -> HttpResponse:
    """One store; a POST changes it or one of its workstations, by `do`."""
    store = facade.visible_store(store_id=store_id, principal=principal)
    if request.method == "POST":
        principal.require_store("store.write", store_id=store_id)
    chains = [chain for chain in facade.chains() if chain.id == store.chain_id]
    changing = request.method == "POST" and request.POST.get("do") == "store"
    form = StoreForm(
        request.POST if changing else None,
        initial=initial_of(store),
        chains=chains,
        regions=facade.regions(),
        store=store,
    )
    adding = request.method == "POST" and request.POST.get("do") == "workstation"
    station_form = WorkstationForm(request.POST if adding else None, prefix="workstation")
    if changing and form.is_valid():
        try:
            facade.change_store(
                store_id=store_id, store=form.new_store(), is_open=form.cleaned_data["is_open"], principal=principal
            )
        except LiushuiError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:store", store_id=store_id)
    if adding and station_form.is_valid():
        try:
            facade.change_workstation(store_id=store_id, principal=principal, **station_form.cleaned_data)
        except LiushuiError as error:
            add_problem(station_form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:store", store_id=store_id)
    context = _detail_context(store, principal) | {"form": form, "station_form": station_form, **offered()}
    return render(
        request, "stores/store_detail.html", context, status=422 if form.errors or station_form.errors else 200
    )


def _detail_context(store: Store, principal: Principal) -> dict[str, Any]:
    stations = [(station, WORKSTATION_KIND_NAMES[station.kind]) for station in facade.workstations(store_id=store.id)]
    may_read_audit = store.id in principal.stores("audit.read")
    return {
        **_row(store, datetime.now(UTC)),
        "chain": next(chain for chain in facade.chains() if chain.id == store.chain_id),
        "region": next(region for region in facade.regions() if region.id == store.region_id),
        "stations": stations,
        "may_change": store.id in principal.stores("store.write"),
        "entries": audit.entries(target=f"store:{store.id}", limit=AUDIT_LINES) if may_read_audit else (),
    }


urlpatterns = [
    path("stores/", store_list, name="stores"),
    path("stores/export/", store_export, name="export"),
    path("stores/new/", store_new, name="new"),
    path("stores/<int:store_id>/", store_detail, name="store"),
]

MENU = (
    MenuEntry(
        section="settings", title=gettext_lazy("Stores"), url_name="stores:stores", capability="store.read", position=10
    ),
)
