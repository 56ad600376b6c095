"""Who buys: found by phone, card, number or the portal's code, joined at the till, taken off again.

The ticket keeps the member's number and a snapshot for prices. Names and phones stay with privacy.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.price import reprice
from liushui.till.actions.scan import new_ticket
from liushui.till.contracts import Ticket, TicketMember, Till
from liushui.till.errors import MemberRefused, MemberUnknown, NotAtTraining, TicketChanged
from liushui.till.models import TicketRow

TEXT_MAX = 512  # the portal's code is signed
TRIES = 20


def find_member(*, till: Till, text: str, now: datetime) -> Ticket:
    """Put the member found by a phone, a card, a number or the portal's code on the ticket at hand, which is opened
    where there is none, and price it for him. Raises MemberUnknown; MemberRefused for what cannot be one."""
    asked = text.strip()
    if not asked or len(asked) > TEXT_MAX or "\0" in asked:
        raise MemberRefused("This is not a phone, a card or a member's number", pointer="/text")
    found = loyalty.find_member(chain_id=till.chain_id, text=asked, now=now)
    if found is None:
        raise MemberUnknown("No member has this phone, card or number")
    return _put(till, found, now)


def join_member(
    *, till: Till, member_id: UUID, phone: str, name: str = "", notices: dict[str, str], now: datetime
) -> Ticket:
    """Take somebody in by phone, and put him on the ticket at hand. `notices` are the versions of what he was told, by
    the purpose that he agreed to. A phone that is a member's already answers that member; `member_id` makes it safe to
    repeat. Raises MemberRefused without the consent to membership, NotAtTraining."""
    if "membership" not in notices:
        raise MemberRefused("A member has agreed to membership", pointer="/membership")
    shift = storage.open_shift_row(till)
    if shift.is_training:
        raise NotAtTraining("In training nobody joins")
    joined = loyalty.join(
        chain_id=till.chain_id, phone=phone, name=name.strip(), store_id=till.store_id, channel="till",
        consents=notices, member_id=member_id, now=now,
    )  # fmt: skip
    audit.record(
        principal=till.principal, action="till.join", target=f"member:{joined.member.id}", chain_id=till.chain_id,
        store_id=till.store_id, after={"is_new": joined.is_new, "purposes": sorted(notices)},
    )  # fmt: skip
    return _put(till, joined.member, now)


def remove_member(*, till: Till, ticket_id: UUID, version: int, now: datetime) -> Ticket:
    """Take the member off the ticket."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    if storage.member_of(row) is None:
        return storage.ticket_of(row)
    return _set(till, row, None, now)


def _put(till: Till, found: Member, now: datetime) -> Ticket:
    member = snapshot_of(found, chain_id=till.chain_id, now=now)
    for _ in range(TRIES):
        row = storage.at_hand(till)
        if row is not None and row.state != "open":
            raise storage.wrong_state(row)
        try:
            return _set(till, row, member, now)
        except (TicketChanged, IntegrityError):
            continue
    raise TicketChanged("The ticket is changed faster than it can be read")


def snapshot_of(found: Member, *, chain_id: int, now: datetime) -> TicketMember:
    """The member as a ticket keeps one."""
    balances = loyalty.balances(member_id=found.id)
    level = loyalty.live_programme(chain_id=chain_id, at=now).level(found.tier)
    return TicketMember(
        id=found.number,
        member_id=found.id,
        subject_id=found.subject_id,
        tier=found.tier,
        tier_zh=level.name_zh if level is not None else "",
        tier_en=level.name_en if level is not None else "",
        points=balances.points_free,
        stored_minor=balances.stored_free_minor,
        asked=loyalty.snapshot(member_id=found.id, chain_id=chain_id, at=now),
    )


def as_now(row: TicketRow, *, now: datetime) -> TicketMember | None:
    """A ticket's member as he is now: purchases, tier and balances may have moved since he was put on it. None without
    one, and when the membership has ended."""
    member = storage.member_of(row)
    if member is None or member.member_id is None:
        return member
    found = loyalty.member(member_id=member.member_id)
    if found is not None and found.merged_into is not None:
        found = loyalty.member(member_id=found.merged_into)
    if found is None or found.status != "active":
        return None
    return snapshot_of(found, chain_id=row.chain_id, now=now)


def _set(till: Till, row: TicketRow | None, member: TicketMember | None, now: datetime) -> Ticket:
    before = storage.member_of(row) if row is not None else None
    priced = reprice(row, stores.store(store_id=till.store_id), now, member=member, keep_member=False)
    with transaction.atomic():
        row = saved(till, row, priced.columns() | storage.member_column(member), now)
        if _number(before) != _number(member):
            audit.record(
                principal=till.principal, action="till.member", target=f"ticket:{row.id}", chain_id=row.chain_id,
                store_id=row.store_id, before=_audited(before), after=_audited(member), reason="",
            )  # fmt: skip
    return storage.ticket_of(row)


def _number(member: TicketMember | None) -> str:
    return member.id if member is not None else ""


def _audited(member: TicketMember | None) -> dict[str, str]:
    return {} if member is None else {"member": member.id, "tier": member.tier}


def saved(till: Till, row: TicketRow | None, values: dict[str, Any], now: datetime) -> TicketRow:
    """The ticket with these values; a new one where there was none, in the caller's transaction."""
    if row is not None:
        storage.change(row, states=("open",), now=now, **values)
        return row
    shift, store = storage.open_shift_row(till), stores.store(store_id=till.store_id)
    return new_ticket(till=till, store=store, shift=shift, now=now, values=values)
