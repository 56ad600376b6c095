"""Every address: console pages of each module, the API under /api/v1, and what operations ask."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from oauth2_provider.views import TokenView

from liushui.app.api import api
from liushui.console import shell
from liushui.runtime.menu import MenuEntry

handler400 = "liushui.app.fallbacks.bad_request"
handler403 = "liushui.app.fallbacks.no_access"
handler404 = "liushui.app.fallbacks.not_found"
handler500 = "liushui.app.fallbacks.server_error"

_ROUTED = ("stores", "catalog", "orders", "intake", "analytics")
for _name in _ROUTED:  # until every module stands: then these are plain imports
    if find_spec(f"liushui.{_name}.router") and find_spec(f"liushui.{_name}.facade"):
        api.add_router("", import_module(f"liushui.{_name}.router").router)

_PAGED = ("analytics", "orders", "catalog", "stores", "intake", "console")
urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/token/", TokenView.as_view(), name="oauth-token"),
    path("api/v1/", api.urls),
    path("", include("liushui.console.routes")),
]
_menu: list[MenuEntry] = []
for _name in _PAGED:
    if find_spec(f"liushui.{_name}.pages") and (_name == "console" or find_spec(f"liushui.{_name}.facade")):
        urlpatterns.append(path("", include(f"liushui.{_name}.pages")))
        _menu.extend(import_module(f"liushui.{_name}.pages").MENU)
if find_spec("liushui.runtime.health"):
    urlpatterns.extend(import_module("liushui.runtime.health").urlpatterns)
shell.set_menu(_menu)
