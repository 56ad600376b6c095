"""`kill -9` before every step of a top-up paid by phone, and of taking it back: whatever the provider has taken is
booked for the member, or back with the customer; never twice, and never one without the other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.races.arena import DIED
from tests.races.conftest import arena_of
from tests.races.value_deeds import BONUS, PAID

pytestmark = pytest.mark.slow
STEPS_MAX = 80
EMPTY = {"with_provider": 0, "balance": [0, 0]}
BOOKED = {"state": "done", "with_provider": PAID, "captured": 1, "balance": [PAID, BONUS], "entries": 1}


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    for arena in arena_of("tests.races.value_deeds", folder=tmp_path_factory.mktemp("value-crashes")):
        arena.do("open_counter")
        yield arena


def die_everywhere(arena, deed, *, first, is_sold, stride=1):
    """Do it again and again, killed `stride` steps later each time, until it lives; each time looked at."""
    found: list[dict[str, Any]] = []
    for step in range(1, STEPS_MAX, stride):
        here = {"who": arena.do("member", number=first + step, is_sold=is_sold), "value": first + step}
        [result] = arena.race(deed, here | {"crash_at": step})
        seen = arena.do("recovered", **here)
        if result["exit"] == 0:
            assert len(found) == len(range(0, len(result["answer"]["steps"]), stride))
            return [*found, seen]
        assert result["exit"] == DIED
        found.append(seen)
        if step % 7 == 0:  # the answer was lost, and it is sent again
            arena.do(deed, **here)
            again = arena.do("recovered", **here)
            if is_sold:
                assert again == again | EMPTY | {"state": "voided", "entries": 2}
            else:
                assert again == (BOOKED if seen["state"] == "none" else seen)
    return pytest.fail("it never lived to its end")


def test_a_top_up_by_phone(arena):
    found = die_everywhere(arena, "top_up", first=1_000, is_sold=False)
    for seen in found:
        if seen["state"] == "done":
            assert seen == BOOKED
        else:
            assert seen["state"] in ("none", "failed")
            assert seen == seen | EMPTY | {"captured": 0, "entries": 0}
    states = [seen["state"] for seen in found]
    assert states == sorted(states, key=("none", "failed", "done").index)  # the phone had paid: then it is booked
    assert (states.count("failed") > 0, states.count("done") > 10) == (True, True)
    sums = arena.do("shift_sums")
    assert sums["expected"] == sums["booked"]


def test_taking_it_back(arena):
    found = die_everywhere(arena, "take_back", first=2_000, is_sold=True, stride=2)
    for seen in found:
        if seen["state"] == "voided":
            assert seen == seen | EMPTY | {"entries": 2}
        else:
            assert seen == BOOKED
    states = [seen["state"] for seen in found]
    assert states == sorted(states)  # done, until the approval is used and the row set; then voided
    assert states.count("voided") > 5
    sums = arena.do("shift_sums")
    assert sums["expected"] == sums["booked"]
