"""Coupons for the next time with many tills at once, and with tills that die: one for each sale, never two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.races.conftest import Arena, arena_of
from tests.races.test_promotion_races import DIED, WAYS, answers


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.promotion_deeds", folder=tmp_path_factory.mktemp("issued-coupon-races"))


def order(name: str, issues: str, **more: Any) -> dict[str, Any]:
    return {"order": f"till/{name}", "limits": {"back": {}}, "amounts": {"back": 0}, "issues": issues} | more


def test_of_sixty_four_commits_of_one_order_one_hands_out_one_code(arena):
    arena.do("open_batch", batch="SAME", size=100)
    arena.do("take", **order("same", "SAME", then="leave"))
    assert sum(answers(arena.race("commit", *[{"order": "till/same"}] * WAYS))) == 1
    assert [each["state"] for each in arena.do("handed_out", order="till/same")] == ["issued"]
    assert arena.do("inspect", batch="SAME") == {"issued": 1, "reserved": 0, "used": 0, "voided": 0, "wrong": []}


def test_sixty_four_orders_have_a_code_each_until_the_batch_is_empty(arena):
    arena.do("open_batch", batch="MANY", size=40)
    results = arena.race("take", *[order(f"many-{n}", "MANY") for n in range(WAYS)])
    assert [each["state"] for each in answers(results)] == ["reserved"] * WAYS  # no sale is kept back
    found = [each for n in range(WAYS) for each in arena.do("handed_out", order=f"till/many-{n}")]
    codes = [each["code"] for each in found if each["state"] == "issued"]
    assert (len(found), len(codes), len(set(codes))) == (WAYS, 40, 40)
    assert arena.do("inspect", batch="MANY") == {"issued": 40, "reserved": 0, "used": 0, "voided": 0, "wrong": []}


def test_sales_that_use_one_batch_and_hand_out_the_other_do_not_lock_each_other_out(arena):
    codes = {}
    for batch in ("LEFT", "RIGHT"):
        arena.do("open_batch", batch=batch, size=100)
        codes[batch] = arena.do("issue", batch=batch, count=16, key="first")["codes"]
    wanted = [
        order(f"cross-{batch}-{n}", other, code=codes[batch][n], batch=batch)
        for n in range(16)
        for batch, other in (("LEFT", "RIGHT"), ("RIGHT", "LEFT"))
    ]
    assert [each.get("state") for each in answers(arena.race("take", *wanted))] == ["reserved"] * 32
    for batch in codes:
        assert arena.do("inspect", batch=batch) == {"issued": 32, "reserved": 0, "used": 16, "voided": 0, "wrong": []}


def test_a_code_used_while_its_sale_is_voided_is_used_or_void(arena):
    for n in range(6):
        arena.do("open_batch", batch=f"VOID{n}", size=5)
        arena.do("take", **order(f"void-{n}", f"VOID{n}"))
        [given] = arena.do("handed_out", order=f"till/void-{n}")
        taking = order(f"next-{n}", "", code=given["code"], batch=f"VOID{n}")
        ending = {"order": f"till/void-{n}", "how": "void"}
        answers(arena.race("take_or_end", *[{"taking": taking}, {"ending": ending}] * 4))
        found = arena.do("inspect", batch=f"VOID{n}")
        [after] = arena.do("handed_out", order=f"till/void-{n}")
        assert found["wrong"] == []
        assert (after["state"], found["used"], found["voided"]) in {("kept", 1, 0), ("taken_back", 0, 1)}


@pytest.mark.slow
def test_a_till_killed_at_any_step_hands_out_once_by_recovery_and_never_without_a_sale(arena):
    arena.do("open_batch", batch="CRASH", size=200)
    seen = []
    for step in range(1, 60):
        name = f"crash-{step:02}"
        counted = {"limits": {"counted": {"total": 1_000}}, "amounts": {"counted": 0}}
        [result] = arena.race("take", order(name, "CRASH", crash_at=step, **counted))
        if result["exit"] == 0:
            break
        assert result["exit"] == DIED
        assert arena.do("inspect", batch="CRASH")["wrong"] == []
        was_held = arena.do("inspect", promotion_id="counted")["uses"] > sum(seen)
        for _ in range(2):
            arena.do("recover", sold=[f"till/{name}"])
        given = [each["state"] for each in arena.do("handed_out", order=f"till/{name}")]
        assert given == (["issued"] if was_held else [])
        seen.append(int(was_held))
        assert arena.do("inspect", batch="CRASH")["wrong"] == []
    else:
        pytest.fail("the order was never completed")
    assert len(seen) == len(result["answer"]["steps"])  # every step was died at once
    assert seen == sorted(seen)  # nothing before the reservation's commit, all after it
    assert arena.do("inspect", batch="CRASH")["issued"] == sum(seen) + 1
