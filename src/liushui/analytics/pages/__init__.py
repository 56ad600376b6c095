"""Console pages of analytics: home and the reports."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from liushui.analytics.pages.home import home
from liushui.analytics.pages.reports import export, report
from liushui.analytics.titles import TITLES
from liushui.runtime.menu import MenuEntry

app_name = "analytics"
urlpatterns: list[URLPattern] = [path("", home, name="home")]
urlpatterns += [path(f"reports/{name}/", report, {"name": name}, name=f"report-{name}") for name in TITLES]
urlpatterns += [path(f"reports/{name}/export/", export, {"name": name}, name=f"export-{name}") for name in TITLES]

MENU = (
    MenuEntry(section="home", title=_("Home"), url_name="analytics:home", capability=None),
    *(
        MenuEntry(
            section="reports", title=title, url_name=f"analytics:report-{name}", capability="report.read", position=i
        )
        for i, (name, title) in enumerate(TITLES.items())
    ),
)
