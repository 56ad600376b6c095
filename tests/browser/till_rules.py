"""A process of its own, after prepare: promotions, tiers, coupons and an open shift at two tills of E1."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import django

django.setup()

from tests.support.gold_member import gold_member  # noqa: E402
from tests.support.rulebooks import coupons, publish, save_tiers  # noqa: E402
from tests.support.world_tills import open_shift  # noqa: E402

from liushui.stores import facade as stores  # noqa: E402

SNACKS = {"category_in": ["snacks"]}
RULES = [
    {
        "id": "snacks-3-for-2", "name": {"zh": "零食买二送一", "en": "Snacks 3 for 2"},
        "effects": [{
            "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "buy_scope": SNACKS,
            "get_scope": SNACKS, "unit_order": "cheapest",
        }],
    },
    {
        "id": "gold-10", "name": {"zh": "金卡九折", "en": "Gold 10% off"}, "stage": "order",
        "when": [{"type": "tier_in", "tiers": ["gold"]}],
        "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
    },
    {
        "id": "spring-5", "name": {"zh": "春季 5 元券", "en": "Spring coupon"}, "stage": "order", "lane": 1,
        "when": [{"type": "coupon", "batch": "spring"}],
        "effects": [{"type": "amount_off", "amount": 500, "level": "order"}],
    },
    {
        "id": "spend-60", "name": {"zh": "满 60 减 6", "en": "6 off 60"}, "stage": "order", "lane": 2,
        "when": [{"type": "subtotal_at_least", "amount": 6000}],
        "effects": [{"type": "amount_off", "amount": 600, "level": "order"}],
    },
    {
        "id": "water", "name": {"zh": "满 50 送矿泉水", "en": "Water with 50"}, "stage": "order", "lane": 3,
        "when": [{"type": "subtotal_at_least", "amount": 5000}],
        "effects": [{"type": "gift_unit", "sku": "SKU-13", "qty": 1, "percent": 100}],
    },
]  # fmt: skip


def main() -> None:
    """Publish them; prints the coupon codes."""
    now, chain = datetime.now(UTC), next(chain for chain in stores.chains() if chain.code == "GREEN")
    codes = coupons(chain_id=chain.id, batch="spring", count=6, now=now)
    save_tiers(chain_id=chain.id)
    publish(chain_id=chain.id, rules=RULES, now=now)
    gold_member(now=now)
    open_shift(workstation="T2")
    open_shift(workstation="T3", is_training=True)
    sys.stdout.write(json.dumps({"codes": codes}))


main()
