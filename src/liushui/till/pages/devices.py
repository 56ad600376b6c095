"""Enrolling tills, signing in at them, badges and PINs."""

from __future__ import annotations

from django.urls import URLPattern

from liushui.runtime.menu import MenuEntry

urlpatterns: list[URLPattern] = []
MENU: tuple[MenuEntry, ...] = ()
