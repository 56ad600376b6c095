"""News that a provider sends us: believed when signed, harmless when it comes twice or late, refused when forged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from liushui.payments import attempts
from liushui.payments.actions.refund_payment import settle_refund
from liushui.payments.actions.settle_trade import settle_trade
from liushui.payments.cases import open_case
from liushui.payments.errors import ProviderUnknown
from liushui.payments.models import NotificationRow, PaymentRow, RefundRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import Notification, NotificationForged, NotificationMalformed, Provider, Trade
from liushui.runtime import audit, row_security
from liushui.runtime.access import Principal

_logger = structlog.get_logger(__name__)
_AUDITED_AN_HOUR = 60  # whoever forges thousands fills no audit log; every one of them is in the server's log

TAKEN = (200, b'{"code":"SUCCESS"}')
FORGED = (401, b'{"code":"FORGED"}')
MALFORMED = (400, b'{"code":"MALFORMED"}')
UNKNOWN_PROVIDER = (404, b'{"code":"UNKNOWN_PROVIDER"}')


@row_security.everything()  # a provider speaks for no store
def take_notification(
    *, provider: str, headers: Mapping[str, str], body: bytes, now: datetime, address: str = ""
) -> tuple[int, bytes]:
    """What to answer the provider: 200 once it is written down, so that it stops sending."""
    try:
        adapter = offered.provider(provider)
    except ProviderUnknown:
        return UNKNOWN_PROVIDER
    try:
        news = adapter.read_notification(
            headers={name.lower(): value for name, value in headers.items()}, body=body, now=now
        )
    except NotificationForged as error:
        _refuse(provider=provider, why=str(error), address=address, now=now)
        return FORGED
    except NotificationMalformed as error:
        _refuse(provider=provider, why=f"malformed {error}", address=address, now=now)
        return MALFORMED
    if NotificationRow.objects.filter(provider=provider, event_id=news.event_id).exists():
        return TAKEN
    _take(news, adapter=adapter, now=now)
    NotificationRow.objects.bulk_create(
        [NotificationRow(provider=provider, event_id=news.event_id, first_at=now)], ignore_conflicts=True
    )
    return TAKEN


def _take(news: Notification, *, adapter: Provider, now: datetime) -> None:
    if news.trade is not None:
        payment = _payment(news.trade.out_trade_no)
        call = attempts.Call(provider=adapter.name, operation="notify", payment_id=payment.id if payment else None)
        attempts.note(call=call, request_id=news.event_id[:64], outcome=news.trade.state)
        if payment is None or payment.provider != adapter.name:
            _unknown_trade(news.trade, adapter=adapter, now=now)
        else:
            settle_trade(payment_id=payment.id, trade=news.trade, time_zone=adapter.time_zone, now=now)
    if news.refund is not None:
        refund = _refund(news.refund.out_refund_no)
        call = attempts.Call(
            provider=adapter.name,
            operation="notify",
            payment_id=refund.payment_id if refund else None,
            refund_id=refund.id if refund else None,
        )
        attempts.note(call=call, request_id=news.event_id[:64], outcome=f"refund_{news.refund.state}")
        if refund is not None:
            settle_refund(refund_id=refund.id, told=news.refund, now=now)


def _unknown_trade(trade: Trade, *, adapter: Provider, now: datetime) -> None:
    """Money for a payment that we never made: a person must see it, today and not with tomorrow's bill."""
    if trade.state != "paid":
        return
    open_case(
        provider=adapter.name,
        bill_date=(trade.paid_at or now).astimezone(ZoneInfo(adapter.time_zone)).date(),
        kind="missing_here",
        subject=trade.out_trade_no or trade.trade_id,
        now=now,
        provider_trade_id=trade.trade_id,
        theirs_minor=trade.amount_minor,
        currency=trade.currency,
    )


def _payment(out_trade_no: str) -> PaymentRow | None:
    found = uuid_of(out_trade_no)
    return PaymentRow.objects.filter(id=found).first() if found else None


def _refund(out_refund_no: str) -> RefundRow | None:
    found = uuid_of(out_refund_no)
    return RefundRow.objects.filter(id=found).first() if found else None


def uuid_of(number: str) -> UUID | None:
    """Our id of a number that a provider says; None when it is not one of ours."""
    try:
        return UUID(hex=number) if len(number) == 32 else None
    except ValueError:
        return None


def _refuse(*, provider: str, why: str, address: str, now: datetime) -> None:
    _logger.warning("payment_notification_refused", provider=provider, why=why, address=address)
    action = "payment.notify_refused"
    if len(audit.entries(action=action, since=now - timedelta(hours=1), limit=_AUDITED_AN_HOUR)) < _AUDITED_AN_HOUR:
        stranger = Principal(subject="anonymous", name="", grants=(), address=address)
        audit.record(principal=stranger, action=action, target=f"provider:{provider}", after={"why": why})
