"""The same sale sent again with other points and value: what a dead process held makes room, and of processes that race
under one key only what the recorded sale says is spent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.races.arena import DIED
from tests.races.conftest import Arena, arena_of
from tests.races.test_member_races import CLEAN, SETTLED

pytestmark = pytest.mark.slow
HAS, WAYS = 5_000, 32
FIRST = [["stored_value", 1_000], ["cash", 1_000]]
OTHER = [["stored_value", 1_500], ["cash", 500]]
_numbers = count(1, 100)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.member_deeds", folder=tmp_path_factory.mktemp("other-tenders"))


def member(arena: Arena) -> str:
    [found] = arena.do("members", count=1, first=next(_numbers), principal=HAS)
    return found


def left(arena: Arena, who: str) -> int:
    """What is left, when nothing is wrong and nothing is open."""
    assert arena.do("recovered") == [CLEAN, SETTLED]
    _points, _points_held, principal, gift, held = arena.do("balance", member=who)
    assert (gift, held) == (0, 0)
    return principal


def dies_holding(arena: Arena, name: str, who: str) -> None:
    """Sell and die after the hold, before the record: at the first step that leaves something held."""
    for step in range(1, 40):
        [result] = arena.race("sell", {"name": name, "member": who, "tenders": FIRST, "crash_at": step})
        assert result["exit"] == DIED
        if arena.do("balance", member=who)[4]:
            assert arena.do("sold", name=name) == 0
            return
    pytest.fail("it never held anything")


def test_what_a_dead_process_held_makes_room_after_half_a_minute(arena):
    who = member(arena)
    dies_holding(arena, "dead", who)
    at_once = arena.do("sell", name="dead", member=who, tenders=OTHER)
    assert at_once["error"] == "value-hold-conflict"  # somebody may be at it
    later = arena.do("sell", name="dead", member=who, tenders=OTHER, minutes=1)
    assert later["total"] == 2_000
    assert left(arena, who) == HAS - 1_500


def test_of_many_with_other_tenders_one_is_recorded_and_nothing_else_is_spent(arena):
    who = member(arena)
    dies_holding(arena, "many", who)
    paid = [
        {"name": "many", "member": who, "minutes": 1, "tenders": [["stored_value", 100 * n], ["cash", 2_000 - 100 * n]]}
        for n in range(1, 20)
    ]
    results = [result["answer"] for result in arena.race("sell", *(paid + paid)[:WAYS])]
    assert {each.get("error", "done") for each in results} <= {"done", "value-hold-conflict", "sale-conflict"}
    assert arena.do("sold", name="many") == 1
    done = {100 * (at % 19 + 1) for at, each in enumerate(results) if "sale_id" in each}
    assert len(done) == 1
    assert left(arena, who) == HAS - done.pop()


@pytest.mark.parametrize(("slow", "stride"), [(0.0, 1), (0.02, 3)])
def test_one_that_waits_at_any_step_while_another_sends_other_tenders(arena, tmp_path: Path, slow: float, stride: int):
    steps = len(arena.do("sell", name=f"count-{slow}", member=member(arena), tenders=FIRST)["steps"])
    for step in range(1, steps + 1, stride):
        who, name, gate = member(arena), f"meet-{slow}-{step}", str(tmp_path / f"gate-{step}")
        both: dict[str, Any] = {"name": name, "member": who, "gate": gate}
        first = both | {"tenders": FIRST, "wait_at": step}
        other = both | {"tenders": OTHER, "minutes": 1, "slow": slow}
        answers = [result["answer"] for result in arena.race("sell", first, other)]
        won = [at for at, answer in enumerate(answers) if "sale_id" in answer]
        assert len(won) == 1, answers
        assert {answer["error"] for answer in answers if "error" in answer} <= {"value-hold-conflict", "sale-conflict"}
        _points, _points_held, principal, _gift, held = arena.do("balance", member=who)
        assert principal - held <= HAS - (1_000, 1_500)[won[0]]
        if step % 4 == 0:
            assert arena.do("recovered") == [CLEAN, SETTLED]
        arena.do("deliver")
        spent = HAS - arena.do("balance", member=who)[2]
        assert spent == (1_000, 1_500)[won[0]], (step, answers)
    assert arena.do("recovered") == [CLEAN, SETTLED]
