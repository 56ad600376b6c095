"""Limits, budgets and coupons with many tills at once, and with tills that die: nothing beyond a limit or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from tests.races.conftest import Arena, arena_of

WAYS = 64
DIED = -9


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.promotion_deeds", folder=tmp_path_factory.mktemp("promotion-races"))


def answers(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each process answered; none may have died."""
    assert [result["exit"] for result in results] == [0] * len(results)
    return [result["answer"] for result in results]


def outcomes(results: list[dict[str, Any]]) -> Counter[str]:
    """How many were taken, and how many were refused by which error."""
    return Counter(answer.get("error") or "taken" for answer in answers(results))


def test_of_sixty_four_orders_one_gets_the_promotion_with_a_limit_of_one(arena):
    results = arena.race(
        "take",
        *[{"order": f"till/one-{n}", "limits": {"one": {"total": 1}}, "amounts": {"one": 500}} for n in range(WAYS)],
    )
    assert outcomes(results) == {"taken": 1, "limit-reached": 63}
    assert arena.do("inspect", promotion_id="one") == {"uses": 1, "spent": 500, "wrong": []}


def test_the_same_order_from_sixty_four_processes_is_one_use(arena):
    same = {"order": "till/same", "limits": {"same": {"total": 1}}, "amounts": {"same": 500}}
    assert outcomes(arena.race("take", *[same] * WAYS)) == {"taken": WAYS}
    assert arena.do("inspect", promotion_id="same") == {"uses": 1, "spent": 500, "wrong": []}


def test_a_budget_is_spent_to_where_nothing_fits_and_never_beyond(arena):
    amounts = [70, 110, 130, 190] * 16
    results = arena.race(
        "take",
        *[
            {"order": f"till/pot-{n}", "limits": {"pot": {"budget": 3_000}}, "amounts": {"pot": amount}}
            for n, amount in enumerate(amounts)
        ],
    )
    taken = [amount for amount, answer in zip(amounts, answers(results), strict=True) if "state" in answer]
    refused = [amount for amount, answer in zip(amounts, answers(results), strict=True) if "error" in answer]
    found = arena.do("inspect", promotion_id="pot")
    assert found == {"uses": len(taken), "spent": sum(taken), "wrong": []}
    assert 3_000 - min(refused) < sum(taken) <= 3_000


def test_limits_of_each_member_hold_for_each_member(arena):
    results = arena.race(
        "take",
        *[
            {
                "order": f"till/each-{n}",
                "limits": {"each": {"per_member": 2}},
                "amounts": {"each": 1},
                "member": f"m{n % 8}",
            }
            for n in range(WAYS)
        ],
    )
    assert outcomes(results) == {"taken": 16, "limit-reached": 48}
    assert arena.do("inspect", promotion_id="each") == {"uses": 16, "spent": 16, "wrong": []}


def test_orders_with_the_same_promotions_in_any_order_do_not_lock_each_other_out(arena):
    names = [f"lock{n}" for n in range(6)]
    results = arena.race(
        "take",
        *[
            {
                "order": f"till/lock-{n}",
                "limits": {name: {"total": 1_000, "per_member": 1_000} for name in names},
                "amounts": dict.fromkeys(names[n % 6 :] + names[: n % 6], 1),
                "member": "m1",
                "then": ("commit", "release", "leave")[n % 3],
            }
            for n in range(48)
        ],
    )
    assert outcomes(results) == {"taken": 48}
    for name in names:
        assert arena.do("inspect", promotion_id=name) == {"uses": 32, "spent": 32, "wrong": []}


def test_one_coupon_at_many_tills_is_taken_at_one(arena):
    [code] = arena.do("make_codes", batch="ONE", count=1)
    results = arena.race(
        "take",
        *[
            {"order": f"till/c-{n}", "limits": {"c": {}}, "amounts": {"c": 1}, "code": code, "batch": "ONE"}
            for n in range(WAYS)
        ],
    )
    found = outcomes(results)
    assert found["taken"] == 1
    assert found["coupon-taken"] + found["used"] == 63
    assert arena.do("inspect", batch="ONE") == {"issued": 1, "reserved": 0, "used": 1, "voided": 0, "wrong": []}


def test_a_shared_code_is_taken_as_often_as_it_may(arena):
    arena.do("make_codes", batch="SHARE", count=1, kind="shared", uses_max=5)
    results = arena.race(
        "take",
        *[
            {"order": f"till/s-{n}", "limits": {"s": {}}, "amounts": {"s": 1}, "code": "share", "batch": "SHARE"}
            for n in range(32)
        ],
    )
    assert outcomes(results)["taken"] == 5
    assert arena.do("inspect", batch="SHARE") == {"issued": 1, "reserved": 0, "used": 5, "voided": 0, "wrong": []}


def test_a_coupon_that_is_voided_while_it_is_used_is_one_of_both(arena):
    for n in range(6):
        [code] = arena.do("make_codes", batch=f"BOTH{n}", count=1)
        order = {"order": f"till/b-{n}", "limits": {"b": {}}, "amounts": {"b": 1}, "code": code, "batch": f"BOTH{n}"}
        taking = arena.race("take_or_void", *[{"taking": order}, {"voiding": {"code": code}}] * 4)
        found = [answer for answer in answers(taking) if "error" not in answer]
        inspected = arena.do("inspect", batch=f"BOTH{n}")
        assert inspected["wrong"] == []
        assert (inspected["used"], inspected["voided"]) in {(1, 0), (0, 1)}
        assert len({"serial" in answer for answer in found}) == 1


def test_handing_out_asked_for_many_times_at_once_happens_once(arena):
    arena.do("open_batch", batch="OPEN", size=100)
    results = arena.race("issue", *[{"batch": "OPEN", "count": 30, "key": f"k{n % 4}"} for n in range(16)])
    codes = [tuple(answer["codes"]) for answer in answers(results) if "codes" in answer]
    assert len(set(codes)) == 3
    assert len({code for each in set(codes) for code in each}) == 90
    assert outcomes(results)["coupon-codes-issued"] == 4  # of the fourth key: ten are left
    found = arena.do("inspect", batch="OPEN")
    assert (found["issued"], found["wrong"]) == (90, [])


def test_members_given_codes_from_many_sides_have_one_each(arena):
    arena.do("open_batch", batch="GIVE", size=50, kind="member")
    members = [f"m{n}" for n in range(20)]
    results = arena.race("give", *[{"batch": "GIVE", "members": members[n:] + members[:n]} for n in range(12)])
    given = answers(results)
    assert all(each == given[0] for each in given)
    assert len(set(given[0].values())) == 20
    assert arena.do("inspect", batch="GIVE")["issued"] == 20


@pytest.mark.parametrize("ways", list(product(("commit", "release", "void"), ("release", "expire", "void"))))
def test_however_an_order_ends_twice_at_once_its_numbers_follow_its_state(arena, ways):
    name = "-".join(ways)
    [code] = arena.do("make_codes", batch=f"END-{name}", count=1)
    limits = {f"end-{name}": {"total": 10, "budget": 1_000, "per_member": 3}}
    taking = {"order": f"till/{name}", "limits": limits, "amounts": {f"end-{name}": 100}, "member": "m9"}
    arena.do("take", **taking, code=code, batch=f"END-{name}", then="leave")
    answers(arena.race("end", *[{"order": f"till/{name}", "how": how} for how in ways * 3]))
    found = arena.do("inspect", promotion_id=f"end-{name}", batch=f"END-{name}")
    assert found["wrong"] == []
    assert found["uses"] in (0, 1)
    assert found["spent"] == 100 * found["uses"]
    assert (found["reserved"], found["used"]) == (0, found["uses"])


def _order(name: str, code: str) -> dict[str, Any]:
    return {
        "order": f"till/{name}",
        "limits": {"crash": {"total": 10_000, "budget": 10_000_000, "per_member": 10_000}},
        "amounts": {"crash": 100},
        "member": "m7",
        "code": code,
        "batch": "CRASH",
    }


@pytest.mark.slow
def test_a_till_killed_at_any_step_leaves_numbers_that_its_state_explains_and_recovery_ends_them(arena):
    codes = arena.do("make_codes", batch="CRASH", count=120)
    before, outcomes_seen = arena.do("inspect", promotion_id="crash")["uses"], []
    for step in range(1, 60):
        name = f"crash-{step:02}"
        [result] = arena.race("take", _order(name, codes[step]) | {"crash_at": step})
        if result["exit"] == 0:
            break
        assert result["exit"] == DIED
        after = arena.do("inspect", promotion_id="crash", batch="CRASH")
        assert after["wrong"] == []
        held = after["uses"] - before
        assert held in (0, 1)
        outcomes_seen.append(held)
        if step % 2:  # the sale was recorded, or it never came to be
            arena.do("recover", sold=[f"till/{name}"])
            assert arena.do("inspect", promotion_id="crash")["uses"] == before + held
            before += held
        else:
            arena.do("recover", sold=[])
        found = arena.do("inspect", promotion_id="crash", batch="CRASH")
        assert found["wrong"] == []
        assert found["reserved"] == 0
        assert found["spent"] == 100 * found["uses"]
        before = found["uses"]
    else:
        pytest.fail("the order was never completed")
    assert len(outcomes_seen) == len(result["answer"]["steps"])  # every step was died at once
    assert outcomes_seen == sorted(outcomes_seen)  # nothing before the reservation's commit, all after it


@pytest.mark.slow
def test_a_budget_is_not_overspent_by_tills_that_die_among_tills_that_live(arena):
    steps = len(arena.do("take", order="till/pot-try", limits={"try": {"budget": 1}}, amounts={"try": 1})["steps"])
    for turn in range(4):
        orders = [f"till/bud-{turn}-{n}" for n in range(16)]
        results = arena.race(
            "take",
            *[
                {
                    "order": order,
                    "limits": {"bud": {"budget": 2_000}},
                    "amounts": {"bud": 90},
                    "crash_at": (turn * 16 + n) % steps + 1 if n % 2 else None,
                }
                for n, order in enumerate(orders)
            ],
        )
        sold = [order for order, result in zip(orders, results, strict=True) if (result["answer"] or {}).get("state")]
        found = arena.do("inspect", promotion_id="bud")
        assert found["wrong"] == []
        assert found["spent"] <= 2_000
        arena.do("recover", sold=sold)
    late = [
        {"order": f"till/bud-late-{n}", "limits": {"bud": {"budget": 2_000}}, "amounts": {"bud": 90}} for n in range(24)
    ]
    outcomes(arena.race("take", *late))
    # 22 × 90 = 1,980: what the dead had held was there for the living
    assert arena.do("inspect", promotion_id="bud") == {"uses": 22, "spent": 1_980, "wrong": []}
    assert arena.do("overruns") == 0
