"""Lists of members, page by page, and how many there are of each tier."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from liushui.loyalty.models import (
    AccountRow,
    AdjustmentRow,
    CardRow,
    EntryRow,
    HoldRow,
    MemberDayRow,
    MemberRow,
    TierChangeRow,
)

LIMIT_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberQuery:
    """Which members to list, the newest first: those of a chain, narrowed by whatever is not at its default."""

    chain_id: int
    tier: str = ""
    status: str = "active"  # active | merged | erased | all
    home_store_id: int | None = None
    joined_from: datetime | None = None
    joined_before: datetime | None = None
    cursor: str = ""  # next_cursor of the page before
    limit: int = 50

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for less than all members that are active."""
        asked = (self.tier, self.home_store_id, self.joined_from, self.joined_before, self.cursor)
        return any(asked) or self.status != "active"

    def after(self, cursor: str) -> MemberQuery:
        """The same from another place on."""
        return replace(self, cursor=cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """A member as a list shows it; balances with what open sales hold."""

    id: UUID
    number: str
    subject_id: UUID | None
    status: str
    tier: str
    joined_at: datetime
    home_store_id: int | None
    points: int
    principal_minor: int
    gift_minor: int
    last_bought_on: date | None  # the business day of the last purchase that counted

    @property
    def value_minor(self) -> int:
        """Principal and gift part together."""
        return self.principal_minor + self.gift_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """Members; `next_cursor` is empty on the last page."""

    members: tuple[MemberLine, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A line of a member's account as the member's page shows it."""

    kind: str
    at: datetime
    points: int
    principal_minor: int
    gift_minor: int
    store_id: int | None
    sale_id: UUID | None
    lot_until: date | None  # of points: the first day without them; the year 9999 stands for never
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as the member's page shows it."""

    number: str
    is_blocked: bool
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A correction that somebody asked for; `problem` says why an approved one was not booked."""

    id: UUID
    member_id: UUID
    points: int
    principal_minor: int
    gift_minor: int
    reason: str
    approval_id: UUID
    state: str  # waiting | booked | refused
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMove:
    """How many members came from one tier to another within some days."""

    tier_before: str
    tier_after: str
    members: int


_FIELDS = ("id", "number", "subject_id", "status", "tier", "joined_at", "home_store_id")


def list_members(*, query: MemberQuery) -> MemberPage:
    """One page: four statements, whatever the limit."""
    found = MemberRow.objects.filter(chain_id=query.chain_id)
    if query.status != "all":
        found = found.filter(status=query.status)
    if query.tier:
        found = found.filter(tier=query.tier)
    if query.home_store_id is not None:
        found = found.filter(home_store_id=query.home_store_id)
    if query.joined_from is not None:
        found = found.filter(joined_at__gte=query.joined_from)
    if query.joined_before is not None:
        found = found.filter(joined_at__lt=query.joined_before)
    place = _place(query.cursor)
    if place is not None:
        found = found.filter(Q(joined_at__lt=place[0]) | Q(joined_at=place[0], id__lt=place[1]))
    limit = max(1, min(query.limit, LIMIT_MAX))
    rows = list(found.order_by("-joined_at", "-id").values(*_FIELDS)[: limit + 1])
    ids = [row["id"] for row in rows[:limit]]
    balances, bought = _balances(ids), _last_bought(ids)
    lines = tuple(_line(row, balances.get(row["id"], (0, 0, 0)), bought.get(row["id"])) for row in rows[:limit])
    more = len(rows) > limit
    return MemberPage(members=lines, next_cursor=f"{lines[-1].joined_at.isoformat()}_{lines[-1].id}" if more else "")


def _line(row: dict[str, Any], balances: tuple[int, int, int], last_bought_on: date | None) -> MemberLine:
    points, principal, gift = balances
    return MemberLine(**row, points=points, principal_minor=principal, gift_minor=gift, last_bought_on=last_bought_on)


def _last_bought(member_ids: Collection[UUID]) -> dict[UUID, date]:
    rows = MemberDayRow.objects.filter(member_id__in=member_ids, purchases__gt=0).order_by()
    return dict(rows.values_list("member_id").annotate(Max("business_date")))


def _balances(account_ids: Collection[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """(points, principal, gift) by account, what open sales hold among it."""
    free = AccountRow.objects.filter(id__in=account_ids).values_list(
        "id", "points_free", "principal_free_minor", "gift_free_minor"
    )
    held = {
        account_id: sums
        for account_id, *sums in HoldRow.objects.filter(account_id__in=account_ids, state="held")
        .values_list("account_id")
        .annotate(Sum("points"), Sum("principal_minor"), Sum("gift_minor"))
        .order_by()
    }
    return {
        account_id: (points + also[0], principal + also[1], gift + also[2])
        for account_id, points, principal, gift in free
        for also in [held.get(account_id, [0, 0, 0])]
    }


def _place(cursor: str) -> tuple[datetime, UUID] | None:
    """Where a page begins; None for what no page has said."""
    at, _underscore, member_id = cursor.partition("_")
    try:
        joined_at = datetime.fromisoformat(at)
        return (joined_at, UUID(member_id)) if joined_at.tzinfo is not None else None
    except ValueError:
        return None


def tier_counts(*, chain_id: int) -> dict[str, int]:
    """How many active members each tier has; the empty code stands for none. One statement."""
    rows = MemberRow.objects.filter(chain_id=chain_id, status="active").order_by()
    return dict(rows.values_list("tier").annotate(Count("id")))


def tier_counts_by_store(*, chain_id: int) -> dict[tuple[int | None, str], int]:
    """The same by home store."""
    rows = MemberRow.objects.filter(chain_id=chain_id, status="active").order_by()
    return {
        (store_id, tier): count
        for store_id, tier, count in rows.values_list("home_store_id", "tier").annotate(Count("id"))
    }


def tier_moves(*, chain_id: int, first: date, last: date) -> tuple[TierMove, ...]:
    """Who came from which tier to which on these days, both included; the most first."""
    rows = TierChangeRow.objects.filter(chain_id=chain_id, since__gte=first, since__lte=last).order_by()
    moves = rows.values_list("tier_before", "tier_after").annotate(Count("id"))
    found = [TierMove(tier_before=before, tier_after=after, members=count) for before, after, count in moves]
    return tuple(sorted(found, key=lambda move: (-move.members, move.tier_before, move.tier_after)))


def entries_before(*, member_id: UUID, kind: str, before: datetime | None, limit: int) -> list[Booking]:
    """The latest lines of a member's account before an instant; `kind` is points, value, or nothing for all."""
    rows = EntryRow.objects.filter(account_id=member_id)
    if kind == "points":
        rows = rows.exclude(points=0)
    elif kind == "value":
        rows = rows.exclude(principal_minor=0, gift_minor=0)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return [Booking(**values) for values in rows.order_by("-id").values(*Booking.__dataclass_fields__)[:limit]]


def merged_numbers(*, member_id: UUID) -> tuple[str, ...]:
    """Numbers of the duplicates that were merged into a member."""
    return tuple(MemberRow.objects.filter(merged_into=member_id).order_by("number").values_list("number", flat=True))


def cards_of(*, member_id: UUID) -> tuple[Card, ...]:
    """A member's cards, blocked ones too, the oldest first."""
    rows = CardRow.objects.filter(member_id=member_id).order_by("id")
    return tuple(Card(number=row.number, is_blocked=row.is_blocked, given_at=row.given_at) for row in rows)


def adjustment(*, adjustment_id: UUID) -> Adjustment | None:
    """One correction."""
    return next(iter(_adjustments(Q(id=adjustment_id), 1)), None)


def adjustments(*, member_id: UUID, limit: int) -> list[Adjustment]:
    """The corrections of a member, the newest first."""
    return _adjustments(Q(member_id=member_id), limit)


def _adjustments(condition: Q, limit: int) -> list[Adjustment]:
    rows = AdjustmentRow.objects.filter(condition).order_by("-asked_at", "-id")
    return [Adjustment(**row) for row in rows.values(*Adjustment.__dataclass_fields__)[:limit]]
