"""However a sale is sent, and whatever dies meanwhile, it is recorded once, whole, with one event."""

from __future__ import annotations

from typing import Any

import pytest

WAYS = 64
DIED = -9
NEVER = {"lines_without_sale": 0, "sales_whose_lines_differ": 0, "sales_whose_tenders_differ": 0}


def standing(sales: int, *, voided: int = 0) -> dict[str, int]:
    """What must stand in the tables for so many sales of three lines, one discount and two tenders."""
    return {
        "sales": sales,
        "lines": 3 * sales,
        "discounts": sales,
        "tenders": 2 * sales,
        "completed_events": sales,
        "voided_events": voided,
        **NEVER,
    }


def answers(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first answer of each process; none may have died."""
    assert [result["exit"] for result in results] == [0] * len(results)
    return [result["answer"]["answers"][0] for result in results]


def test_sixty_four_at_once_record_one_sale_and_all_get_the_same_answer(arena):
    found = answers(arena.race("complete", *[{"ids": ["same"]} for _ in range(WAYS)]))
    assert len({answer["sale_id"] for answer in found}) == 1
    assert sorted(answer["is_replay"] for answer in found) == [False] + [True] * (WAYS - 1)
    assert {answer["total"] for answer in found} == {1250}
    assert arena.do("inspect", prefix="same") == standing(1)


def test_of_two_bodies_that_race_one_wins_and_the_other_is_a_conflict(arena):
    found = answers(
        arena.race("complete", *[{"ids": ["bodies"], "operator": str(number % 2)} for number in range(WAYS)])
    )
    recorded = [answer for answer in found if "total" in answer]
    refused = [answer for answer in found if "total" not in answer]
    assert len(recorded) == len(refused) == WAYS // 2
    assert {answer["status"] for answer in refused} == {409}
    assert len({answer["sale_id"] for answer in found}) == 1
    assert arena.do("inspect", prefix="bodies") == standing(1)


def test_batches_with_the_same_sales_in_any_order_do_not_lock_each_other_out(arena):
    ids = [f"batch-{number:03}" for number in range(60)]
    orders = [ids, ids[::-1], ids[30:] + ids[:30], ids[::2] + ids[1::2] + ids[:5]] * 4
    results = arena.race("complete", *[{"ids": order} for order in orders])
    assert [result["exit"] for result in results] == [0] * len(orders)
    by_id: dict[str, set[str]] = {}
    fresh = 0
    for order, result in zip(orders, results, strict=True):
        for source_id, answer in zip(order, result["answer"]["answers"], strict=True):
            by_id.setdefault(source_id, set()).add(answer["sale_id"])
            fresh += not answer["is_replay"]
    assert {len(sale_ids) for sale_ids in by_id.values()} == {1}
    assert fresh == 60
    assert arena.do("inspect", prefix="batch-") == standing(60)


def test_a_lost_answer_is_given_again_in_full(arena):
    [first] = arena.do("complete", ids=["lost"])["answers"]
    [again] = arena.do("complete", ids=["lost"])["answers"]
    assert again == first | {"is_replay": True}
    assert arena.do("inspect", prefix="lost") == standing(1)


@pytest.mark.slow
def test_a_process_killed_at_any_step_leaves_nothing_or_all_and_the_retry_completes(arena):
    left = []
    for step in range(1, 40):
        name = f"crash-{step:02}"
        [result] = arena.race("complete", {"ids": [name], "crash_at": step})
        if result["exit"] == 0:
            break
        assert result["exit"] == DIED
        found = arena.do("inspect", prefix=name)
        assert found in (standing(0), standing(1))
        left.append(found["sales"])
        [retried] = arena.do("complete", ids=[name])["answers"]
        assert retried["total"] == 1250
        assert retried["is_replay"] == bool(found["sales"])
        assert arena.do("inspect", prefix=name) == standing(1)
    else:
        pytest.fail("the sale was never completed")
    steps = result["answer"]["steps"]
    assert len(left) == len(steps)  # every step was died at once
    # nothing before the commit, everything after it
    assert left == [0] * (len(steps) - 1) + [1]
    assert steps[-1] in ("after COMMIT", "after INSERT")


def test_a_batch_killed_in_the_middle_is_sent_again_whole(arena):
    ids = [f"power-{number}" for number in range(50)]
    steps = arena.do("complete", ids=["power", "powers"])["steps"]
    for fatal in (len(steps) - 3, len(steps) - 1):
        [result] = arena.race("complete", {"ids": ids, "crash_at": fatal})
        assert result["exit"] == DIED
        assert arena.do("inspect", prefix="power-") == standing(0)
    arena.do("complete", ids=ids)
    assert arena.do("inspect", prefix="power-") == standing(50)


def test_of_many_who_void_at_once_one_is_told_and_all_hear_the_same(arena):
    [sold] = arena.do("complete", ids=["void"])["answers"]
    results = arena.race("void", *[{"sale_id": sold["sale_id"], "reason": f"reason {n}"} for n in range(16)])
    assert [result["exit"] for result in results] == [0] * 16
    assert {result["answer"]["status"] for result in results} == {"voided"}
    assert len({result["answer"]["reason"] for result in results}) == 1
    assert arena.do("inspect", prefix="void") == standing(1, voided=1)


def test_a_sale_voided_while_it_is_sent_again_stays_voided(arena):
    [sold] = arena.do("complete", ids=["both"])["answers"]
    arena.do("void", sale_id=sold["sale_id"], reason="rung up twice")
    [again] = arena.do("complete", ids=["both"])["answers"]
    assert again == sold | {"is_replay": True}
    assert arena.do("void", sale_id=sold["sale_id"], reason="other") == {"status": "voided", "reason": "rung up twice"}
    assert arena.do("inspect", prefix="both") == standing(1, voided=1)


def test_sixty_four_that_send_the_same_faulty_sale_make_one_quarantine_entry(arena):
    found = arena.race("send_unknown_item", *[{"source_id": "faulty"} for _ in range(WAYS)])
    assert [result["exit"] for result in found] == [0] * WAYS
    assert {result["answer"]["status"] for result in found} == {"quarantined"}
    assert len({result["answer"]["entry"] for result in found}) == 1
    assert arena.do("quarantined") == [["faulty", WAYS]]
