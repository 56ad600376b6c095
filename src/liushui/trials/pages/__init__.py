"""Console pages of backtests."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from liushui.runtime.menu import MenuEntry
from liushui.trials.pages.backtests import backtest, backtest_list, progress
from liushui.trials.pages.export import export
from liushui.trials.pages.new import new

app_name = "trials"
urlpatterns: list[URLPattern] = [
    path("promotions/backtests/", backtest_list, name="backtests"),
    path("promotions/backtests/new/", new, name="new"),
    path("promotions/backtests/<uuid:backtest_id>/", backtest, name="backtest"),
    path("promotions/backtests/<uuid:backtest_id>/progress/", progress, name="progress"),
    path("promotions/backtests/<uuid:backtest_id>/export/", export, name="export"),
]

MENU = (
    MenuEntry(
        section="marketing",
        title=_("Backtests"),
        url_name="trials:backtests",
        capability="promotion.read",
        position=40,
    ),
)
