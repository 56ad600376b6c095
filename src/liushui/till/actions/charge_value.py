"""A top-up or a gift card paid by phone: the row is there before the provider is asked, under a payment id of its own.

pending ─▶ booking (paid) ─▶ done; pending ─▶ failed. A till that dies in between is found by its row in `pending`, or
by a payment that nobody captured.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from liushui.kernel.errors import LiushuiError
from liushui.payments import facade as payments
from liushui.payments.contracts import OPEN_STATES, Payment, StartPayment
from liushui.payments.errors import PaymentNotFound
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.till.actions.book_value import go_on, release
from liushui.till.contracts import Till, ValueSale
from liushui.till.models import ValueRow
from liushui.till.value_queries import value_row

NEVER_BEGUN = timedelta(seconds=30)  # a till that has not begun its payment by now died before it could
REFERENCE = "value"  # payments of ours are for value:<id>


def payment_id_of(value_id: UUID) -> UUID:
    """The id of the payment for a row: the same however often it is sent, so that one charge is made."""
    return uuid5(value_id, "payment")


def charge(row: ValueRow, *, till: Till, auth_code: str, now: datetime) -> ValueSale:
    """Have the provider charge the customer's code for a row in `pending`. The answer is done, failed with why in its
    note, or pending while the customer types a password: then `refresh_value` asks."""
    try:
        payment = payments.start(command=_start(row, till, auth_code), principal=till.principal, now=now)
    except LiushuiError:
        if payments.of_reference(reference=_reference(row.id)) == ():
            _move(row, now=now, state="failed", note="refused")
        raise
    return _apply(row, payment, principal=till.principal, now=now)


def refresh_value(*, till: Till, value_id: UUID, now: datetime) -> ValueSale:
    """Ask how the payment stands, and book when it is paid. Safe at any time, as often as wanted."""
    row = value_row(value_id=value_id, store_ids={till.store_id})
    if row.state != "pending":
        return go_on(row, principal=till.principal, now=now)
    return _apply(row, _known(row, asks=True, now=now), principal=till.principal, now=now)


def cancel_value(*, till: Till, value_id: UUID, now: datetime) -> ValueSale:
    """End a payment that is waited for: failed; done when it was made after all; pending while nobody answers."""
    row = value_row(value_id=value_id, store_ids={till.store_id})
    if row.state != "pending" or row.payment_id is None:
        return go_on(row, principal=till.principal, now=now)
    try:
        payment = payments.cancel(payment_id=row.payment_id, principal=till.principal, now=now)
    except PaymentNotFound:
        return _apply(row, None, principal=till.principal, now=now)
    return _apply(row, payment, principal=till.principal, now=now)


def take_up_value(row: ValueRow, *, principal: Principal, now: datetime) -> ValueSale:
    """Go on with a row in `pending` whose till has gone away, by what payments know meanwhile."""
    return _apply(row, _known(row, asks=False, now=now), principal=principal, now=now)


def _known(row: ValueRow, *, asks: bool, now: datetime) -> Payment | None:
    assert row.payment_id is not None  # nosec B101  # a row is pending for its payment only
    try:
        if asks:
            return payments.refresh(payment_id=row.payment_id, now=now)
        return payments.payment(payment_id=row.payment_id)
    except PaymentNotFound:
        return None


def _apply(row: ValueRow, payment: Payment | None, *, principal: Principal, now: datetime) -> ValueSale:
    """Write on the row how its payment stands, and go on."""
    if payment is None:
        if now - row.taken_at > NEVER_BEGUN:
            _move(row, now=now, state="failed", note="never_begun")
    elif payment.state == "paid":
        _move(row, now=now, state="booking", method=payment.method or row.method)
    elif payment.state not in OPEN_STATES:
        _move(row, now=now, state="failed", note=payment.failure or payment.state)
    present = ValueRow.objects.get(id=row.id)
    if present.state == "failed" and payment is not None and payment.state == "paid":
        release(present, now=now)  # given up as never begun, and begun after all
    return go_on(present, principal=principal, now=now)


def _start(row: ValueRow, till: Till, auth_code: str) -> StartPayment:
    assert row.payment_id is not None  # nosec B101  # for the type checker
    store = stores.store(store_id=row.store_id)
    return StartPayment(
        id=row.payment_id,
        chain_id=row.chain_id,
        store_id=row.store_id,
        reference=_reference(row.id),
        description=f"{store.name_zh or store.name_en} {row.number}"[:128],
        provider=row.method,
        mode="we_scan",
        amount_minor=row.paid_minor,
        currency=row.currency,
        auth_code=auth_code,
        workstation=row.workstation_code,
        operator=row.operator,
    )


def _reference(value_id: UUID) -> str:
    return f"{REFERENCE}:{value_id}"


def _move(row: ValueRow, *, now: datetime, state: str, **values: object) -> int:
    return ValueRow.objects.filter(id=row.id, state="pending").update(state=state, changed_at=now, **values)
