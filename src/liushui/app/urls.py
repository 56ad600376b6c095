"""Every address: console pages of each module, the API under /api/v1, and what operations ask."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from liushui.analytics import pages as analytics
from liushui.app.api import api
from liushui.catalog import pages as catalog
from liushui.console import pages as console
from liushui.console import routes, shell
from liushui.console.pages import consent
from liushui.intake import pages as intake
from liushui.loyalty import pages as loyalty
from liushui.orders import pages as orders
from liushui.payments import pages as payments
from liushui.portal import pages as portal
from liushui.privacy import pages as privacy
from liushui.promotions import pages as promotions
from liushui.returns import pages as returns
from liushui.runtime import health, oauth_endpoints
from liushui.stores import pages as stores
from liushui.till import pages as till
from liushui.trials import pages as trials

handler400 = "liushui.app.fallbacks.bad_request"
handler403 = "liushui.app.fallbacks.no_access"
handler404 = "liushui.app.fallbacks.not_found"
handler500 = "liushui.app.fallbacks.server_error"

_PAGES = (
    *(analytics, orders, returns, trials, till, payments, promotions, loyalty, privacy, catalog, stores, intake),
    console,
)
urlpatterns: list[URLPattern | URLResolver] = [
    *health.urlpatterns,
    *oauth_endpoints.urlpatterns,
    path("oauth/authorize/", consent.authorize, name="oauth-authorize"),
    path("api/v1/", api.urls),
    path("", include(routes)),
    path("", include(portal)),
    *(path("", include(pages)) for pages in _PAGES),
]
shell.set_menu(entry for pages in _PAGES for entry in pages.MENU)
