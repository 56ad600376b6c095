"""Payments, differences with providers, and the address that providers notify."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from liushui.payments.pages import cases, lists, notify
from liushui.runtime.menu import MenuEntry

app_name = "payments"
urlpatterns = [
    path("payments/", lists.payment_list, name="payments"),
    path("payments/export/", lists.payment_export, name="export"),
    path("payments/<uuid:payment_id>/", lists.payment_page, name="payment"),
    path("payments/<uuid:payment_id>/ask/", lists.ask, name="ask"),
    path("payments/cases/", cases.case_list, name="cases"),
    path("payments/cases/<uuid:case_id>/", cases.case_page, name="case"),
    path("payments/reconcile/", cases.reconcile, name="reconcile"),
    path("payments/notify/<slug:provider>/", notify.notify, name="notify"),
]
MENU = (
    MenuEntry(
        section="orders",
        title=_("Provider payments"),
        url_name="payments:payments",
        capability="payment.read",
        position=10,
    ),
    MenuEntry(
        section="orders",
        title=_("Payment differences"),
        url_name="payments:cases",
        capability="payment.read",
        position=11,
    ),
)
