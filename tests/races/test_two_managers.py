"""Two managers decide at once, and two deeds take one approval at once: one of them does it, the other is told."""

from __future__ import annotations


def test_of_many_managers_who_decide_at_once_one_does(arena):
    approval_id = arena.do("ask_approval", target="ticket:race-1")
    results = arena.race(
        "decide_approval",
        *[{"approval_id": approval_id, "manager": number, "approve": number % 2 == 0} for number in range(16)],
    )
    assert [result["exit"] for result in results] == [0] * 16
    answers = [result["answer"] for result in results]
    decided = [answer for answer in answers if answer["decided"]]
    assert len(decided) == 1
    told = {answer["told"] for answer in answers if not answer["decided"]}
    assert told == {f"{decided[0]['name']} has {decided[0]['state']} this"}
    assert arena.do("inspect_approval", approval_id=approval_id) == {
        "state": decided[0]["state"],
        "decided_by_name": decided[0]["name"],
        "decisions_in_audit_log": 1,
        "used": False,
    }


def test_one_approval_serves_one_of_many_deeds(arena):
    approval_id = arena.do("ask_approval", target="ticket:race-2")
    arena.do("decide_approval", approval_id=approval_id, manager=1, approve=True)
    results = arena.race("use_approval", *[{"approval_id": approval_id, "target": "ticket:race-2"}] * 16)
    assert sorted(result["answer"] for result in results) == ["missing"] * 15 + ["used"]
    assert arena.do("inspect_approval", approval_id=approval_id)["used"] is True


def test_one_code_of_an_app_lets_one_of_many_in(arena):
    user_id = arena.do("hire_with_app")
    results = arena.race("give_code", *[{"user_id": user_id}] * 16)
    assert sorted(result["answer"] for result in results) == [False] * 15 + [True]


def test_of_many_guesses_at_once_no_more_are_judged_than_one_after_the_other(arena):
    results = arena.race("guess", *[{"username": "nobody", "address": "192.0.2.1"}] * 16)
    answers = [result["answer"] for result in results]
    # The count is read after it was raised, so those who came together may all find it too high: never too low.
    assert 1 <= answers.count("judged") <= 5
    assert answers.count("judged") + answers.count("locked") == 16
    assert arena.do("guess", username="nobody", address="192.0.2.1") == "locked"
