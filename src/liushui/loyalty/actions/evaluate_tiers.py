"""Look at every member's tier at the end of a business day: up, down after grace, or a grace that begins or ends.

A day of a chain is over once it is in all of its stores. Members are read some thousands at a time by one statement;
what changes is written with the place reached in one transaction, so a run that died goes on where it was, and of two
workers one does each part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, Sum, Value
from django.db.models.functions import Coalesce

from liushui.loyalty.domain.programme import Level, Programme
from liushui.loyalty.domain.programme_calendar import window_start
from liushui.loyalty.domain.programme_tiers import Standing, Verdict, after_day
from liushui.loyalty.models import MemberDayRow, MemberRow, ProgrammeRow, TierChangeRow, TierDayRow
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_moves import TierMove, write_moves
from liushui.loyalty.tier_queries import chain_stores

MEMBERS_AT_ONCE = 2000
_PARTS_A_TICK = 10
_DAY = timedelta(days=1)


class Seen(NamedTuple):
    """A member as he stands, and what he spent in the window."""

    member_id: UUID
    number: str
    standing: Standing
    spend_minor: int
    has_grace: bool = True  # False: what reached the tier came back


def evaluate_tiers(*, chain_id: int, now: datetime) -> int:
    """Look at all members for every day that is over and was not looked at, and again when other rules have come into
    force since; how many members were looked at. Safe to repeat and to run twice at once."""
    looked = 0
    for day, programme in _due(chain_id, now):
        while seen := _part(chain_id, day, programme, now=now):
            looked += seen
        if not _is_done(chain_id, day, programme):
            break  # somebody else is at it, and the next day waits for this one
    return looked


def evaluate_some(*, now: datetime) -> int:
    """A bounded part of what evaluate_tiers does, for all chains: for the clock."""
    looked = 0
    for chain_id in ProgrammeRow.objects.order_by("chain_id").values_list("chain_id", flat=True).distinct():
        for day, programme in _due(chain_id, now):
            while looked < _PARTS_A_TICK * MEMBERS_AT_ONCE and (seen := _part(chain_id, day, programme, now=now)):
                looked += seen
            if not _is_done(chain_id, day, programme):
                break  # the next day waits for this one
    return looked


def last_day_over(*, chain_id: int, now: datetime) -> date | None:
    """The last business day that is over in all stores of a chain; None: it has no stores."""
    places = chain_stores(chain_id=chain_id)
    return min(place.business_date(now) for place in places) - _DAY if places else None


def read_members(*, chain_id: int, programme: Programme, day: date, after: UUID | None, limit: int) -> Sequence[Seen]:
    """The next active members by id, with their spend in the window that ends with a day: two statements, and
    two more where somebody has too little for his tier."""
    members = MemberRow.objects.filter(chain_id=chain_id, status="active")
    if after is not None:
        members = members.filter(id__gt=after)
    found = list(members.order_by("id").values_list("id", "number", "tier", "tier_until")[:limit])
    if not found:
        return []
    days = MemberDayRow.objects.filter(
        Q(chain_id=chain_id, member_id__gte=found[0][0], member_id__lte=found[-1][0]),
        business_date__gte=window_start(last=day, months=programme.window_months),
        business_date__lte=day,
    )
    spent = dict(days.values_list("member_id").annotate(total=Coalesce(Sum("spend_minor"), Value(0))).order_by())
    below = {
        member_id: level
        for member_id, _number, tier, _until in found
        if (level := programme.level(tier)) is not None and spent.get(member_id, 0) < level.spend_minor
    }
    unearned = _unearned(below, programme=programme, day=day)
    return [
        Seen(member_id, number, Standing(tier=tier, until=until), spent.get(member_id, 0), member_id not in unearned)
        for member_id, number, tier, until in found
    ]


def _unearned(below: Mapping[UUID, Level], *, programme: Programme, day: date) -> set[UUID]:
    """Of these members those whose purchase reached the tier, and who have by now brought back so much that all that
    they bought in the window of that day and since would not reach it: a grace would be a gift for nothing."""
    rows = TierChangeRow.objects.filter(member_id__in=list(below)).order_by("at", "id")
    latest = {row.member_id: row for row in rows} if below else {}
    lifted = {
        id: row
        for id, row in latest.items()
        if row.cause.startswith("sale:") and row.tier_after == below[id].code
        if row.spend_minor >= below[id].spend_minor
    }
    if not lifted:
        return set()
    firsts = {id: window_start(last=row.since, months=programme.window_months) for id, row in lifted.items()}
    kept = dict.fromkeys(lifted, 0)
    days = MemberDayRow.objects.filter(
        member_id__in=list(lifted), business_date__gte=min(firsts.values()), business_date__lte=day
    )
    for id, bought_on, amount in days.values_list("member_id", "business_date", "spend_minor"):
        kept[id] += amount if bought_on >= firsts[id] else 0
    return {id for id in lifted if kept[id] < below[id].spend_minor}


def verdict(*, programme: Programme, seen: Seen, day: date) -> Verdict:
    """Where a member stands after the day."""
    return after_day(
        programme=programme, standing=seen.standing, spend_minor=seen.spend_minor, day=day, has_grace=seen.has_grace
    )


def _due(chain_id: int, now: datetime) -> Iterator[tuple[date, Programme]]:
    """The days to look at, each with the rules in force at its end; the last one again under the rules of now."""
    last = last_day_over(chain_id=chain_id, now=now)
    live = live_programme(chain_id=chain_id, at=now)
    if last is None or live.number == 0:
        return
    done = TierDayRow.objects.filter(chain_id=chain_id, is_done=True).order_by("-day").values_list("day", flat=True)
    latest = done.first()
    day = latest + _DAY if latest is not None else last
    while day < last:
        programme = live_programme(chain_id=chain_id, at=_end_of(chain_id, day))
        if programme.number:
            yield day, programme
        day += _DAY
    if not _is_done(chain_id, last, live):
        yield last, live


def _is_done(chain_id: int, day: date, programme: Programme) -> bool:
    rows = TierDayRow.objects.filter(chain_id=chain_id, day=day, programme_number=programme.number, is_done=True)
    return rows.exists()


def _end_of(chain_id: int, day: date) -> datetime:
    """When a day is over in all stores."""
    return max(
        datetime.combine(day + _DAY, place.day_starts_at, tzinfo=ZoneInfo(place.time_zone))
        for place in chain_stores(chain_id=chain_id)
    )


def _part(chain_id: int, day: date, programme: Programme, *, now: datetime) -> int:
    """Look at the next members of a run; how many. 0: the run is done, or somebody else is at it."""
    row = _run(chain_id, day, programme, now)
    if row.is_done:
        return 0
    members = read_members(
        chain_id=chain_id, programme=programme, day=day, after=row.after_member, limit=MEMBERS_AT_ONCE
    )
    moves = [
        (move, step)
        for seen in members
        for move, step in [_move(seen, chain_id=chain_id, day=day, programme=programme, at=now)]
        if step != "same"
    ]
    same_place = TierDayRow.objects.filter(id=row.id, is_done=False, after_member=row.after_member)
    with transaction.atomic():
        if not members:
            same_place.update(is_done=True, finished_at=now)
            return 0
        if not same_place.update(after_member=members[-1].member_id, members=F("members") + len(members)):
            return 0
        steps = {id(move): step for move, step in moves}
        made = [steps[id(move)] for move in write_moves([move for move, _step in moves])]
        TierDayRow.objects.filter(id=row.id).update(
            ups=F("ups") + made.count("up"), downs=F("downs") + made.count("down"),
            graces=F("graces") + made.count("grace"),
        )  # fmt: skip
    return len(members)


def _run(chain_id: int, day: date, programme: Programme, now: datetime) -> TierDayRow:
    known = TierDayRow.objects.filter(chain_id=chain_id, day=day, programme_number=programme.number)
    found = known.first()
    if found is None:
        row = TierDayRow(chain_id=chain_id, day=day, programme_number=programme.number, started_at=now)
        TierDayRow.objects.bulk_create([row], ignore_conflicts=True)
        found = known.get()
    return found


def _move(seen: Seen, *, chain_id: int, day: date, programme: Programme, at: datetime) -> tuple[TierMove, str]:
    found = verdict(programme=programme, seen=seen, day=day)
    move = TierMove(
        chain_id=chain_id, member_id=seen.member_id, before=seen.standing, after=found.standing, since=day + _DAY,
        spend_minor=seen.spend_minor, programme_number=programme.number, cause=f"day:{day}:{programme.number}", at=at,
    )  # fmt: skip
    return move, found.step
