"""Two processes and more at once: a till that is taken out of use, PINs that are guessed, codes that come twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.races.conftest import Arena, arena_of

BELIEVED = 2.0  # LIUSHUI_TOKEN_CACHE_SECONDS of these processes; 30 in earnest
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of(
        "tests.races.enrol_deeds",
        folder=tmp_path_factory.mktemp("till-access"),
        LIUSHUI_TOKEN_CACHE_SECONDS=str(int(BELIEVED)),
    )


def racing(floor: Arena, *deeds: tuple[str, dict]) -> list:
    """Different deeds at once: their answers."""
    results = floor.race("one_of", *[{"deed": deed, "kwargs": kwargs} for deed, kwargs in deeds])
    assert [result["exit"] for result in results] == [0] * len(deeds)
    return [result["answer"] for result in results]


def test_a_till_taken_out_of_use_in_one_process_stops_in_another_within_the_believed_seconds(floor: Arena) -> None:
    till = floor.do("open_till")
    cookies = {"secret": till["secret"], "token": till["token"]}
    worked, revoked_at = racing(
        floor,
        ("work_until_refused", {**cookies, "until": ["till", "operator"], "at_most": 60.0}),
        ("revoke_later", {"device_id": till["device_id"], "after": 1.0}),
    )
    assert worked["refused"] == ["operator", "till"]
    assert worked["answers"] > 1  # it did work until then
    assert max(worked["let_in"].values()) - revoked_at <= BELIEVED + 1.0
    assert floor.race("work_until_refused", {**cookies, "until": [], "at_most": 1.0})[0]["exit"] != 0  # and for ever


def test_a_pin_taken_away_in_one_process_signs_out_in_another_within_the_believed_seconds(floor: Arena) -> None:
    till = floor.do("open_till")
    cookies = {"secret": till["secret"], "token": till["token"]}
    worked, cleared_at = racing(
        floor,
        ("work_until_refused", {**cookies, "until": ["operator"], "at_most": 60.0}),
        ("clear_later", {"after": 1.0}),
    )
    assert worked["refused"] == ["operator"]
    assert worked["let_in"]["operator"] - cleared_at <= BELIEVED + 1.0
    assert floor.race("work_until_refused", {**cookies, "until": [], "at_most": 1.0})[0]["exit"] == 0  # the till stays


def test_of_twelve_guesses_at_once_five_are_checked(floor: Arena) -> None:
    floor.do("clear_later", after=0)
    heard = Counter(result["answer"] for result in floor.race("guess_pin", *[{"pin": f"{n:04}"} for n in range(12)]))
    assert heard == {"refused": 5, "locked": 7}
    assert floor.do("failures") == 5
    assert floor.do("guess_pin", pin="4711") == "locked"
    floor.do("clear_later", after=0)
    assert floor.do("guess_pin", pin="4711") == "in"


def test_of_many_who_poll_and_exchange_at_once_one_becomes_the_till(floor: Arena) -> None:
    code = floor.do("confirmed_code")
    answers = [result["answer"] for result in floor.race("poll", *[{"device_code": code}] * 6)]
    tokens = [answer["access_token"] for answer in answers if "access_token" in answer]
    assert len(tokens) == 1
    heard = Counter(result["answer"] for result in floor.race("exchange", *[{"token": tokens[0]}] * 6))
    assert heard == {"enrolled": 1, "refused": 5}
    assert floor.do("tills_at_second") == 1


def test_of_two_who_exchange_a_code_at_once_neither_keeps_a_token(floor: Arena) -> None:
    given = floor.do("consented_code")
    answers = [result["answer"] for result in floor.race("exchange_code", *[given] * 4)]
    assert sorted("access_token" in answer for answer in answers)[:3] == [False] * 3
    assert {answer.get("error") for answer in answers} <= {None, "invalid_grant"}
    assert floor.do("tokens_of_people") == 0  # what came twice was stolen from somebody


def test_of_many_refreshes_with_one_token_at_once_one_succeeds(floor: Arena) -> None:
    given = floor.do("consented_code_again")
    first = floor.do("exchange_code", **given)
    wanted = {"app": given["app"], "token": first["refresh_token"]}
    answers = [result["answer"] for result in floor.race("refresh", *[wanted] * 4)]
    assert sum("access_token" in answer for answer in answers) <= 1
    assert {answer.get("error") for answer in answers} <= {None, "invalid_grant"}
