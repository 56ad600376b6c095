"""Receipts of the till, on screen and on paper."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.runtime.menu import MenuEntry

urlpatterns: list[URLPattern] = []
MENU: tuple[MenuEntry, ...] = ()
