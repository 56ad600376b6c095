"""A process of its own, after prepare: a member who bought what promotions priced, with points and a coupon."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import django

django.setup()

from tests.browser.test_till import gtin  # noqa: E402
from tests.support.member_world import join  # noqa: E402
from tests.support.rulebooks import publish  # noqa: E402

from liushui.checkout import facade as checkout  # noqa: E402
from liushui.checkout.contracts import CompleteSale, LineCommand  # noqa: E402
from liushui.kernel.ids import new_id  # noqa: E402
from liushui.loyalty import facade as loyalty  # noqa: E402
from liushui.loyalty.handlers import CONSUMERS  # noqa: E402
from liushui.promotions import facade as promotions  # noqa: E402
from liushui.promotions.contracts import NewBatch  # noqa: E402
from liushui.runtime import worker  # noqa: E402
from liushui.runtime.grants import system_principal  # noqa: E402
from liushui.stores import facade as stores  # noqa: E402

PHONE = "13566667777"
RULES = [
    {
        "id": "members-10", "name": {"zh": "会员价九折", "en": "Members 10% off"}, "stage": "order",
        "when": [{"type": "member"}],
        "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
    },
]  # fmt: skip


def main() -> None:
    """Join, sell, give; prints the receipt's id."""
    now, chain = datetime.now(UTC), next(chain for chain in stores.chains() if chain.code == "GREEN")
    store = next(store for store in stores.stores() if store.chain_id == chain.id and store.code == "E1")
    me = system_principal(name="portal past")
    publish(chain_id=chain.id, rules=RULES, now=now)
    member = join(store, PHONE, "欧阳若兰", now=now, email="lan@mail.example")
    sold = checkout.complete_sale(
        command=CompleteSale(
            source="past", source_id="portal-1", chain="GREEN", store="E1", completed_at=now, account=member.number,
            lines=(LineCommand(code=gtin(21), units=2), LineCommand(code=gtin(10))),
        ),
        principal=me, now=now,
    )  # fmt: skip
    loyalty.top_up(
        top_up_id=new_id(), member_id=member.id, paid_minor=50_000, store_id=store.id, operator="8001", tender="cash",
        now=now,
    )  # fmt: skip
    batch = promotions.make_batch(
        batch=NewBatch(chain_id=chain.id, code="THANKS", name_zh="感谢券", name_en="Thank you", kind="member", size=10),
        principal=me, now=now,
    )  # fmt: skip
    promotions.give_codes(chain_id=chain.id, batch=batch.code, member_ids=[member.number], principal=me, now=now)
    worker.run(consumers=CONSUMERS, once=True)
    sys.stdout.write(json.dumps({"receipt_id": str(sold.sale_id), "number": member.number}))


main()
