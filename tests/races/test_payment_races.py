"""Money under attack: processes that pay, refund and take the same payment at once, or die at any step of it.

The provider is the sandbox in its own process: what it says was taken and given back is the truth that our records are
compared with, after what the tick does in the hours that follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.races.arena import DIED
from tests.races.conftest import Arena, arena_of

from liushui.kernel.ids import new_id
from liushui.payments.tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Arena, SandboxProcess]]:
    folder = tmp_path_factory.mktemp("payment-races")
    sandbox = start_sandbox(folder, "--bills-of-today")
    try:
        for arena in arena_of("tests.races.payment_deeds", folder=folder, LIUSHUI_SANDBOX_PAY_URL=sandbox.url):
            yield arena, sandbox
    finally:
        sandbox.stop()


def paid(arena: Arena, sandbox: SandboxProcess) -> Any:
    payment_id = new_id()
    answer = arena.do("start", payment_id=str(payment_id), auth_code=sandbox.code())
    assert answer["state"] == "paid"
    return payment_id


def died_and_recovered(arena: Arena, deed: str, **kwargs: Any) -> None:
    [result] = arena.race(deed, kwargs)
    assert result["exit"] == DIED
    arena.do("resolve")


def test_a_till_that_dies_at_any_step_of_a_charge_leaves_money_and_record_in_agreement(bank):
    arena, sandbox = bank
    steps = arena.do("start", payment_id=str(new_id()), auth_code=sandbox.code())["steps"]
    ends = []
    for fatal in range(1, len(steps) + 1):
        payment_id = new_id()
        died_and_recovered(arena, "start", payment_id=str(payment_id), auth_code=sandbox.code(), crash_at=fatal)
        ours = arena.do("inspect", payment_id=str(payment_id))
        theirs = sandbox.look(payment_id)["state"] if sandbox.knows(payment_id) else None
        ends.append((ours["state"] if ours else None, theirs))
        assert ours is None or ours["waits"] is False
        assert ours is None or ours["cases"] == 0
        assert ours is None or ours["events"] == (["paid"] if ours["state"] == "paid" else [])
    # Nothing written: nothing was asked. Written but never sent: given up. Sent: paid on both sides, also where we
    # died between their charge and our record. Nothing else may happen.
    assert set(ends) == {(None, None), ("failed", None), ("paid", "paid")}
    assert ends == sorted(ends, key=[(None, None), ("failed", None), ("paid", "paid")].index)


def test_sixteen_that_start_the_same_payment_make_one_charge(bank):
    arena, sandbox = bank
    payment_id, code = new_id(), sandbox.code()
    results = arena.race("start", *[{"payment_id": str(payment_id), "auth_code": code} for _each in range(16)])
    assert [result["exit"] for result in results] == [0] * 16
    assert {result["answer"]["state"] for result in results} <= {"created", "paid"}
    ours = arena.do("inspect", payment_id=str(payment_id))
    assert (ours["state"], ours["charges"], ours["events"]) == ("paid", 1, ["paid"])
    assert sandbox.look(payment_id)["paid_minor"] == 8800


def test_of_many_refunds_at_once_as_many_go_through_as_there_is_money(bank):
    arena, sandbox = bank
    payment_id = paid(arena, sandbox)
    results = arena.race(
        "refund",
        *[{"payment_id": str(payment_id), "refund_id": str(new_id()), "amount_minor": 3000} for _each in range(8)],
    )
    answers = [result["answer"] for result in results]
    assert sorted(answer.get("error", "") for answer in answers) == ["", ""] + ["refund-too-much"] * 6
    arena.do("resolve")
    ours = arena.do("inspect", payment_id=str(payment_id))
    assert (ours["refunded_minor"], ours["refunds_done_minor"], ours["state"]) == (6000, 6000, "paid")
    assert sandbox.look(payment_id)["refunded_minor"] == 6000


def test_parts_that_finish_at_once_end_the_payment_once(bank):
    arena, sandbox = bank
    payment_id = paid(arena, sandbox)
    results = arena.race(
        "refund",
        *[{"payment_id": str(payment_id), "refund_id": str(new_id()), "amount_minor": 2200} for _each in range(4)],
    )
    assert [result["exit"] for result in results] == [0] * 4
    arena.do("resolve")
    ours = arena.do("inspect", payment_id=str(payment_id))
    assert (ours["state"], ours["refunds"]) == ("refunded", [[2200, "done"]] * 4)
    assert ours["events"] == ["paid"] + ["refunded"] * 4
    assert sandbox.look(payment_id)["state"] == "refunded"


def test_the_same_refund_sent_by_eight_gives_back_once(bank):
    arena, sandbox = bank
    payment_id, refund_id = paid(arena, sandbox), str(new_id())
    results = arena.race(
        "refund",
        *[{"payment_id": str(payment_id), "refund_id": refund_id, "amount_minor": 8800} for _each in range(8)],
    )
    assert {result["answer"].get("error") for result in results} == {None}
    arena.do("resolve")
    ours = arena.do("inspect", payment_id=str(payment_id))
    assert (ours["state"], ours["refunds"], ours["events"]) == ("refunded", [[8800, "done"]], ["paid", "refunded"])
    assert [each["amount_minor"] for each in sandbox.look(payment_id)["refunds"]] == [8800]


def test_a_process_that_dies_at_any_step_of_a_refund_leaves_money_and_record_in_agreement(bank):
    arena, sandbox = bank
    payment_id = paid(arena, sandbox)
    steps = arena.do("refund", payment_id=str(payment_id), refund_id=str(new_id()), amount_minor=100)["steps"]
    ends = set()
    for fatal in range(1, len(steps) + 1):
        payment_id = paid(arena, sandbox)
        arguments = {"payment_id": str(payment_id), "refund_id": str(new_id()), "amount_minor": 3000}
        died_and_recovered(arena, "refund", **arguments, crash_at=fatal)
        ours = arena.do("inspect", payment_id=str(payment_id))
        given_back = sandbox.look(payment_id)["refunded_minor"]
        assert ours["refunded_minor"] == ours["refunds_done_minor"] == given_back
        assert ours["refunds"] == ([[3000, "done"]] if given_back else [])
        ends.add(given_back)
    assert ends == {0, 3000}


def test_a_process_that_dies_while_giving_a_payment_up_gives_it_back_all_the_same(bank):
    arena, sandbox = bank
    steps = arena.do("release", payment_id=str(paid(arena, sandbox)))["steps"]
    ends = []
    for fatal in range(1, len(steps) + 1):
        payment_id = paid(arena, sandbox)
        died_and_recovered(arena, "release", payment_id=str(payment_id), crash_at=fatal)
        ours = arena.do("inspect", payment_id=str(payment_id))
        assert ours["state"] == sandbox.look(payment_id)["state"]
        assert ours["waits"] is False
        ends.append(ours["state"])
    assert set(ends) == {"paid", "reversed"}
    assert ends == sorted(ends)  # once it is marked, it always goes back


def test_of_eight_sales_that_take_a_payment_one_gets_it(bank):
    arena, sandbox = bank
    payment_id = paid(arena, sandbox)
    results = arena.race("capture", *[{"payment_id": str(payment_id), "sale_id": str(new_id())} for _each in range(8)])
    answers = [result["answer"] for result in results]
    [winner] = [answer["sale"] for answer in answers if "sale" in answer]
    assert [answer["error"] for answer in answers if "error" in answer] == ["payment-taken"] * 7
    assert arena.do("inspect", payment_id=str(payment_id))["sale"] == winner


def test_a_payment_is_either_sold_or_given_back_never_both(bank):
    arena, sandbox = bank
    for _round in range(4):
        payment_id, sale_id = paid(arena, sandbox), str(new_id())
        results = arena.race(
            "take_or_leave",
            *[{"payment_id": str(payment_id), "sale_id": sale_id, "takes": number % 2 == 0} for number in range(4)],
        )
        assert [result["exit"] for result in results] == [0] * 4
        arena.do("resolve")
        ours, theirs = arena.do("inspect", payment_id=str(payment_id)), sandbox.look(payment_id)["state"]
        assert (ours["state"], ours["sale"], theirs) in [("paid", sale_id, "paid"), ("reversed", None, "reversed")]


def test_the_same_notification_taken_by_eight_books_once(bank):
    arena, sandbox = bank
    payment_id = new_id()
    assert arena.do("start", payment_id=str(payment_id))["state"] == "pending"
    sandbox.pay(payment_id)
    headers, body = sandbox.notification(payment_id)
    results = arena.race("notify", *[{"headers": headers, "body": body.decode()} for _each in range(8)])
    assert [result["answer"] for result in results] == [200] * 8
    ours = arena.do("inspect", payment_id=str(payment_id))
    assert (ours["state"], ours["events"]) == ("paid", ["paid"])
