"""The door of loyalty: what other modules may ask. Members, tiers, points and stored value."""

from __future__ import annotations

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
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.programme_queries import (
    programme_changes,
    programme_draft,
    programme_drafts,
    programme_version,
    programme_versions,
)
from liushui.loyalty.tier_queries import benefits, snapshot, tier_history, tier_progress

__all__ = [
    "benefits",
    "create_programme_draft",
    "decide_programme",
    "discard_programme_draft",
    "live_programme",
    "move_programme_row",
    "programme_changes",
    "programme_draft",
    "programme_drafts",
    "programme_version",
    "programme_versions",
    "put_programme_row",
    "remove_programme_row",
    "rename_programme_draft",
    "save_programme_draft",
    "set_programme_fields",
    "settle_programme_reviews",
    "snapshot",
    "submit_programme",
    "take_back_programme",
    "tell_tiers",
    "tier_history",
    "tier_progress",
]
