"""Rulebooks and their drafts, coupons, and what was used of promotions: a file for each part, all named here.

Whoever makes migrations/0001_initial.py anew keeps its last lines, the AppendOnly operations, and their import:
published rows never change.
"""

from __future__ import annotations

from liushui.promotions.models.coupons import CouponBatchRow, CouponCodeRow, CouponIssueRow, CouponMemberUseRow
from liushui.promotions.models.rulebooks import (
    CancelledRulebookRow,
    ChainHeadRow,
    DraftRow,
    MemberTierRow,
    RulebookRow,
)
from liushui.promotions.models.uses import (
    IssuedCouponRow,
    MemberCounterRow,
    OverrunRow,
    PromotionCostRow,
    PromotionCounterRow,
    ReservationRow,
    UseRow,
)

__all__ = [
    "CancelledRulebookRow",
    "ChainHeadRow",
    "CouponBatchRow",
    "CouponCodeRow",
    "CouponIssueRow",
    "CouponMemberUseRow",
    "DraftRow",
    "IssuedCouponRow",
    "MemberCounterRow",
    "MemberTierRow",
    "OverrunRow",
    "PromotionCostRow",
    "PromotionCounterRow",
    "ReservationRow",
    "RulebookRow",
    "UseRow",
]
