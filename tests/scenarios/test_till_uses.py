"""What a sale at the till used of a promotion, from the sale to its being taken back."""

from __future__ import annotations

import pytest

from liushui.analytics.handlers import CONSUMERS as ANALYTICS
from liushui.promotions import facade as promotions
from liushui.promotions.handlers import CONSUMERS
from liushui.runtime import worker
from liushui.till import facade
from liushui.till.tests.conftest import NOON, selling, shop
from liushui.till.tests.test_next_coupons import promise
from liushui.till.tests.test_promotion_limits import both, used
from liushui.till.tests.test_promotions import nothing_kept, offs, pay, recorded, scan

__all__ = ["both", "nothing_kept", "selling", "shop"]
pytestmark = pytest.mark.django_db


def test_a_void_gives_the_use_back_and_a_receipt_taken_back_mirrors_its_discounts(both):
    sold = pay(both, scan(both, "TEA"))
    approval = both.approval("till.void_sale", f"sale:{sold.sale_id}")
    facade.void_sale(till=both.till, ticket_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    worker.run(consumers=[*ANALYTICS, *CONSUMERS], once=True)
    assert used(both) == 0
    sold = pay(both, scan(both, "TEA"))
    assert sold.total_minor == 900
    for till in (both.till, both.other_till):
        cash = facade.current_shift(till=till)
        expected = facade.x_report(shift_id=cash.id, store_ids={both.store.id}, now=NOON, blind=False).tenders[0]
        facade.count_shift(till=till, count=pieces(expected.expected_minor), now=NOON)
    facade.close_day(store_id=both.store.id, business_date=sold.business_date, principal=both.manager, now=NOON)
    facade.open_shift(till=both.till, float_minor=10_000, now=NOON)
    ticket = facade.return_everything(till=both.till, sale_id=sold.sale_id, now=NOON)
    refund = facade.give_back(till=both.till, ticket_id=ticket.id, version=ticket.version, now=NOON)
    assert (refund.total_minor, refund.discount_minor, offs(refund)) == (-900, -100, [[("first-comers", -100)]])
    [line] = recorded(both, refund).lines
    assert [(each.code, each.amount_minor) for each in line.discounts] == [("first-comers", -100)]
    assert used(both) == 1  # a receipt of a closed day gives no use back
    worker.run(consumers=[*ANALYTICS, *CONSUMERS], once=True)
    assert cost(both, "first-comers") == (1, 0)  # but what it cost came back


def cost(shop, promotion):
    found = promotions.promotion_costs(chain_id=shop.till.chain_id)
    return (found[promotion].receipts, found[promotion].amount_minor)


def test_what_a_promotion_cost_and_gave_follows_the_sale_its_void_and_its_being_taken_back(both):
    promise(both)
    first = pay(both, scan(both, "TEA"))
    second = pay(both, scan(both, "TEA", till=both.other_till), till=both.other_till)  # the limit is one
    worker.run(consumers=[*ANALYTICS, *CONSUMERS], once=True)
    assert cost(both, "first-comers") == (1, 100)
    approval = both.approval("till.void_sale", f"sale:{first.sale_id}")
    facade.void_sale(till=both.till, ticket_id=first.id, reason="wrong", approval_id=approval, now=NOON)
    for _ in range(2):
        worker.run(consumers=[*ANALYTICS, *CONSUMERS], once=True)
        assert cost(both, "first-comers") == (0, 0)
    states = [
        [each.state for each in promotions.issued_coupons(order_key=f"till/{ticket.id.hex}")]
        for ticket in (first, second)
    ]
    assert states == [["taken_back"], ["issued"]]


def pieces(amount: int) -> dict[int, int]:
    count = {}
    for denomination in facade.denominations("CNY"):
        count[denomination], amount = divmod(amount, denomination)
    return count
