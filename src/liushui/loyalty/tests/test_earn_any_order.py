"""Whatever members buy, bring back and have voided, in any batches and told however often: the same comes out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.loyalty import facade, programme_live
from liushui.loyalty.contracts import Member
from liushui.loyalty.models import MemberDayRow
from liushui.loyalty.tests.chains import NOON, TODAY, House, back, make_house, programme
from liushui.loyalty.tier_moves import carry_spend
from liushui.orders.contracts import SaleFact

Told = list[tuple[SaleFact, bool]]
_ROWS = [{"categories": ["food"], "points": 3, "per_minor": 700}, {"points": 1, "per_minor": 100}]


@pytest.fixture
def house(db: None) -> House:
    programme_live.forget()
    made = make_house()
    made.publish(programme(earning={**programme()["earning"], "rows": _ROWS}))
    return made


_deeds = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 60_000), st.integers(0, 60_000), st.integers(0, 400)),
        st.tuples(st.just("return"), st.integers(0, 9), st.integers(1, 2), st.integers(1, 100)),
        st.tuples(st.just("void"), st.integers(0, 9), st.just(0), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


def story(house: House, member: Member, deeds: list[tuple[str, int, int, int]]) -> Told:
    """The events of these deeds: a return names what is left of a sale that stands, a void a sale without returns."""
    told: Told = []
    sales: list[SaleFact] = []
    left: dict[int, list[int]] = {}
    closed: set[int] = set()
    for kind, one, two, three in deeds:
        if kind == "buy":
            lines = [one, two] if two else [one]
            sales.append(house.sale(member, *lines, on=TODAY - timedelta(days=three)))
            left[len(sales) - 1] = list(lines)
            told.append((sales[-1], False))
        elif one < len(sales) and one not in closed:
            whole = [line.amount_minor for line in sales[one].lines]
            if kind == "void" and left[one] == whole:
                closed.add(one)
                told.append((sales[one], True))
            elif kind == "return" and two <= len(whole):
                amount = -(-left[one][two - 1] * three // 100)
                if amount:
                    left[one][two - 1] -= amount
                    told.append((house.sale("", back(sales[one], two, amount)), False))
    return told


def state(member: Member) -> tuple[int, list[tuple[object, int, int]], str]:
    days = MemberDayRow.objects.filter(member_id=member.id).order_by("business_date")
    found = facade.member(member_id=member.id)
    assert found is not None
    return (
        facade.balances(member_id=member.id).points,
        list(days.values_list("business_date", "spend_minor", "purchases")),
        found.tier,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=_deeds, cuts=st.lists(st.integers(1, 5), min_size=1, max_size=6), again=st.integers(0, 11))
def test_batches_and_repetition_change_nothing(
    house: House, deeds: list[tuple[str, int, int, int]], cuts: list[int], again: int
) -> None:
    whole, parts = house.member(), house.member()
    facade.earn_sales(sales=story(house, whole, deeds), now=NOON)
    events = story(house, parts, deeds)
    place, turn = 0, 0
    while place < len(events):
        size = cuts[turn % len(cuts)]
        facade.earn_sales(sales=events[place : place + size], now=NOON)
        place, turn = place + size, turn + 1
    facade.earn_sales(sales=events[: again + 1], now=NOON)  # told once more
    assert state(whole) == state(parts)
    assert facade.verify(chain_id=house.chain_id) == ()
    bought = {fact.sale_id: fact for fact, is_void in events if fact.customer and not is_void}
    gone = {fact.sale_id for fact, is_void in events if is_void}
    returned = -sum(line.amount_minor for fact, _void in events for line in fact.lines if line.original is not None)
    total = sum(line.amount_minor for key, fact in bought.items() if key not in gone for line in fact.lines)
    assert sum(spend for _day, spend, _times in state(parts)[1]) == total - returned
    if total == returned:  # everything came back or was voided
        assert state(parts)[0] == 0


def test_what_a_merged_duplicate_spent_counts_for_the_one_kept(house: House) -> None:
    keep, drop = house.member(), house.member()
    house.earn(house.sale(keep, 60_000), house.sale(drop, 30_000), house.sale(drop, 10_000, on=TODAY - timedelta(1)))
    for _ in range(2):  # the second time there is nothing left to carry
        carry_spend(keep_id=keep.id, drop_id=drop.id)
    assert state(drop)[1] == []
    assert [(spend, times) for _day, spend, times in state(keep)[1]] == [(10_000, 1), (90_000, 2)]
    facade.evaluate_tiers(chain_id=house.chain_id, now=NOON + timedelta(days=1))
    assert state(keep)[2] == "silver"
