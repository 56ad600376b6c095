"""Console pages of returns: what came back, sums by reason, store, cashier and item, and what the chain allows."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from liushui.returns.pages.came_back import export, returned_lines
from liushui.returns.pages.policy import policy
from liushui.returns.pages.report import report, report_export
from liushui.runtime.menu import MenuEntry

app_name = "returns"
urlpatterns: list[URLPattern] = [
    path("returns/", returned_lines, name="list"),
    path("returns/export/", export, name="export"),
    path("returns/report/", report, name="report"),
    path("returns/report/export/", report_export, name="report-export"),
    path("returns/policy/", policy, name="policy"),
]

MENU = (
    MenuEntry(section="orders", title=_("Returns"), url_name="returns:list", capability="sale.read", position=2),
    MenuEntry(
        section="reports", title=_("Returns report"), url_name="returns:report", capability="report.read", position=6
    ),
    MenuEntry(
        section="settings", title=_("Return policy"), url_name="returns:policy", capability="loyalty.approve",
        position=6,
    ),
)  # fmt: skip
