"""A coupon that came back with the goods is used again when the return is voided: nobody has both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.models import OverrunRow, PromotionCounterRow
from liushui.runtime import inbox, relay
from liushui.runtime.grants import system_principal

pytestmark = pytest.mark.django_db(transaction=True)
ME = system_principal(name="test")


@pytest.fixture
def shop() -> Any:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


def complete(command: Any) -> Any:
    return checkout.complete_sale(command=command, principal=ME, now=NOON)


def void(sale_id: Any) -> None:
    orders.void_sale(sale_id=sale_id, reason="mistake", principal=ME, now=NOON + timedelta(minutes=5))


def deliver() -> None:
    relay.publish_pending(limit=100)
    for consumer in CONSUMERS:
        if consumer.name in ("promotions", "returns-uses"):
            inbox.deliver(consumer=consumer, limit=100)


def state(shop: MemberShop, code: str) -> tuple[str, int]:
    """The coupon's, and how often the promotion counts as used."""
    [row] = PromotionCounterRow.objects.filter(chain_id=shop.chain.id)
    return promotions.coupon_state(chain_id=shop.chain.id, code=code).state, row.uses


def test_it_is_used_again_and_free_once_more_when_the_sale_itself_is_voided(shop: MemberShop) -> None:
    [code] = member_shop.publish_coupons(chain_id=shop.chain.id, count=1)
    sold = complete(member_sale("a", member_id=None, codes=[code]))
    back = complete(return_of("b", sale_id=sold.sale_id, units=2))
    deliver()
    assert state(shop, code) == ("free", 0)
    void(back.sale_id)
    deliver()
    assert state(shop, code) == ("used", 1)
    deliver()  # again: nothing more
    assert state(shop, code) == ("used", 1)
    assert not OverrunRow.objects.exists()
    void(sold.sale_id)
    deliver()
    assert state(shop, code) == ("free", 0)


def test_one_that_another_used_meanwhile_is_an_overrun_that_people_see(shop: MemberShop) -> None:
    [code] = member_shop.publish_coupons(chain_id=shop.chain.id, count=1)
    sold = complete(member_sale("a", member_id=None, codes=[code]))
    back = complete(return_of("b", sale_id=sold.sale_id, units=2))
    deliver()
    assert complete(member_sale("c", member_id=None, codes=[code])).total_minor == 1_900
    void(back.sale_id)
    deliver()
    assert state(shop, code) == ("used", 2)
    [overrun] = OverrunRow.objects.all()
    assert (overrun.kind, overrun.limit_value, overrun.reached) == ("coupon", 1, 2)


def test_a_return_and_its_void_told_together_change_nothing(shop: MemberShop) -> None:
    [code] = member_shop.publish_coupons(chain_id=shop.chain.id, count=1)
    sold = complete(member_sale("a", member_id=None, codes=[code]))
    deliver()
    back = complete(return_of("b", sale_id=sold.sale_id, units=2))
    void(back.sale_id)
    deliver()
    assert state(shop, code) == ("used", 1)
