"""Reads about the member on a ticket: masked, and asked only where they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from liushui.loyalty import facade as loyalty
from liushui.orders.contracts import SaleDetail
from liushui.privacy import facade as privacy
from liushui.promotions import facade as promotions
from liushui.stores import facade as stores
from liushui.till.contracts import Ticket, TicketMember, Till
from liushui.till.domain.codes import mask
from liushui.till.domain.members import (
    MemberBox,
    MemberCoupon,
    NextTier,
    ReceiptAccount,
    UsableValue,
    times,
    usable_points_minor,
)

COUPONS_MAX = 6


def masked_member(*, ticket: Ticket | None) -> Mapping[str, str]:
    """Name and phone of a ticket's member as everybody may see them; nothing without one, and of somebody who was
    erased. One statement; two for a ticket that is over, which does not hold the person's id."""
    member = ticket.member if ticket is not None else None
    if member is None:
        return {}
    subject_id = _person_of(member)
    return privacy.masked(subject_ids=[subject_id]).get(subject_id, {}) if subject_id is not None else {}


def usable_value(*, chain_id: int, ticket: Ticket, now: datetime) -> UsableValue | None:
    """What the ticket's member may still pay with; None without one that has an account."""
    member = ticket.member
    if member is None or member.member_id is None:
        return None
    balances = loyalty.balances(member_id=member.member_id)
    programme = loyalty.live_programme(chain_id=chain_id, at=now)
    points_minor = usable_points_minor(
        programme=programme, points_free=balances.points_free, total_minor=ticket.total_minor,
        due_minor=ticket.due_minor, tenders=ticket.tenders,
    )  # fmt: skip
    return UsableValue(
        points_minor=points_minor,
        points=programme.points_for(amount_minor=points_minor) if points_minor else 0,
        stored_minor=max(0, min(balances.stored_free_minor, ticket.due_minor)),
    )


def member_box(*, till: Till, ticket: Ticket | None, now: datetime) -> MemberBox | None:
    """All that the member box shows of the ticket's member; None without one that has an account."""
    member = ticket.member if ticket is not None else None
    if ticket is None or member is None or member.member_id is None:
        return None
    programme = loyalty.live_programme(chain_id=till.chain_id, at=now)
    benefits = loyalty.benefits(member_id=member.member_id, at=now)
    balances = loyalty.balances(member_id=member.member_id)
    shown = masked_member(ticket=ticket)
    level = programme.level(benefits.progress.next_tier)
    return MemberBox(
        number=mask(member.id),
        name=shown.get("name", ""),
        phone=shown.get("phone", ""),
        tier_zh=member.tier_zh,
        tier_en=member.tier_en,
        balances=balances,
        points_worth_minor=programme.worth_minor(points=balances.points_free),
        points_usable_minor=usable_points_minor(
            programme=programme,
            points_free=balances.points_free,
            total_minor=ticket.total_minor,
            due_minor=ticket.due_minor,
            tenders=ticket.tenders,
        ),
        expiring=benefits.points_expiring,
        expire_on=benefits.points_expire_on,
        is_birthday=benefits.birthday,
        birthday_points=benefits.birthday_points,
        birthday_times=times(benefits.birthday_multiplier_bp),
        is_anniversary=benefits.anniversary,
        next_tier=NextTier(name_zh=level.name_zh, name_en=level.name_en, need_minor=benefits.progress.need_minor)
        if level is not None
        else None,
        keep_minor=benefits.progress.keep_minor,
        coupons=_coupons(till, member, now),
        wants_marketing=_wants_marketing(member),
    )


def receipt_account(*, ticket: Ticket, chain_id: int, sale: SaleDetail | None) -> ReceiptAccount | None:
    """Points earned and used, and what is left: what the sale will earn is counted in before its event is read."""
    member = ticket.member
    if member is None or member.member_id is None or sale is None:
        return None
    is_sold = ticket.state == "settled" and not ticket.is_refund
    promised = (ticket.answer.points_multiply, ticket.answer.points_add) if ticket.answer is not None else (10_000, 0)
    earned = (
        loyalty.points_of_sale(
            chain_id=chain_id, sale=sale, member_id=member.member_id, points_multiply_bp=promised[0],
            points_add=promised[1],
        )
        if is_sold
        else None
    )  # fmt: skip
    balances = loyalty.balances(member_id=member.member_id)
    return ReceiptAccount(
        points_earned=earned.points if earned is not None else 0,
        points_used=sum(each.points for each in ticket.tenders if each.type == "points" and each.state == "paid"),
        points_after=balances.points_free + (earned.points if earned is not None and not earned.is_booked else 0),
        stored_after_minor=balances.stored_free_minor,
    )


def _coupons(till: Till, member: TicketMember, now: datetime) -> tuple[MemberCoupon, ...]:
    store = stores.store(store_id=till.store_id)
    found = promotions.member_codes(chain_id=till.chain_id, member_id=member.id, now=now)
    return tuple(
        MemberCoupon(
            name_zh=batch.name_zh,
            name_en=batch.name_en,
            code=mask(code),
            valid_until=store.local(batch.valid_until).replace(tzinfo=None) if batch.valid_until else None,
        )
        for batch, code, is_free in found[:COUPONS_MAX]
        if is_free
    )


def _person_of(member: TicketMember) -> UUID | None:
    if member.subject_id is not None or member.member_id is None:
        return member.subject_id
    found = loyalty.member(member_id=member.member_id)
    return found.subject_id if found is not None else None


def _wants_marketing(member: TicketMember) -> bool:
    subject_id = _person_of(member)
    return subject_id is not None and privacy.has_consent(subject_id=subject_id, purpose="marketing")
