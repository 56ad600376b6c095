"""Sales of members: coupons, points, stored value and gift cards, held before the sale is recorded and spent after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale

from liushui.checkout import facade
from liushui.checkout.actions.value import member_by_number
from liushui.checkout.contracts import SaleRecorded, Tender
from liushui.checkout.errors import MemberNeeded, PointsShareRefused, RefundRefused, TendersUnbalanced
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Spend
from liushui.loyalty.errors import GiftCardUnknown, NotEnoughPoints, NotEnoughValue
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import order_key
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def member(shop: MemberShop) -> UUID:
    [member_id] = member_shop.add_members(
        chain_id=shop.chain.id, count=1, points=1_000, principal_minor=5_000, gift_minor=1_000
    )
    return member_id


def complete(command, **fields) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=ME, now=NOON, **fields)


def held(source_id: str):
    return loyalty.hold_of(order_key=order_key(source="web", source_id=source_id))


def balance(member_id: UUID) -> tuple[int, int, int, int, int]:
    found = loyalty.balances(member_id=member_id)
    return found.points, found.points_held, found.principal_minor, found.gift_minor, found.stored_held_minor


def test_points_a_coupon_and_stored_value_pay_one_sale(shop: MemberShop, member: UUID) -> None:
    [code, *_more] = member_shop.publish_coupons(chain_id=shop.chain.id, count=2)
    tenders = (
        Tender(type="points", amount_minor=300),
        Tender(type="stored_value", amount_minor=1_000),
        Tender(type="mobile", method="wechat", amount_minor=600),
    )
    recorded = complete(member_sale("one", member_id=member, codes=[code], tenders=tenders))
    assert (recorded.total_minor, recorded.is_replay) == (1_900, False)  # 2 × 10.00 less the coupon
    assert balance(member) == (700, 0, 4_000, 1_000, 0)  # the principal first
    assert held("one").state == "posted"
    assert promotions.coupon_state(chain_id=shop.chain.id, code=code).state == "used"
    sale = orders.sale(sale_id=recorded.sale_id, store_ids={shop.store.id})
    [number] = {each.number for each in loyalty.members(ids=[member]).values()}
    assert sale.summary.customer == number
    assert [(tender.type, tender.amount_minor) for tender in sale.tenders] == [
        ("points", 300), ("stored_value", 1_000), ("mobile", 600),
    ]  # fmt: skip


def test_the_same_sale_again_spends_nothing_more(shop: MemberShop, member: UUID) -> None:
    tenders = (Tender(type="points", amount_minor=300), Tender(type="cash", amount_minor=1_700))
    command = member_sale("again", member_id=member, tenders=tenders)
    first = complete(command)
    again = complete(command)
    assert again.is_replay
    assert again.sale_id == first.sale_id
    assert balance(member) == (700, 0, 5_000, 1_000, 0)


def test_a_gift_card_needs_no_member(shop: MemberShop) -> None:
    card = member_shop.add_gift_card(chain_id=shop.chain.id, paid_minor=3_000, name="a")
    tender = Tender(type="gift_card", amount_minor=2_000, reference=card)
    complete(member_sale("gift", member_id=None, tenders=[tender]))
    assert loyalty.gift_card_by_number(chain_id=shop.chain.id, number=card).balance_minor == 1_000


@pytest.mark.parametrize(
    ("tenders", "error"),
    [
        pytest.param([("points", 1_001), ("cash", 999)], PointsShareRefused, id="more than half by points"),
        pytest.param([("stored_value", 6_001), ("cash", -4_001)], RefundRefused, id="value as money"),
        pytest.param([("points", 100), ("cash", 1_800)], TendersUnbalanced, id="too little"),
        pytest.param([("points", -100), ("cash", 2_100)], RefundRefused, id="points out of nowhere"),
        pytest.param([("gift_card", 2_000)], GiftCardUnknown, id="a gift card that is nobody's"),
    ],
)
def test_what_can_not_be_paid_so_is_refused_and_nothing_is_held_or_recorded(shop, member, tenders, error) -> None:
    stated = [
        Tender(type=type_, amount_minor=amount, reference="G00000000000" if type_ == "gift_card" else "")
        for type_, amount in tenders
    ]
    with pytest.raises(error):
        complete(member_sale("refused", member_id=member, tenders=stated))
    assert balance(member) == (1_000, 0, 5_000, 1_000, 0)
    never = orders.Identity(source="web", source_id="refused", body_sha256="")
    assert orders.recorded_before(identities=[never]) == [None]


def test_too_few_points_let_the_coupon_go_again(shop: MemberShop, member: UUID) -> None:
    [code, *_more] = member_shop.publish_coupons(chain_id=shop.chain.id, count=1)
    [poor] = member_shop.add_members(chain_id=shop.chain.id, count=1, first=7, points=10)
    tenders = (Tender(type="points", amount_minor=11), Tender(type="cash", amount_minor=1_889))
    with pytest.raises(NotEnoughPoints) as refused:
        complete(member_sale("poor", member_id=poor, codes=[code], tenders=tenders))
    assert refused.value.context == {"have": 10, "need": 11}
    assert promotions.coupon_state(chain_id=shop.chain.id, code=code).state == "free"
    assert balance(poor) == (10, 0, 0, 0, 0)


def test_points_without_a_member_of_ours_are_refused_where_they_stand(shop: MemberShop) -> None:
    tenders = (Tender(type="cash", amount_minor=1_000), Tender(type="points", amount_minor=1_000))
    with pytest.raises(MemberNeeded) as refused:
        complete(member_sale("nobody", member_id=None, tenders=tenders))
    assert refused.value.pointer == "/tenders/1/type"
    with pytest.raises(MemberNeeded) as unknown:
        complete(member_sale("unknown", member_id=None, account="M00000000000"))
    assert unknown.value.pointer == "/member"


def test_a_member_is_named_by_number_and_priced_as_he_is(shop: MemberShop, member: UUID) -> None:
    number = loyalty.members(ids=[member])[member].number
    recorded = complete(member_sale("number", member_id=None, account=number))
    assert orders.sale(sale_id=recorded.sale_id, store_ids={shop.store.id}).summary.customer == number


def test_what_a_crash_left_held_is_spent_by_the_event_and_let_go_without_one(shop: MemberShop, member: UUID) -> None:
    tenders = (Tender(type="points", amount_minor=300), Tender(type="cash", amount_minor=1_700))
    spends = [Spend(kind="points", amount_minor=300)]
    key = order_key(source="web", source_id="died")
    until = NOON + timedelta(minutes=15)
    loyalty.hold(
        order_key=key, chain_id=shop.chain.id, member_id=member, spends=spends, currency="CNY", expires_at=until,
        now=NOON,
    )  # fmt: skip
    assert balance(member) == (1_000, 300, 5_000, 1_000, 0)
    assert complete(member_sale("died", member_id=member, tenders=tenders)).total_minor == 2_000
    assert balance(member) == (700, 0, 5_000, 1_000, 0)
    loyalty.hold(
        order_key="web/never", chain_id=shop.chain.id, member_id=member, spends=spends, currency="CNY",
        expires_at=until, now=NOON,
    )  # fmt: skip
    assert loyalty.expire_holds(now=until) == 1
    assert balance(member) == (700, 0, 5_000, 1_000, 0)


def test_a_member_is_quoted_by_number_as_he_is(shop: MemberShop, member: UUID) -> None:
    known = loyalty.member(member_id=member)
    assert known is not None
    found = member_by_number(number=known.number, store=shop.store, at=NOON)
    assert found == loyalty.snapshot(chain_id=shop.chain.id, at=NOON, member_id=member)
    with pytest.raises(MemberNeeded) as told:
        member_by_number(number="M00000000000", store=shop.store, at=NOON)
    assert told.value.pointer == "/member"


def test_more_than_is_stored_pays_nothing(shop: MemberShop, member: UUID) -> None:
    tenders = (Tender(type="stored_value", amount_minor=6_001), Tender(type="cash", amount_minor=999))
    with pytest.raises(NotEnoughValue) as refused:
        complete(member_sale("dear", member_id=member, units=7, tenders=tenders))
    assert refused.value.context == {"have": 6_000, "need": 6_001}
    assert balance(member) == (1_000, 0, 5_000, 1_000, 0)


def test_value_is_not_changed_into_money_by_paying_more_than_the_sale_comes_to(shop: MemberShop, member: UUID) -> None:
    tenders = (Tender(type="stored_value", amount_minor=3_000), Tender(type="cash", amount_minor=-1_000))
    with pytest.raises(RefundRefused) as refused:
        complete(member_sale("cash-out", member_id=member, tenders=tenders))
    assert refused.value.pointer == "/tenders"
    assert (held("cash-out"), balance(member)) == (None, (1_000, 0, 5_000, 1_000, 0))
    change = (Tender(type="stored_value", amount_minor=1_500), Tender(type="cash", amount_minor=600))
    complete(member_sale("change", member_id=member, tenders=(*change, Tender(type="cash", amount_minor=-100))))
    assert balance(member) == (1_000, 0, 3_500, 1_000, 0)
