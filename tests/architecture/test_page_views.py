"""Every console page says which capability it needs; the few that are for everybody are named here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

from liushui.runtime.access import CAPABILITIES

FOR_EVERYBODY = {
    "sign-in/": "how one becomes somebody",
    "sign-in/second-step/": "how one becomes somebody",
    "sign-out/": "ends a session if there is one",
    "language/": "a cookie",
    "theme/": "a cookie",
    "oauth/token/": "asks for the client's own secret",
    "oauth/revoke/": "asks for the client, and ends its own tokens alone",
    "oauth/device_authorization/": "how a device becomes a till; gives a code that a person has to confirm",
    ".well-known/oauth-authorization-server": "says addresses and nothing else",
    "till/enrol/": "how a device becomes a till",
    "till/enrol/qr/": "a picture of the address that it is given",
    "till/sign-in/": "how one becomes somebody at an enrolled till",
    "till/sign-out/": "ends a session if there is one",
    "help/": "the manual, which holds nothing of any chain",
    "help/<slug:name>/": "a page of the manual",
    "help/images/<slug:language>/<str:name>": "a picture of the manual",
    "healthz": "the process answers",
    "readyz": "says nothing but which check fails",
    "metrics": "local addresses and tokens with system.read; checked in the view, tested in runtime",
}


def views(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from views(entry.url_patterns, route)
        else:
            yield route, entry.callback


def test_every_page_declares_a_known_capability() -> None:
    silent = [
        route
        for route, view in views()
        if not route.startswith("api/")
        and route not in FOR_EVERYBODY
        and getattr(view, "capability", "") not in (None, *CAPABILITIES)
    ]
    assert silent == [], "Decorate these views with runtime.web.page(capability=…)."


def test_every_api_operation_asks_for_a_token() -> None:
    open_ones = {"api/v1/openapi.json", "api/v1/"}
    unguarded = []
    for route, view in views():
        if not route.startswith("api/") or route in open_ones:
            continue
        for cell in view.__closure__ or ():
            for operation in getattr(cell.cell_contents, "operations", []):
                if not [auth for auth in operation.auth_callbacks if auth.capability in CAPABILITIES]:
                    unguarded.append(f"{operation.methods} {route}")
    assert unguarded == [], "Give these operations auth=Bearer(…)."
