"""The list of items, one item with its prices, and the form for both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.catalog import facade
from liushui.catalog.contracts import Item, SearchPage
from liushui.catalog.costs import chains_with_costs
from liushui.catalog.forms import ItemForm, PriceForm, add_problem, initial_of
from liushui.catalog.pages.words import unit_name
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.money import exponent
from liushui.runtime import audit, places
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, decimal_text, table_response
from liushui.runtime.places import ChainPlace, StorePlace
from liushui.runtime.web import page

AUDIT_LINES = 30
TAGS_OFFERED = 500
_EXPORT_AT_ONCE = 2000
_STATES = {"active": True, "ended": False, "all": None}


def chains_of(principal: Principal, capability: str) -> dict[int, ChainPlace]:
    """The chains in any part of which the capability is held, by id."""
    allowed = principal.chains(capability)
    return {chain.id: chain for chain in places.directory().chains() if chain.id in allowed}


def _place(request: HttpRequest, principal: Principal) -> tuple[set[int], StorePlace | None]:
    """(ids of the chains to show, the store whose prices are shown) of the chosen place."""
    allowed = principal.chains("catalog.read")
    chosen = places.directory().place(query=request.GET.dict(), allowed=principal.stores("catalog.read"))
    if chosen.chain is not None:
        allowed &= {chosen.chain.id}
    if chosen.store is not None:
        allowed &= {chosen.store.chain_id}
    return set(allowed), chosen.store


def _search(request: HttpRequest, chain_ids: set[int], *, sees_costs: bool, limit: int, offset: int) -> SearchPage:
    sort = request.GET.get("sort", "")
    return facade.search_items(
        chain_ids=chain_ids,
        text=request.GET.get("q", ""),
        category=request.GET.get("category", ""),
        tag=request.GET.get("tag", ""),
        is_active=_STATES.get(request.GET.get("state", "active"), True),
        sort=sort if sees_costs or "cost" not in sort else "",
        limit=limit,
        offset=offset,
    )


def page_number(request: HttpRequest) -> int:
    """The number of the page that `?page=` asks for; the first for anything that is no number."""
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@require_GET
@page(capability="catalog.read")
def item_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Items found by the query form, with the price in the chosen store."""
    chain_ids, store = _place(request, principal)
    number, rows = page_number(request), settings.LIUSHUI.page_rows
    costed = chains_with_costs(principal)
    sees_costs = chain_ids <= costed
    found = _search(request, chain_ids, sees_costs=sees_costs, limit=rows, offset=(number - 1) * rows)
    prices = facade.prices_in_force(items=found.items, store=store, at=datetime.now(UTC))
    chains = chains_of(principal, "catalog.read")
    names = facade.category_names(chain_ids=chain_ids)
    context = {
        "rows": [
            {
                "item": item,
                "currency": chains[item.chain_id].currency,
                "price": prices.get(item.id),
                "price_currency": store.currency if store else chains[item.chain_id].currency,
                "category": names.get(item.category),
                "barcode": next(iter(_barcodes(item)), ""),
            }
            for item in found.items
        ],
        "found": found,
        "store": store,
        "page": number,
        "pages": max(1, -(-found.total // rows)),
        "text": request.GET.get("q", ""),
        "category": request.GET.get("category", ""),
        "tag": request.GET.get("tag", ""),
        "tags": _tags_of(chain_ids),
        "state": request.GET.get("state", "active"),
        "sort": request.GET.get("sort", ""),
        "categories": names.items(),
        "may_write": bool(principal.whole_chains("catalog.write")),
        "may_export": bool(chain_ids & principal.chains("report.export")),
        "sees_costs": sees_costs,
        "has_images": any(item.image_url for item in found.items),
    }
    return render(request, "catalog/item_list.html", context)


def _tags_of(chain_ids: set[int]) -> list[str]:
    found = (facade.tags(chain_id=chain_id, limit=TAGS_OFFERED) for chain_id in chain_ids)
    return sorted({tag for counts in found for tag, _count in counts})


@require_GET
@page(capability="report.export")
def item_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The found items as CSV or XLSX, under headers that an import takes again."""
    principal.require("catalog.read")
    chain_ids, store = _place(request, principal)
    chain_ids &= principal.chains("report.export")
    sees_costs = chain_ids <= chains_with_costs(principal)
    chains = chains_of(principal, "catalog.read")
    decimals = exponent(next(iter(chains.values())).currency) if chains else 2
    columns = [
        Column(title=_("SKU")),
        Column(title=_("Barcode")),
        Column(title=_("Chinese name")),
        Column(title=_("English name")),
        Column(title=_("Category")),
        Column(title=_("Brand")),
        Column(title=_("Unit")),
        Column(title=_("Sold by weight")),
        Column(title=_("Tax rate")),
        Column(title=_("Tax classification code")),
        Column(title=_("May be discounted")),
        Column(
            title=_("Price in %(store)s") % {"store": store.code} if store else _("Price"),
            kind="amount",
            places=exponent(store.currency) if store else decimals,
        ),
        *([Column(title=_("Cost"), kind="amount", places=decimals)] if sees_costs else []),
        Column(title=_("Tags")),
        Column(title=_("Floor price"), kind="amount", places=decimals),
        Column(title=_("Image")),
        Column(title=_("State")),
    ]
    return table_response(
        filename="items",
        columns=columns,
        rows=_export_rows(request, chain_ids, store, sees_costs=sees_costs),
        format=request.GET.get("format", "csv"),
    )


def _export_rows(
    request: HttpRequest, chain_ids: set[int], store: StorePlace | None, *, sees_costs: bool
) -> Iterator[tuple[Any, ...]]:
    yes, no, active, ended = _("Yes"), _("No"), _("Listed"), _("Ended")
    offset, at = 0, datetime.now(UTC)
    while True:
        found = _search(request, chain_ids, sees_costs=sees_costs, limit=_EXPORT_AT_ONCE, offset=offset)
        prices = facade.prices_in_force(items=found.items, store=store, at=at)
        for item in found.items:
            yield (
                item.sku, item.gtin, item.name_zh, item.name_en, item.category, item.brand, item.unit,
                yes if item.weighed else no, f"{decimal_text(item.tax_rate_bp, 2)}%", item.tax_code,
                yes if item.discountable else no, prices.get(item.id),
                *([item.cost_minor] if sees_costs else []), ", ".join(item.tags), item.floor_price_minor,
                item.image_url, active if item.is_active else ended,
            )  # fmt: skip
        offset += len(found.items)
        if len(found.items) < _EXPORT_AT_ONCE:
            return


@require_http_methods(["GET", "POST"])
@page(capability="catalog.write")
def item_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new item of a chain in all of which one may change items."""
    chain = writable_chain(request, principal)
    initial = {"unit": _("piece"), "discountable": True, "is_active": True}
    form = ItemForm(request.POST or None, initial=initial, chain=chain, item=None)
    if request.method == "POST" and form.is_valid():
        saved = _save(form, principal, must_be_new=True)
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("catalog:item", item_id=saved.id)
    return _form_page(request, form, chain, item=None)


def writable_chain(request: HttpRequest, principal: Principal) -> ChainPlace:
    """The chain of `?chain=` in all of which items may be changed, or the first such one; else NotAllowed."""
    allowed = principal.whole_chains("catalog.write")
    chains = [chain for chain in places.directory().chains() if chain.id in allowed]
    asked = request.GET.get("chain", "")
    chosen = next((chain for chain in chains if chain.code == asked), chains[0] if chains else None)
    if chosen is None:
        raise NotAllowed("This needs the right 'catalog.write' in the whole chain")
    return chosen


@require_http_methods(["GET", "POST"])
@page(capability="catalog.write")
def item_edit(request: HttpRequest, *, item_id: int, principal: Principal) -> HttpResponse:
    """The values of one item."""
    item = facade.item(item_id=item_id, chain_ids=principal.chains("catalog.read"))
    if item.chain_id not in principal.whole_chains("catalog.write"):
        raise NotAllowed("This needs the right 'catalog.write' in the whole chain")
    chain = chains_of(principal, "catalog.write")[item.chain_id]
    form = ItemForm(request.POST or None, initial=initial_of(item, chain.currency), chain=chain, item=item)
    if request.method == "POST" and form.is_valid() and _save(form, principal, must_be_new=False) is not None:
        messages.success(request, _("Saved."))
        return redirect("catalog:item", item_id=item_id)
    return _form_page(request, form, chain, item=item)


def _save(form: ItemForm, principal: Principal, *, must_be_new: bool) -> Item | None:
    try:
        return facade.change_item(
            item=form.new_item(),
            is_active=form.cleaned_data["is_active"],
            must_be_new=must_be_new,
            principal=principal,
        )
    except NotAllowed:
        raise
    except LiushuiError as error:
        add_problem(form, error)
        return None


def _form_page(request: HttpRequest, form: ItemForm, chain: ChainPlace, *, item: Item | None) -> HttpResponse:
    categories = facade.category_names(chain_ids=[chain.id]).items()
    context = {"form": form, "item": item, "chain": chain, "categories": categories}
    return render(request, "catalog/item_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@page(capability="catalog.read", step_up="POST")
def item_detail(request: HttpRequest, *, item_id: int, principal: Principal) -> HttpResponse:
    """One item with its prices in all places; a POST sets a price."""
    item = facade.item(item_id=item_id, chain_ids=principal.chains("catalog.read"))
    chain = chains_of(principal, "catalog.read")[item.chain_id]
    form = _price_form(request, principal, chain)
    if request.method == "POST":
        principal.require("price.write")
        if form.is_valid():
            try:
                facade.set_price(price=form.new_price(sku=item.sku), principal=principal)
            except NotAllowed:
                raise
            except LiushuiError as error:
                add_problem(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("catalog:item", item_id=item_id)
    names = facade.category_names(chain_ids=[chain.id])
    chain_wide_audit = chain.id in principal.whole_chains("audit.read")
    context = {
        "item": item,
        "chain": chain,
        "category": names.get(item.category),
        "barcodes": _barcodes(item),
        "unit": unit_name(item.unit),
        "sees_costs": chain.id in chains_with_costs(principal),
        "places": _priced_places(item, chain, principal),
        "price_form": form if form.fields["place"].choices else None,  # type: ignore[attr-defined]  # a ChoiceField
        "may_write": chain.id in principal.whole_chains("catalog.write"),
        "entries": audit.entries(target=f"item:{item.id}", limit=AUDIT_LINES) if chain_wide_audit else (),
    }
    return render(request, "catalog/item_detail.html", context, status=422 if form.errors else 200)


def _price_form(request: HttpRequest, principal: Principal, chain: ChainPlace) -> PriceForm:
    allowed = principal.stores("price.write")
    directory = places.directory()
    in_chain = [store for store in directory.stores() if store.chain_id == chain.id]
    closed = {store.region_id for store in in_chain if store.id not in allowed}
    stores = [store for store in in_chain if store.id in allowed]
    reached = {store.region_id for store in stores} - closed
    return PriceForm(
        request.POST if request.method == "POST" else None,
        initial={"starts_at": f"{localtime():%Y-%m-%dT%H:%M}"},
        chain=chain,
        whole=chain.id in principal.whole_chains("price.write"),
        regions=[region for region in directory.regions() if region.id in reached],
        stores=stores,
        zone=settings.TIME_ZONE,
    )


def _barcodes(item: Item) -> list[str]:
    """The item's GTIN as it is printed: without the zeros that only fill it up to 14 digits."""
    digits = item.gtin.lstrip("0")
    return [digits.rjust(next(n for n in (8, 12, 13, 14) if n >= len(digits)), "0")] if digits else []


def _priced_places(item: Item, chain: ChainPlace, principal: Principal) -> list[dict[str, Any]]:
    """Prices by place, for the chain, its regions and the stores that the reader may see; which one is in force."""
    directory = places.directory()
    regions = {region.id: region for region in directory.regions()}
    visible = principal.stores("catalog.read")
    stores = {store.id: store for store in directory.stores() if store.id in visible}
    now = datetime.now(UTC)
    groups: dict[tuple[int | None, int | None], dict[str, Any]] = {}
    for price in facade.prices(item_id=item.id):
        if price.store_id is not None and price.store_id not in stores:
            continue
        store = stores.get(price.store_id) if price.store_id else None
        group = groups.setdefault(
            (price.region_id, price.store_id),
            {
                "region": regions.get(price.region_id) if price.region_id else None,
                "store": store,
                "currency": store.currency if store else chain.currency,
                "prices": [],
            },
        )
        begun = price.starts_at <= now and (price.ends_at is None or now < price.ends_at)
        in_force = begun and not any(row["in_force"] for row in group["prices"])  # the latest start comes first
        low = group["currency"] == chain.currency and price.amount_minor < (item.floor_price_minor or 0)
        group["prices"].append(
            {"price": price, "in_force": in_force, "to_come": price.starts_at > now, "below_floor": low}
        )
    return list(groups.values())
