"""`kill -9` at every step of changing the secret of blind indexes, and people who join meanwhile: everybody is found
all the time, nobody is there twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.races.arena import DIED
from tests.races.conftest import Arena, arena_of

HOW_MANY = 8


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.index_deeds", folder=tmp_path_factory.mktemp("index"))


def test_a_change_that_dies_everywhere_comes_to_its_end_and_finds_everybody(arena):
    numbers = list(range(HOW_MANY))
    people = [[arena.do("join", number=number)] for number in numbers]
    arena.do("change")
    for deed, finished in (("reindex", [HOW_MANY, HOW_MANY]), ("drop", [HOW_MANY])):
        deaths = 0
        for step in range(1, 60):
            [result] = arena.race(deed, {"crash_at": step})
            seen = arena.do("look", numbers=numbers)
            assert seen["found"] == people
            if result["exit"] == 0:
                break
            assert result["exit"] == DIED
            deaths += 1
        assert deaths >= 6
        assert arena.do(deed)["done"] in (0, True)
        seen = arena.do("look", numbers=numbers)
        assert (seen["rows"], seen["lacking"], seen["found"]) == (finished, 0, people)
    assert [[arena.do("join", number=number)] for number in numbers] == people


def test_many_join_with_few_phones_while_two_index_anew(arena):
    numbers = list(range(100, 108))
    first = [arena.do("join", number=number) for number in numbers[:4]]
    arena.do("change")
    joining = [{"deed": "join", "terms": {"number": number}} for number in numbers for _ in range(3)]
    results = arena.race("one_of", *joining, *[{"deed": "reindex", "terms": {}} for _ in range(2)])
    assert [result["exit"] for result in results] == [0] * 26
    arena.do("drop")
    seen = arena.do("look", numbers=numbers)
    assert [len(found) for found in seen["found"]] == [1] * 8
    assert [found[0] for found in seen["found"][:4]] == first
    assert {result["answer"] for result in results[:24]} == {found[0] for found in seen["found"]}
    assert (seen["rows"], seen["lacking"]) == ([8], 0)
