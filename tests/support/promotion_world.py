"""Promotions of a chain of the tests: a version in force, a draft being written, one in review, tiers.

What is in force holds in one store only, so that tests of the others' tills and sales know their prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from liushui.promotions import facade
from liushui.runtime.access import Principal

PROMOTIONS: tuple[dict[str, Any], ...] = (
    {
        "id": "snacks-3-for-2",
        "name": {"zh": "零食买二送一", "en": "Snacks 3 for 2"},
        "effects": [
            {
                "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest",
                "buy_scope": {"category_in": ["snacks"]}, "get_scope": {"category_in": ["snacks"]},
            }
        ],
        "when": [{"type": "store_in", "stores": ["W1"]}],
        "unit_exclusive": True,
    },
    {
        "id": "gold-5",
        "name": {"zh": "金卡九五折", "en": "Gold 5% off"},
        "stage": "order",
        "when": [{"type": "tier_in", "tiers": ["gold"]}, {"type": "store_in", "stores": ["W1"]}],
        "effects": [{"type": "percent_off", "percent": 5, "level": "order"}],
        "limits": {"budget": 100000},
        "priority": 3,
    },
    {
        "id": "spring",
        "name": {"zh": "春季满减", "en": "Spring savings"},
        "stage": "order",
        "starts_at": "2036-03-01T00:00:00+08:00",
        "effects": [{"type": "every_amount_off", "every": 30000, "amount": 4000}],
        "group": "season",
    },
)  # fmt: skip
CHANGED: dict[str, Any] = {
    "id": "dairy-half",
    "name": {"zh": "乳品第二件半价", "en": "Second dairy at half price"},
    "effects": [
        {
            "type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest",
            "scope": {"category_in": ["dairy"]},
        }
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionWorld:
    """Ids of what was made."""

    rulebook_id: int
    draft_id: int
    review_id: int


def promotion_world(*, chain_id: int, maker: Principal, checker: Principal) -> PromotionWorld:
    """Make it all through the door, as two people would."""
    now = datetime.now(UTC)
    facade.save_member_tiers(
        chain_id=chain_id,
        tiers=[("silver", "银卡", "Silver"), ("gold", "金卡", "Gold")],
        principal=maker,
    )
    first = facade.create_draft(chain_id=chain_id, name="开业促销 Opening", principal=maker, now=now)
    for promotion in PROMOTIONS:
        first = facade.put_promotion(
            draft_id=first.id, revision=first.revision, promotion=promotion, principal=maker, now=now
        )
    facade.submit_for_review(
        draft_id=first.id, revision=first.revision, reason="开业 Opening", principal=maker, now=now
    )
    published = facade.decide_review(draft_id=first.id, approve=True, principal=checker, now=now)
    assert published.rulebook_id is not None
    draft = facade.create_draft(chain_id=chain_id, name="周末活动 Weekend", principal=maker, now=now)
    draft = facade.put_promotion(
        draft_id=draft.id, revision=draft.revision, promotion=CHANGED, principal=maker, now=now
    )
    draft = facade.put_promotion(
        draft_id=draft.id,
        revision=draft.revision,
        promotion={**PROMOTIONS[1], "effects": [{"type": "percent_off", "percent": 8, "level": "order"}]},
        principal=maker,
        now=now,
    )
    review = facade.create_draft(chain_id=chain_id, name="会员日 Member day", principal=maker, now=now)
    review = facade.put_promotion(
        draft_id=review.id,
        revision=review.revision,
        promotion={**CHANGED, "id": "dairy-again"},
        principal=maker,
        now=now,
    )
    facade.submit_for_review(
        draft_id=review.id, revision=review.revision, reason="会员日 Member day", principal=maker, now=now,
        starts_at=now + timedelta(days=3),
    )  # fmt: skip
    return PromotionWorld(rulebook_id=published.rulebook_id, draft_id=draft.id, review_id=review.id)
