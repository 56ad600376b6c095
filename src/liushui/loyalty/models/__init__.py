"""Tables of loyalty."""

from __future__ import annotations

from liushui.loyalty.models.programme import ProgrammeDraftRow, ProgrammeRow
from liushui.loyalty.models.progress import (
    DryRunMemberRow,
    DryRunRow,
    EarnedSaleRow,
    MemberDayRow,
    TierChangeRow,
    TierDayRow,
)

__all__ = [
    "DryRunMemberRow",
    "DryRunRow",
    "EarnedSaleRow",
    "MemberDayRow",
    "ProgrammeDraftRow",
    "ProgrammeRow",
    "TierChangeRow",
    "TierDayRow",
]
