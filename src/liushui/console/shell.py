"""The frame around every console page: menu, chosen place, language, theme; and the pages that say what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.menu import SECTIONS, MenuEntry
from liushui.runtime.web import principal_of
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, Region, Store

PLACE_PARAMETERS = ("chain", "region", "store")
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "liushui_theme"

_TITLES = {
    "home": _("Home"),
    "approvals": _("Approvals"),
    "catalog": _("Items"),
    "members": _("Members"),
    "marketing": _("Marketing"),
    "orders": _("Orders"),
    "stock": _("Stock"),
    "reports": _("Reports"),
    "settings": _("Settings"),
    "help": _("Help"),
}
_ICONS = {
    "home": "home",
    "approvals": "checkbox",
    "catalog": "packages",
    "members": "users",
    "marketing": "discount",
    "orders": "receipt",
    "stock": "building-warehouse",
    "reports": "chart-bar",
    "settings": "settings",
    "help": "help",
}

_entries: tuple[MenuEntry, ...] = ()


def set_menu(entries: Iterable[MenuEntry]) -> None:
    """Give the shell the entries of all modules; the app does so once, when it composes the addresses."""
    global _entries
    _entries = tuple(sorted(entries, key=lambda entry: (SECTIONS.index(entry.section), entry.position)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A menu entry that the reader may open; `url` keeps the chosen place."""

    title: Any
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A business noun of the left menu with at least one link."""

    code: str
    title: Any
    icon: str
    links: tuple[Link, ...]

    @property
    def is_current(self) -> bool:
        """Whether the page that is open belongs here."""
        return any(link.is_current for link in self.links)


class Shell:
    """What the frame of one page shows; everything is looked up only when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def principal(self) -> Principal | None:
        """Who is signed in, if anyone."""
        return principal_of(self._request) if hasattr(self._request, "user") else None

    @cached_property
    def waiting_approvals(self) -> int:
        """How many requests wait for the reader's decision."""
        if self.principal is None:
            return 0
        return approvals.waiting_count(principal=self.principal, now=datetime.now(UTC))

    @property
    def theme(self) -> str:
        """auto, light or dark, as the reader chose."""
        chosen = self._request.COOKIES.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Codes and names of the languages, each name in its own language."""
        own_names = {"zh-hans": "中文", "en": "English"}
        return [(code, own_names[code]) for code, _name in settings.LANGUAGES]

    @property
    def sections(self) -> tuple[Section, ...]:
        """The menu: only what the reader may open."""
        return self._sections

    @cached_property
    def _sections(self) -> tuple[Section, ...]:
        links: dict[str, list[Link]] = {}
        for entry, url in self._reachable():
            link = Link(title=entry.title, url=url + self.place_query, is_current=url == self._current_url)
            links.setdefault(entry.section, []).append(link)
        return tuple(
            Section(code=code, title=_TITLES[code], icon=_ICONS[code], links=tuple(links[code]))
            for code in SECTIONS
            if code in links
        )

    def _reachable(self) -> Iterator[tuple[MenuEntry, str]]:
        if self.principal is None:
            return
        for entry in _entries:
            if entry.capability is not None and not self.principal.may(entry.capability):
                continue
            try:
                yield entry, reverse(entry.url_name)
            except NoReverseMatch:  # a module that this deployment leaves out
                continue

    @cached_property
    def _current_url(self) -> str:
        """The entry whose address is the longest beginning of the open page's; "/" matches itself only."""
        path = self._request.path
        urls = [url for _entry, url in self._reachable() if path == url or (url != "/" and path.startswith(url))]
        return max(urls, key=len, default="")

    @cached_property
    def place_query(self) -> str:
        """The chosen place as `?store=…`, or nothing: what every menu link carries on."""
        chosen = [(name, self._request.GET[name]) for name in PLACE_PARAMETERS if self._request.GET.get(name)]
        return f"?{urlencode(chosen)}" if chosen else ""

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        """Every store that any of the reader's grants reaches."""
        if self.principal is None:
            return ()
        reachable = stores.expand_grants(self.principal.grants)
        return tuple(store for store in stores.stores() if store.id in reachable)

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """The chains of these stores."""
        ids = {store.chain_id for store in self.stores}
        return tuple(chain for chain in stores.chains() if chain.id in ids)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions of these stores."""
        ids = {store.region_id for store in self.stores}
        return tuple(region for region in stores.regions() if region.id in ids)

    @property
    def may_switch(self) -> bool:
        """Whether there is more than one place to choose from."""
        return len(self.stores) > 1

    @cached_property
    def place(self) -> Chain | Region | Store | None:
        """The narrowest place that the address names and the reader reaches; None stands for all stores."""
        query = self._request.GET
        chain = next((chain for chain in self.chains if chain.code == query.get("chain")), None)
        for name, places in (("store", self.stores), ("region", self.regions)):
            for place in places if query.get(name) else ():
                if place.code == query[name] and (chain is None or place.chain_id == chain.id):
                    return place
        if chain is None and len(self.stores) == 1:
            return self.stores[0]
        return chain


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` in every template."""
    return {"shell": Shell(request)}


def local_name(thing: Any) -> str:
    """The name of anything with `name_zh` and `name_en` in the reader's language; the other one when it is empty."""
    first, second = thing.name_zh, thing.name_en
    if not (get_language() or "").startswith("zh"):
        first, second = second, first
    return str(first or second)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return render(request, "console/error.html", {"status": 404}, status=404)


def no_access(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return render(request, "console/error.html", {"status": 403}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return render(request, "console/error.html", {"status": 400}, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: mostly a page that was left open until the session ended."""
    return render(request, "console/error.html", {"status": "csrf"}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a page that asks the database for nothing, since that may be what failed."""
    return render(request, "console/server_error.html", status=500)
