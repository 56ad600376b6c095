"""Home: the member's code for the till, tier and how near the next one is, points, stored value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Level, TierProgress
from liushui.portal.access import shopper_page
from liushui.portal.contracts import Shopper
from liushui.privacy import facade as privacy
from liushui.stores.contracts import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class TierView:
    """A member's tier as the page shows it."""

    level: Level | None
    next_level: Level | None
    progress: TierProgress


@require_GET
@shopper_page
def home(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Everything at a glance."""
    now = datetime.now(UTC)
    programme = loyalty.live_programme(chain_id=chain.id, at=now)
    told = loyalty.benefits(member_id=shopper.member.id, at=now)
    progress = told.progress
    tier = TierView(
        level=programme.level(progress.tier), next_level=programme.level(progress.next_tier), progress=progress
    )
    masked = privacy.masked(subject_ids=[shopper.subject_id]).get(shopper.subject_id, {})
    context = {
        "chain": chain, "shopper": shopper, "tier": tier, "benefits": told, "masked": masked,
        "has_tiers": bool(programme.levels), "balances": loyalty.balances(member_id=shopper.member.id),
        "lots": loyalty.expiring(member_id=shopper.member.id)[:3],
    }  # fmt: skip
    return render(request, "portal/home.html", context)


@require_GET
@shopper_page
def code_picture(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """The code that the till scans: signed, good for a few minutes, made anew with every request."""
    token = loyalty.member_token(member_id=shopper.member.id, now=datetime.now(UTC))
    picture = segno.make_qr(token, error="m").svg_inline(scale=6, border=3, dark="#000", light="#fff", svgclass=None)
    return HttpResponse(
        picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), content_type="image/svg+xml"
    )


urlpatterns: list[URLPattern] = [
    path("my/", home, name="home"),
    path("my/code.svg", code_picture, name="code-picture"),
]
