"""Business days and their Z reports."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.runtime.menu import MenuEntry

urlpatterns: list[URLPattern] = []
MENU: tuple[MenuEntry, ...] = ()
