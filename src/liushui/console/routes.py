"""Addresses of the shell itself: search, place switch, language, theme. The app includes them as namespace `shell`."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from liushui.console import search, theme

app_name = "shell"
urlpatterns = [
    path("search/", search.results, name="search"),
    path("search/places/", search.places, name="places"),
    path("language/", set_language, name="language"),
    path("theme/", theme.choose, name="theme"),
]
