"""Coupons for the next time at the till: said before payment, printed in full, once; training hands out none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.rulebooks import person, publish

from liushui.promotions import facade as promotions
from liushui.promotions.contracts import NewBatch
from liushui.till import facade
from liushui.till.tests.conftest import NOON, Shop
from liushui.till.tests.counter import open_counter
from liushui.till.tests.test_promotions import nothing_kept, pay, scan

__all__ = ["nothing_kept"]
pytestmark = pytest.mark.django_db
BACK = {
    "id": "come-back", "name": {"zh": "满十元送券", "en": "Come back"},
    "when": [{"type": "subtotal_at_least", "amount": 1000}],
    "effects": [{"type": "issue_coupon", "batch": "back", "for": "next_order"}],
}  # fmt: skip
USES = {
    "id": "welcome-back", "name": {"zh": "回头客", "en": "Welcome back"},
    "when": [{"type": "coupon", "batch": "back"}],
    "effects": [{"type": "amount_off", "amount": 300, "level": "order"}],
}  # fmt: skip
UNTIL = datetime(2099, 12, 31, 16, 0, tzinfo=UTC)  # midnight in Shanghai


def promise(shop: Shop, *, size: int = 10, now: datetime = NOON, **terms: Any) -> None:
    """A batch, and promotions that hand it out and take it."""
    chain_id = shop.till.chain_id
    batch = NewBatch(
        chain_id=chain_id, code="back", name_zh="回头券", name_en="Three off", kind="unique", size=size,
        valid_until=UNTIL, **terms,
    )  # fmt: skip
    promotions.make_batch(batch=batch, principal=person("ma", "marketer", chain_id), now=now)
    publish(chain_id=chain_id, rules=[BACK, USES], now=now)


def issued(shop: Shop) -> int:
    return promotions.coupon_batch(chain_id=shop.till.chain_id, code="back").issued


def receipt(shop: Shop, ticket: Any) -> Any:
    return facade.receipt(ticket_id=ticket.id, store_ids=frozenset({shop.store.id}))


def test_a_paid_sale_hands_out_one_code_that_the_next_sale_takes(selling):
    promise(selling)
    ticket = scan(selling, "TEA")
    assert (ticket.answer.issued, issued(selling)) == (
        ({"promotion": "come-back", "batch": "back", "for": "next_order"},), 0,
    )  # fmt: skip
    sold = pay(selling, ticket)
    [coupon] = receipt(selling, sold)["coupons"]
    assert (coupon.name_zh, coupon.valid_from, f"{coupon.valid_until}") == ("回头券", None, "2100-01-01 00:00:00")
    assert issued(selling) == 1
    scan(selling, "TEA")
    with_code = facade.add_code(till=selling.till, code=coupon.code, now=NOON)
    assert with_code.total_minor == 700
    [further] = receipt(selling, pay(selling, with_code))["coupons"]
    assert (further.code != coupon.code, issued(selling)) == (True, 2)


def test_a_sale_below_the_promise_and_a_training_sale_hand_out_nothing(shop):
    promise(shop)
    facade.open_shift(till=shop.till, float_minor=0, now=NOON)
    low = pay(shop, scan(shop, "MILK"))
    facade.open_shift(till=shop.other_till, float_minor=0, is_training=True, now=NOON)
    trained = pay(shop, scan(shop, "TEA", till=shop.other_till), till=shop.other_till)
    assert trained.answer.issued != ()
    assert (receipt(shop, low)["coupons"], receipt(shop, trained)["coupons"], issued(shop)) == ((), (), 0)


def test_a_batch_with_nothing_left_never_keeps_a_sale_back(selling):
    promise(selling, size=1)
    first, second = pay(selling, scan(selling, "TEA")), pay(selling, scan(selling, "TEA"))
    assert [each.state for each in (first, second)] == ["settled", "settled"]
    assert [len(receipt(selling, each)["coupons"]) for each in (first, second)] == [1, 0]
    [failed] = promotions.issues_failed(chain_ids=[selling.till.chain_id])
    assert (failed.problem, failed.promotion_id, failed.order_key) == (
        "none_left",
        "come-back",
        f"till/{second.id.hex}",
    )


def test_a_voided_receipt_prints_no_coupon_and_its_code_is_void(selling):
    promise(selling)
    sold = pay(selling, scan(selling, "TEA"))
    [coupon] = receipt(selling, sold)["coupons"]
    approval = selling.approval("till.void_sale", f"sale:{sold.sale_id}")
    facade.void_sale(till=selling.till, ticket_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    assert receipt(selling, sold)["coupons"] == ()  # at once, before the event was read
    promotions.return_uses(order_key=f"till/{sold.id.hex}", now=NOON)
    scan(selling, "TEA")
    found = promotions.resolve_codes(chain_id=selling.till.chain_id, codes=[coupon.code], member_id=None, now=NOON)
    assert [problem.problem for problem in found.problems] == ["void"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Come back: a coupon for the next order", "Coupon for next time: Three off", "Valid until 2100-01-01")),
        ("zh-hans", ("满十元送券：送下次可用优惠券", "下次可用券: 回头券", "有效期至 2100-01-01 00:00")),
    ],
)
def test_the_screen_says_it_before_payment_and_the_paper_prints_the_whole_code(shop, language, words):
    promise(shop, now=datetime.now(UTC) - timedelta(minutes=1))
    counter = open_counter(till=shop.till, language=language)
    facade.open_shift(till=counter.till, float_minor=10_000, now=datetime.now(UTC))
    counter.look()
    counter.enter("TEA")
    before, *paper = words
    assert before in counter.shown
    assert issued(shop) == 0
    counter.do("ticket/pay/cash/", given="1000")
    assert [text for text in paper if text not in counter.shown] == []
    sold = facade.finished(till=counter.till)[0]
    [coupon] = promotions.issued_coupons(order_key=f"till/{sold.id.hex}")
    assert f'<p class="paper-middle paper-total">{coupon.code}</p>' in counter.shown
    assert coupon.code in counter.look(f"receipts/{sold.id}/")  # and on a copy
