"""Take points, stored value or a gift card: as much as is sensible with one key, or an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import GiftCardClosed, GiftCardExpired
from liushui.till import storage
from liushui.till.actions.gift_code import card_of_code
from liushui.till.actions.hold import hold
from liushui.till.actions.hold_value import hold_value
from liushui.till.actions.pay import PAYABLE, amount_for, payable, take
from liushui.till.contracts import Ticket, TicketTender, Till
from liushui.till.domain import tenders as rules
from liushui.till.domain.codes import mask
from liushui.till.domain.members import usable_points_minor
from liushui.till.errors import MemberNeeded, NothingUsable, TenderRefused, TicketChanged
from liushui.till.models import TicketRow

CODE_MAX = 64


def pay_value(
    *, till: Till, ticket_id: UUID, version: int, type: str, amount_minor: int | None = None, card: str = "",
    now: datetime,
) -> Ticket:  # fmt: skip
    """Pay with points, stored_value or a gift_card whose code is `card`; without an amount as much as may be used.

    It is kept back in loyalty at once, and taken with the sale. Points and stored value stand on a ticket once: more of
    them raise the tender. Raises MemberNeeded, NothingUsable, and what loyalty refuses it for: then nothing is taken.
    """
    if type not in rules.VALUE_TYPES:
        raise TenderRefused(f"{type!r} is nothing that loyalty keeps", pointer="/type")
    row = payable(till, ticket_id, version)
    tenders = storage.tenders_of(row)
    due = rules.due_minor(storage.payable_minor(row), tenders)
    tender = TicketTender(
        number=rules.next_number(tenders), type=type, method=type, amount_minor=0, given_minor=0, change_minor=0,
        state="paid", taken_at=now,
    )  # fmt: skip
    if type == "gift_card":
        tender, most = _gift_card(till, row, tenders, tender, card, now)
    else:
        most = _of_member(row, tenders, type, due, now)
    usable = max(0, min(most, due))
    asked = usable if amount_minor is None else amount_minor
    if asked > usable or usable == 0:
        told = {"most_minor": usable, "currency": row.currency}
        raise NothingUsable(f"{usable} may be used, {asked} is asked for", context=told)
    amount = amount_for(due, asked)
    others = [each for each in tenders if type == "gift_card" or each.type != type]
    amount += sum(each.amount_minor for each in tenders) - sum(each.amount_minor for each in others)
    tender = replace(tender, amount_minor=amount, given_minor=amount)
    return _taken(row, tenders, [*others, tender], till=till, now=now)


def _taken(
    row: TicketRow, before: Sequence[TicketTender], after: list[TicketTender], *, till: Till, now: datetime
) -> Ticket:
    hold(row, now=now)
    try:
        held = hold_value(row, before=before, after=after, now=now)
    except LiushuiError:
        _hold_again(row, before, till=till, now=now)
        raise
    points = held.points if held is not None else 0
    told = [replace(each, points=points) if each.type == "points" else each for each in after]
    try:
        return take(row, told, till=till, now=now)
    except TicketChanged:
        present = storage.load(till=till, ticket_id=row.id)  # another hand was first: what stands there now is held
        if present.state in PAYABLE:
            hold_value(row, before=after, after=storage.tenders_of(present), now=now)
        raise


def _hold_again(row: TicketRow, before: Sequence[TicketTender], *, till: Till, now: datetime) -> None:
    """Hold what stood there before; what cannot be had any more leaves the ticket, so that nothing unbacked pays."""
    try:
        hold_value(row, before=(), after=before, now=now)
    except LiushuiError:
        take(row, [each for each in before if each.type not in rules.VALUE_TYPES], till=till, now=now)


def _of_member(row: TicketRow, tenders: Sequence[TicketTender], type: str, due: int, now: datetime) -> int:
    """What may be used besides what the ticket uses already."""
    member = storage.member_of(row)
    if member is None or member.member_id is None:
        raise MemberNeeded("Points and stored value are a member's")
    if row.is_training:
        return due
    balances = loyalty.balances(member_id=member.member_id)
    if type == "stored_value":
        return balances.stored_free_minor
    return usable_points_minor(
        programme=loyalty.live_programme(chain_id=row.chain_id, at=now), points_free=balances.points_free,
        total_minor=storage.payable_minor(row), due_minor=due, tenders=tenders,
    )  # fmt: skip


def _gift_card(
    till: Till, row: TicketRow, tenders: Sequence[TicketTender], tender: TicketTender, code: str, now: datetime
) -> tuple[TicketTender, int]:
    text = code.strip()
    if not text or len(text) > CODE_MAX or "\0" in text:
        raise TenderRefused("This is not the code of a gift card", pointer="/card")
    if row.is_training:
        return replace(tender, reference="training", note=mask(text)), storage.payable_minor(row)
    found = card_of_code(till=till, code=text, now=now)
    if found.is_over(on=row.business_date):
        raise GiftCardExpired(f"Gift card {found.number} was good until {found.ends_on}")
    if found.state == "issued":
        raise GiftCardClosed(f"Gift card {found.number} is not sold yet")
    if any(each.reference == found.number for each in rules.taken(tenders)):
        raise TenderRefused("This gift card is on the ticket already", pointer="/card")
    return replace(tender, reference=found.number, note=mask(found.number)), found.free_minor
