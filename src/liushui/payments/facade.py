"""The door of payments: begin, ask, cancel, capture, give back, and compare with the provider's bill."""

from __future__ import annotations

from datetime import date, datetime

from liushui.payments.actions.capture_payments import capture_payments as capture
from liushui.payments.actions.give_up_payment import give_up_payment as release
from liushui.payments.actions.reconcile_bill import reconcile_bill
from liushui.payments.actions.refresh_payment import cancel_payment as cancel
from liushui.payments.actions.refresh_payment import refresh_payment as refresh
from liushui.payments.actions.refund_payment import refund_payment as refund
from liushui.payments.actions.resolve_unknown import resolve_unknown
from liushui.payments.actions.settle_case import ask_to_settle, difference_minor, settle_case
from liushui.payments.actions.start_payment import start_payment as start
from liushui.payments.actions.take_notification import take_notification
from liushui.payments.contracts import Reconciliation
from liushui.payments.facts import decode_fact
from liushui.payments.providers.offered import names as provider_names
from liushui.payments.providers.offered import offered as providers
from liushui.payments.queries import (
    case,
    cases,
    is_reconciled,
    of_reference,
    payment,
    payment_detail,
    payments,
    reconciliations,
    refunds_of,
    uncaptured,
)
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal


def reconcile(*, provider: str, bill_date: date, now: datetime, principal: Principal | None = None) -> Reconciliation:
    """Compare the provider's bill of that day with our records; without a principal it is the clock that asks."""
    return reconcile_bill(
        provider=provider, bill_date=bill_date, principal=principal or system_principal(name="clock"), now=now
    )


__all__ = [
    "ask_to_settle",
    "cancel",
    "capture",
    "case",
    "cases",
    "decode_fact",
    "difference_minor",
    "is_reconciled",
    "of_reference",
    "payment",
    "payment_detail",
    "payments",
    "provider_names",
    "providers",
    "reconcile",
    "reconciliations",
    "refresh",
    "refund",
    "refunds_of",
    "release",
    "resolve_unknown",
    "settle_case",
    "start",
    "take_notification",
    "uncaptured",
]
