"""Begin a payment with a provider: written down first, then asked for, so that no charge is without a record."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent
from liushui.payments import attempts
from liushui.payments.actions.settle_trade import fail, settle_trade
from liushui.payments.contracts import PAYMENT_MODES, Payment, StartPayment
from liushui.payments.errors import PaymentConflict
from liushui.payments.models import PaymentRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import NotDelivered, Order, OutcomeUnknown, Provider, ProviderRefused, Trade
from liushui.payments.views import payment_of
from liushui.runtime.access import Principal

_TEXT_MAX = {"reference": 128, "description": 128, "workstation": 32, "operator": 64, "auth_code": 64}
_FIRST_TRY_SECONDS = 2


def start_payment(*, command: StartPayment, principal: Principal, now: datetime) -> Payment:
    """Start it, once however many ask: the one whose row is written asks the provider.

    The same id again answers the payment as it stands; with other contents it raises PaymentConflict. A provider that
    cannot be reached makes the payment failed (unreachable); one that does not answer leaves it created.
    """
    principal.require_store("till.use", store_id=command.store_id)
    _check(command)
    provider = offered.provider(command.provider)
    call = attempts.Call(
        provider=command.provider,
        operation="charge" if command.mode == "we_scan" else "begin",
        payment_id=command.id,
    )
    row = _record(command, call=call, principal=principal, now=now)
    if isinstance(row, PaymentRow):
        return payment_of(row)
    return payment_of(_ask(command, call=call, request_id=row, provider=provider, now=now))


def order_of(row: PaymentRow, *, auth_code: str = "") -> Order:
    """What the provider is told of a payment."""
    return Order(
        out_trade_no=row.id.hex,
        mode=row.mode,
        amount_minor=row.amount_minor,
        currency=row.currency,
        description=row.description,
        expires_at=row.expires_at,
        auth_code=auth_code,
        store=str(row.store_id),
        terminal=row.workstation,
    )


def _record(command: StartPayment, *, call: attempts.Call, principal: Principal, now: datetime) -> PaymentRow | str:
    """The request id of the call that is now ours to make, or the payment that was there."""
    digest = _digest(command)
    row = PaymentRow.objects.filter(id=command.id).first()
    if row is None:
        try:
            with transaction.atomic():
                _insert(command, digest=digest, principal=principal, now=now)
                return attempts.announce(call=call)
        except IntegrityError:
            row = PaymentRow.objects.filter(id=command.id).first()
    if row is None or row.command_sha256 != digest:  # None: it is of a store that this request may not see
        raise PaymentConflict(
            f"Payment {command.id} was started before with other contents", remedy="Give a changed payment a new id."
        )
    return row


def _insert(command: StartPayment, *, digest: str, principal: Principal, now: datetime) -> None:
    PaymentRow.objects.create(
        id=command.id, command_sha256=digest, chain_id=command.chain_id, store_id=command.store_id,
        reference=command.reference, description=command.description, provider=command.provider, mode=command.mode,
        amount_minor=command.amount_minor, currency=command.currency, workstation=command.workstation,
        operator=command.operator, started_by=principal.subject, created_at=now,
        expires_at=now + timedelta(minutes=settings.LIUSHUI.payment_minutes),
        next_try_at=now + timedelta(seconds=_FIRST_TRY_SECONDS + settings.LIUSHUI.payment_timeout_seconds),
    )  # fmt: skip


def _ask(
    command: StartPayment, *, call: attempts.Call, request_id: str, provider: Provider, now: datetime
) -> PaymentRow:
    order = order_of(PaymentRow.objects.get(id=command.id), auth_code=command.auth_code)

    def question() -> Trade:
        return provider.charge(order) if command.mode == "we_scan" else provider.begin(order)

    try:
        trade = attempts.ask(call=call, request_id=request_id, question=question)
    except NotDelivered as error:
        return fail(payment_id=command.id, failure=error.code, now=now)
    except ProviderRefused as error:
        return fail(payment_id=command.id, failure=error.code, now=now)
    except OutcomeUnknown:
        return PaymentRow.objects.get(id=command.id)
    return settle_trade(payment_id=command.id, trade=trade, time_zone=provider.time_zone, now=now)


def _check(command: StartPayment) -> None:
    if command.mode not in PAYMENT_MODES:
        raise InvalidValue(f"{command.mode!r} is not a way to pay", pointer="/mode")
    if type(command.amount_minor) is not int or command.amount_minor <= 0:
        raise InvalidValue("The amount must be more than nothing", pointer="/amount_minor")
    exponent(command.currency)
    if (command.mode == "we_scan") != bool(command.auth_code.strip()):
        raise InvalidValue("The customer's code is given exactly when we scan it", pointer="/auth_code")
    for name, longest in _TEXT_MAX.items():
        text = getattr(command, name)
        if len(text) > longest or "\0" in text:
            raise InvalidValue(f"{name} has {len(text)} characters, it may have {longest}", pointer=f"/{name}")


def _digest(command: StartPayment) -> str:
    """Over all but the customer's code, which is no business of ours once it was used."""
    values = {name: getattr(command, name) for name in StartPayment.__dataclass_fields__ if name != "auth_code"}
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()
