"""Coupons for the next time: one for each that the answer promised, once the sale is recorded, and none before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.promotions import facade, handlers
from liushui.promotions.contracts import IssuedCoupon, PricedBasket
from liushui.promotions.models import CouponBatchRow, CouponCodeRow, IssuedCouponRow, ReservationRow
from liushui.promotions.tests.using import (
    CHAIN,
    LATER,
    NOON,
    answer,
    member_batch,
    promotion,
    reserve,
    shared_batch,
    unique_batch,
)
from liushui.runtime import row_security
from liushui.runtime.access import Grant, Principal
from liushui.runtime.events import Event
from liushui.runtime.row_security import Scope

pytestmark = pytest.mark.django_db
SALE = UUID(int=1)
MA = Principal(subject="staff:1", name="马", grants=(Grant(role="marketer", chain_id=CHAIN),))
NEXT = promotion("next-time")


def promising(*batches: str, **amounts: int) -> PricedBasket:
    """An answer that hands out a coupon of each batch."""
    issued = tuple({"promotion": "next-time", "batch": batch, "for": "next_order"} for batch in batches)
    return replace(answer(**{"next_time": 0, **amounts}), issued=issued)


def batch(new: Any) -> None:
    facade.make_batch(batch=new, principal=MA, now=NOON)


def sold(order: str, priced: PricedBasket, member: str | None = None, at: datetime = NOON) -> tuple[IssuedCoupon, ...]:
    """What a sale handed out that was reserved and committed."""
    reserve(order, priced, NEXT, member=member)
    facade.commit(order_key=order, sale_id=SALE, now=at)
    return facade.issued_coupons(order_key=order)


def event(type: str, source_id: str) -> Event:
    data = f'{{"sale_id": "{SALE}", "source": "till", "source_id": "{source_id}"}}'.encode()
    return Event(id=UUID(int=9), source="liushui/orders", type=type, subject="", time=NOON, data=data)


def resolved(code: str, member: str | None = None) -> str:
    """The batch of a code that counts, or why it does not."""
    found = facade.resolve_codes(chain_id=CHAIN, codes=[code], member_id=member, now=NOON)
    return found.problems[0].problem if found.problems else (found.codes[0].batch or "")


def test_a_promised_coupon_is_reserved_without_limits_and_handed_out_by_commit_alone():
    batch(unique_batch("BACK", valid_until=NOON + timedelta(days=30)))
    held = reserve("till/1", promising("BACK"), NEXT)
    assert (held.state, [use.promotion_id for use in held.uses]) == ("reserved", ["next-time"])
    assert facade.issued_coupons(order_key="till/1") == ()
    assert CouponBatchRow.objects.get().issued == 0
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is True
    [coupon] = facade.issued_coupons(order_key="till/1")
    assert (coupon.promotion_id, coupon.batch, coupon.name_zh, coupon.state, coupon.problem, coupon.member_id) == (
        "next-time", "BACK", "春季券", "issued", "", "",
    )  # fmt: skip
    assert coupon.valid_until == NOON + timedelta(days=30)
    assert coupon.masked() == f"••••{coupon.code[-4:]}"
    assert resolved(coupon.code) == "BACK"
    assert CouponBatchRow.objects.get().issued == 1
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is False
    assert facade.issued_coupons(order_key="till/1") == (coupon,)
    assert facade.coupon_batch(chain_id=CHAIN, code="BACK").left == 1


def test_a_members_coupon_is_the_members_and_each_order_gives_a_further_one():
    batch(member_batch("VIP"))
    [given] = facade.give_codes(chain_id=CHAIN, batch="VIP", member_ids=["m1"], principal=MA, now=NOON)
    [first], [second] = sold("till/1", promising("VIP"), "m1"), sold("till/2", promising("VIP"), "m1")
    assert len({given.code, first.code, second.code}) == 3
    assert (resolved(first.code, "m1"), resolved(first.code, "m2"), resolved(first.code)) == (
        "VIP", "not_yours", "member_needed",
    )  # fmt: skip
    [again] = facade.give_codes(chain_id=CHAIN, batch="VIP", member_ids=["m1"], principal=MA, now=NOON)
    assert (again.code, again.is_repeat) == (given.code, True)
    assert CouponBatchRow.objects.get().issued == 3


def test_a_single_code_is_the_members_too_when_the_order_has_one():
    batch(unique_batch("BACK"))
    [coupon] = sold("till/1", promising("BACK"), "m1")
    assert (coupon.member_id, resolved(coupon.code, "m1"), resolved(coupon.code, "m2")) == ("m1", "BACK", "not_yours")


def test_each_promised_coupon_is_handed_out_even_two_of_one_batch():
    batch(unique_batch("BACK", size=2))
    found = sold("till/1", promising("BACK", "BACK"))
    assert [coupon.state for coupon in found] == ["issued", "issued"]
    assert found[0].code != found[1].code


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda: None, "unknown"),
        (lambda: batch(shared_batch("BACK")), "wrong_kind"),
        (lambda: batch(member_batch("BACK")), "member_needed"),
        (lambda: batch(unique_batch("BACK", valid_until=NOON + timedelta(seconds=1))), "expired"),
    ],
)
def test_a_batch_that_cannot_give_never_stops_a_sale_and_is_told(prepare, problem):
    prepare()
    [coupon] = sold("till/1", promising("BACK"), at=NOON + timedelta(seconds=1))
    assert (coupon.state, coupon.problem, coupon.code, coupon.masked()) == ("failed", problem, "", "")
    assert ReservationRow.objects.get().state == "committed"
    assert facade.issues_failed(chain_ids=[CHAIN]) == (coupon,)
    assert facade.issues_failed(chain_ids=[CHAIN + 1]) == ()


def test_a_void_batch_and_an_empty_one_give_nothing():
    batch(unique_batch("GONE"))
    facade.void_batch(chain_id=CHAIN, batch="GONE", reason="x", principal=MA, now=NOON)
    batch(unique_batch("ONE", size=1))
    found = sold("till/1", promising("GONE", "ONE", "ONE"))
    assert [(each.state, each.problem) for each in found] == [
        ("failed", "void"),
        ("issued", ""),
        ("failed", "none_left"),
    ]
    assert CouponBatchRow.objects.get(code="ONE").issued == 1


def test_the_event_of_a_sale_hands_out_what_a_crash_left_once():
    batch(unique_batch("BACK"))
    reserve("till/1", promising("BACK"), NEXT)
    for _ in range(2):
        handlers.CONSUMERS[0].apply([event(handlers.SALE_COMPLETED, "1")])
    assert [each.state for each in facade.issued_coupons(order_key="till/1")] == ["issued"]
    assert CouponBatchRow.objects.get().issued == 1


def test_an_order_whose_hold_ran_out_gets_its_coupon_late():
    batch(unique_batch("BACK"))
    reserve("till/1", promising("BACK"), NEXT)
    assert facade.expire(now=LATER) == 1
    facade.commit(order_key="till/1", sale_id=SALE, now=LATER)
    assert [each.state for each in facade.issued_coupons(order_key="till/1")] == ["issued"]


def test_a_released_or_voided_order_without_a_sale_gets_none():
    batch(unique_batch("BACK"))
    reserve("till/1", promising("BACK"), NEXT)
    facade.return_uses(order_key="till/1", now=NOON)
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is False
    assert not IssuedCouponRow.objects.exists()


def test_a_voided_sale_takes_its_unused_coupon_back():
    batch(unique_batch("BACK"))
    [coupon] = sold("till/1", promising("BACK"))
    for _ in range(2):
        handlers.CONSUMERS[0].apply([event(handlers.SALE_VOIDED, "1")])
    assert [each.state for each in facade.issued_coupons(order_key="till/1")] == ["taken_back"]
    assert resolved(coupon.code) == "void"
    assert facade.coupon_batch(chain_id=CHAIN, code="BACK").voided == 1


def test_a_members_coupon_is_taken_back_too():
    batch(member_batch("VIP"))
    [coupon] = sold("till/1", promising("VIP"), "m1")
    facade.return_uses(order_key="till/1", now=NOON)
    assert resolved(coupon.code, "m1") == "void"
    assert (CouponCodeRow.objects.get().is_void, CouponBatchRow.objects.get().voided) == (True, 1)


def test_a_coupon_that_was_used_stays_used_when_its_sale_is_voided():
    batch(unique_batch("BACK"))
    [coupon] = sold("till/1", promising("BACK"))
    asks = promotion("uses-it", batch="BACK")
    codes = facade.resolve_codes(chain_id=CHAIN, codes=[coupon.code], member_id=None, now=NOON).codes
    reserve("till/2", answer(uses_it=100), asks, codes=codes)
    facade.return_uses(order_key="till/1", now=NOON)
    assert [each.state for each in facade.issued_coupons(order_key="till/1")] == ["kept"]
    facade.commit(order_key="till/2", sale_id=UUID(int=2), now=NOON)
    row = CouponBatchRow.objects.get()
    assert (row.issued, row.reserved, row.used, row.voided) == (1, 0, 1, 0)


def test_priced_anew_without_the_promise_nothing_is_handed_out():
    batch(unique_batch("BACK"))
    reserve("till/1", promising("BACK"), NEXT)
    once = promotion("once", total=5)
    reserve("till/1", answer(once=100), once)
    facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
    assert facade.issued_coupons(order_key="till/1") == ()


def test_an_order_that_promises_nothing_costs_no_statement_more():
    once = promotion("once", total=5)
    reserve("till/1", answer(once=100), once)
    with CaptureQueriesContext(
        connection,
    ) as committing:
        facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
    with CaptureQueriesContext(connection) as voiding:
        facade.return_uses(order_key="till/1", now=NOON)
    if connection.vendor == "postgresql":
        assert len(committing) == 1  # one statement for all that a plain order holds
        committing = []
    assert not [each["sql"] for each in [*committing, *voiding] if "coupon" in each["sql"].replace('"coupons"', "")]


def test_a_lost_key_keeps_no_receipt_from_being_shown():
    batch(unique_batch("BACK"))
    sold("till/1", promising("BACK"))
    CouponBatchRow.objects.update(key_sealed="nonsense")
    [coupon] = facade.issued_coupons(order_key="till/1")
    assert (coupon.state, coupon.code, coupon.masked()) == ("issued", "", "")


def test_a_request_that_the_database_watches_hands_out_in_its_chain():
    batch(unique_batch("BACK"))
    with row_security.entered(Scope(("1", str(CHAIN), ""))):
        [coupon] = sold("till/1", promising("BACK"), "m1")
    assert (coupon.state, coupon.member_id) == ("issued", "m1")
    with row_security.entered(Scope(("2", str(CHAIN + 1), ""))):
        seen = [each.code for each in facade.issued_coupons(order_key="till/1")]
        assert seen == ([] if connection.vendor == "postgresql" else [coupon.code])
