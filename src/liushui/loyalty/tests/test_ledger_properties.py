"""Whatever happens in whatever order: balances are sums of entries, nothing is spent twice, all of it comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.loyalty import facade, programme_live
from liushui.loyalty.domain import lots, numbers
from liushui.loyalty.domain.programme_json import read_programme
from liushui.loyalty.errors import NotEnoughPoints, NotEnoughValue, TooMuchBack
from liushui.loyalty.tests.accounts import balances, earn, has, hold, open_chain, points, post, rich, stored, take_back
from liushui.loyalty.tests.chains import programme
from liushui.stores import facade as stores

DAY_0 = date(2027, 1, 1)
days = st.integers(0, 40)
amounts = st.integers(1, 60)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), amounts, days),
        st.tuples(st.just("hold"), amounts, amounts),
        st.tuples(st.sampled_from(["post", "void", "reverse"]), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("back"), st.integers(0, 9), amounts),
        st.tuples(st.just("take"), st.integers(0, 9), amounts),
        st.tuples(st.just("expire"), st.integers(0, 9), st.just(0)),
    ),
    min_size=1,
    max_size=25,
)
names = count()


@contextmanager
def undone() -> Iterator[None]:
    """An example leaves nothing to the next one."""
    programme_live.forget()
    stores.forget()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    programme_live.forget()
    stores.forget()


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=steps, order=st.sampled_from(["gift_first", "principal_first", "pro_rata"]))
def test_any_life_of_an_account_is_explained_by_its_entries(happened, order):
    with undone():
        book = _Book(order)
        for step, first, second in happened:
            was_free = balances(book.member).points_free
            getattr(book, step)(first, second)
            found = balances(book.member)
            if step != "take":
                assert found.points_free >= min(0, was_free)
            assert found.stored_free_minor >= 0
            assert found.principal_minor >= 0
            assert found.gift_minor >= 0
        assert facade.verify() == ()
        book.end()


class _Book:
    """A member with stored value, his orders, and what the test knows of them itself."""

    def __init__(self, order: str) -> None:
        self.house = open_chain(spend_order=order)
        self.member = rich(self.house, principal=300, gift=200)
        self.name = f"p{next(names)}"
        self.orders: list[str] = []
        self.state: dict[str, str] = {}
        self.day = DAY_0
        self.lots: list[list[int]] = []  # what is left to be taken back of each lot

    def earn(self, amount: int, days: int) -> None:
        cause = f"sale:{self.name}:{len(self.lots)}"
        earn(self.member, amount, until=self.day + timedelta(days=days + 1), at=self.now, cause=cause)
        self.lots.append([amount])

    def take(self, which: int, amount: int) -> None:
        if self.lots:
            number = which % len(self.lots)
            amount = min(amount, self.lots[number][0])
            self.lots[number][0] -= amount
            if amount:
                take_back(self.member, amount, of=f"sale:{self.name}:{number}", at=self.now)

    def hold(self, of_points: int, of_value: int) -> None:
        order = f"{self.name}/{len(self.orders)}"
        before = balances(self.member)
        enough = before.points_free >= of_points and before.stored_free_minor >= of_value
        try:
            hold(self.member, points(of_points), stored(of_value), order=order,
                 expires_at=datetime(2030, 1, 1, tzinfo=UTC), now=self.now)  # fmt: skip
        except (NotEnoughPoints, NotEnoughValue):
            assert not enough
            return
        assert enough
        self.orders.append(order)
        self.state[order] = "held"

    def post(self, which: int, _: int) -> None:
        for order in self._one(which, "held"):
            post(order, now=self.now)
            self.state[order] = "posted"

    def void(self, which: int, _: int) -> None:
        for order in self._one(which, "held"):
            facade.void(order_key=order, now=self.now)
            self.state[order] = "voided"

    def reverse(self, which: int, _: int) -> None:
        for order in self._one(which, "posted"):
            facade.reverse(order_key=order, now=self.now)
            self.state[order] = "reversed"

    def back(self, which: int, amount: int) -> None:
        for order in self._one(which, "posted"):
            held = facade.hold_of(order_key=order)
            was = has(self.member)
            try:
                facade.give_back(
                    order_key=f"r{next(names)}", of_order_key=order, points=amount, now=self.now,
                    principal_minor=min(amount, held.principal_minor), gift_minor=min(amount, held.gift_minor),
                )  # fmt: skip
            except TooMuchBack:
                assert has(self.member) == was

    def expire(self, days: int, _: int) -> None:
        self.day += timedelta(days=days)
        facade.expire_points(chain_id=self.house.chain_id, on=self.day, now=self.now)

    def end(self) -> None:
        """Everything is undone: the value is what it was, the points are what was earned and is not over."""
        for order, state in self.state.items():
            if state in ("held", "posted"):
                facade.reverse(order_key=order, now=self.now)
        kinds: Counter[str] = Counter()
        for entry in facade.entries(member_id=self.member.id, limit=500).entries:
            kinds[entry.kind] += entry.points
        kept = sum(left for [left] in self.lots)  # earned, and not taken back
        assert kinds["earn"] + kinds["take_back"] == kept
        assert has(self.member) == (kept + kinds["expire"], 300, 200)
        assert kinds["spend"] + kinds["give_back"] == 0
        facade.expire_points(chain_id=self.house.chain_id, on=date(2030, 1, 1), now=self.now)
        assert has(self.member) == (0, 300, 200)
        assert facade.verify() == ()

    @property
    def now(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 4, tzinfo=UTC)

    def _one(self, which: int, state: str) -> list[str]:
        found = [order for order in self.orders if self.state[order] == state]
        return [found[which % len(found)]] if found else []


@given(
    lot=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 99)), max_size=8).map(sorted),
    spends=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 99)), max_size=8),
)
def test_the_formula_agrees_with_points_marked_one_by_one(lot, spends):
    """Where later points never end sooner, expiry without bookkeeping loses what a queue of lots would lose."""
    kept: list[list[int]] = []  # [day it ends, points left], the oldest first
    earned: dict[date, int] = {}
    consumed = lost = lost_by_formula = 0
    for day in range(100):
        for earned_on, amount in lot:
            if earned_on == day:
                kept.append([day + 30, amount])
                until = DAY_0 + timedelta(days=day + 30)
                earned[until] = earned.get(until, 0) + amount
        gone = sum(left for ends, left in kept if ends <= day)
        kept = [each for each in kept if each[0] > day]
        due = lots.due(lots=earned, consumed=consumed, on=DAY_0 + timedelta(days=day))
        lost, lost_by_formula, consumed = lost + gone, lost_by_formula + due, consumed + due
        assert lost == lost_by_formula
        for spent_on, amount in spends:
            if spent_on == day and amount <= sum(left for _ends, left in kept):
                consumed += amount
                for each in kept:
                    used = min(each[1], amount)
                    each[1] -= used
                    amount -= used
        left, beyond = lots.remaining(lots=earned, consumed=consumed)
        assert (sum(points for _day, points in left), beyond) == (sum(each[1] for each in kept), 0)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    principal=st.integers(0, 500), gift=st.integers(0, 500), share=st.integers(1, 100),
    order=st.sampled_from(["gift_first", "principal_first", "pro_rata"]),
)  # fmt: skip
def test_the_statement_splits_as_the_programme_does(principal, gift, share, order):
    amount = (principal + gift) * share // 100
    if not amount:
        return
    rules = read_programme(programme(stored_value={"spend_order": order, "top_up_bonus": []}))
    with undone():
        member = rich(open_chain(spend_order=order), principal=principal, gift=gift)
        held = hold(member, stored(amount), order=f"s{next(names)}")
    assert (held.principal_minor, held.gift_minor) == rules.split_spend(
        amount_minor=amount, principal_minor=principal, gift_minor=gift
    )


@given(value=st.integers(0, 10**10 - 1), place=st.integers(1, 11), other=st.integers(1, 9))
def test_a_digit_mistyped_is_told_from_a_number(value, place, other):
    number = numbers.member_number(value=value)
    assert numbers.is_number(number)
    wrong = number[:place] + str((int(number[place]) + other) % 10) + number[place + 1 :]
    assert not numbers.is_number(wrong)


@given(digest=st.binary(min_size=10, max_size=32), place=st.integers(0, 15), other=st.integers(1, 31))
def test_a_character_mistyped_is_told_from_a_code(digest, place, other):
    code = numbers.code_of(digest)
    assert numbers.is_code(code)
    character = numbers.ALPHABET[(numbers.ALPHABET.index(code[place]) + other) % 32]
    assert not numbers.is_code(code[:place] + character + code[place + 1 :])
