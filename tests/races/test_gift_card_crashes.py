"""`kill -9` before the steps of making, telling, blocking and opening a batch of gift cards, and of a merge by two; and
many at one instant: nothing is issued, told, opened or moved twice, and what is broken off goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from tests.races.arena import DIED
from tests.races.conftest import Arena, arena_of

CARDS = 3  # as the deeds make; read from there, their small parts would be those of this process too
pytestmark = pytest.mark.slow
STEPS_MAX = 90
PLACES = [[n, "issued"] for n in range(CARDS)]
_phones = count(1, 10)  # the first of two


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.gift_card_deeds", folder=tmp_path_factory.mktemp("gift-card-crashes"))


def die_everywhere(
    arena: Arena, deed: str, turn: Callable[[int], tuple[dict[str, Any], Callable[[], None]]], *, stride: int = 1
) -> None:
    """Do it again and again, killed `stride` steps later each time, until it lives; after each time it is looked at."""
    for died, step in enumerate(range(1, STEPS_MAX, stride)):
        arguments, look = turn(step)
        [result] = arena.race(deed, arguments | {"crash_at": step})
        look()
        if result["exit"] == 0:
            assert died == len(range(0, len(result["answer"]["steps"]), stride))
            return
        assert result["exit"] == DIED
    pytest.fail("it never lived to its end")


def mixed(arena: Arena, **deeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Different deeds at one instant; their answers."""
    results = arena.race("one_of", *[{"deed": deed, "terms": terms} for deed, all in deeds.items() for terms in all])
    assert [result["exit"] for result in results] == [0] * len(results)
    return [result["answer"] for result in results]


def test_making_a_batch(arena: Arena) -> None:
    def turn(step: int) -> tuple[dict[str, Any], Callable[[], None]]:
        name = f"made-{step}"

        def look() -> None:
            seen = arena.do("look", name=name)
            made = len(seen["cards"])
            assert made in (0, 2, 3)
            assert seen["batch"] in ([None] if made == 0 else []) + [["done" if made == 3 else "making", made]]
            if step % 2 and seen["batch"]:
                arena.do("make")  # nobody asks again: the worker makes the rest
            else:
                arena.do("issue", name=name)  # the answer was lost, and it is sent again
            seen = arena.do("look", name=name)
            assert (seen["batch"], seen["cards"], seen["numbers"]) == (["done", 3], PLACES, 3)
            assert seen["audit"] == ["gift_card.issue"]

        return {"name": name}, look

    die_everywhere(arena, "issue", turn)


def test_telling_codes(arena: Arena) -> None:
    told: list[bool] = []

    def turn(step: int) -> tuple[dict[str, Any], Callable[[], None]]:
        name = f"told-{step}"
        arena.do("issue", name=name)

        def look() -> None:
            other = arena.do("tell", name=name, request=f"{name}/other")
            told.append("error" in other)
            mine, again = (arena.do("tell", name=name, request=f"{name}/mine") for _ in range(2))
            if told[-1]:  # the first had them, or died with the answer: it alone is told again, and the same
                assert other["error"] == "gift-codes-told"
                assert len({code for _number, code in mine["cards"]}) == CARDS
                assert mine["cards"] == again["cards"]
            else:
                assert mine["error"] == again["error"] == "gift-codes-told"

        return {"name": name, "request": f"{name}/mine"}, look

    die_everywhere(arena, "tell", turn, stride=2)
    assert told == sorted(told)  # nothing before the one commit that claims them, everything after it
    assert (told[0], told[-1]) == (False, True)


def test_blocking_a_batch(arena: Arena) -> None:
    def turn(step: int) -> tuple[dict[str, Any], Callable[[], None]]:
        name = f"blocked-{step}"
        arena.do("issue", name=name)
        arena.do("sell", name=name, positions=[0, 2])

        def look() -> None:
            seen = arena.do("look", name=name)
            blocked = [place for place, state in seen["cards"] if state == "blocked"]
            assert blocked in ([], [0, 1], [0, 1, 2])
            assert seen["open"] == sum(place not in blocked for place in (0, 2))
            assert (seen["blocks"] or [["block", "running", 0]])[0][2] == len(blocked)
            if step % 2 and seen["blocks"]:
                arena.do("settle")
            else:
                arena.do("block", name=name)
            seen = arena.do("look", name=name)
            assert seen["cards"] == [[n, "blocked"] for n in range(CARDS)]
            assert (seen["open"], seen["blocks"], seen["wrong"]) == (0, [["block", "done", CARDS]], 0)
            assert seen["audit"] == ["gift_card.block_batch", "gift_card.block_batch_end", "gift_card.issue"]

        return {"name": name}, look

    die_everywhere(arena, "block", turn)


def test_opening_a_batch(arena: Arena) -> None:
    def turn(step: int) -> tuple[dict[str, Any], Callable[[], None]]:
        name = f"opened-{step}"
        arena.do("issue", name=name)
        arena.do("sell", name=name, positions=[0, 2])
        arena.do("block", name=name)
        arena.do("ask_unblock", name=name)

        def look() -> None:
            arena.do("settle")
            seen = arena.do("look", name=name)
            assert seen["cards"] == [[n, "active" if n in (0, 2) else "issued"] for n in range(CARDS)]
            assert seen["blocks"] == [["block", "done", CARDS], ["unblock", "done", CARDS]]
            assert (seen["open"], seen["used"], seen["wrong"]) == (2, 1, 0)

        return {}, look

    die_everywhere(arena, "settle", turn, stride=3)


def test_a_merge_that_two_people_make(arena: Arena) -> None:
    def turn(step: int) -> tuple[dict[str, Any], Callable[[], None]]:
        keep, drop = arena.do("pair", first=next(_phones), paid=20_000)
        approval = arena.do("ask_merge", keep=keep, drop=drop)

        def look() -> None:
            seen = arena.do("members", ids=[keep, drop], approval=approval)
            assert seen["has"][1][1:] in ([20_000, 2_000], [0, 0])
            assert seen["has"][0][1] + seen["has"][1][1] == 20_000
            arena.do("finish")
            seen = arena.do("members", ids=[keep, drop], approval=approval)
            assert seen == {
                "has": [["active", 20_000, 2_000], ["merged", 0, 0]], "state": "merged", "used": 1, "audit": 1,
                "wrong": 0,
            }  # fmt: skip

        arena.do("decide", approval=approval)
        return {}, look

    die_everywhere(arena, "settle_merges", turn, stride=6)


def test_a_batch_is_issued_made_and_told_once_however_many_ask(arena: Arena) -> None:
    results = arena.race("issue", *[{"name": "crowd", "at_once": n % 2 == 0} for n in range(16)])
    assert [result["exit"] for result in results] == [0] * 16
    mixed(arena, make=[{}] * 4)
    seen = arena.do("look", name="crowd")
    assert (seen["batch"], seen["cards"], seen["audit"]) == (["done", 3], PLACES, ["gift_card.issue"])
    told = mixed(arena, tell=[{"name": "crowd", "request": f"r{n}"} for n in range(16)])
    assert sorted(answer.get("error", "") for answer in told) == ["", *["gift-codes-told"] * 15]


def test_a_block_races_with_tills_that_sell_and_a_worker_that_makes(arena: Arena) -> None:
    arena.do("issue", name="rush")
    sold = mixed(
        arena, block=[{"name": "rush", "id": f"b{n}"} for n in range(6)],
        sell=[{"name": "rush", "positions": [n]} for n in range(CARDS)], settle=[{}] * 2,
    )  # fmt: skip
    seen = arena.do("look", name="rush")
    assert seen["cards"] == [[n, "blocked"] for n in range(CARDS)]
    assert (seen["open"], seen["wrong"]) == (0, 0)
    assert {(kind, state) for kind, state, _changed in seen["blocks"]} == {("block", "done")}
    assert sum(changed for *_rest, changed in seen["blocks"]) == CARDS  # each card by one block
    number = sum(answer.get("sold", 0) for answer in sold)
    arena.do("ask_unblock", name="rush")
    arena.do("settle")
    states = [state for _place, state in arena.do("look", name="rush")["cards"]]
    assert (states.count("active"), states.count("issued")) == (number, CARDS - number)
    arena.do("issue", name="half", at_once=False)
    mixed(arena, block=[{"name": "half"}], make=[{}] * 3)
    arena.do("make")
    seen = arena.do("look", name="half")
    assert {state for _place, state in seen["cards"]} <= {"blocked"}
    assert seen["batch"][0] in ("stopped", "done")


def test_a_merge_is_approved_by_many_at_once_and_done_once(arena: Arena) -> None:
    keep, drop = arena.do("pair", first=next(_phones), paid=20_000)
    approval = arena.do("ask_merge", keep=keep, drop=drop)
    answers = mixed(arena, approve=[{"approval": approval, "name": f"f{n}"} for n in range(12)])
    assert sorted(answer["error"] for answer in answers) == ["", *["already-decided"] * 11]
    arena.do("finish")
    assert arena.do("members", ids=[keep, drop], approval=approval) == {
        "has": [["active", 20_000, 2_000], ["merged", 0, 0]], "state": "merged", "used": 1, "audit": 1, "wrong": 0
    }  # fmt: skip


@pytest.mark.parametrize("who", [0, 1])
def test_one_of_the_two_is_erased_at_that_moment(arena: Arena, who: int) -> None:
    for _ in range(3):
        ids = arena.do("pair", first=next(_phones), paid=20_000)
        approval = arena.do("ask_merge", keep=ids[0], drop=ids[1])
        mixed(arena, approve=[{"approval": approval}], erase=[{"member": ids[who]}])
        arena.do("finish")
        seen = arena.do("members", ids=ids, approval=approval)
        (kept, at_keep, _gift), (dropped, at_drop, _other) = seen["has"]
        assert (at_keep + at_drop, seen["wrong"]) == (20_000, 0)
        if seen["state"] == "merged":  # the merge came first; the person of the one that goes is erased by it anyway
            assert (dropped, at_drop, seen["used"]) == ("merged", 0, 1)
            assert kept == ("erased" if who == 0 else "active")
        else:
            assert (seen["state"], at_drop, seen["used"], seen["audit"]) == ("refused", 20_000, 0, 0)
            assert (kept, dropped) == (("erased", "active") if who == 0 else ("active", "erased"))


def test_another_merge_of_the_one_kept_comes_at_that_moment(arena: Arena) -> None:
    for _ in range(3):
        keep, drop = arena.do("pair", first=next(_phones), paid=20_000)
        third, _fourth = arena.do("pair", first=next(_phones), paid=1)
        approval = arena.do("ask_merge", keep=keep, drop=drop)
        answers = mixed(arena, approve=[{"approval": approval}], merge_alone=[{"keep": third, "drop": keep}])
        arena.do("finish")
        seen = arena.do("members", ids=[keep, drop, third], approval=approval)
        assert seen["wrong"] == 0
        if answers[1]["error"]:  # value had come to it: one person may not any more
            assert answers[1]["error"] == "merge-needs-approval"
            assert (seen["state"], [one[:2] for one in seen["has"]]) == (
                "merged", [["active", 20_000], ["merged", 0], ["active", 0]]
            )  # fmt: skip
        else:  # it went on into a member that nobody approved: nothing moves there
            assert (seen["state"], [one[:2] for one in seen["has"]]) == (
                "refused", [["merged", 0], ["active", 20_000], ["active", 0]]
            )  # fmt: skip
