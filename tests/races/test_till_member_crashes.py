"""`kill -9` before every step of a till ticket that pays with points, stored value and cash: whatever the cashier does
then, there is one sale, everything is spent once, the drawer is right, and nothing stays held. And a first purchase
that is made at many tills at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.races.arena import DIED
from tests.races.conftest import Arena, arena_of

pytestmark = pytest.mark.slow
STEPS_MAX = 90
TILL = "MEMBER"
POINTS, STORED, TOTAL = 300, 400, 1_300  # two MILK of 6.50; a point is a fen
OTHER_POINTS = 200  # what the customer says after a death, every third time


@pytest.fixture(scope="module")
def tills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    for arena in arena_of("tests.races.till_member_deeds", folder=tmp_path_factory.mktemp("till-member-crashes")):
        arena.do("open_tills", names=[TILL])
        yield arena


def expected(points: int, stored: int) -> dict[str, Any]:
    """A ticket that is over, paid so."""
    paid = {"points": points, "stored_value": stored, "cash": TOTAL - points - stored}
    return {"state": "settled", "sales": 1, "paid": {kind: amount for kind, amount in paid.items() if amount}}


def test_killed_at_any_step_a_ticket_of_points_value_and_cash_is_sold_once(tills):
    cash, ended_by_clock = 0, 0
    for step in range(1, STEPS_MAX):
        begun = tills.do("ring_up_for", name=TILL, number=step, units=2, points=1_000, principal=1_000)
        asked = {"name": TILL, "ticket": begun["ticket"], "points": POINTS, "stored": STORED, "crash_at": step}
        [result] = tills.race("pay", asked)
        lived = result["exit"] == 0
        assert lived or result["exit"] == DIED
        way = "nothing" if lived else ("at once", "later", "otherwise")[step % 3]
        wanted = {"points": OTHER_POINTS} if way == "otherwise" else {"points": POINTS, "stored": STORED}
        seen = tills.do("go_on", name=TILL, **begun, way=way, minutes=10 + step, **wanted)
        assert seen["wrong"] == {}, (step, way)
        # What stood on the ticket when the till died stays there, whatever the customer says afterwards.
        may_be = [(POINTS, STORED)] if way != "otherwise" else [(POINTS, STORED), (OTHER_POINTS, 0), (POINTS, 0)]
        assert seen["sold"] in [expected(*each) for each in may_be], step
        paid = seen["sold"]["paid"]
        earned = (TOTAL - paid["points"]) // 100
        assert seen["balance"] == [
            1_000 - paid["points"] + earned, 0, 1_000 - paid.get("stored_value", 0), 0, 0
        ], step  # fmt: skip
        cash += paid["cash"]
        ended_by_clock += way == "otherwise" and "stored_value" in paid
        if lived:
            assert len(result["answer"]["steps"]) == step - 1
            break
    else:
        pytest.fail("it never lived to its end")
    assert ended_by_clock >= 1  # deaths after the last key: the clock ended them as they were paid
    assert tills.do("shift_figures", name=TILL) == {
        "tickets": step, "total": step * TOTAL, "expected": 10_000 + cash, "recorded": step * TOTAL, "sales": step,
    }  # fmt: skip
    assert tills.do("day_differs") == []


def test_the_first_purchase_at_many_tills_at_once_is_given_for_once(tills):
    names = [f"W{number}" for number in range(8)]
    tills.do("open_tills", names=names)
    tills.do("welcome_once")
    tickets = tills.do("ring_up_known", names=names, number=STEPS_MAX + 1)
    results = tills.race("pay_or_hear", *[{"name": name, "ticket": tickets[name]} for name in names])
    assert Counter(result["answer"] for result in results) == {"settled": 1, "limit-reached": 7}
    for name, result in zip(names, results, strict=True):
        if result["answer"] != "settled":  # the ticket shows the price of now, which the customer is told
            assert tills.do("pay_or_hear", name=name, ticket=tickets[name]) == "settled"
    assert tills.do("totals", tickets=list(tickets.values())) == [TOTAL - 100] + [TOTAL] * 7
