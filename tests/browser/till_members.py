"""A process of its own, after prepare: a price for members, stored value, gift cards, a shift at two tills."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import django

django.setup()

from tests.support.member_world import join  # noqa: E402
from tests.support.rulebooks import publish  # noqa: E402
from tests.support.world_tills import open_shift  # noqa: E402

from liushui.kernel.ids import new_id  # noqa: E402
from liushui.loyalty import facade as loyalty  # noqa: E402
from liushui.stores import facade as stores  # noqa: E402

PHONE = "13588887777"
RULES = [
    {
        "id": "members-10", "name": {"zh": "会员价九折", "en": "Members 10% off"}, "stage": "order",
        "when": [{"type": "member"}],
        "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
    },
]  # fmt: skip


def main() -> None:
    """Publish and join; prints the codes of gift cards."""
    now, chain = datetime.now(UTC), next(chain for chain in stores.chains() if chain.code == "GREEN")
    store = next(store for store in stores.stores() if store.chain_id == chain.id and store.code == "E1")
    publish(chain_id=chain.id, rules=RULES, now=now)
    member = join(store, PHONE, "欧阳娜娜", now=now)
    loyalty.top_up(
        top_up_id=new_id(), member_id=member.id, paid_minor=50_000, store_id=store.id, operator="8001", tender="cash",
        now=now,
    )  # fmt: skip
    cards = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=chain.id, count=4, now=now)
    open_shift(workstation="T2")
    open_shift(workstation="T3", is_training=True)
    sys.stdout.write(json.dumps({"cards": [card.code for card in cards]}))


main()
