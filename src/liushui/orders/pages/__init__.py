"""Console pages of orders: the list of receipts, one receipt, its paper form, the void."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from liushui.orders.pages.receipt import receipt, receipt_paper, void
from liushui.orders.pages.receipts import export, receipts
from liushui.runtime.menu import MenuEntry

app_name = "orders"
urlpatterns: list[URLPattern] = [
    path("orders/", receipts, name="sales"),
    path("orders/export/", export, name="export"),
    path("orders/<uuid:sale_id>/", receipt, name="sale"),
    path("orders/<uuid:sale_id>/paper/", receipt_paper, name="paper"),
    path("orders/<uuid:sale_id>/void/", void, name="void"),
]

MENU = (MenuEntry(section="orders", title=_("Receipts"), url_name="orders:sales", capability="sale.read"),)
