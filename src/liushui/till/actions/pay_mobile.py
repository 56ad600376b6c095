"""Payments through a provider, by either way of 扫码: begun, asked about, taken off again.

The tender stands on the ticket before the provider is asked, under a payment id that we make: a till that dies at any
point finds it there again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.payments import facade as payments
from liushui.payments.contracts import OPEN_STATES, Payment, StartPayment
from liushui.payments.errors import PaymentNotFound
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.hold import hold, standing
from liushui.till.actions.hold_value import hold_value
from liushui.till.actions.pay import PAYABLE, amount_for, payable, take
from liushui.till.actions.record import record
from liushui.till.contracts import Ticket, TicketTender, Till
from liushui.till.domain import tenders as rules
from liushui.till.errors import TenderKept, TenderRefused, TicketChanged
from liushui.till.models import TicketRow

TRIES = 20
NEVER_BEGUN = timedelta(seconds=30)  # a till that has not begun its payment by now died before it could


def pay_mobile(
    *, till: Till, ticket_id: UUID, version: int, provider: str, mode: str, amount_minor: int | None = None,
    auth_code: str = "", now: datetime,
) -> Ticket:  # fmt: skip
    """Begin a payment of what is due, or of a part. The answer has the tender paid, pending (then `refresh` asks), or
    failed with why in its note. When it completes the payment, the sale is recorded."""
    row = payable(till, ticket_id, version)
    tenders = storage.tenders_of(row)
    due = rules.due_minor(storage.payable_minor(row), tenders)
    amount = amount_for(due, due if amount_minor is None else amount_minor)
    if amount == 0:
        raise TenderRefused("There is nothing to pay by phone", pointer="/amount_minor")
    tender = TicketTender(
        number=rules.next_number(tenders), type="mobile", method=provider, amount_minor=amount, given_minor=amount,
        change_minor=0, state="pending", provider=provider, payment_id=new_id(), taken_at=now,
    )  # fmt: skip
    if row.is_training:
        practised = replace(tender, state="paid", payment_id=None, method="training")
        return take(row, [*tenders, practised], till=till, now=now)
    hold(row, now=now)
    storage.change(
        row, states=PAYABLE, now=now, while_open=row.shift_id, state="paying",
        **storage.tender_columns([*tenders, tender]),
    )  # fmt: skip
    try:
        payment = payments.start(
            command=_start(till, row, tender, mode=mode, auth_code=auth_code), principal=till.principal, now=now
        )
    except LiushuiError:
        _change_tender(row, replace(tender, state="failed", note="refused"), now)
        raise
    return _apply(row.id, {payment.id: payment}, till=till, principal=till.principal, now=now)


def _start(till: Till, row: TicketRow, tender: TicketTender, *, mode: str, auth_code: str) -> StartPayment:
    assert tender.payment_id is not None  # nosec B101  # for the type checker
    store = stores.store(store_id=row.store_id)
    return StartPayment(
        id=tender.payment_id,
        chain_id=row.chain_id,
        store_id=row.store_id,
        reference=f"ticket:{row.id}",
        description=f"{store.name_zh or store.name_en} {row.number}"[:128],
        provider=tender.provider,
        mode=mode,
        amount_minor=tender.amount_minor,
        currency=row.currency,
        auth_code=auth_code,
        workstation=row.workstation_code,
        operator=till.operator,
    )


def refresh(*, till: Till, ticket_id: UUID, now: datetime) -> Ticket:
    """Ask how the open payments stand, and record the sale when all is paid. Safe at any time, as often as wanted."""
    row = storage.load(till=till, ticket_id=ticket_id)
    if row.state not in PAYABLE:
        return storage.ticket_of(row)
    found: dict[UUID, Payment | None] = {}
    for payment_id in _pending(row):
        try:
            found[payment_id] = payments.refresh(payment_id=payment_id, now=now)
        except PaymentNotFound:
            found[payment_id] = None
    return _apply(row.id, found, till=till, principal=till.principal, now=now)


def take_up(row: TicketRow, *, principal: Principal, now: datetime) -> Ticket:
    """Go on with a ticket whose till has gone away, by what payments know meanwhile."""
    found: dict[UUID, Payment | None] = {}
    for payment_id in _pending(row):
        try:
            found[payment_id] = payments.payment(payment_id=payment_id)
        except PaymentNotFound:
            found[payment_id] = None
    return _apply(row.id, found, till=None, principal=principal, now=now)


def remove_tender(*, till: Till, ticket_id: UUID, version: int, number: int, now: datetime) -> Ticket:
    """Take a tender off an unfinished ticket: cash is handed back, a payment on its way is ended first.

    A payment that was made after all stays, and so does one whose end the provider does not tell; TenderKept for one
    that was known to be paid.
    """
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=PAYABLE)
    tenders = storage.tenders_of(row)
    tender = next((each for each in tenders if each.number == number), None)
    if tender is None:
        raise TenderRefused(f"Ticket {row.number} has no tender {number}", pointer="/number")
    if tender.payment_id is not None and tender.state == "paid":
        raise TenderKept(f"{tender.amount_minor} are paid by {tender.method}")
    if tender.payment_id is not None and tender.state == "pending":
        try:
            payment = payments.cancel(payment_id=tender.payment_id, principal=till.principal, now=now)
        except PaymentNotFound:
            return _apply(row.id, {tender.payment_id: None}, till=till, principal=till.principal, now=now)
        return _apply(row.id, {payment.id: payment}, till=till, principal=till.principal, now=now)
    kept = [each for each in tenders if each.number != number]
    after = take(row, kept, till=till, now=now)
    hold_value(row, before=tenders, after=kept, now=now)
    return after


def _pending(row: TicketRow) -> list[UUID]:
    return [
        tender.payment_id
        for tender in storage.tenders_of(row)
        if tender.state == "pending" and tender.payment_id is not None
    ]


def _apply(
    ticket_id: UUID, found: dict[UUID, Payment | None], *, till: Till | None, principal: Principal, now: datetime
) -> Ticket:
    """Write on the ticket how its payments stand, whatever else has changed on it meanwhile."""
    for _ in range(TRIES):
        row = TicketRow.objects.get(id=ticket_id)
        if row.state not in PAYABLE:
            return storage.ticket_of(row)
        before = storage.tenders_of(row)
        tenders = tuple(_with(tender, found, now) for tender in before)
        try:
            if rules.all_paid(storage.payable_minor(row), tenders):
                return record(row, tenders=tenders, states=PAYABLE, till=till, now=now, principal=principal)
            if tenders == before:
                return storage.ticket_of(row)
            storage.change(
                row, states=PAYABLE, now=now, **storage.tender_columns(tenders), **standing(row, tenders, now)
            )
            return storage.ticket_of(row)
        except TicketChanged:
            continue
    raise TicketChanged("The ticket is changed faster than it can be read")


def _with(tender: TicketTender, found: dict[UUID, Payment | None], now: datetime) -> TicketTender:
    if tender.state != "pending" or tender.payment_id is None or tender.payment_id not in found:
        return tender
    payment = found[tender.payment_id]
    if payment is None:
        gone = tender.taken_at is None or now - tender.taken_at > NEVER_BEGUN
        return replace(tender, state="failed", note="never_begun") if gone else tender
    method = payment.method or tender.method
    if payment.state in OPEN_STATES:
        return replace(tender, qr_text=payment.qr_text, user_is_paying=payment.user_is_paying, method=method)
    if payment.state == "paid":
        return replace(tender, state="paid", qr_text="", user_is_paying=False, method=method)
    note = payment.failure or payment.state
    return replace(tender, state="failed", qr_text="", user_is_paying=False, note=note, method=method)


def _change_tender(row: TicketRow, tender: TicketTender, now: datetime) -> None:
    tenders = [tender if each.number == tender.number else each for each in storage.tenders_of(row)]
    values = {**storage.tender_columns(tenders), **standing(row, tenders, now)}
    storage.change(row, states=("paying",), now=now, **values)
