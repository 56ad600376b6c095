"""Every address: console pages of each module, the API under /api/v1, and what operations ask."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
