"""What the tiers of a chain are called: those of the programme in force, else those that promotions know."""

from __future__ import annotations

from datetime import UTC, datetime

from liushui.loyalty import facade
from liushui.loyalty.pages.scope import local
from liushui.promotions import facade as promotions


def tier_names(chain_id: int) -> dict[str, str]:
    """Names by code in the reader's language, the lowest tier first."""
    live = facade.live_programme(chain_id=chain_id, at=datetime.now(UTC))
    named = {level.code: local((level.name_zh, level.name_en)) for level in live.levels}
    others = {tier.code: local((tier.name_zh, tier.name_en)) for tier in promotions.member_tiers(chain_id=chain_id)}
    return named | {code: name for code, name in others.items() if code not in named}
