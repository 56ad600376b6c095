"""Ways to more, or less, than is owed that somebody found by trying: each is closed, and stays so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support import member_shop, rulebooks
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, SaleRecorded, Tender
from liushui.checkout.errors import UnitsRefused
from liushui.loyalty import facade as loyalty
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import NewBatch
from liushui.returns import facade as returns
from liushui.runtime import worker
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
PROMISE = {
    "id": "next", "name": {"zh": "满十元送券", "en": "Next"}, "when": [{"type": "subtotal_at_least", "amount": 1000}],
    "effects": [{"type": "issue_coupon", "batch": "next", "for": "next_order"}],
}  # fmt: skip


@pytest.fixture
def shop(db: None) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


def complete(command: CompleteSale) -> SaleRecorded:
    found = checkout.complete_sale(command=command, principal=ME, now=NOON)
    worker.run(consumers=CONSUMERS, once=True)
    return found


@pytest.mark.parametrize("portions", [(2,), (1, 1)])
def test_two_tenders_of_one_account_give_back_both_parts_of_its_value(shop: MemberShop, portions) -> None:
    """Each tender's share of the gift part, rounded by itself, left more principal than was spent: none came back."""
    [member] = member_shop.add_members(
        chain_id=shop.chain.id, count=1, points=1_000, principal_minor=667, gift_minor=333
    )
    paid = (("stored_value", 501), ("points", 333), ("stored_value", 499), ("points", 334), ("cash", 333))
    tenders = [Tender(type=kind, amount_minor=amount) for kind, amount in paid]
    sold = complete(member_sale("sold", member_id=member, tenders=tenders))
    assert loyalty.balances(member_id=member).stored_free_minor == 0
    for place, units in enumerate(portions):
        complete(return_of(f"back-{place}", sale_id=sold.sale_id, units=units))
    found = loyalty.balances(member_id=member)
    assert (found.points, found.principal_minor, found.gift_minor) == (1_000, 667, 333)


def test_more_units_than_promotions_can_look_at_are_refused_before_they_do(shop: MemberShop) -> None:
    """A thousand million of them took all of the server's memory."""
    many = member_sale("many", member_id=None, units=100_001)
    with pytest.raises(UnitsRefused) as refusal:
        complete(many)
    assert refusal.value.pointer == "/lines/0/units"
    with pytest.raises(UnitsRefused):
        checkout.quote(store=shop.store, lines=many.lines, at=NOON)
    assert complete(member_sale("most", member_id=None, units=100_000)).total_minor == 100_000_000
    stated = LineCommand(code="MILK", units=10**9, amount_minor=10**10)
    assert complete(member_sale("stated", member_id=None, lines=(stated,))).total_minor == 10**10


def test_a_coupon_that_a_sale_handed_out_goes_with_its_goods_where_used_ones_never_come_back(shop: MemberShop) -> None:
    """Bought, brought back and bought again, it was a coupon each time."""
    chain_id = shop.chain.id
    [code] = member_shop.publish_coupons(chain_id=chain_id, count=1)
    marketer = rulebooks.person("ma", "marketer", chain_id)
    batch = NewBatch(chain_id=chain_id, code="next", name_zh="券", name_en="Next", kind="unique", size=10)
    promotions.make_batch(batch=batch, principal=marketer, now=NOON)
    rulebooks.publish(chain_id=chain_id, rules=[PROMISE], now=NOON)
    returns.save_policy(
        chain_id=chain_id, policy=replace(returns.policy(chain_id=chain_id), coupons_back="never"), expected_version=0,
        principal=rulebooks.person("mei", "finance", chain_id), now=NOON,
    )  # fmt: skip
    sold = complete(member_sale("sold", member_id=None, codes=[code]))
    [given] = promotions.issued_coupons(order_key="web/sold")
    assert promotions.coupon_state(chain_id=chain_id, code=given.code).state == "free"
    complete(return_of("half", sale_id=sold.sale_id, units=1))
    assert promotions.coupon_state(chain_id=chain_id, code=given.code).state == "free"
    complete(return_of("rest", sale_id=sold.sale_id, units=1))
    assert promotions.coupon_state(chain_id=chain_id, code=given.code).state == "void"
    assert promotions.coupon_state(chain_id=chain_id, code=code).state == "used"
