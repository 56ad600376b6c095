"""What whoever decides about a return is told of it, in his language."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import translation

from liushui.returns.kinds import facts
from liushui.returns.tests.conftest import NOON, House
from liushui.runtime import approvals
from liushui.runtime.approvals import Fact

SALE = UUID("0199a4b0-0000-7000-8000-000000000001")


def asked(house: House, **payload: Any) -> approvals.Approval:
    return approvals.request(
        kind="returns.refund", target="sale:web/R-1", chain_id=house.chain.id, store_id=house.here.id, reason="x",
        principal=house.principal(), now=NOON, payload=payload or None, amount_minor=60_000, currency="CNY",
    )  # fmt: skip


PAYLOAD: dict[str, Any] = {
    "digest": "0",
    "whys": [
        {"code": "late", "found": 41, "limit": 30}, {"code": "other_store", "found": None, "limit": None},
        {"code": "over_limit", "found": 60_000, "limit": 50_000},
    ],
    "lines": [
        {
            "name": "牛奶", "units": 3, "amount_minor": 60_000, "reason": "unwanted", "condition": "sealed",
            "parts": [[1, "quality", "damaged"]],
        },
        {"name": "酱油", "units": 1, "amount_minor": 0, "reason": "", "condition": "", "parts": []},
    ],
    "operator": "7",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            [
                ("Why another person", "Bought 41 days ago; goods come back within 30. Bought in another store. "
                 "¥600.00 in all; nobody gives back more than ¥500.00 alone."),
                ("Original receipt", "S-1"),
                ("Comes back", "3 × 牛奶, ¥600.00: No longer wanted, Sealed; 1 of them: Faulty, Damaged"),
                ("Comes back", "1 × 酱油, ¥0.00"),
                ("Cashier", "7"),
            ],
        ),
        (
            "zh-hans",
            [
                ("需他人审批的原因", "购买已 41 天，超过 30 天的退货期限。在其他门店购买。"
                 "合计退款 ¥600.00，超过单人可退的 ¥500.00。"),
                ("原小票", "S-1"),
                ("退回商品", "3 × 牛奶，¥600.00：不想要了，未拆封；其中 1 件：质量问题，损坏，不可再售"),
                ("退回商品", "1 × 酱油，¥0.00"),
                ("收银员", "7"),
            ],
        ),
    ],
)  # fmt: skip
def test_a_request_by_the_api_says_why_which_receipts_and_what(house: House, language, texts) -> None:
    receipts = [{"sale_id": str(SALE), "receipt_number": "S-1", "store_id": house.here.id}]
    with translation.override(language):
        found = facts(asked(house, receipts=receipts, **PAYLOAD))
    assert [(each.label, each.text) for each in found] == texts
    assert found[1] == Fact(label=texts[1][0], text="S-1", sale_id=SALE, store_id=house.here.id)


def test_a_request_of_a_till_says_nothing_more(house: House) -> None:
    assert facts(asked(house, at_till=True)) == ()
