"""The shopper's pages, under /my/, composed from one file a subject."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.portal.pages import door, history, home, privacy, receipts

app_name = "portal"
urlpatterns: list[URLPattern] = [
    *door.urlpatterns,
    *home.urlpatterns,
    *receipts.urlpatterns,
    *history.urlpatterns,
    *privacy.urlpatterns,
]
