"""What members spent in the window that their tier is measured by, how their tiers moved, and what may be told them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Sum

from liushui.loyalty import member_queries, sql
from liushui.loyalty.contracts import Benefits, Member, TierChange, TierProgress
from liushui.loyalty.domain.programme import ONCE_BP, Programme
from liushui.loyalty.domain.programme_calendar import window_start
from liushui.loyalty.domain.programme_earning import Granted, Occasion, granted
from liushui.loyalty.domain.programme_tiers import rank
from liushui.loyalty.errors import UnknownMember
from liushui.loyalty.models import AccountRow, EntryRow, MemberDayRow, TierChangeRow
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.queries import expiring
from liushui.privacy import facade as privacy
from liushui.promotions.contracts import Member as ShopperMember
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

HISTORY_MAX = 500


class Buyer(NamedTuple):
    """The member whom a number on a sale means, and what promotions are told of him."""

    member_id: UUID
    shopper: ShopperMember


class _Found(NamedTuple):
    id: UUID
    number: str
    tier: str
    merged_into: UUID | None
    subject_id: UUID | None
    purchases: int


def spends(*, member_ids: Collection[UUID], programme: Programme, last: date) -> dict[UUID, int]:
    """What members spent in the window that ends on a day; those who bought nothing are absent. One statement."""
    if not member_ids:
        return {}
    rows = MemberDayRow.objects.filter(
        member_id__in=list(member_ids),
        business_date__gte=window_start(last=last, months=programme.window_months),
        business_date__lte=last,
    )
    return dict(rows.values_list("member_id").annotate(total=Sum("spend_minor")).order_by("member_id"))


def tier_history(*, member_id: UUID) -> tuple[TierChange, ...]:
    """How a member's tier moved, the latest first."""
    rows = TierChangeRow.objects.filter(member_id=member_id).order_by("-at", "-id")[:HISTORY_MAX]
    return tuple(
        TierChange(
            member_id=row.member_id, cause=row.cause, tier_before=row.tier_before, tier_after=row.tier_after,
            since=row.since, spend_minor=row.spend_minor, programme_number=row.programme_number, at=row.at,
        )
        for row in rows
    )  # fmt: skip


def tiers_as_exported(*, member_ids: Collection[UUID]) -> dict[str, list[dict[str, Any]]]:
    """How a member's tier moved and what he spent by day, as JSON for himself."""
    changes = TierChangeRow.objects.filter(member_id__in=member_ids).order_by("at", "id")
    days = MemberDayRow.objects.filter(member_id__in=member_ids).order_by("business_date")
    return {
        "tier_changes": [
            {"at": each.at.isoformat(), "since": each.since.isoformat(), "from": each.tier_before,
             "to": each.tier_after, "cause": each.cause, "spend_minor": each.spend_minor}
            for each in changes
        ],
        "spend_by_day": [
            {"on": each.business_date.isoformat(), "spend_minor": each.spend_minor, "purchases": each.purchases}
            for each in days
        ],
    }  # fmt: skip


def tier_progress(*, member: Member, at: datetime) -> TierProgress:
    """Where a member stands today, by the programme in force."""
    programme = live_programme(chain_id=member.chain_id, at=at)
    last = local_day(chain_id=member.chain_id, store_id=member.home_store_id, at=at)
    spend = spends(member_ids=[member.id], programme=programme, last=last).get(member.id, 0)
    place = rank(programme, member.tier)
    higher = programme.levels[place] if place < len(programme.levels) else None
    held = programme.level(member.tier)
    return TierProgress(
        tier=member.tier,
        tier_since=member.tier_since,
        tier_until=member.tier_until,
        spend_minor=spend,
        window_first=window_start(last=last, months=programme.window_months),
        window_last=last,
        next_tier=higher.code if higher else "",
        next_spend_minor=higher.spend_minor if higher else 0,
        need_minor=max(0, higher.spend_minor - spend) if higher else 0,
        keep_minor=max(0, held.spend_minor - spend) if held else 0,
    )


def benefits(*, member_id: UUID, at: datetime) -> Benefits:
    """What a cashier may tell a member; raises UnknownMember."""
    member = member_queries.member(member_id=member_id)
    if member is None:
        raise UnknownMember(f"There is no member {member_id}")
    programme = live_programme(chain_id=member.chain_id, at=at)
    day = local_day(chain_id=member.chain_id, store_id=member.home_store_id, at=at)
    points = AccountRow.objects.filter(id=member_id).values_list("points_free", flat=True).first() or 0
    lots = expiring(member_id=member_id)
    now_on = {each.kind: each for each in _granted(programme, member, day)}
    birthday, anniversary = now_on.get("birthday"), now_on.get("anniversary")
    taken = _taken(member_id, now_on.values())
    return Benefits(
        progress=tier_progress(member=member, at=at),
        points=points,
        points_worth_minor=programme.worth_minor(points=points),
        points_expiring=lots[0].points if lots else 0,
        points_expire_on=lots[0].expires_on if lots else None,
        birthday=birthday is not None,
        birthday_multiplier_bp=birthday.multiplier_bp if birthday else ONCE_BP,
        birthday_points=birthday.points if birthday and benefit_cause(birthday) not in taken else 0,
        anniversary=anniversary is not None,
        anniversary_multiplier_bp=anniversary.multiplier_bp if anniversary else ONCE_BP,
        anniversary_points=anniversary.points if anniversary and benefit_cause(anniversary) not in taken else 0,
        currency=programme.currency,
    )


def snapshot(*, chain_id: int, at: datetime, member_id: UUID | None = None, number: str = "") -> ShopperMember | None:
    """A member as promotions price for him at an instant: tier, birthday, purchases so far. None: no active member.

    Two statements, three for a number that was merged: one for the member with his purchases, one for the birthday.
    """
    buyer = _buyer("id", member_id, chain_id) if member_id is not None else _buyer("number", number, chain_id)
    return buyer.shopper if buyer is not None else None


def buyer(*, chain_id: int, number: str) -> Buyer | None:
    """The active member whom this number means, as `snapshot` tells him; as many statements."""
    return _buyer("number", number, chain_id)


def local_day(*, chain_id: int, store_id: int | None, at: datetime) -> date:
    """The business day in a member's own store, or in the chain's first one."""
    places = chain_stores(chain_id=chain_id)
    place = next((store for store in places if store.id == store_id), places[0] if places else None)
    return place.business_date(at) if place is not None else at.date()


def chain_stores(*, chain_id: int) -> Sequence[Store]:
    """The stores of a chain; those that are open, or all where none is."""
    places = [store for store in stores.stores() if store.chain_id == chain_id]
    return [store for store in places if store.is_open] or places


def benefit_cause(benefit: Granted) -> str:
    """What an entry of a benefit is known by: once a year and member."""
    return f"benefit:{benefit.kind}:{benefit.year}"


def birthdays_of(*, programme: Programme, members: Collection[Member]) -> Mapping[UUID, tuple[int, int]]:
    """Birthdays by subject, asked for only where the programme has something for them."""
    if programme.birthday is None:
        return {}
    found: Mapping[UUID, tuple[int, int]] = privacy.birthday_of(
        subject_ids=[member.subject_id for member in members if member.subject_id is not None]
    )
    return found


def _granted(programme: Programme, member: Member, day: date) -> Sequence[Granted]:
    birthday = birthdays_of(programme=programme, members=[member]).get(member.subject_id) if member.subject_id else None
    occasion = Occasion(
        tier=member.tier, channel="", day=day, clock=datetime.min.time(), birthday=birthday,
        joined_on=local_day(chain_id=member.chain_id, store_id=member.home_store_id, at=member.joined_at),
    )  # fmt: skip
    return granted(programme=programme, occasion=occasion)


def _taken(member_id: UUID, benefits_now: Collection[Granted]) -> set[str]:
    causes = [benefit_cause(each) for each in benefits_now if each.points]
    if not causes:
        return set()
    return set(EntryRow.objects.filter(account_id=member_id, cause__in=causes).values_list("cause", flat=True))


_WITH_PURCHASES = """
    SELECT m.id, m.number, m.tier, m.merged_into, m.subject_id, CAST(COALESCE(
        (SELECT SUM(d.purchases) FROM loyalty_member_day d WHERE d.member_id = m.id), 0) AS bigint)
    FROM loyalty_member m WHERE m.{column} = %s AND m.chain_id = %s AND m.status IN ('active', {or_merged})"""


def _buyer(column: str, value: object, chain_id: int) -> Buyer | None:
    found = _with_purchases(column, value, chain_id, or_merged="'merged'")
    if found is not None and found.merged_into is not None:
        found = _with_purchases("id", found.merged_into, chain_id)
    if found is None:
        return None
    birthdays = privacy.birthday_of(subject_ids=[found.subject_id]) if found.subject_id else {}
    shopper = ShopperMember(
        id=found.number,
        tier=found.tier or None,
        birthday=birthdays.get(found.subject_id) if found.subject_id else None,
        completed_orders=found.purchases,
    )
    return Buyer(member_id=found.id, shopper=shopper)


def _with_purchases(column: str, value: object, chain_id: int, or_merged: str = "'active'") -> _Found | None:
    """One statement, past the ORM: to make its query took longer than the database's answer."""
    rows = sql.run(_WITH_PURCHASES.format(column=column, or_merged=or_merged), [value, chain_id])
    if not rows:
        return None
    [(member_id, number, tier, merged_into, subject_id, purchases)] = rows
    return _Found(
        id=sql.read_uuid(member_id), number=number, tier=tier, purchases=purchases,
        merged_into=sql.read_uuid(merged_into) if merged_into else None,
        subject_id=sql.read_uuid(subject_id) if subject_id else None,
    )  # fmt: skip
