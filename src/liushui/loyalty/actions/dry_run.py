"""Try a draft of the programme on the members as they are: what its tiers would make of them at the end of the last
day that is over, and what the points that are out would be worth. Nothing of a member changes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from liushui.kernel.errors import Conflict, LiushuiError
from liushui.kernel.ids import new_id
from liushui.loyalty.actions.evaluate_tiers import MEMBERS_AT_ONCE, last_day_over, read_members, verdict
from liushui.loyalty.contracts import DryRun
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_json import read_programme
from liushui.loyalty.dry_run_queries import dry_run_row, dry_run_view
from liushui.loyalty.models import AccountRow, DryRunMemberRow, DryRunRow, HoldRow, MemberRow
from liushui.loyalty.programme_access import APPROVE, WRITE, require_seen, require_whole_chain
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.programme_queries import draft_row
from liushui.runtime import audit
from liushui.runtime.access import Principal


def start_dry_run(*, draft_id: int, principal: Principal, now: datetime) -> DryRun:
    """Write a trial of the draft as it is down, to be run by a job (tasks.run_dry_run) or run_dry_run."""
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, APPROVE, chain_id=row.chain_id)
    day = last_day_over(chain_id=row.chain_id, now=now)
    if day is None:
        raise Conflict("The chain has no stores yet, so it has no business day")
    members = MemberRow.objects.filter(chain_id=row.chain_id, status="active").count()
    with transaction.atomic():
        run = DryRunRow.objects.create(
            id=new_id(), chain_id=row.chain_id, draft_id=row.id, revision=row.revision, document=row.document, day=day,
            members_total=members, started_by=principal.name[:128], created_at=now,
        )  # fmt: skip
        audit.record(
            principal=principal, action="programme.dry_run", target=f"programme-draft:{row.id}", chain_id=row.chain_id,
            after={"run": str(run.id), "revision": row.revision, "day": str(day)},
        )  # fmt: skip
    return dry_run_view(run)


def cancel_dry_run(*, run_id: UUID, principal: Principal, now: datetime) -> DryRun:
    """Stop a trial after the members in hand, or take a waiting one off the queue; one that is over stays as it is."""
    row = dry_run_row(run_id=run_id)
    require_seen(principal, chain_id=row.chain_id, what=f"trial {run_id}")
    require_whole_chain(principal, WRITE, APPROVE, chain_id=row.chain_id)
    runs = DryRunRow.objects.filter(id=row.id, cancel_requested=False)
    with transaction.atomic():
        asked = runs.filter(status="waiting").update(cancel_requested=True, status="cancelled", finished_at=now)
        asked += runs.filter(status="running").update(cancel_requested=True)
        if asked:
            audit.record(
                principal=principal, action="programme.dry_run_cancel", target=f"programme-draft:{row.draft_id}",
                chain_id=row.chain_id, after={"run": str(row.id)},
            )  # fmt: skip
    return dry_run_view(dry_run_row(run_id=run_id))


def run_dry_run(*, run_id: UUID) -> DryRun:
    """Run a trial from its beginning; one that is done or was cancelled stays as it is. A crash leaves it to be run
    again, and then one that was to be stopped is stopped."""
    row = dry_run_row(run_id=run_id)
    if row.status in ("done", "cancelled"):
        return dry_run_view(row)
    DryRunMemberRow.objects.filter(run_id=row.id).delete()
    runs = DryRunRow.objects.filter(id=row.id)
    runs.exclude(status="cancelled").update(status="running", members_done=0, problem="", finished_at=None)
    try:
        result = _tried(row, read_programme(row.document))
    except LiushuiError as error:
        runs.update(status="failed", problem=error.detail[:400], finished_at=datetime.now(UTC))
        raise
    wanted = runs.filter(cancel_requested=False)  # asked for in the last moment: nothing of it is kept
    if result is None or not wanted.update(status="done", result=result, finished_at=datetime.now(UTC)):
        DryRunMemberRow.objects.filter(run_id=row.id).delete()
        runs.update(status="cancelled", finished_at=datetime.now(UTC))
    return dry_run_view(dry_run_row(run_id=run_id))


def _tried(row: DryRunRow, draft: Programme) -> dict[str, object] | None:
    """What it comes to; None when somebody wants it stopped, which is looked at after each part of the members."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    last: UUID | None = None
    while members := read_members(
        chain_id=row.chain_id, programme=draft, day=row.day, after=last, limit=MEMBERS_AT_ONCE
    ):
        moved = []
        for seen in members:
            found = verdict(programme=draft, seen=seen, day=row.day)
            before[seen.standing.tier] += 1
            after[found.standing.tier] += 1
            steps[found.step] += 1
            if found.step in ("up", "down", "grace"):
                moved.append(
                    DryRunMemberRow(
                        run_id=row.id, member_id=seen.member_id, number=seen.number, tier_before=seen.standing.tier,
                        tier_after=found.standing.tier, until_after=found.standing.until,
                        spend_minor=seen.spend_minor, direction=found.step,
                    )
                )  # fmt: skip
        DryRunMemberRow.objects.bulk_create(moved, batch_size=500)
        last = members[-1].member_id
        if not DryRunRow.objects.filter(id=row.id, cancel_requested=False).update(members_done=sum(before.values())):
            return None
    live = live_programme(chain_id=row.chain_id, at=row.created_at)
    points = points_outstanding(chain_id=row.chain_id)
    codes = dict.fromkeys(["", *(level.code for level in (*live.levels, *draft.levels)), *before, *after])
    return {
        "ups": steps["up"], "downs": steps["down"], "graces": steps["grace"], "kept": steps["kept"],
        "tiers": [[code, before[code], after[code]] for code in codes if code or before[code] or after[code]],
        "points": points,
        "liability_before_minor": live.worth_minor(points=points),
        "liability_after_minor": draft.worth_minor(points=points),
    }  # fmt: skip


def points_outstanding(*, chain_id: int) -> int:
    """The sum of all members' points in a chain, those kept back by orders too."""
    free = AccountRow.objects.filter(chain_id=chain_id, kind="member").aggregate(total=Sum("points_free"))["total"]
    held = HoldRow.objects.filter(chain_id=chain_id, state="held").aggregate(total=Sum("points"))["total"]
    return int(free or 0) + int(held or 0)
