"""Members' tiers are changed here and nowhere else: by one conditional statement each, with a line of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from liushui.loyalty import sql
from liushui.loyalty.domain.programme_tiers import Standing
from liushui.loyalty.models import MemberDayRow, MemberRow
from liushui.runtime import bulk

_AT_ONCE = 400  # members of one statement
_HISTORY = (
    *("chain_id", "member_id", "cause", "tier_before", "tier_after", "since", "spend_minor"),
    *("programme_number", "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMove:
    """That a member's standing becomes another one; `since` is the first business day of a new tier."""

    chain_id: int
    member_id: UUID
    before: Standing
    after: Standing
    since: date
    spend_minor: int
    programme_number: int
    cause: str
    at: datetime


def write_moves(moves: Sequence[TierMove]) -> list[TierMove]:
    """Make these changes in the caller's transaction, each member's in order; those that were made.

    One whose member does not stand as it says is left out: somebody else has moved him meanwhile, and the next look at
    him finds what is due. A statement for each kind of change, not for each member.
    """
    if not moves:
        return []
    # All who move members lock them in the order of their ids; SQLite has locked everything already.
    ids = {move.member_id for move in moves}
    list(MemberRow.objects.filter(id__in=ids).order_by("id").select_for_update().values_list("id"))
    made: list[TierMove] = []
    waiting = list(moves)
    while waiting:
        turn: dict[UUID, TierMove] = {}
        later: list[TierMove] = []
        for move in waiting:
            if move.member_id in turn:
                later.append(move)
            else:
                turn[move.member_id] = move
        made += _made(turn)
        waiting = later
    bulk.insert_rows(
        table="loyalty_tier_change",
        columns=_HISTORY,
        rows=[
            (
                move.chain_id, move.member_id, move.cause, move.before.tier, move.after.tier, move.since,
                move.spend_minor, move.programme_number, move.at,
            )
            for move in made
            if move.before.tier != move.after.tier
        ],
        skip_existing=True,
    )  # fmt: skip
    return made


def carry_spend(*, keep_id: UUID, drop_id: UUID) -> None:
    """Count what a merged duplicate spent as the kept member's; in the transaction of the merge."""
    # Both are locked in the order in which sales count them; only what was read is moved and taken away.
    both = MemberDayRow.objects.filter(member_id__in=(keep_id, drop_id)).order_by("member_id", "business_date")
    rows = both.select_for_update().values_list(
        "id", "member_id", "business_date", "chain_id", "spend_minor", "purchases"
    )
    moved = [row for row in rows if row[1] == drop_id]
    bulk.add_to_totals(
        table="loyalty_member_day",
        keys=("member_id", "business_date", "chain_id"),
        sums=("spend_minor", "purchases"),
        rows=[(keep_id, *row[2:]) for row in moved],
    )
    MemberDayRow.objects.filter(id__in=[row[0] for row in moved]).delete()


def _made(turn: Mapping[UUID, TierMove]) -> list[TierMove]:
    """One move of each of these members; those that still stood as their move says, in the order of their ids."""
    kinds: dict[tuple[Standing, Standing, date], list[UUID]] = {}
    for member_id in sorted(turn):
        move = turn[member_id]
        kinds.setdefault((move.before, move.after, move.since), []).append(member_id)
    moved: list[UUID] = []
    for (before, after, since), ids in kinds.items():
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            moved += _update(before, after, since, some)
    return [turn[member_id] for member_id in sorted(moved)]


def _update(before: Standing, after: Standing, since: date, ids: Sequence[UUID]) -> list[UUID]:
    same_end = "tier_until IS NULL" if before.until is None else "tier_until = %s"
    sets, values = "tier = %s, tier_until = %s", [after.tier, after.until]
    if before.tier != after.tier:
        sets, values = f"{sets}, tier_since = %s", [*values, since]
    ends = [] if before.until is None else [before.until]
    marks = ", ".join(["%s"] * len(ids))
    rows = sql.run(
        f"UPDATE loyalty_member SET {sets} WHERE id IN ({marks}) AND status = 'active' AND tier = %s"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" AND {same_end} RETURNING id",
        [*values, *ids, before.tier, *ends],
    )
    return [sql.read_uuid(row[0]) for row in rows]
