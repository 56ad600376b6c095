"""Points and value with many tills at once, and with tills that die: nothing spent twice, nothing lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.races.conftest import Arena, arena_of

WAYS = 64
DIED = -9
_phones = (f"138{number:08}" for number in count(10_000_000))


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.loyalty_deeds", folder=tmp_path_factory.mktemp("loyalty-races"))


def answers(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each process answered; none may have died."""
    assert [result["exit"] for result in results] == [0] * len(results)
    return [result["answer"] for result in results]


def outcomes(results: list[dict[str, Any]]) -> Counter[str]:
    """How many did what, and how many were refused by which error."""
    return Counter(answer.get("error") or answer.get("state") or "done" for answer in answers(results))


def mixed_race(arena: Arena, **deeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Different deeds at one instant, one process for each."""
    terms = [{"deed": deed, "terms": each} for deed, kwargs in deeds.items() for each in kwargs]
    return arena.race("one_of", *terms)


def right(arena: Arena) -> None:
    """Every account is the sum of its entries less what is held."""
    assert arena.do("inspect") == {"wrong": []}


def test_sixty_four_orders_spend_the_same_points_as_often_as_there_are(arena):
    member = arena.do("enrol", phone=next(_phones), points=1_000)
    results = arena.race("spend", *[{"order": f"p/{n}", "member": member, "points": 99} for n in range(WAYS)])
    assert outcomes(results) == {"held": 10, "not-enough-points": 54}
    found = arena.do("look_at", member=member)
    assert (found["points"], found["points_held"]) == (1_000, 990)
    right(arena)


def test_sixty_four_orders_spend_the_same_stored_value_as_often_as_there_is(arena):
    member = arena.do("enrol", phone=next(_phones), paid=20_000)  # and 2,000 on top
    results = arena.race(
        "spend", *[{"order": f"v/{n}", "member": member, "stored": 1_500, "then": "post"} for n in range(WAYS)]
    )
    assert outcomes(results) == {"held": 14, "not-enough-value": 50}
    assert sum(answer.get("gift", 0) for answer in answers(results)) == 2_000
    found = arena.do("look_at", member=member)
    assert (found["principal"], found["gift"], found["held"]) == (1_000, 0, 0)
    right(arena)


def test_sixty_four_orders_spend_the_same_gift_card_as_often_as_there_is(arena):
    card = arena.do("sell_card", amount=10_000)
    results = arena.race(
        "spend", *[{"order": f"g/{n}", "card": card, "of_card": 3_000, "then": "post"} for n in range(WAYS)]
    )
    assert outcomes(results) == {"held": 3, "not-enough-value": 61}
    assert arena.do("look_at_card", number=card) == {"balance": 1_000, "held": 0}
    right(arena)


def test_one_order_from_sixty_four_processes_holds_and_spends_once(arena):
    member = arena.do("enrol", phone=next(_phones), points=1_000, paid=20_000)
    same = {"order": "same", "member": member, "points": 300, "stored": 5_000, "then": "post"}
    results = arena.race("spend", *[same] * WAYS)
    assert sum(outcomes(results).values()) == outcomes(results)["held"] + outcomes(results)["posted"] == WAYS
    found = arena.do("look_at", member=member)
    assert found == {"points": 700, "points_held": 0, "principal": 17_000, "gift": 0, "held": 0}
    assert arena.do("count_entries", cause="order:same") == 1
    right(arena)


def test_sixty_four_tills_take_one_phone_in_as_one_member(arena):
    phone = next(_phones)
    found = answers(arena.race("join", *[{"phone": phone, "name": f"N{n}"} for n in range(WAYS)]))
    assert len({answer["member"] for answer in found}) == 1
    assert [answer["is_new"] for answer in found].count(True) == 1
    assert arena.do("inspect", phone=phone) == {"wrong": [], "people": 1, "members": 1, "accounts": 1}


def test_money_paid_in_from_sixty_four_processes_is_booked_once(arena):
    member = arena.do("enrol", phone=next(_phones))
    results = arena.race("top_up", *[{"member": member, "paid": 20_000, "name": "once"}] * WAYS)
    assert {answer["gift"] for answer in answers(results)} == {2_000}
    assert arena.do("look_at", member=member)["principal"] == 20_000
    right(arena)


def test_returns_at_once_give_back_no_more_than_was_spent(arena):
    member = arena.do("enrol", phone=next(_phones), points=1_000)
    arena.do("spend", order="r", member=member, points=1_000, then="post")
    results = arena.race("give_back", *[{"order": f"r/{n}", "of": "r", "points": 90} for n in range(WAYS)])
    assert outcomes(results) == {"done": 11, "too-much-back": 53}
    assert arena.do("look_at", member=member)["points"] == 990
    right(arena)


def test_an_order_ended_in_all_ways_at_once_ends_in_one(arena):
    member = arena.do("enrol", phone=next(_phones), points=1_000)
    for number in range(4):
        order = f"end/{number}"
        arena.do("spend", order=order, member=member, points=100)
        before = arena.do("look_at", member=member)["points"]
        ways = [{"order": order, "how": how} for how in ("post", "void", "reverse", "expire")] * 8
        answers(arena.race("end", *ways))
        state, after = arena.do("look_at_order", order=order), arena.do("look_at", member=member)
        assert state in ("posted", "reversed")  # a sale that was recorded is spent, however late
        assert before - after["points"] == (100 if state == "posted" else 0)
        assert after["points_held"] == 0
        right(arena)


def test_members_merged_while_orders_hold_keep_every_point(arena):
    keep = arena.do("enrol", phone=next(_phones), points=100)
    drop = arena.do("enrol", phone=next(_phones), points=3_000, paid=20_000)
    ends = ("post", "void", "")
    spends = [{"order": f"m/{n}", "member": drop, "points": 50, "stored": 100, "then": ends[n % 3]} for n in range(30)]
    mixed = mixed_race(arena, spend=spends, merge=[{"keep": keep, "drop": drop}] * 2)
    assert outcomes(mixed)["held"] == 30
    answers(arena.race("end", *[{"order": f"m/{n}", "how": "void"} for n in range(2, 30, 3)]))
    found = arena.do("look_at", member=keep)
    assert found["points"] + arena.do("look_at", member=drop)["points"] == 3_100 - 10 * 50
    assert found["principal"] + found["gift"] == 22_000 - 10 * 100
    assert arena.do("look_at", member=drop) == {"points": 0, "points_held": 0, "principal": 0, "gift": 0, "held": 0}
    right(arena)


def test_two_merges_the_other_way_round_make_one_member(arena):
    one, two = (arena.do("enrol", phone=next(_phones), points=100) for _ in range(2))
    results = arena.race("merge", *[{"keep": one, "drop": two}, {"keep": two, "drop": one}] * 8)
    assert outcomes(results) == {"done": 8, "merge-refused": 8}
    points = sorted(arena.do("look_at", member=member)["points"] for member in (one, two))
    assert points == [0, 200]
    right(arena)


def test_a_hot_member_at_sixty_four_tills_at_once_is_right_to_the_fen(arena):
    member = arena.do("enrol", phone=next(_phones), points=1_000, paid=20_000)
    visits = answers(arena.race("visit", *[{"member": member, "number": n} for n in range(WAYS)]))
    assert all(answer["paid"] for answer in visits)
    assert arena.do("look_at", member=member) == {
        "points": 1_000 + WAYS * (7 - 5 + 2), "points_held": 0, "held": 0,
        "principal": 20_000 + WAYS * 13, "gift": 2_000 - WAYS * 11,
    }  # fmt: skip
    right(arena)


def test_points_end_once_while_they_are_spent_and_by_whoever_runs(arena):
    members = [arena.do("enrol", phone=next(_phones), points=500, until="2027-03-01") for _ in range(4)]
    spends = [{"order": f"x/{n}", "member": members[n % 4], "points": 40, "then": "post"} for n in range(24)]
    answers(mixed_race(arena, spend=spends, expire=[{"on": "2027-03-01"}] * 8))
    arena.do("expire", on="2027-03-01")
    for member in members:
        assert arena.do("look_at", member=member)["points"] == 0
    right(arena)


@pytest.mark.parametrize("deed", ["join", "spend", "give_back", "top_up", "merge", "expire"])
def test_a_process_that_dies_at_any_step_leaves_what_the_next_one_finishes(arena, deed):
    member = arena.do("enrol", phone=next(_phones), points=1_000, until="2027-05-01")
    other = arena.do("enrol", phone=next(_phones), points=10)
    arena.do("spend", order=f"{deed}/spent", member=member, points=100, then="post")
    phone, day = next(_phones), "2027-05-01"
    arguments = {
        "join": {"phone": phone},
        "spend": {"order": f"{deed}/new", "member": member, "points": 100, "then": "post"},
        "give_back": {"order": f"{deed}/back", "of": f"{deed}/spent", "points": 40},
        "top_up": {"member": member, "paid": 20_000, "name": f"{deed}/crash"},
        "merge": {"keep": other, "drop": member},
        "expire": {"on": day},
    }[deed]
    died = 0
    while True:
        [result] = arena.race(deed, arguments | {"crash_at": died + 1})
        right(arena)
        if result["exit"] == 0:
            break
        assert result["exit"] == DIED
        died += 1
    assert died >= 4
    again = arena.do(deed, **arguments)
    assert "error" not in again
    points = {"join": 900, "spend": 800, "give_back": 940, "top_up": 900, "merge": 0, "expire": 0}[deed]
    assert arena.do("look_at", member=member)["points"] == points
    if deed == "merge":
        assert arena.do("look_at", member=other)["points"] == 910
    if deed == "join":
        assert arena.do("inspect", phone=phone) == {"wrong": [], "people": 1, "members": 1, "accounts": 1}
    if deed == "top_up":
        assert arena.do("look_at", member=member)["principal"] == 20_000
    right(arena)
