"""A backtest prices receipts in the order of time, and processes at work side by side change nothing of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from liushui.promotions.backtest_processes import HelperDied, Processes
from liushui.promotions.domain.backtest import Chunk, Counters, Plan, backtest, backtest_with_helpers
from liushui.promotions.domain.backtest_figures import Figures
from liushui.promotions.domain.basket import Basket, Line, Member, Usage
from liushui.promotions.domain.rulebook import Effect, Leaf, Limits, Promotion, Rulebook
from liushui.promotions.domain.trial import Head, Trial, head_of
from liushui.promotions.tests.stand_in_engine import make_try

START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def trial(number: int, *prices: int, member: str | None = None, day: int = 1, **more: Any) -> Trial:
    at = START + timedelta(days=day - 1, minutes=number)
    lines = tuple(Line(id=str(i), sku=f"S{i}", unit_price=price, quantity=1) for i, price in enumerate(prices, 1))
    basket = Basket(
        currency="CNY", lines=lines, store="S001", at=at, member=Member(id=member) if member is not None else None
    )
    return Trial(receipt=f"r{number}", day=f"{at:%Y-%m-%d}", basket=basket, **more)


def off(name: str, amount: int, *, need: int = 0, **limits: Any) -> Promotion:
    when = (Leaf(type="discounted_subtotal_at_least", amount=need),) if need else ()
    return Promotion(
        id=name, effects=(Effect(type="amount_off", level="order", amount=amount),), when=when, limits=Limits(**limits)
    )


def book(*promotions: Promotion, version: str = "v") -> Rulebook:
    return Rulebook(version=version, promotions=promotions)


def as_they_are(payload: Any, shared: Any, /) -> Sequence[Trial]:
    return payload  # type: ignore[no-any-return]


def broken(payload: Any, shared: Any, /) -> Sequence[Trial]:
    raise ValueError("this receipt can't be read")


def chunks(trials: Sequence[Trial], size: int = 7) -> Iterator[Chunk]:
    for start in range(0, len(trials), size):
        part = trials[start : start + size]
        yield Chunk(tuple(head_of(each) for each in part), part)


def run(trials: Sequence[Trial], live: Rulebook, draft: Rulebook) -> dict[str, Any]:
    figures = Figures(live=live, draft=draft)
    for rows in backtest(plan(live, draft), chunks(trials)):
        figures.add(rows)
    return figures.document()


def plan(live: Rulebook, draft: Rulebook) -> Plan:
    return Plan(live=live, draft=draft, load=as_they_are, make_try=make_try)


def test_two_rulebooks_are_compared_receipt_by_receipt() -> None:
    trials = [trial(1, 10_000), trial(2, 4_000, member="m"), trial(3, 30_000, day=2, member="m")]
    live, draft = book(off("a", 500, need=5_000)), book(off("b", 1_000, need=20_000), version="w")
    found = run(trials, live, draft)
    assert (found["receipts"], found["worth"], found["members"]) == (3, 44_000, 1)
    assert found["live"] == {
        "version": "v", "digest": "", "promotions": 1, "receipts_touched": 2, "members_touched": 1, "given": 1_000,
        "net": 43_000, "costed_net": 0, "margin": None, "receipts_not_proven": 0,
    }  # fmt: skip
    assert (found["draft"]["receipts_touched"], found["draft"]["given"]) == (1, 1_000)
    assert found["changed"] == {
        "cheaper": {"receipts": 1, "amount": 500},
        "dearer": {"receipts": 1, "amount": 500},
    }
    a, b = found["promotions"]
    assert (a["state"], a["displaced"], a["draft"]) == ("removed", {"receipts": 2, "amount": 1_000}, None)
    assert (b["state"], b["gained"], b["live"]) == ("added", {"receipts": 1, "amount": 1_000}, None)
    assert found["days"] == [
        {"day": "2026-11-01", "receipts": 2, "worth": 14_000, "live": 500, "draft": 0},
        {"day": "2026-11-02", "receipts": 1, "worth": 30_000, "live": 500, "draft": 1_000},
    ]
    assert [(each["receipt"], each["live"], each["draft"]) for each in found["winners"]] == [("r3", 500, 1_000)]
    assert [(each["receipt"], each["live"], each["draft"]) for each in found["losers"]] == [("r1", 500, 0)]


def test_a_budget_runs_out_on_the_day_it_keeps_somebody_from_his_discount() -> None:
    trials = [trial(n, 10_000, day=1 + n // 2) for n in range(6)]
    found = run(trials, book(), book(off("a", 300, budget=1_000)))
    [limit] = found["limits"]
    assert (limit["side"], limit["used"], limit["spent"], limit["receipts_refused"]) == ("draft", 3, 900, 3)
    assert limit["ran_out_on"] == "2026-11-02"
    assert limit["days"] == [["2026-11-01", 600], ["2026-11-02", 300]]


def test_a_budget_that_is_given_in_part_is_spent_to_the_cent() -> None:
    trials = [trial(n, 10_000, day=1 + n) for n in range(5)]
    found = run(trials, book(off("a", 300, budget=1_000, budget_mode="partial")), book())
    [limit] = found["limits"]
    assert (limit["used"], limit["spent"], limit["ran_out_on"]) == (4, 1_000, "2026-11-04")


def test_a_member_uses_his_limit_and_another_has_his_own() -> None:
    who = ["m1", "m1", "m2", None, "m1", "m2"]
    trials = [trial(n, 1_000, member=member) for n, member in enumerate(who)]
    found = run(trials, book(off("a", 100, per_member=1)), book(off("a", 100, per_member=2)))
    assert (found["live"]["given"], found["draft"]["given"]) == (200, 400)
    assert found["limits"][0]["ran_out_on"] == ""  # a member's limit is no day of the promotion


def test_margin_is_of_the_lines_whose_cost_is_known_without_tax() -> None:
    one = trial(1, 11_300, 5_000, costs=(6_000, None), tax_bp=(1_300, 1_300), paid=16_000)
    found = run([one], book(), book(off("a", 1_130)))
    assert (found["lines"], found["lines_costed"], found["cost"], found["paid"]) == (2, 1, 6_000, 16_000)
    assert (found["live"]["costed_net"], found["live"]["margin"]) == (10_000, 4_000)
    assert (found["draft"]["costed_net"], found["draft"]["margin"]) == (9_000, 3_000)


def test_what_was_not_proven_is_counted_and_named() -> None:
    found = run([trial(1, 10_000), trial(2, 95_000)], book(), book(off("a", 1)))
    assert (found["live"]["receipts_not_proven"], found["not_proven"]) == (1, ["r2"])


def test_usage_is_told_only_where_a_limit_can_bind() -> None:
    counters = Counters(book(off("a", 300, budget=1_000), off("b", 10, total=2), off("c", 1)))
    assert counters.before(Head("m", 500)) == {}
    assert counters.before(Head("m", 1_001)) == {}  # nothing is spent yet, so nothing need be told
    [row] = next(backtest(plan(book(off("a", 300)), book()), chunks([trial(1, 5_000)])))
    counters.after(Head("m", 5_000), row.live)
    assert counters.before(Head("m", 700)) == {}
    assert counters.before(Head("m", 701)) == {"a": Usage(spent=300)}


def random_trials(count: int, seed: int) -> list[Trial]:
    chance = random.Random(seed)
    return [
        trial(
            n, *(chance.randint(100, 9_000) for _ in range(chance.randint(1, 4))),
            member=chance.choice([None, *(f"m{i}" for i in range(12))]), day=1 + n * 10 // count,
        )
        for n in range(count)
    ]  # fmt: skip


LIMITED = book(
    off("budget", 700, need=6_000, budget=20_000),
    off("partial", 333, budget=9_999, budget_mode="partial"),
    off("once", 250, per_member=1),
    off("thrice", 120, per_member=3, total=25),
    off("first-forty", 90, total=40),
    off("always", 50, need=12_000),
)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_processes_side_by_side_give_the_same_bytes_as_one_after_the_other(count: int) -> None:
    trials = random_trials(600, seed=count)
    changed = book(*LIMITED.promotions[1:], off("new", 400, budget=5_000), version="w")
    alone, together = Figures(live=LIMITED, draft=changed), Figures(live=LIMITED, draft=changed)
    for rows in backtest(plan(LIMITED, changed), chunks(trials)):
        alone.add(rows)
    with Processes(plan(LIMITED, changed), count=count) as helpers:
        for rows in backtest_with_helpers(plan(LIMITED, changed), chunks(trials, size=13), helpers):
            together.add(rows)
    assert alone.receipts == 600
    assert json.dumps(alone.document()) == json.dumps(together.document())
    ran_out = {(each["side"], each["promotion"]) for each in alone.document()["limits"] if each["ran_out_on"]}
    assert ran_out == {
        *(("live", name) for name in ("budget", "first-forty", "partial", "thrice")),
        *(("draft", name) for name in ("new", "first-forty", "partial", "thrice")),
    }


def test_what_goes_wrong_in_a_process_is_told_and_ends_them_all() -> None:
    bad = Plan(live=book(), draft=book(), load=broken, make_try=make_try)
    with pytest.raises(HelperDied, match="this receipt can't be read"), Processes(bad, count=2) as helpers:
        list(backtest_with_helpers(bad, chunks(random_trials(30, seed=1)), helpers))
    assert [child.poll() is not None for child in helpers._children] == [True, True]


def test_a_run_that_is_left_ends_its_processes() -> None:
    with Processes(plan(LIMITED, LIMITED), count=2) as helpers:
        rows = backtest_with_helpers(plan(LIMITED, LIMITED), chunks(random_trials(200, seed=1)), helpers)
        assert len(next(rows)) == 7
    assert [child.poll() is not None for child in helpers._children] == [True, True]
