"""One approval of a return by the API: of those who send it at once one is recorded, and a kill at any statement leaves
neither a return twice nor an approval that has served and does not say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.races.conftest import Arena, arena_of
from tests.races.test_member_races import CLEAN, SETTLED

WAYS = 8
UNITS = 60


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.return_deeds", folder=tmp_path_factory.mktemp("return-races"))


def outcomes(results: list[dict[str, Any]]) -> Counter[str]:
    assert [result["exit"] for result in results] == [0] * len(results)
    return Counter(result["answer"].get("error") or "done" for result in results)


def settled(arena: Arena, *all_of_them: dict[str, str]) -> None:
    """The goods came back once, the approvals have served, and nothing else is open."""
    assert arena.do("recovered") == [CLEAN, SETTLED]
    for has in all_of_them:
        assert arena.do("came_back", sale_id=has["sale_id"]) == UNITS
        assert arena.do("used", approval=has["approval"])


def test_of_many_who_send_what_was_approved_once_one_is_recorded(arena: Arena) -> None:
    has = arena.do("approved", name="many")
    results = arena.race("send", *[has | {"name": "many", "receipt": f"R-{n}"} for n in range(WAYS)])
    assert outcomes(results) == {"done": 1, "sale-conflict": WAYS - 1}
    assert arena.do("send", **has, name="another")["error"] == "approval-missing"
    settled(arena, has)


def test_two_meet_at_every_second_step_with_one_approval_and_one_wins(arena: Arena, tmp_path: Path) -> None:
    steps, step, done = 1, -1, []
    while step < steps:
        step += 2  # every second one: each is a meeting of its own, and the kills come to every one
        name, gate = f"meet-{step}", {"gate": str(tmp_path / f"meet-{step}")}
        has = arena.do("approved", name=name)
        first = has | gate | {"name": name, "receipt": "R-1", "wait_at": step}
        results = arena.race("send", first, has | gate | {"name": name, "receipt": "R-2"})
        assert outcomes(results) == {"done": 1, "sale-conflict": 1}, step
        steps = min(len(results[0]["answer"]["steps"]), 12)  # after the record nothing of it is decided
        done.append(has)
    settled(arena, *done)
    assert steps >= 6


def test_killed_at_every_step_and_sent_again_it_came_back_once(arena: Arena) -> None:
    step, is_killed, done = 0, True, []
    while is_killed:
        step += 1
        has = arena.do("approved", name=f"kill-{step}")
        [result] = arena.race("send", has | {"name": f"kill-{step}", "crash_at": step})
        is_killed = result["exit"] != 0
        again = arena.do("send", **has, name=f"kill-{step}")
        assert again["total"] == -100 * 10 * UNITS
        done.append(has)
    settled(arena, *done)
    assert step >= 6
