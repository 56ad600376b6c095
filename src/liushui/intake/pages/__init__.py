"""Console pages of intake: imports of files, and sales in quarantine."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from liushui.intake.pages import imports, quarantine, quarantine_entry
from liushui.runtime.menu import MenuEntry

app_name = "intake"
urlpatterns = [
    path("intake/imports/", imports.import_list, name="imports"),
    path("intake/imports/new/", imports.import_new, name="import-new"),
    path("intake/imports/mapping/", imports.mapping_file, name="mapping"),
    path("intake/imports/<uuid:import_id>/", imports.import_detail, name="import"),
    path("intake/imports/<uuid:import_id>/progress/", imports.import_progress, name="import-progress"),
    path("intake/quarantine/", quarantine.quarantine_list, name="quarantine"),
    path("intake/quarantine/export/", quarantine.quarantine_export, name="quarantine-export"),
    path("intake/quarantine/<uuid:entry_id>/", quarantine_entry.quarantine_detail, name="quarantine-entry"),
    path("intake/quarantine/<uuid:entry_id>/items/", quarantine_entry.quarantine_items, name="quarantine-items"),
]
MENU = (
    MenuEntry(section="orders", title=_("Imports"), url_name="intake:imports", capability="intake.read", position=30),
    MenuEntry(
        section="orders", title=_("Quarantine"), url_name="intake:quarantine", capability="intake.read", position=40
    ),
)
