"""Payments, differences with providers, and the address that providers notify."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.runtime.menu import MenuEntry

app_name = "payments"
urlpatterns: list[URLPattern] = []
MENU: tuple[MenuEntry, ...] = ()
