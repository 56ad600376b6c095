"""Cards of members: given, blocked when they are lost, opened again when they are found."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import sql
from liushui.loyalty.contracts import TEXT_MAX, Member
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import CardTaken, UnknownMember
from liushui.loyalty.member_queries import active_member
from liushui.loyalty.models import CardRow
from liushui.privacy import facade as privacy
from liushui.privacy.errors import InvalidPersonalData
from liushui.runtime import audit
from liushui.runtime.access import Principal


def add_card(*, member_id: UUID, number: str, principal: Principal, now: datetime) -> Member:
    """Give a member a card; the same again changes nothing. Raises CardTaken for one that belongs to somebody else."""
    member = active_member(member_id=member_id)
    normal = numbers.normal(number)
    if not normal or len(normal) > TEXT_MAX["card"] or not normal.isalnum() or not normal.isascii():
        raise InvalidValue(f"A card's number has 1 to {TEXT_MAX['card']} letters and digits", pointer="/number")
    if numbers.is_number(normal):
        raise InvalidValue("This has the form of a member's number", pointer="/number")
    if _is_phone(normal):
        raise InvalidValue("This has the form of a phone number", pointer="/number")
    with transaction.atomic():
        added = sql.insert(
            table="loyalty_card",
            columns=("member_id", "chain_id", "number", "is_blocked", "given_at"),
            rows=[(member.id, member.chain_id, normal, False, now)],
            keys="chain_id, number",
            returning="id",
        )
        if added:
            _tell(member, normal, "card.give", principal)
        elif not CardRow.objects.filter(chain_id=member.chain_id, number=normal, member_id=member.id).exists():
            raise CardTaken("This card belongs to another member")
    return active_member(member_id=member.id)


def block_card(*, member_id: UUID, number: str, principal: Principal, now: datetime) -> Member:
    """Nobody is found by a blocked card, and nobody else ever gets its number. Again changes nothing."""
    return _mark(member_id, number, is_blocked=True, principal=principal)


def unblock_card(*, member_id: UUID, number: str, principal: Principal, now: datetime) -> Member:
    """The card counts again. Again changes nothing."""
    return _mark(member_id, number, is_blocked=False, principal=principal)


def _is_phone(number: str) -> bool:
    """Whether a number would be somebody's phone, which stands nowhere in clear."""
    try:
        privacy.normalise(field="phone", value=number)
    except InvalidPersonalData:
        return False
    return True


def _mark(member_id: UUID, number: str, *, is_blocked: bool, principal: Principal) -> Member:
    member = active_member(member_id=member_id)
    normal = numbers.normal(number)
    rows = CardRow.objects.filter(member_id=member.id, number=normal)
    with transaction.atomic():
        if rows.filter(is_blocked=not is_blocked).update(is_blocked=is_blocked):
            _tell(member, normal, "card.block" if is_blocked else "card.unblock", principal)
        elif not rows.exists():
            raise UnknownMember("This member has no such card")
    return active_member(member_id=member.id)


def _tell(member: Member, number: str, action: str, principal: Principal) -> None:
    audit.record(
        principal=principal, action=action, target=f"member:{member.id}", chain_id=member.chain_id,
        after={"card": f"…{number[-4:]}"},
    )  # fmt: skip
