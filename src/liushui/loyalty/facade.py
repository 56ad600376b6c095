"""The door of loyalty: what other modules may ask. Members, tiers, points and stored value."""

from __future__ import annotations

from liushui.loyalty.actions.dry_run import run_dry_run, start_dry_run
from liushui.loyalty.actions.earn_sales import earn_sales
from liushui.loyalty.actions.end_hold import expire_holds, post, reverse, unsettled, void
from liushui.loyalty.actions.evaluate_tiers import evaluate_some, evaluate_tiers, last_day_over
from liushui.loyalty.actions.hold import hold, hold_of
from liushui.loyalty.actions.join import join
from liushui.loyalty.actions.merge import finish_merges, merge
from liushui.loyalty.actions.programme_drafts import (
    create_programme_draft,
    discard_programme_draft,
    move_programme_row,
    put_programme_row,
    remove_programme_row,
    rename_programme_draft,
    save_programme_draft,
    set_programme_fields,
)
from liushui.loyalty.actions.publish_programme import (
    decide_programme,
    settle_programme_reviews,
    submit_programme,
    take_back_programme,
    tell_tiers,
)
from liushui.loyalty.dry_run_queries import dry_run, dry_run_members, dry_runs
from liushui.loyalty.member_queries import (
    active_member,
    find_member,
    member,
    member_token,
    members,
    members_by_number,
    members_of,
)
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.programme_queries import (
    programme_changes,
    programme_draft,
    programme_drafts,
    programme_version,
    programme_versions,
)
from liushui.loyalty.queries import balances, entries, expiring
from liushui.loyalty.tier_queries import benefits, snapshot, tier_history, tier_progress

__all__ = [
    "active_member",
    "balances",
    "benefits",
    "create_programme_draft",
    "decide_programme",
    "discard_programme_draft",
    "dry_run",
    "dry_run_members",
    "dry_runs",
    "earn_sales",
    "entries",
    "evaluate_some",
    "evaluate_tiers",
    "expire_holds",
    "expiring",
    "find_member",
    "finish_merges",
    "hold",
    "hold_of",
    "join",
    "last_day_over",
    "live_programme",
    "member",
    "member_token",
    "members",
    "members_by_number",
    "members_of",
    "merge",
    "move_programme_row",
    "post",
    "programme_changes",
    "programme_draft",
    "programme_drafts",
    "programme_version",
    "programme_versions",
    "put_programme_row",
    "remove_programme_row",
    "rename_programme_draft",
    "reverse",
    "run_dry_run",
    "save_programme_draft",
    "set_programme_fields",
    "settle_programme_reviews",
    "snapshot",
    "start_dry_run",
    "submit_programme",
    "take_back_programme",
    "tell_tiers",
    "tier_history",
    "tier_progress",
    "unsettled",
    "void",
]
