"""The life of a use: limits and budgets are held by reservations, once for each order; nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.promotions import facade, handlers
from liushui.promotions.contracts import Code, Rulebook, Usage
from liushui.promotions.errors import CouponTaken, LimitReached, ReservationConflict
from liushui.promotions.models import CouponBatchRow, OverrunRow, ReservationRow, UseRow
from liushui.promotions.tests.using import (
    CHAIN,
    LATER,
    NOON,
    answer,
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
SALE, OTHER_SALE = UUID(int=1), UUID(int=2)
MA = Principal(subject="staff:1", name="马", grants=(Grant(role="marketer", chain_id=CHAIN),))
ONCE = promotion("once", total=1)
BUDGET = promotion("budget", budget=1_000)
MEMBERS = promotion("members", per_member=1)


def used(*ids: str, member: str | None = None, order_key: str = "") -> dict[str, Usage]:
    return dict(facade.usage(chain_id=CHAIN, promotion_ids=ids, member_id=member, order_key=order_key))


def made(batch, count: int = 3) -> list[str]:
    """The first codes of a new batch."""
    facade.make_batch(batch=batch, principal=MA, now=NOON)
    issue = facade.issue_codes(chain_id=CHAIN, batch=batch.code, count=count, key="k", principal=MA, now=NOON)
    return [code for _serial, code in facade.issued_codes(issue=issue)]


def test_a_reservation_takes_uses_and_amounts_and_commit_keeps_them():
    held = reserve("till/1", answer(once=300, budget=700), ONCE, BUDGET)
    assert held.state == "reserved"
    assert [(use.promotion_id, use.amount_minor) for use in held.uses] == [("budget", 700), ("once", 300)]
    assert used("once", "budget", "never") == {
        "once": Usage(total=1, member=0, spent=300),
        "budget": Usage(total=1, member=0, spent=700),
    }
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is True
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is False
    assert used("once", "budget")["budget"] == Usage(total=1, member=0, spent=700)
    assert ReservationRow.objects.get().state == "committed"
    assert not facade.release(order_key="till/1", now=NOON)
    assert facade.expire(now=LATER + timedelta(days=1)) == 0
    assert used("once")["once"] == Usage(total=1, member=0, spent=300)


def test_an_answer_without_limits_and_codes_writes_nothing():
    held = reserve("till/1", answer(plain=500), promotion("plain"))
    assert (held.state, held.uses) == ("", ())
    assert not ReservationRow.objects.exists()
    assert facade.commit(order_key="till/1", sale_id=SALE, now=NOON) is False


def test_the_second_order_of_a_limit_of_one_is_told_which_promotion_and_which_limit():
    reserve("till/1", answer(once=300), ONCE)
    with pytest.raises(LimitReached) as refused:
        reserve("till/2", answer(budget=100, once=300), ONCE, BUDGET)
    assert refused.value.context == {"promotion": "once", "limit": "total"}
    assert used("budget", "once") == {"once": Usage(total=1, member=0, spent=300)}  # all or nothing
    assert ReservationRow.objects.count() == UseRow.objects.count() == 1


def test_a_budget_takes_what_fits_to_the_last_cent_and_nothing_more():
    reserve("till/1", answer(budget=600), BUDGET)
    with pytest.raises(LimitReached) as refused:
        reserve("till/2", answer(budget=401), BUDGET)
    assert refused.value.context == {"promotion": "budget", "limit": "budget"}
    reserve("till/3", answer(budget=400), BUDGET)
    assert used("budget")["budget"] == Usage(total=2, member=0, spent=1_000)


def test_a_first_use_beyond_the_budget_is_refused_too():
    with pytest.raises(LimitReached) as refused:
        reserve("till/1", answer(budget=1_001), BUDGET)
    assert refused.value.context == {"promotion": "budget", "limit": "budget"}
    assert used("budget") == {}


def test_limits_per_member_count_each_member_and_refuse_a_stranger():
    reserve("till/1", answer(members=10), MEMBERS, member="m1")
    reserve("till/2", answer(members=10), MEMBERS, member="m2")
    for member in ("m1", None):
        with pytest.raises(LimitReached) as refused:
            reserve("till/3", answer(members=10), MEMBERS, member=member)
        assert refused.value.context == {"promotion": "members", "limit": "per_member"}
    assert used("members", member="m1")["members"] == Usage(total=2, member=1, spent=20)
    assert used("members", member="m3")["members"] == Usage(total=2, member=0, spent=20)


def test_the_same_order_reserves_once_however_often_it_asks_and_later_each_time():
    for minutes in (15, 20, 25):
        reserve("till/1", answer(once=300), ONCE, expires_at=NOON + timedelta(minutes=minutes))
    assert used("once")["once"].total == 1
    assert ReservationRow.objects.get().expires_at == NOON + timedelta(minutes=25)


def test_an_order_that_is_priced_anew_gives_back_what_it_held():
    reserve("till/1", answer(budget=900), BUDGET, ONCE)
    reserve("till/1", answer(budget=200, once=50), BUDGET, ONCE)
    assert used("budget", "once") == {
        "budget": Usage(total=1, member=0, spent=200),
        "once": Usage(total=1, member=0, spent=50),
    }
    reserve("till/1", answer(), BUDGET, ONCE)
    assert {usage.total for usage in used("budget", "once").values()} == {0}
    assert ReservationRow.objects.get().state == "released"


def test_an_order_that_is_refused_keeps_what_it_held():
    reserve("till/1", answer(budget=200), BUDGET, ONCE)
    reserve("till/2", answer(once=1), ONCE)
    with pytest.raises(LimitReached):
        reserve("till/1", answer(budget=300, once=1), BUDGET, ONCE)
    assert used("budget")["budget"] == Usage(total=1, member=0, spent=200)


def test_what_an_order_holds_itself_does_not_keep_it_from_being_priced_again():
    reserve("till/1", answer(once=300), ONCE, member="m1")
    assert used("once", order_key="till/1")["once"] == Usage(total=0, member=0, spent=0)
    assert used("once", order_key="till/2")["once"] == Usage(total=1, member=0, spent=300)


def test_release_gives_back_once():
    reserve("till/1", answer(once=300), ONCE)
    assert facade.release(order_key="till/1", now=NOON) is True
    assert facade.release(order_key="till/1", now=NOON) is False
    assert used("once")["once"] == Usage(total=0, member=0, spent=0)
    reserve("till/2", answer(once=300), ONCE)


def test_what_nobody_commits_expires_at_its_time_and_not_before():
    reserve("till/1", answer(once=300), ONCE)
    assert facade.expire(now=LATER - timedelta(seconds=1)) == 0
    assert facade.expire(now=LATER) == 1
    assert facade.expire(now=LATER) == 0
    assert ReservationRow.objects.get().state == "expired"
    assert used("once")["once"] == Usage(total=0, member=0, spent=0)


def test_an_order_that_expired_may_reserve_again():
    reserve("till/1", answer(once=300), ONCE)
    facade.expire(now=LATER)
    assert (
        reserve("till/1", answer(once=300), ONCE, expires_at=LATER + timedelta(hours=1), now=LATER).state == "reserved"
    )
    assert used("once")["once"] == Usage(total=1, member=0, spent=300)


def test_a_sale_that_comes_after_its_reservation_ended_is_counted_without_an_overrun_while_there_is_room():
    reserve("till/1", answer(once=300), ONCE)
    facade.expire(now=LATER)
    assert facade.commit(order_key="till/1", sale_id=SALE, now=LATER) is True
    assert used("once")["once"] == Usage(total=1, member=0, spent=300)
    assert facade.overruns(chain_ids=[CHAIN]) == ()


def test_a_sale_that_comes_too_late_is_counted_and_the_overrun_is_shown():
    both = promotion("both", total=1, budget=500, per_member=1)
    reserve("till/1", answer(both=300), both, member="m1")
    facade.expire(now=LATER)
    reserve("till/2", answer(both=300), both, member="m1", now=LATER, expires_at=LATER + timedelta(hours=1))
    assert facade.commit(order_key="till/1", sale_id=SALE, now=LATER) is True
    assert used("both", member="m1")["both"] == Usage(total=2, member=2, spent=600)
    found = facade.overruns(chain_ids=[CHAIN])
    assert {(each.kind, each.subject, each.limit, each.reached) for each in found} == {
        ("total", "both", 1, 2),
        ("budget", "both", 500, 600),
        ("per_member", "both", 1, 2),
    }
    assert {(each.order_key, each.sale_id, each.at) for each in found} == {("till/1", SALE, LATER)}
    assert facade.overruns(chain_ids=[CHAIN + 1]) == ()


def test_another_sale_is_not_committed_under_the_same_order():
    reserve("till/1", answer(once=300), ONCE)
    facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
    with pytest.raises(ReservationConflict):
        facade.commit(order_key="till/1", sale_id=OTHER_SALE, now=NOON)
    with pytest.raises(ReservationConflict):
        reserve("till/1", answer(budget=1), BUDGET)
    assert reserve("till/1", answer(once=300), ONCE).state == "committed"


def event(kind: str, source_id: str, sale_id: UUID = SALE) -> Event:
    data = f'{{"sale_id": "{sale_id}", "source": "till", "source_id": "{source_id}", "lines": [], "total": 1}}'
    return Event(id=UUID(int=9), source="liushui/orders", type=kind, subject="", time=NOON, data=data.encode())


def test_the_event_of_a_sale_commits_what_a_crash_left():
    reserve("till/1", answer(once=300), ONCE)
    reserve("till/2", answer(budget=1), BUDGET)
    consumer, _costs = handlers.CONSUMERS
    for _ in range(2):
        consumer.apply([event(handlers.SALE_COMPLETED, "1"), event(handlers.SALE_COMPLETED, "unknown")])
    states = dict(ReservationRow.objects.values_list("order_key", "state"))
    assert states == {"till/1": "committed", "till/2": "reserved"}


@pytest.mark.parametrize("runs_out", [False, True])
def test_a_sale_takes_nothing_of_what_its_order_let_go_before_it_was_priced_anew(runs_out):
    reserve("till/1", answer(once=300), ONCE)
    if runs_out:
        facade.expire(now=LATER)
    facade.release(order_key="till/1", now=LATER)  # then it was priced anew, and its price takes nothing
    handlers.CONSUMERS[0].apply([event(handlers.SALE_COMPLETED, "1")])
    assert ReservationRow.objects.get().state == "released"
    assert used("once")["once"] == Usage(total=0, member=0, spent=0)


def test_the_event_takes_late_what_was_paid_beyond_the_limit():
    reserve("till/1", answer(once=300), ONCE)
    facade.reserve_paid(
        chain_id=CHAIN, order_key="till/2", answer=answer(once=200), rulebook=Rulebook(version="1", promotions=(ONCE,)),
        member_id=None, codes=(), now=NOON,
    )  # fmt: skip
    handlers.CONSUMERS[0].apply([event(handlers.SALE_COMPLETED, "2")])
    assert used("once")["once"] == Usage(total=2, member=0, spent=500)
    [found] = facade.overruns(chain_ids=[CHAIN])
    assert (found.kind, found.limit, found.reached, found.order_key) == ("total", 1, 2, "till/2")


def test_a_voided_sale_gives_its_uses_back_and_they_stay_back():
    reserve("till/1", answer(once=300), ONCE, member="m1")
    facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
    consumer, _costs = handlers.CONSUMERS
    for kind in (handlers.SALE_VOIDED, handlers.SALE_VOIDED, handlers.SALE_COMPLETED):
        consumer.apply([event(kind, "1")])
    assert ReservationRow.objects.get().state == "returned"
    assert used("once")["once"] == Usage(total=0, member=0, spent=0)


def test_a_conflicting_event_does_not_stop_those_behind_it():
    reserve("till/1", answer(once=300), ONCE)
    facade.commit(order_key="till/1", sale_id=OTHER_SALE, now=NOON)
    ReservationRow.objects.update(state="reserved")  # as no code of ours does
    reserve("till/2", answer(budget=1), BUDGET)
    consumer, _costs = handlers.CONSUMERS
    consumer.apply([event(handlers.SALE_COMPLETED, "1", OTHER_SALE), event(handlers.SALE_COMPLETED, "2")])
    assert set(ReservationRow.objects.values_list("state", flat=True)) == {"committed"}


def test_a_unique_code_is_used_once_and_its_batch_counts():
    [first, second, _third] = made(unique_batch())
    coupon = promotion("coupon", batch="SPRING")
    codes = tuple(facade.resolve_codes(chain_id=CHAIN, codes=[first], member_id=None, now=NOON))
    assert [code.batch for code in codes] == ["SPRING"]
    reserve("till/1", answer(coupon=100), coupon, codes=codes)
    assert numbers("SPRING") == {"issued": 3, "reserved": 1, "used": 0}
    with pytest.raises(CouponTaken) as refused:
        reserve("till/2", answer(coupon=100), coupon, codes=codes)
    assert refused.value.context == {"batch": "SPRING", "limit": "coupon"}
    facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
    assert numbers("SPRING") == {"issued": 3, "reserved": 0, "used": 1}
    other = tuple(facade.resolve_codes(chain_id=CHAIN, codes=[first, second], member_id=None, now=NOON))
    assert len(other) == 1
    reserve("till/2", answer(coupon=100), coupon, codes=other)
    facade.return_uses(order_key="till/1", now=NOON)
    assert numbers("SPRING") == {"issued": 3, "reserved": 1, "used": 0}
    assert len(tuple(facade.resolve_codes(chain_id=CHAIN, codes=[first], member_id=None, now=NOON))) == 1


def test_only_codes_that_an_applied_promotion_asked_for_are_used():
    [first, second, _third] = made(unique_batch())
    codes = tuple(facade.resolve_codes(chain_id=CHAIN, codes=[first, second], member_id=None, now=NOON))
    reserve("till/1", answer(plain=5), promotion("plain"), promotion("coupon", batch="SPRING"), codes=codes)
    assert numbers("SPRING") == {"issued": 3, "reserved": 0, "used": 0}
    reserve("till/1", answer(coupon=5), promotion("coupon", batch="SPRING"), codes=codes)
    assert numbers("SPRING") == {"issued": 3, "reserved": 1, "used": 0}
    assert facade.coupon_state(chain_id=CHAIN, code=first).state == "reserved"
    assert facade.coupon_state(chain_id=CHAIN, code=second).state == "free"


def test_a_shared_code_is_used_as_often_as_it_may_in_all_and_by_each_member():
    facade.make_batch(batch=shared_batch(uses_max=2, uses_per_member_max=1), principal=MA, now=NOON)
    coupon = promotion("coupon", code="OPEN-10")
    [code] = facade.resolve_codes(chain_id=CHAIN, codes=["open 10"], member_id="m1", now=NOON)
    assert code == Code(code="OPEN-10", batch="OPENING")
    reserve("till/1", answer(coupon=1), coupon, codes=(code,), member="m1")
    with pytest.raises(CouponTaken) as refused:
        reserve("till/2", answer(coupon=1), coupon, codes=(code,), member="m1")
    assert refused.value.context == {"batch": "OPENING", "limit": "coupon_member"}
    reserve("till/2", answer(coupon=1), coupon, codes=(code,), member="m2")
    with pytest.raises(CouponTaken) as refused:
        reserve("till/3", answer(coupon=1), coupon, codes=(code,), member="m3")
    assert refused.value.context == {"batch": "OPENING", "limit": "coupon"}
    facade.release(order_key="till/1", now=NOON)
    reserve("till/3", answer(coupon=1), coupon, codes=(code,), member="m1")
    assert numbers("OPENING") == {"issued": 1, "reserved": 2, "used": 0}


def test_a_coupon_that_came_too_late_is_an_overrun_of_its_batch():
    [first, *_others] = made(unique_batch())
    coupon = promotion("coupon", batch="SPRING")
    codes = tuple(facade.resolve_codes(chain_id=CHAIN, codes=[first], member_id=None, now=NOON))
    reserve("till/1", answer(coupon=100), coupon, codes=codes)
    facade.expire(now=LATER)
    reserve("till/2", answer(coupon=100), coupon, codes=codes, now=LATER, expires_at=LATER + timedelta(hours=1))
    facade.commit(order_key="till/2", sale_id=OTHER_SALE, now=LATER)
    facade.commit(order_key="till/1", sale_id=SALE, now=LATER)
    [found] = facade.overruns(chain_ids=[CHAIN])
    assert (found.kind, found.subject, found.limit, found.reached) == ("coupon", "SPRING", 1, 2)
    assert numbers("SPRING") == {"issued": 3, "reserved": 0, "used": 2}


def test_a_batch_that_ended_or_was_voided_meanwhile_is_refused():
    codes = tuple(
        facade.resolve_codes(chain_id=CHAIN, codes=made(unique_batch(valid_until=LATER))[:1], member_id=None, now=NOON)
    )
    coupon = promotion("coupon", batch="SPRING")
    with pytest.raises(CouponTaken):
        reserve("till/1", answer(coupon=1), coupon, codes=codes, now=LATER)
    facade.void_batch(chain_id=CHAIN, batch="SPRING", reason="misprint", principal=MA, now=NOON)
    with pytest.raises(CouponTaken):
        reserve("till/1", answer(coupon=1), coupon, codes=codes)
    assert numbers("SPRING") == {"issued": 3, "reserved": 0, "used": 0}


def numbers(batch: str) -> dict[str, int]:
    return CouponBatchRow.objects.values("issued", "reserved", "used").get(code=batch)


def test_reserving_takes_as_many_statements_for_one_promotion_as_for_twenty():
    many = [promotion(f"p{number}", total=5, per_member=2, budget=1_000) for number in range(20)]
    counts = []
    for order, promotions in (("till/1", many[:1]), ("till/2", many)):
        with CaptureQueriesContext(
            connection,
        ) as taken:
            reserve(order, answer(**{each.id: 10 for each in promotions}), *promotions, member="m1")
        counts.append(len([query for query in taken if "SAVEPOINT" not in query["sql"]]))
    # The reservation, the counters, the member's counters, the uses: on PostgreSQL in one message.
    assert counts == ([1, 1] if connection.vendor == "postgresql" else [4, 4])
    assert OverrunRow.objects.count() == 0


def test_a_request_that_the_database_watches_reserves_in_its_chain_and_in_no_other():
    codes = tuple(facade.resolve_codes(chain_id=CHAIN, codes=made(unique_batch())[:1], member_id="m1", now=NOON))
    limited = promotion("watched", batch="SPRING", total=2, per_member=2, budget=500)
    with row_security.entered(Scope(("1", str(CHAIN), ""))):
        reserve("till/1", answer(watched=100), limited, codes=codes, member="m1")
        reserve("till/1", answer(watched=200), limited, codes=codes, member="m1")
        facade.commit(order_key="till/1", sale_id=SALE, now=NOON)
        assert used("watched", member="m1")["watched"] == Usage(total=1, member=1, spent=200)
    with row_security.entered(Scope(("2", str(CHAIN + 1), ""))):
        seen = used("watched", member="m1")
        assert seen == ({} if connection.vendor == "postgresql" else {"watched": Usage(total=1, member=1, spent=200)})
    assert numbers("SPRING") == {"issued": 3, "reserved": 0, "used": 1}
