"""Sell value (充值, 礼品卡): money into the drawer, the same amount to loyalty; once, whoever asks how often.

1. The row is written with its number, in the open shift: `booking`, or `pending` while a phone pays (charge_value).
2. Loyalty books it under the row's id, and a payment by phone is captured (book_value).
3. The row goes to `done`.

A process that dies in between leaves `booking` or `pending`, from which recovery goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import GiftCardClosed
from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.book_value import go_on
from liushui.till.actions.charge_value import charge, payment_id_of
from liushui.till.actions.gift_code import card_of_code
from liushui.till.contracts import Till, ValueSale
from liushui.till.domain.codes import mask
from liushui.till.domain.denominations import change_max_minor
from liushui.till.domain.numbers import value_number, value_series
from liushui.till.domain.tenders import AMOUNT_MAX_MINOR
from liushui.till.errors import AmountRefused, ChangeTooMuch, GiftCardSold, NotEnough, TenderRefused, ValueRefused
from liushui.till.models import ValueRow

METHODS = {"cash": "cash", "card": "pos-terminal"}
NOTE_MAX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How the customer pays. `given_minor` is cash handed over; None: exactly."""

    tender: str  # cash | card | mobile
    given_minor: int | None = None
    note: str = ""  # slip number of the card machine
    provider: str = ""  # mobile: who charges the code
    auth_code: str = ""  # mobile: what the customer's payment code said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sold:
    kind: str
    paid_minor: int
    member_id: UUID | None = None
    customer: str = ""
    card: str = ""


def top_up(
    *, till: Till, value_id: UUID, member_id: UUID, paid_minor: int, payment: Payment, now: datetime
) -> ValueSale:
    """Top a member's stored value up (充值). `value_id` is the caller's: sent again, it answers the first.

    Raises ShiftMissing, AmountRefused, NotEnough, ValueRefused, and what loyalty refuses it for: then nothing is taken.
    """
    member = loyalty.member(member_id=member_id)
    if member is None or member.chain_id != till.chain_id or member.status != "active":
        raise ValueRefused("Only an active member of this chain is topped up")
    sold = _Sold(kind="top_up", paid_minor=paid_minor, member_id=member.id, customer=member.number)
    return _sell(till, value_id, sold, payment, now)


def sell_gift_card(
    *, till: Till, value_id: UUID, code: str, paid_minor: int, payment: Payment, now: datetime
) -> ValueSale:
    """Sell a gift card that lies at the till: its code is scanned, and what is paid is on it."""
    card = card_of_code(till=till, code=code.strip(), now=now)
    if card.state != "issued" and ValueRow.objects.filter(id=value_id).first() is None:
        if card.state == "active":
            raise GiftCardSold("This gift card has been sold already")
        raise GiftCardClosed(f"Gift card {card.number} is {card.state}")
    sold = _Sold(kind="gift_card", paid_minor=paid_minor, card=card.number)
    return _sell(till, value_id, sold, payment, now)


def _sell(till: Till, value_id: UUID, sold: _Sold, payment: Payment, now: datetime) -> ValueSale:
    row = _taken(till, value_id, sold, payment, now)
    if row.state == "pending":
        return charge(row, till=till, auth_code=payment.auth_code, now=now)
    return go_on(row, principal=till.principal, now=now)


def _taken(till: Till, value_id: UUID, sold: _Sold, payment: Payment, now: datetime) -> ValueRow:
    """The row of this id, written unless it is there; the shift stays open until it is committed."""
    known = ValueRow.objects.filter(id=value_id).first()
    if known is not None:
        return _same(known, till, sold)
    store = stores.store(store_id=till.store_id)
    given = _given(sold.paid_minor, payment, currency=store.currency)
    shift = storage.open_shift_row(till)
    is_charged = payment.tender == "mobile" and not shift.is_training
    method = METHODS.get(payment.tender) or (payment.provider if is_charged else "training")
    try:
        with transaction.atomic():
            storage.held_shift(shift.id)
            series = value_series(workstation_id=till.workstation_id, is_training=shift.is_training)
            sequence = storage.next_in_series(series)
            row = ValueRow.objects.create(
                id=value_id,
                number=value_number(
                    store_code=store.code, workstation_code=till.workstation_code, sequence=sequence,
                    is_training=shift.is_training,
                ),
                sequence=sequence, kind=sold.kind, state="pending" if is_charged else "booking",
                is_training=shift.is_training, chain_id=store.chain_id, store_id=store.id,
                workstation_id=till.workstation_id, workstation_code=till.workstation_code,
                shift_id=shift.id, business_date=shift.business_date,
                operator=till.operator, operator_name=till.operator_name, currency=shift.currency,
                member_id=sold.member_id, customer=sold.customer, card=sold.card, paid_minor=sold.paid_minor,
                tender=payment.tender, method=method, given_minor=given,
                change_minor=given - sold.paid_minor, note=payment.note if payment.tender == "card" else "",
                payment_id=payment_id_of(value_id) if is_charged else None, taken_at=now, changed_at=now,
            )  # fmt: skip
            audit.record(
                principal=till.principal, action="till.sell_value", target=f"value:{row.id}", chain_id=row.chain_id,
                store_id=row.store_id, after={"kind": row.kind, "paid_minor": row.paid_minor, "number": row.number},
            )  # fmt: skip
    except IntegrityError:
        return _same(ValueRow.objects.get(id=value_id), till, sold)
    return row


def _same(row: ValueRow, till: Till, sold: _Sold) -> ValueRow:
    if (row.store_id, row.kind, row.paid_minor, row.member_id, row.card) != (
        till.store_id, sold.kind, sold.paid_minor, sold.member_id, sold.card,
    ):  # fmt: skip
        raise ValueRefused("Something else was sold under this id", remedy="Begin anew.")
    return row


def _given(paid_minor: int, payment: Payment, *, currency: str) -> int:
    if type(paid_minor) is not int or not 0 < paid_minor <= AMOUNT_MAX_MINOR:
        raise AmountRefused(f"{paid_minor!r} is not an amount in minor units", pointer="/paid_minor")
    if payment.tender not in (*METHODS, "mobile") or len(payment.note) > NOTE_MAX or "\0" in payment.note:
        raise TenderRefused(f"{payment.tender!r} pays for no value here", pointer="/tender")
    if payment.tender == "mobile" and not (payment.provider and payment.auth_code.strip()):
        raise TenderRefused("The customer's payment code is needed", pointer="/auth_code")
    given = paid_minor if payment.given_minor is None or payment.tender != "cash" else payment.given_minor
    if not paid_minor <= given <= AMOUNT_MAX_MINOR:
        raise NotEnough(f"{given} given for {paid_minor}", pointer="/given_minor")
    if given - paid_minor > change_max_minor(currency):
        raise ChangeTooMuch(f"{given} given for {paid_minor}", pointer="/given_minor")
    return given


def shown_card(row: ValueSale) -> str:
    """The card's number as screens and receipts show it."""
    return mask(row.card) if row.card else ""
