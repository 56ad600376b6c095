"""Points and stored value line by line, and the coupons that are the member's own."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from liushui.loyalty import facade as loyalty
from liushui.portal.access import shopper_page
from liushui.portal.contracts import Shopper
from liushui.portal.pages.entry_words import entry_name
from liushui.promotions import facade as promotions
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

_ROWS = 30
_KINDS = ("points", "value")


@require_GET
@shopper_page
def account(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """What came in and what went out, the newest first."""
    kind = request.GET.get("kind", "points")
    kind = kind if kind in _KINDS else "points"
    page = loyalty.entries(
        member_id=shopper.member.id, kind=kind, cursor=request.GET.get("cursor", "")[:20], limit=_ROWS
    )
    by_id = {store.id: store for store in stores.stores()}
    rows = [(entry, entry_name(entry.kind), by_id.get(entry.store_id or 0)) for entry in page.entries]
    context = {
        "chain": chain, "kind": kind, "rows": rows, "next_cursor": page.next_cursor,
        "balances": loyalty.balances(member_id=shopper.member.id),
        "lots": loyalty.expiring(member_id=shopper.member.id),
    }  # fmt: skip
    return render(request, "portal/account.html", context)


@require_GET
@shopper_page
def coupons(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Codes that were given to this member."""
    found = promotions.member_codes(chain_id=chain.id, member_id=shopper.member.number, now=datetime.now(UTC))
    return render(request, "portal/coupons.html", {"chain": chain, "coupons": found})


urlpatterns: list[URLPattern] = [
    path("my/account/", account, name="account"),
    path("my/coupons/", coupons, name="coupons"),
]
