"""Pages of the till and about tills, composed from one file a subject."""

from __future__ import annotations

from liushui.runtime.menu import MenuEntry
from liushui.till.pages import days, devices, pay, receipts, sale, shifts, value

app_name = "till"
urlpatterns = [
    *devices.urlpatterns,
    *sale.urlpatterns,
    *pay.urlpatterns,
    *receipts.urlpatterns,
    *shifts.urlpatterns,
    *value.urlpatterns,
    *days.urlpatterns,
]
MENU: tuple[MenuEntry, ...] = (*sale.MENU, *shifts.MENU, *days.MENU, *devices.MENU)
