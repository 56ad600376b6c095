"""The door of promotions: what other modules may ask."""

from __future__ import annotations

from liushui.promotions.actions.cancel_version import cancel_version
from liushui.promotions.actions.commit_uses import commit, commit_in, take_again
from liushui.promotions.actions.count_costs import count_costs
from liushui.promotions.actions.create_draft import create_draft
from liushui.promotions.actions.import_codes import import_codes
from liushui.promotions.actions.issue_codes import give_codes, issue_codes, issued_codes, issued_csv
from liushui.promotions.actions.make_batch import make_batch
from liushui.promotions.actions.pause_promotion import pause_promotion
from liushui.promotions.actions.publish import publish
from liushui.promotions.actions.rebase_draft import rebase_draft
from liushui.promotions.actions.release_uses import expire, release, return_uses, void_issued
from liushui.promotions.actions.request_change import end_promotion, resume_promotion, roll_back
from liushui.promotions.actions.reserve_uses import reserve, reserve_in, reserve_paid
from liushui.promotions.actions.review import (
    decide_review,
    discard_draft,
    settle_reviews,
    submit_for_review,
    take_back,
)
from liushui.promotions.actions.save_draft import (
    put_promotion,
    remove_promotion,
    rename_draft,
    save_draft,
    set_mode,
    set_paused,
)
from liushui.promotions.actions.save_member_tiers import save_member_tiers
from liushui.promotions.actions.void_coupons import void_batch, void_code
from liushui.promotions.backtest_run import run_backtest as backtest
from liushui.promotions.code_problems import code_problems
from liushui.promotions.coupon_queries import (
    coupon_batch,
    coupon_batch_of,
    coupon_batches,
    coupon_issues,
    coupon_state,
    member_codes,
)
from liushui.promotions.coupon_use_queries import (
    issued_coupons,
    issues_failed,
    overruns,
    promotion_costs,
    resolve_codes,
    unsettled,
    usage,
)
from liushui.promotions.explaining import explain_answer
from liushui.promotions.lint_queries import lint_draft
from liushui.promotions.live import forget, live_rulebook, published_rulebook
from liushui.promotions.pricing import quotation, quotations, quote, quote_many, replay
from liushui.promotions.queries import (
    draft,
    draft_changes,
    drafts,
    member_tiers,
    promotions,
    version,
    version_changes,
    version_document,
    versions,
)
from liushui.promotions.returning import paid_units, refund_sale
from liushui.promotions.words import explain

__all__ = [
    "backtest",
    "cancel_version",
    "code_problems",
    "commit",
    "commit_in",
    "count_costs",
    "coupon_batch",
    "coupon_batch_of",
    "coupon_batches",
    "coupon_issues",
    "coupon_state",
    "create_draft",
    "decide_review",
    "discard_draft",
    "draft",
    "draft_changes",
    "drafts",
    "end_promotion",
    "expire",
    "explain",
    "explain_answer",
    "forget",
    "give_codes",
    "import_codes",
    "issue_codes",
    "issued_codes",
    "issued_coupons",
    "issued_csv",
    "issues_failed",
    "lint_draft",
    "live_rulebook",
    "make_batch",
    "member_codes",
    "member_tiers",
    "overruns",
    "paid_units",
    "pause_promotion",
    "promotion_costs",
    "promotions",
    "publish",
    "published_rulebook",
    "put_promotion",
    "quotation",
    "quotations",
    "quote",
    "quote_many",
    "rebase_draft",
    "refund_sale",
    "release",
    "remove_promotion",
    "rename_draft",
    "replay",
    "reserve",
    "reserve_in",
    "reserve_paid",
    "resolve_codes",
    "resume_promotion",
    "return_uses",
    "roll_back",
    "save_draft",
    "save_member_tiers",
    "set_mode",
    "set_paused",
    "settle_reviews",
    "submit_for_review",
    "take_again",
    "take_back",
    "unsettled",
    "usage",
    "version",
    "version_changes",
    "version_document",
    "versions",
    "void_batch",
    "void_code",
    "void_issued",
]
