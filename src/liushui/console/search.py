"""What the search box and the place switch answer with: fragments of HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.catalog import facade as catalog
from liushui.console.numbers import money_text
from liushui.console.shell import PLACE_PARAMETERS, Shell, local_name
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery, SaleSummary
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores.contracts import Region, Store

GROUP_ROWS = 6
PLACE_ROWS = 50
ITEM_BYTES_MIN = 2  # a single Latin letter means half the catalogue; a Chinese character says enough
RECEIPT_LETTERS_MIN = 3
_DROPPED = {*PLACE_PARAMETERS, "page", "after", "before", "cursor"}  # a place of its own begins at the first page


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One line of an answer."""

    title: str
    url: str
    note: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Hits of one kind."""

    title: str
    icon: str
    hits: tuple[Hit, ...]


@page(capability=None)
def results(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Pages, stores, items and receipts that the text may mean, as a list for the search palette."""
    text = request.GET.get("q", "").strip()[:100]
    shell = Shell(request)
    groups = [
        Group(title=_("Pages"), icon="file-text", hits=tuple(_pages(shell=shell, text=text))),  # nosec B604  # `shell` is the page's frame, no process
        Group(title=_("Stores"), icon="building-store", hits=tuple(_stores(shell=shell, text=text))),  # nosec B604  # `shell` is the page's frame, no process
        Group(title=_("Items"), icon="packages", hits=tuple(_items(principal=principal, text=text))),
        Group(title=_("Receipts"), icon="receipt", hits=tuple(_receipts(principal=principal, text=text))),
    ]
    found = [group for group in groups if group.hits]
    return render(request, "console/parts/search_results.html", {"groups": found, "text": text})


def _holds(text: str, *fields: Any) -> bool:
    return text.casefold() in " ".join(str(field) for field in fields).casefold()


def _pages(*, shell: Shell, text: str) -> list[Hit]:
    hits = [
        Hit(title=str(link.title), url=link.url, note=str(section.title))
        for section in shell.sections
        for link in section.links
        if _holds(text, link.title, section.title)
    ]
    return hits if not text else hits[:GROUP_ROWS]


def _stores(*, shell: Shell, text: str) -> list[Hit]:
    if not text:
        return []
    home = reverse("analytics:home")
    return [
        Hit(title=local_name(store), note=store.code, url=f"{home}?{urlencode(_choice(shell=shell, place=store))}")  # nosec B604  # `shell` is the page's frame, no process
        for store in shell.stores
        if _holds(text, store.code, store.name_zh, store.name_en)
    ][:GROUP_ROWS]


def _items(*, principal: Principal, text: str) -> list[Hit]:
    chain_ids = principal.chains("catalog.read")
    if len(text.encode()) < ITEM_BYTES_MIN or not chain_ids:
        return []
    found = catalog.search_items(chain_ids=chain_ids, text=text, limit=GROUP_ROWS, offset=0)
    return [
        Hit(title=local_name(item), note=item.gtin or item.sku, url=reverse("catalog:item", args=(item.id,)))
        for item in found.items
    ]


def _receipts(*, principal: Principal, text: str) -> list[Hit]:
    store_ids = principal.stores("sale.read")
    if len(text) < RECEIPT_LETTERS_MIN or not store_ids:
        return []
    found = orders.sales(query=SaleQuery(store_ids=store_ids, text=text, limit=GROUP_ROWS))
    return [
        Hit(
            title=sale.receipt_number,
            note=f"{sale.business_date} · {_money(sale)}",
            url=reverse("orders:sale", args=(sale.id,)),
        )
        for sale in found.sales
    ]


def _money(sale: SaleSummary) -> str:
    return money_text(amount_minor=sale.total_minor, currency=sale.currency, language=get_language() or "en")


@page(capability=None)
def places(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Regions and stores to switch to, each as a link to the page that asks, with only the place changed."""
    text = request.GET.get("q", "").strip()[:100]
    here = urlsplit(request.headers.get("HX-Current-URL", "/"))
    path = "/" + here.path.lstrip("/")  # never //host, which would lead away
    kept = [(name, value) for name, value in parse_qsl(here.query) if name not in _DROPPED]
    chosen = {name: value for name, value in parse_qsl(here.query) if name in PLACE_PARAMETERS}
    shell = Shell(request)

    def hits(offered: Iterable[Region | Store]) -> tuple[Hit, ...]:
        found = (place for place in offered if _holds(text, place.code, place.name_zh, place.name_en))
        made = []
        for place in found:
            choice = _choice(shell=shell, place=place)  # nosec B604  # `shell` is the page's frame, no process
            url = f"{path}?{urlencode(kept + choice)}"
            made.append(Hit(title=local_name(place), note=place.code, url=url, is_current=chosen == dict(choice)))
            if len(made) == PLACE_ROWS:
                break
        return tuple(made)

    everything = Hit(title=_("All stores"), url=path + (f"?{urlencode(kept)}" if kept else ""), is_current=not chosen)
    groups = [
        Group(title="", icon="buildings", hits=(everything,) if not text else ()),
        Group(title=_("Regions"), icon="map-pin", hits=hits(shell.regions) if len(shell.regions) > 1 else ()),
        Group(title=_("Stores"), icon="building-store", hits=hits(shell.stores)),
    ]
    found = [group for group in groups if group.hits]
    return render(request, "console/parts/search_results.html", {"groups": found, "text": text})


def _choice(*, shell: Shell, place: Region | Store) -> list[tuple[str, str]]:
    """The query that names a place; the chain too when there are several, since codes are unique within one only."""
    chain = [(("chain", chain.code)) for chain in shell.chains if chain.id == place.chain_id and len(shell.chains) > 1]
    return [*chain, ("store" if isinstance(place, Store) else "region", place.code)]
