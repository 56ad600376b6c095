"""Reads of trials of programme drafts on the members as they are."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from liushui.loyalty.contracts import DryRun, DryRunMember, TierCount
from liushui.loyalty.domain.programme_views import Direction, RunStatus
from liushui.loyalty.errors import UnknownProgramme
from liushui.loyalty.models import DryRunMemberRow, DryRunRow
from liushui.loyalty.programme_access import require_seen
from liushui.loyalty.programme_queries import draft_row
from liushui.runtime.access import Principal

LIST_MAX = 500


def dry_run(*, run_id: UUID, principal: Principal) -> DryRun:
    """One trial; raises UnknownProgramme."""
    row = dry_run_row(run_id=run_id)
    require_seen(principal, chain_id=row.chain_id, what=f"trial {run_id}")
    return dry_run_view(row)


def dry_runs(*, draft_id: int, principal: Principal, limit: int = 20) -> tuple[DryRun, ...]:
    """The trials of a draft, the latest first."""
    row = draft_row(draft_id=draft_id, principal=principal)
    rows = DryRunRow.objects.filter(draft_id=row.id).order_by("-created_at", "-id")[: min(limit, LIST_MAX)]
    return tuple(dry_run_view(each) for each in rows)


def dry_run_members(
    *, run_id: UUID, direction: Direction | None = None, principal: Principal, limit: int = 50, offset: int = 0
) -> tuple[DryRunMember, ...]:
    """The members whom a draft would move, those who spent most first."""
    run = dry_run(run_id=run_id, principal=principal)
    rows = DryRunMemberRow.objects.filter(run_id=run.id)
    if direction is not None:
        rows = rows.filter(direction=direction)
    return tuple(
        DryRunMember(
            member_id=row.member_id, number=row.number, tier_before=row.tier_before, tier_after=row.tier_after,
            until_after=row.until_after, spend_minor=row.spend_minor, direction=cast(Direction, row.direction),
        )
        for row in rows.order_by("-spend_minor", "number")[offset : offset + min(limit, LIST_MAX)]
    )  # fmt: skip


def dry_run_row(*, run_id: UUID) -> DryRunRow:
    """A trial's row; raises UnknownProgramme."""
    row = DryRunRow.objects.filter(id=run_id).first()
    if row is None:
        raise UnknownProgramme(f"There is no trial {run_id}, or it is not yours to see")
    return row


def dry_run_view(row: DryRunRow) -> DryRun:
    """A trial as others see it."""
    result: dict[str, Any] = row.result or {}
    return DryRun(
        id=row.id,
        chain_id=row.chain_id,
        draft_id=row.draft_id,
        revision=row.revision,
        day=row.day,
        status=cast(RunStatus, row.status),
        members_total=row.members_total,
        members_done=row.members_done,
        ups=result.get("ups"),
        downs=result.get("downs"),
        graces=result.get("graces"),
        tiers=tuple(TierCount(code=code, before=one, after=other) for code, one, other in result.get("tiers", ())),
        points=result.get("points"),
        liability_before_minor=result.get("liability_before_minor"),
        liability_after_minor=result.get("liability_after_minor"),
        problem=row.problem,
        started_by=row.started_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
