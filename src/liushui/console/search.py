"""What the search box and the place switch answer with: fragments of HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liushui.console.shell import PLACE_PARAMETERS, Shell, local_name
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores.contracts import Region, Store

GROUP_ROWS = 6
PLACE_ROWS = 50
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
    """Pages and stores whose names hold the text, as a list for the search palette."""
    text = request.GET.get("q", "").strip()[:100]
    shell = Shell(request)
    groups = [
        Group(title=_("Pages"), icon="file-text", hits=tuple(_pages(shell=shell, text=text))),
        Group(title=_("Stores"), icon="building-store", hits=tuple(_stores(shell=shell, text=text))),
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
        Hit(title=local_name(store), note=store.code, url=f"{home}?{urlencode(_choice(shell=shell, place=store))}")
        for store in shell.stores
        if _holds(text, store.code, store.name_zh, store.name_en)
    ][:GROUP_ROWS]


@page(capability=None)
def places(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Regions and stores to switch to, each as a link to the page that asks, with only the place changed."""
    text = request.GET.get("q", "").strip()[:100]
    here = urlsplit(request.headers.get("HX-Current-URL", "/"))
    kept = [(name, value) for name, value in parse_qsl(here.query) if name not in _DROPPED]
    chosen = {name: value for name, value in parse_qsl(here.query) if name in PLACE_PARAMETERS}
    shell = Shell(request)

    def hits(offered: Iterable[Region | Store]) -> tuple[Hit, ...]:
        found = (place for place in offered if _holds(text, place.code, place.name_zh, place.name_en))
        made = []
        for place in found:
            choice = _choice(shell=shell, place=place)
            url = f"{here.path}?{urlencode(kept + choice)}"
            made.append(Hit(title=local_name(place), note=place.code, url=url, is_current=chosen == dict(choice)))
            if len(made) == PLACE_ROWS:
                break
        return tuple(made)

    everything = Hit(
        title=_("All stores"), url=here.path + (f"?{urlencode(kept)}" if kept else ""), is_current=not chosen
    )
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
