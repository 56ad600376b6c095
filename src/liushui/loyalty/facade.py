"""The door of loyalty: what other modules may ask. Members, tiers, points and stored value."""

from __future__ import annotations

from liushui.loyalty.actions.adjust import adjustments_of, request_adjustment, settle_adjustment, settle_adjustments
from liushui.loyalty.actions.block_card_batch import block_gift_card_batch
from liushui.loyalty.actions.block_gift_card import block_gift_card
from liushui.loyalty.actions.cancel_programme import cancel_programme
from liushui.loyalty.actions.cards import add_card, block_card, unblock_card
from liushui.loyalty.actions.dry_run import cancel_dry_run, run_dry_run, start_dry_run
from liushui.loyalty.actions.earn_sales import earn_sales
from liushui.loyalty.actions.end_hold import expire_holds, post, post_in, reverse, unsettled, void
from liushui.loyalty.actions.evaluate_tiers import evaluate_some, evaluate_tiers, last_day_over
from liushui.loyalty.actions.expire_cards import expire_gift_cards
from liushui.loyalty.actions.expire_points import chains_due, expire_points, expiry_progress
from liushui.loyalty.actions.extend_card import card_extensions, request_card_extension, settle_card_extensions
from liushui.loyalty.actions.gift_cards import (
    activate_gift_card,
    gift_card,
    gift_card_by_number,
    take_back_gift_card,
)
from liushui.loyalty.actions.give_back import give_back
from liushui.loyalty.actions.give_back_sale import give_back_sale
from liushui.loyalty.actions.hold import hold, hold_in, hold_of
from liushui.loyalty.actions.import_history import import_history
from liushui.loyalty.actions.issue_cards import (
    issue_gift_cards,
    make_gift_cards,
    start_gift_card_batch,
    stop_gift_card_batch,
)
from liushui.loyalty.actions.join import join
from liushui.loyalty.actions.merge import finish_merges, merge
from liushui.loyalty.actions.merge_by_two import (
    merge_request,
    merges_waiting,
    request_merge,
    settle_merge,
    settle_merges,
)
from liushui.loyalty.actions.note_purchases import note_purchases
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
from liushui.loyalty.actions.snapshot_balances import forget_balances, snapshot_balances
from liushui.loyalty.actions.tell_codes import tell_codes_to_request, tell_gift_codes
from liushui.loyalty.actions.top_up import take_back_top_up, top_up, top_up_of
from liushui.loyalty.actions.unblock_card_batch import request_card_batch_unblock, settle_card_batch_unblocks
from liushui.loyalty.actions.unblock_gift_card import request_gift_card_unblock, settle_gift_card_unblocks
from liushui.loyalty.balances import verify_balances
from liushui.loyalty.domain.spends import spends_of
from liushui.loyalty.dry_run_queries import dry_run, dry_run_members, dry_runs
from liushui.loyalty.earning_preview import points_of_sale, points_to_take_back
from liushui.loyalty.figures import liability, verify
from liushui.loyalty.gift_card_queries import (
    batch_blocks,
    blocked_with_batch,
    card_blocks,
    gift_card_batch,
    gift_card_batches,
    gift_cards_of,
    gift_cards_of_batch,
)
from liushui.loyalty.lists import merged_numbers
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
from liushui.loyalty.tier_queries import benefits, buyer, snapshot, tier_history, tier_progress

__all__ = [
    "activate_gift_card",
    "active_member",
    "add_card",
    "adjustments_of",
    "balances",
    "batch_blocks",
    "benefits",
    "block_card",
    "block_gift_card",
    "block_gift_card_batch",
    "blocked_with_batch",
    "buyer",
    "cancel_dry_run",
    "cancel_programme",
    "card_blocks",
    "card_extensions",
    "chains_due",
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
    "expire_gift_cards",
    "expire_holds",
    "expire_points",
    "expiring",
    "expiry_progress",
    "find_member",
    "finish_merges",
    "forget_balances",
    "gift_card",
    "gift_card_batch",
    "gift_card_batches",
    "gift_card_by_number",
    "gift_cards_of",
    "gift_cards_of_batch",
    "give_back",
    "give_back_sale",
    "hold",
    "hold_in",
    "hold_of",
    "import_history",
    "issue_gift_cards",
    "join",
    "last_day_over",
    "liability",
    "live_programme",
    "make_gift_cards",
    "member",
    "member_token",
    "members",
    "members_by_number",
    "members_of",
    "merge",
    "merge_request",
    "merged_numbers",
    "merges_waiting",
    "move_programme_row",
    "note_purchases",
    "points_of_sale",
    "points_to_take_back",
    "post",
    "post_in",
    "programme_changes",
    "programme_draft",
    "programme_drafts",
    "programme_version",
    "programme_versions",
    "put_programme_row",
    "remove_programme_row",
    "rename_programme_draft",
    "request_adjustment",
    "request_card_batch_unblock",
    "request_card_extension",
    "request_gift_card_unblock",
    "request_merge",
    "reverse",
    "run_dry_run",
    "save_programme_draft",
    "set_programme_fields",
    "settle_adjustment",
    "settle_adjustments",
    "settle_card_batch_unblocks",
    "settle_card_extensions",
    "settle_gift_card_unblocks",
    "settle_merge",
    "settle_merges",
    "settle_programme_reviews",
    "snapshot",
    "snapshot_balances",
    "spends_of",
    "start_dry_run",
    "start_gift_card_batch",
    "stop_gift_card_batch",
    "submit_programme",
    "take_back_gift_card",
    "take_back_programme",
    "take_back_top_up",
    "tell_codes_to_request",
    "tell_gift_codes",
    "tell_tiers",
    "tier_history",
    "tier_progress",
    "top_up",
    "top_up_of",
    "unblock_card",
    "unsettled",
    "verify",
    "verify_balances",
    "void",
]
