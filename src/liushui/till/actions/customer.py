"""Who buys and what he brings: the member, coupon codes, and the gifts that promotions offer him."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.checkout.contracts import LineCommand
from liushui.promotions import facade as promotions
from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.price import price_with, reprice
from liushui.till.actions.scan import new_ticket
from liushui.till.contracts import Ticket, TicketCode, TicketMember, Till
from liushui.till.domain.lines import LINES_MAX
from liushui.till.errors import CodeRefused, GiftRefused, MemberRefused, TicketChanged, TicketFull
from liushui.till.models import TicketRow

CODES_MAX = 20
_CODE = re.compile(r"[^\0]{1,64}")
_MEMBER = re.compile(r"[0-9A-Za-z_.@+-]{1,64}", re.ASCII)
TRIES = 20


def add_code(*, till: Till, code: str, now: datetime) -> Ticket:
    """Put a coupon code on the ticket at hand, which is opened where there is none, and price it anew.

    A code stays though nothing on the ticket meets its promotion yet. Raises CodeRefused for one that counts nowhere:
    its `problem` says why.
    """
    text = code.strip()
    if not _CODE.fullmatch(text):
        raise CodeRefused("This is not a coupon code", problem="unknown")
    store = stores.store(store_id=till.store_id)
    for _ in range(TRIES):
        row = _at_hand(till)
        before = storage.codes_of(row) if row is not None else ()
        if any(_bare(each.code) == _bare(text) for each in before):
            raise CodeRefused("The code is on the ticket already", problem="repeated")
        if len(before) >= CODES_MAX:
            raise CodeRefused(f"A ticket has at most {CODES_MAX} codes", problem="too_many")
        member = storage.member_of(row) if row is not None else None
        problem = promotions.code_problems(
            chain_id=till.chain_id, codes=[text], member_id=member.id if member is not None else None, at=now
        ).get(text)
        if problem:
            raise CodeRefused(f"The code is {problem}", problem=problem)
        priced = reprice(row, store, now, codes=(*before, TicketCode(code=text)))
        try:
            with transaction.atomic():
                return storage.ticket_of(_saved(till, row, priced.columns(), now))
        except (TicketChanged, IntegrityError):
            continue
    raise TicketChanged("The ticket is changed faster than it can be read")


def _bare(code: str) -> str:
    """A code without what people put between its characters."""
    return "".join(code.split()).replace("-", "").upper()


def remove_code(*, till: Till, ticket_id: UUID, version: int, number: int, now: datetime) -> Ticket:
    """Take a coupon code off the ticket; `number` counts from 1."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    kept = [each for at, each in enumerate(storage.codes_of(row), start=1) if at != number]
    priced = reprice(row, stores.store(store_id=till.store_id), now, codes=kept)
    storage.change(row, states=("open",), now=now, **priced.columns())
    return storage.ticket_of(row)


def state_member(*, till: Till, number: str, tier: str, now: datetime) -> Ticket:
    """Say who buys, by number and tier, on the ticket at hand, which is opened where there is none. It is audited,
    since nobody checks it before members are kept in a module of their own (docs/decisions/0130)."""
    text = number.strip()
    if not _MEMBER.fullmatch(text):
        raise MemberRefused("A member's number is 1 to 64 letters and digits", pointer="/number")
    member = TicketMember(id=text)
    if tier:
        known = {each.code: each for each in promotions.member_tiers(chain_id=till.chain_id)}
        if tier not in known:
            raise MemberRefused(f"The chain has no tier {tier!r}", pointer="/tier")
        member = replace(member, tier=tier, tier_zh=known[tier].name_zh, tier_en=known[tier].name_en)
    return _set_member(till, _at_hand(till), member, now)


def remove_member(*, till: Till, ticket_id: UUID, version: int, now: datetime) -> Ticket:
    """Take the member off the ticket."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    return _set_member(till, row, None, now)


def _set_member(till: Till, row: TicketRow | None, member: TicketMember | None, now: datetime) -> Ticket:
    before = storage.member_of(row) if row is not None else None
    if row is not None and before == member:
        return storage.ticket_of(row)
    store = stores.store(store_id=till.store_id)
    priced = reprice(row, store, now, member=member, keep_member=False)
    with transaction.atomic():
        row = _saved(till, row, priced.columns() | storage.member_column(member), now)
        audit.record(
            principal=till.principal, action="till.member", target=f"ticket:{row.id}", chain_id=row.chain_id,
            store_id=row.store_id, before=_audited(before), after=_audited(member), reason="",
        )  # fmt: skip
    return storage.ticket_of(row)


def _audited(member: TicketMember | None) -> dict[str, str]:
    return {} if member is None else {"member": member.id, "tier": member.tier}


def add_gift(*, till: Till, ticket_id: UUID, version: int, promotion: str, now: datetime) -> Ticket:
    """Put the gift that a promotion offers on the ticket, as many pieces as are offered. Raises GiftRefused when it
    offers none any more."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    answer = storage.answer_of(row)
    offers = answer.offers if answer is not None else ()
    offer = next((each for each in offers if each["promotion"] == promotion), None)
    if offer is None:
        raise GiftRefused("This promotion offers nothing now")
    lines = storage.lines_of(row)
    if len(lines) >= LINES_MAX:
        raise TicketFull(f"The ticket has {len(lines)} lines", remedy="Be paid for it and begin another.")
    asked = LineCommand(code=offer["sku"], units=int(offer["qty"]), is_gift=True)
    priced = price_with(lines, asked, stores.store(store_id=till.store_id), now, row=row)
    storage.change(row, states=("open",), now=now, **priced.columns())
    return storage.ticket_of(row)


def _at_hand(till: Till) -> TicketRow | None:
    """The open ticket of this till, if there is one."""
    row = storage.at_hand(till)
    if row is not None and row.state != "open":
        raise storage.wrong_state(row)
    return row


def _saved(till: Till, row: TicketRow | None, values: dict[str, Any], now: datetime) -> TicketRow:
    """The ticket with these values; a new one where there was none, in the caller's transaction."""
    if row is not None:
        storage.change(row, states=("open",), now=now, **values)
        return row
    shift, store = storage.open_shift_row(till), stores.store(store_id=till.store_id)
    return new_ticket(till=till, store=store, shift=shift, now=now, values=values)
