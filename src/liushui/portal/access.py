"""Views of the portal: which chain they are of, who is signed in, and what goes wrong in the shopper's own words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from liushui.kernel.errors import LiushuiError
from liushui.portal import sessions
from liushui.portal.errors import PortalClosed
from liushui.runtime import row_security
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

View = Callable[..., HttpResponse]
_NEXT_MAX = 200


def portal_chain() -> Chain:
    """The chain whose members these pages are for: LIUSHUI_PORTAL_CHAIN, or the only one. Raises PortalClosed."""
    chains, wanted = stores.chains(), settings.LIUSHUI.portal_chain
    found = [chain for chain in chains if wanted in ("", chain.code)]
    if len(found) != 1:
        raise PortalClosed("Name one chain by LIUSHUI_PORTAL_CHAIN")
    return found[0]


def stores_of(chain: Chain) -> frozenset[int]:
    """Ids of all stores of a chain."""
    return frozenset(store.id for store in stores.stores() if store.chain_id == chain.id)


def door_page(view: View) -> View:
    """A page for whoever comes. The view gets `chain`."""
    return _guarded(view, needs_shopper=False)


def shopper_page(view: View) -> View:
    """A page for a member who is signed in, about himself. The view gets `chain` and `shopper`."""
    return _guarded(view, needs_shopper=True)


def own_next(text: str) -> str:
    """Where to go after signing in: a page of the portal, else its home."""
    home = reverse("portal:home")
    is_own = text.startswith(home) and len(text) <= _NEXT_MAX and "\\" not in text and "//" not in text
    return text if is_own and text.isprintable() else home


def _guarded(view: View, *, needs_shopper: bool) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            chain = portal_chain()
            row_security.enter_chain(chain_id=chain.id, store_ids=stores_of(chain))
            if not needs_shopper:
                return view(request, *args, chain=chain, **kwargs)
            shopper = sessions.shopper_of(request=request, chain_id=chain.id, now=datetime.now(UTC))
            if shopper is None:
                wanted = urlencode({"next": request.path}) if request.method == "GET" else ""
                return redirect(f"{reverse('portal:sign-in')}{'?' + wanted if wanted else ''}")
            return view(request, *args, chain=chain, shopper=shopper, **kwargs)
        except LiushuiError as error:
            return render(request, "portal/error.html", {"error": error}, status=error.status)

    guarded.capability = None  # type: ignore[attr-defined]  # read by the access matrix test
    return never_cache(guarded)
