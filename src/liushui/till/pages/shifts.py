"""Shifts: float, cash in and out, count, hand-over, X report."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.runtime.menu import MenuEntry

urlpatterns: list[URLPattern] = []
MENU: tuple[MenuEntry, ...] = ()
