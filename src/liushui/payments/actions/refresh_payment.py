"""Ask the provider how a payment stands, and end one that nobody will pay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from liushui.payments import attempts
from liushui.payments.actions.release_payment import go_on_releasing
from liushui.payments.actions.settle_trade import fail, settle_trade
from liushui.payments.actions.start_payment import order_of
from liushui.payments.contracts import OPEN_STATES, Payment
from liushui.payments.errors import PaymentNotFound
from liushui.payments.models import PaymentRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import NotDelivered, OutcomeUnknown, Provider, ProviderRefused, Trade
from liushui.payments.views import payment_of
from liushui.runtime.access import Principal


def refresh_payment(*, payment_id: UUID, now: datetime) -> Payment:
    """The payment after the provider was asked, if there was anything to ask; unchanged when it does not answer."""
    row = row_of(payment_id)
    return payment_of(find_out(row, now=now))


def cancel_payment(*, payment_id: UUID, principal: Principal, now: datetime) -> Payment:
    """End an open payment: asked first, then closed (or, scanned by us, reversed). Answers paid when it was paid after
    all, and open when the provider does not answer: then the tick goes on cancelling."""
    row = row_of(payment_id)
    principal.require_store("till.use", store_id=row.store_id)
    if PaymentRow.objects.filter(id=payment_id, state__in=OPEN_STATES).update(cancel_wanted=True, next_try_at=now):
        row.cancel_wanted = True
        row = end(row, provider=offered.provider(row.provider), failure="cancelled", now=now)
    return payment_of(row)


def row_of(payment_id: UUID) -> PaymentRow:
    """The row of a payment; raises PaymentNotFound."""
    row = PaymentRow.objects.filter(id=payment_id).first()
    if row is None:
        raise PaymentNotFound(f"There is no payment {payment_id}")
    return row


def find_out(row: PaymentRow, *, now: datetime) -> PaymentRow:
    """Do what is next for a payment whose end is not known: ask, close, or go on giving back."""
    if row.state == "paid" and row.releasing:
        return go_on_releasing(row, now=now)
    if row.state not in OPEN_STATES:
        return row
    provider = offered.provider(row.provider)
    if row.cancel_wanted or now >= row.expires_at:
        return end(row, provider=provider, failure="cancelled" if row.cancel_wanted else "expired", now=now)
    try:
        trade = _ask(row, provider)
    except (NotDelivered, OutcomeUnknown, ProviderRefused):
        return row
    if trade.state == "not_found" and row.state == "created" and now >= row.created_at + _in_flight():
        return end(row, provider=provider, failure="never_arrived", now=now)
    return settle_trade(payment_id=row.id, trade=trade, time_zone=provider.time_zone, now=now)


def end(row: PaymentRow, *, provider: Provider, failure: str, now: datetime) -> PaymentRow:
    """Close an open payment at the provider; `failure` is what it failed of when it had not been paid."""
    number = row.id.hex
    closing = "reverse" if row.mode == "we_scan" or row.user_is_paying else "close"
    try:
        trade = attempts.ask(call=_call(row, "query"), question=lambda: provider.query(out_trade_no=number))
        if trade.state in ("not_found", "pending", "user_paying"):
            trade = attempts.ask(
                call=_call(row, closing),
                question=lambda: (
                    provider.reverse(out_trade_no=number)
                    if closing == "reverse"
                    else provider.close(out_trade_no=number)
                ),
            )
    except (NotDelivered, OutcomeUnknown, ProviderRefused):
        return row
    if trade.state == "not_found":
        return fail(payment_id=row.id, failure=failure, now=now)
    if trade.state == "closed" and trade.failure in ("", "closed"):
        trade = replace(trade, failure=failure)
    return settle_trade(payment_id=row.id, trade=trade, time_zone=provider.time_zone, now=now)


def _ask(row: PaymentRow, provider: Provider) -> Trade:
    """A payment whose QR code never reached us is begun again, which answers the same one; else it is asked about."""
    if row.state == "created" and row.mode == "customer_scans":
        return attempts.ask(call=_call(row, "begin"), question=lambda: provider.begin(order_of(row)))
    return attempts.ask(call=_call(row, "query"), question=lambda: provider.query(out_trade_no=row.id.hex))


def _call(row: PaymentRow, operation: str) -> attempts.Call:
    return attempts.Call(provider=row.provider, operation=operation, payment_id=row.id)


def _in_flight() -> timedelta:
    """After this long no request of ours is still on its way."""
    return timedelta(seconds=3 * settings.LIUSHUI.payment_timeout_seconds)
