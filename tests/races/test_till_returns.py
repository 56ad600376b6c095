"""Goods that come back at many tills at once, or at tills that die: never more than was bought, the money once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.races.conftest import Arena, arena_of

DIED = -9
PRICE = 650
STEPS_MAX = 120
TILLS = 16


@pytest.fixture(scope="module")
def tills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    for arena in arena_of("tests.races.till_return_deeds", folder=tmp_path_factory.mktemp("return-races")):
        arena.do("open_tills", names=["EXCHANGE", *(f"R{number:02}" for number in range(TILLS))])
        yield arena


def test_of_one_receipt_at_many_tills_no_more_comes_back_than_was_bought(tills):
    sold = tills.do("sell", name="R00", units=5)
    results = tills.race(
        "take_back", *[{"name": f"R{number:02}", "sale": sold["sale"], "units": 1} for number in range(TILLS)]
    )
    assert [result["exit"] for result in results] == [0] * TILLS
    outcomes = Counter(result["answer"] for result in results)
    seen = tills.do("look", sale=sold["sale"])
    assert seen["returned"] == outcomes["settled"]
    assert 1 <= outcomes["settled"] <= 5
    assert set(outcomes) <= {"settled", "returned-meanwhile", "too-much-returned", "not-returnable"}
    assert tills.do("day_differs") == []


def test_of_two_receipts_at_many_tills_both_come_back_by_a_ticket_or_neither(tills):
    one, two = (tills.do("sell", name="R00", units=5)["sale"] for _ in range(2))
    names = [f"R{number:02}" for number in range(TILLS)]
    results = tills.race(
        "take_back",
        *[{"name": each, "sale": one, "also": two, "units": 1} for each in names[::2]],
        *[{"name": each, "sale": two, "also": one, "units": 1} for each in names[1::2]],
    )
    assert [result["exit"] for result in results] == [0] * TILLS
    outcomes = Counter(result["answer"] for result in results)
    assert [tills.do("look", sale=each)["returned"] for each in (one, two)] == [outcomes["settled"]] * 2
    assert 1 <= outcomes["settled"] <= 5
    assert set(outcomes) <= {"settled", "returned-meanwhile", "too-much-returned", "not-returnable"}
    assert tills.do("day_differs") == []


@pytest.mark.slow
def test_killed_at_any_step_of_an_exchange_nothing_has_come_back_or_all_of_it_once(tills):
    name, new = "EXCHANGE", 1
    found, steps = [], []
    for step in range(1, STEPS_MAX):
        sold = [tills.do("sell", name=name, units=2, how="phone") for _ in range(2)]
        chosen = tills.do("choose", name=name, sale=sold[0]["sale"], also=sold[1]["sale"], units=2, new=new)
        asked = {"name": name, "ticket": chosen["id"], "version": chosen["version"], "due": chosen["due"]}
        [result] = tills.race("finish", asked | {"crash_at": step})
        tills.do("recover_tills", minutes=5 + step)
        found.append([tills.do("look", **each, ticket=chosen["id"]) for each in sold])
        if result["exit"] == 0:
            steps = result["answer"]["steps"]
            break
        assert result["exit"] == DIED
        if found[-1][0]["state"] == "open":  # nothing had happened: it is done now
            tills.do("finish", **asked)
    assert len(found) == len(steps) + 1
    bought, back = 2 * PRICE, 4 * PRICE - new * PRICE
    states = [seen["state"] for seen, *_ in found]
    first = states.index("settled")
    assert states == ["open"] * first + ["settled"] * (len(states) - first)
    untouched = {"state": "open", "returned": 0, "sales": 0, "moved": 0, "with_provider": bought, "refunds": []}
    assert found[:first] == [[untouched] * 2] * first
    done = {"state": "settled", "returned": 2, "sales": 1, "moved": -back}
    over = [
        done | {"with_provider": bought - refund, "refunds": [refund]}
        for refund in (bought, back - bought)  # the money of the older receipt goes back first
    ]
    assert found[first:] == [over] * (len(found) - first)
    assert tills.do("day_differs") == []
