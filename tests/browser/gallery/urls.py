"""The product's addresses and /gallery/."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from tests.browser.gallery.charts import CHARTS

from liushui.app.urls import handler400, handler403, handler404, handler500, urlpatterns
from liushui.kernel.errors import NotFound
from liushui.runtime.access import Principal
from liushui.runtime.web import page

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ROWS = [
    {"code": code, "name": name, "net": net, "before": before, "tickets": tickets}
    for code, name, net, before, tickets in (
        ("E1", "上海人民路店", 1_234_567, 1_100_000, 1204),
        ("E2", "杭州湖滨店", 987_650, 1_010_000, 998),
        ("W1", "成都春熙店", 456_780, 456_780, 512),
        ("W2", "重庆解放碑店", 120_050, 0, 96),
    )
]


@page(capability=None)
def gallery(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Tiles, tables, charts, forms, states."""
    messages.success(request, "Saved.")
    messages.error(request, "This could not be saved.")
    return render(request, "gallery/page.html", {"rows": ROWS, "charts": CHARTS, "total": 2_799_047})


@page(capability=None)
def missing(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A named error."""
    raise NotFound("There is no receipt 4711", remedy="Look for it by its number.")


def broken(request: HttpRequest) -> HttpResponse:
    """An error nobody foresaw."""
    raise ZeroDivisionError


urlpatterns += [path("gallery/", gallery), path("gallery/missing/", missing), path("gallery/broken/", broken)]
