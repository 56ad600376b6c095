"""Tables of loyalty."""

from __future__ import annotations

from liushui.loyalty.models.accounts import AccountRow, EntryRow, HoldRow
from liushui.loyalty.models.balances import BalanceDayRow, BalanceHeadRow, BalanceRow
from liushui.loyalty.models.gift_cards import CardBatchBlockRow, CardBatchRow, CardBlockRow
from liushui.loyalty.models.members import CardRow, MemberRow
from liushui.loyalty.models.programme import CancelledProgrammeRow, ProgrammeDraftRow, ProgrammeHeadRow, ProgrammeRow
from liushui.loyalty.models.progress import (
    DryRunMemberRow,
    DryRunRow,
    EarnedSaleRow,
    MemberDayRow,
    TierChangeRow,
    TierDayRow,
)
from liushui.loyalty.models.value import AdjustmentRow, CardExtensionRow, ExpiryRunRow, GiftCardRow, MergeRow, TopUpRow

__all__ = [
    "AccountRow",
    "AdjustmentRow",
    "BalanceDayRow",
    "BalanceHeadRow",
    "BalanceRow",
    "CancelledProgrammeRow",
    "CardBatchBlockRow",
    "CardBatchRow",
    "CardBlockRow",
    "CardExtensionRow",
    "CardRow",
    "DryRunMemberRow",
    "DryRunRow",
    "EarnedSaleRow",
    "EntryRow",
    "ExpiryRunRow",
    "GiftCardRow",
    "HoldRow",
    "MemberDayRow",
    "MemberRow",
    "MergeRow",
    "ProgrammeDraftRow",
    "ProgrammeHeadRow",
    "ProgrammeRow",
    "TierChangeRow",
    "TierDayRow",
    "TopUpRow",
]
