"""Publishing while others sell, and people who publish, save and pause at the same instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.races.conftest import Arena, arena_of

LAST = 12
DIED = -9
STEPS_MAX = 80


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.rulebook_deeds", folder=tmp_path_factory.mktemp("rulebooks"))


@pytest.mark.slow
def test_publishing_while_tills_sell_never_mixes_two_versions_in_one_order(books: Arena) -> None:
    books.do("publish", first=1, last=1)
    # Two processes of two threads sell, a third one publishes.
    results = books.race(
        "publish_or_sell",
        {"name": "one", "count": 40},
        {"name": "two", "count": 40},
        {"name": "", "count": LAST},
    )
    assert [result["exit"] for result in results] == [0, 0, 0]
    sold = results[0]["answer"] + results[1]["answer"]
    assert len(sold) >= 160
    # of 100.00, so many basis points are so many fen
    assert [each for each in sold if each[1:] != [each[0], each[0]]] == []
    assert len({each[0] for each in sold}) > 1, "no version came while they sold, or nothing was tested"
    assert books.do("numbers") == list(range(1, LAST + 1))


def test_of_drafts_that_are_approved_at_once_one_becomes_a_version(books: Arena) -> None:
    before = books.do("numbers")
    drafts = [books.do("draft", percent=percent) for percent in (50, 51, 52, 53)]
    ends = [result["answer"] for result in books.race("approve", *({"draft_id": each} for each in drafts))]
    assert sorted(ends) == ["base-moved", "base-moved", "base-moved", "published"]
    assert books.do("numbers") == [*before, max(before, default=0) + 1]


def test_of_people_who_save_one_revision_at_once_one_is_kept(books: Arena) -> None:
    draft_id, revision = books.do("open_draft")
    names = [f"p{number}" for number in range(6)]
    ends = books.race("save", *({"draft_id": draft_id, "revision": revision, "name": name} for name in names))
    assert sorted(result["answer"] for result in ends)[:5] == ["draft-changed"] * 5
    assert sorted(result["answer"] for result in ends)[5] in names


def test_of_people_who_pause_at_once_one_makes_a_version(books: Arena) -> None:
    books.do("publish", first=60, last=60)
    before = books.do("numbers")
    ends = [result["answer"] for result in books.race("pause", *({"promotion_id": "milk"} for _ in range(4)))]
    assert len([end for end in ends if end in ("base-moved", "promotion-state")]) == 3
    assert books.do("numbers") == [*before, max(before) + 1]


@pytest.mark.slow
def test_killed_at_any_step_a_sale_that_is_sent_again_spends_its_part_of_the_budget_once(books: Arena) -> None:
    books.do("publish_budget", budget=100_000)
    at = datetime.now(UTC).isoformat()
    sold = 0
    for step in range(1, STEPS_MAX):
        [died] = books.race("sell_one", {"name": f"K-{step}", "at": at, "crash_at": step})
        if died["exit"] == 0:
            assert died["answer"] == [9_850, step - 1]
            sold += 1
            break
        assert died["exit"] == DIED
        assert books.do("sell_one", name=f"K-{step}", at=at)[0] == 9_850
        sold += 1
        assert books.do("spent") == [150 * sold, sold]
    else:
        pytest.fail("it never lived to its end")
    assert sold > 10
    assert books.do("spent") == [150 * sold, sold]
