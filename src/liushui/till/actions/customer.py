"""What the customer brings, and is offered: coupon codes, and the gifts of promotions."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.checkout.contracts import LineCommand
from liushui.promotions import facade as promotions
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.member import saved
from liushui.till.actions.price import price_with, reprice
from liushui.till.contracts import Ticket, TicketCode, Till
from liushui.till.domain.lines import LINES_MAX
from liushui.till.errors import CodeRefused, GiftRefused, TicketChanged, TicketFull
from liushui.till.models import TicketRow

CODES_MAX = 20
_CODE = re.compile(r"[^\0]{1,64}")
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
                return storage.ticket_of(saved(till, row, priced.columns(), now))
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
