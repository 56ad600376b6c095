"""Members by whatever a till, a page or another module knows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import Q
from django.utils import timezone

from liushui.loyalty.contracts import Member
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import UnknownMember
from liushui.loyalty.models import MemberRow
from liushui.privacy import facade as privacy
from liushui.privacy.errors import InvalidPersonalData

TOKEN_PREFIX = "LSM:"  # noqa: S105  # nosec B105  # what a member's own code begins with when it is scanned
TOKEN_SECONDS = 180
_TEXT_MAX = 200
_SALT = "liushui.loyalty.member-token"
_FIELDS = (
    *("id", "chain_id", "number", "subject_id", "status", "merged_into", "tier", "tier_since", "tier_until"),
    *("joined_at", "home_store_id"),
)


def member(*, member_id: UUID) -> Member | None:
    """One member as it stands, merged and erased ones too; None when there is none. One statement."""
    return next(iter(_read(Q(id=member_id)).values()), None)


def members(*, ids: Collection[UUID]) -> Mapping[UUID, Member]:
    """Members by id, those that there are; one statement."""
    return _read(Q(id__in=ids)) if ids else {}


def members_by_number(*, chain_id: int, numbers: Collection[str]) -> Mapping[str, Member]:
    """Members by the numbers that sales carry, with a merged one's number leading to the member kept."""
    if not numbers:
        return {}
    return _kept(_read(Q(chain_id=chain_id, number__in=numbers)).values())


def members_of(*, subject_ids: Collection[UUID]) -> Mapping[UUID, Member]:
    """Members by the people they are, as far as those are known; one statement."""
    found = _read(Q(subject_id__in=subject_ids)).values() if subject_ids else ()
    return {each.subject_id: each for each in found if each.subject_id is not None}


def find_member(*, chain_id: int, text: str, now: datetime | None = None) -> Member | None:
    """The active member whom a phone number, a card, a member number or the code on the member's own screen means.

    One to two statements; a third where a card's number looks like a phone number, or leads to a merged member.
    """
    text = text.strip()
    if text.startswith(TOKEN_PREFIX):
        return _by_token(chain_id, text, now or timezone.now())
    number = numbers.normal(text)
    if not number or len(text) > _TEXT_MAX or "\0" in text:
        return None
    if number[:1] == "M" and numbers.is_number(number):
        return members_by_number(chain_id=chain_id, numbers=[number]).get(number)
    return by_phone(chain_id=chain_id, phone=text) or _by_card(chain_id, number)


def by_phone(*, chain_id: int, phone: str) -> Member | None:
    """The active member who has this phone; None for what is no phone number."""
    try:
        subjects = privacy.find_subjects(chain_id=chain_id, field="phone", value=phone)
    except InvalidPersonalData:
        return None
    if not subjects:
        return None
    found = [each for each in _read(Q(subject_id__in=subjects)).values() if each.chain_id == chain_id]
    return next((each for each in found if each.status == "active"), None) or _first(_kept(found))


def member_token(*, member_id: UUID, now: datetime) -> str:
    """What a member's screen shows as a QR code: good for a few minutes, and tells nothing to who reads it."""
    return TOKEN_PREFIX + signing.dumps([member_id.hex, int(now.timestamp())], salt=_SALT)


def _by_token(chain_id: int, text: str, now: datetime) -> Member | None:
    try:
        found, made_at = signing.loads(text.removeprefix(TOKEN_PREFIX), salt=_SALT)
        member_id, age = UUID(hex=found), now.timestamp() - made_at
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if not -TOKEN_SECONDS <= age <= TOKEN_SECONDS:  # clocks of servers differ
        return None
    each = member(member_id=member_id)
    return _first(_kept([each])) if each is not None and each.chain_id == chain_id else None


def _by_card(chain_id: int, number: str) -> Member | None:
    found = MemberRow.objects.filter(cards__chain_id=chain_id, cards__number=number, cards__is_blocked=False)
    each = next(iter(_views(found)), None)
    return each if each is not None and each.status == "active" else None


def _first(found: Mapping[str, Member]) -> Member | None:
    return next(iter(found.values()), None)


def _kept(found: Iterable[Member]) -> Mapping[str, Member]:
    """By the number that was asked for: active members, and those into whom merged ones went."""
    found = list(found)
    into = {each.merged_into for each in found if each.merged_into is not None}
    kept = members(ids=into)
    answer = {}
    for each in found:
        meant = kept.get(each.merged_into) if each.merged_into is not None else each
        if meant is not None and meant.status == "active":
            answer[each.number] = meant
    return answer


def active_member(*, member_id: UUID) -> Member:
    """The member, or the one it was merged into; raises UnknownMember when there is none that is active."""
    each = member(member_id=member_id)
    meant = _first(_kept([each])) if each is not None else None
    if meant is None:
        raise UnknownMember("There is no such member, or the membership has ended")
    return meant


def _read(condition: Q) -> dict[UUID, Member]:
    return {each.id: each for each in _views(MemberRow.objects.filter(condition))}


def _views(rows: Any) -> list[Member]:
    """Members with their cards: one statement, a row for each card."""
    fields: dict[UUID, dict[str, Any]] = {}
    cards: dict[UUID, list[str]] = {}
    for *values, card, is_blocked in rows.order_by("id", "cards__id").values_list(
        *_FIELDS, "cards__number", "cards__is_blocked"
    ):
        fields[values[0]] = dict(zip(_FIELDS, values, strict=True))
        known = cards.setdefault(values[0], [])
        if card is not None and not is_blocked:
            known.append(card)
    return [Member(**fields[member_id], cards=tuple(cards[member_id])) for member_id in fields]
