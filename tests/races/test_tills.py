"""Whatever dies or comes at the same instant at a till: money and orders agree, and nothing is there twice."""

from __future__ import annotations

import pytest

DIED = -9
PRICE = 650
STEPS_MAX = 80
TILLS = 64


@pytest.fixture(scope="module")
def tills(arena):
    """A till for each test."""
    names = ["CASH", "PHONE", "VOID", "VOIDCASH", "CANCEL", "TWICE", "CLOSING", "EMPTY", "ASK"]
    arena.do("open_tills", names=names)
    return arena


def kill_at_every_step(arena, deed, *, name, how, prepare=None):
    """Do it again and again, killed one step later each time, until it lives; then recovered, looked at each time.

    Answers what was found after each kill, and the steps of the one that lived.
    """
    found = []
    for step in range(1, STEPS_MAX):
        shown = arena.do("ring_up", name=name, units=1)
        arguments = {"name": name, "ticket": shown["id"], "crash_at": step}
        if deed == "be_paid":
            arguments |= {"version": shown["version"], "how": how}
        if prepare:
            arena.do("be_paid", name=name, ticket=shown["id"], version=shown["version"], how=how)
        [result] = arena.race(deed, arguments)
        arena.do("recover_tills", minutes=5 + step)
        seen = arena.do("look_at", ticket=shown["id"])
        found.append(seen)
        if result["exit"] == 0:
            return found, result["answer"]["steps"]
        assert result["exit"] == DIED
        finish(arena, name, shown["id"], seen)
    return pytest.fail("it never lived to its end")


def finish(arena, name, ticket, seen):
    """Whatever is still at hand is paid by cash, so that the till is free again."""
    if seen["state"] in ("open", "paying"):
        shown = arena.do("ring_up_again", name=name, ticket=ticket)
        arena.do("be_paid", name=name, ticket=ticket, version=shown["version"], how="cash")


@pytest.mark.slow
def test_killed_at_any_step_a_cash_sale_is_open_still_or_recorded_once(tills):
    found, steps = kill_at_every_step(tills, "be_paid", name="CASH", how="cash")
    assert len(found) == len(steps) + 1
    states = [seen["state"] for seen in found]
    # Until the ticket was set to recording nothing has happened; from then on the sale is ended by the clock.
    first = states.index("settled")
    assert states == ["open"] * first + ["settled"] * (len(states) - first)
    assert [seen["sales"] for seen in found] == [0] * first + [1] * (len(states) - first)
    assert {seen["sold"] for seen in found[first:]} == {PRICE}
    assert tills.do("day_differs") == []


@pytest.mark.slow
def test_killed_between_authorise_and_record_or_record_and_capture_money_and_order_agree(tills):
    found, steps = kill_at_every_step(tills, "be_paid", name="PHONE", how="phone")
    assert len(found) == len(steps) + 1
    for seen in found:
        assert seen["by_phone"] == seen["with_provider"], seen
        assert seen["sales"] <= 1
        if seen["state"] == "settled":
            assert (seen["sold"], seen["captured"], seen["tenders"]) == (PRICE, 1, ["paid"])
        else:
            assert (seen["state"], seen["sold"], seen["captured"], seen["with_provider"]) == ("open", 0, 0, 0)
    states = [seen["state"] for seen in found]
    assert "open" in states
    assert states.count("settled") > 10  # all that came after the provider had taken the money
    assert tills.do("day_differs") == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "how"), [("VOID", "phone"), ("VOIDCASH", "cash")])
def test_a_void_killed_at_any_step_gives_the_money_back_once_or_not_at_all(tills, name, how):
    found, steps = kill_at_every_step(tills, "give_back", name=name, how=how, prepare=True)
    assert len(found) == len(steps) + 1
    states = [seen["state"] for seen in found]
    first = states.index("voided")
    assert states == ["settled"] * first + ["voided"] * (len(states) - first)
    for seen in found:
        is_voided = seen["state"] == "voided"
        assert seen["refunds"] == ([PRICE] if is_voided else [])
        assert seen["sold"] == (0 if is_voided else PRICE)
        assert seen["with_provider"] == seen["by_phone"]
    assert tills.do("day_differs") == []


@pytest.mark.slow
def test_a_cancel_killed_at_any_step_keeps_no_payment(tills):
    found, steps = kill_at_every_step(tills, "give_up", name="CANCEL", how="phone")
    assert len(found) == len(steps) + 1
    states = [seen["state"] for seen in found]
    first = states.index("cancelled")
    assert states == ["paying"] * first + ["cancelled"] * (len(states) - first)
    assert {seen["with_provider"] for seen in found[first:]} == {0}
    assert {seen["with_provider"] for seen in found[:first]} == {100}
    assert {seen["sales"] for seen in found} == {0}


def test_a_ticket_paid_by_many_hands_at_once_is_sold_once(tills):
    shown = tills.do("ring_up", name="TWICE", units=2)
    asked = {"name": "TWICE", "ticket": shown["id"], "version": shown["version"], "how": "cash"}
    results = tills.race("be_paid", *[asked] * 12)
    assert sorted(result["exit"] for result in results) == [0] + [1] * 11  # the others hear TicketChanged
    seen = tills.do("look_at", ticket=shown["id"])
    assert (seen["state"], seen["sales"], seen["sold"]) == ("settled", 1, 2 * PRICE)


def test_of_two_managers_who_approve_at_once_one_does_and_the_other_hears_who(tills):
    shown = tills.do("ring_up", name="ASK", units=1)
    approval = tills.do("ask", name="ASK", ticket=shown["id"])
    results = tills.race("decide", *[{"approval": approval, "who": who} for who in ("mia", "max") * 8])
    answers = {result["answer"] for result in results}
    assert len(answers) == 2  # who did it, said to himself; and the other hears his name
    assert answers in (
        {"staff:mia", "Mia has approved this"},
        {"staff:max", "Max has approved this"},
    )


def test_a_sale_and_the_count_of_its_shift_at_one_instant_both_tell_the_truth(tills):
    shown = tills.do("ring_up", name="CLOSING", units=1)
    ticket = {"name": "CLOSING", "ticket": shown["id"], "version": shown["version"]}
    results = tills.race("pay_or_count", *[{"do": do, **ticket} for do in ("pay", "count")])
    paid, counted = (result["answer"] for result in results)
    assert paid == "settled"
    assert counted in ("shift-blocked", "closed")  # the sale was not done yet, or it is within the count
    figures = tills.do("shift_figures", name="CLOSING")
    assert figures == {"tickets": 1, "total": PRICE, "expected": 10_650, "recorded": PRICE, "sales": 1}


def test_no_ticket_begins_on_a_shift_that_is_counted(tills):
    results = tills.race("scan_or_count", *[{"do": do, "name": "EMPTY"} for do in ("scan", "count")])
    scanned, counted = (result["answer"] for result in results)
    assert (scanned, counted) in (("open", "shift-blocked"), ("shift-missing", "closed"), ("shift-closed", "closed"))


def test_a_day_closed_by_many_at_once_has_one_number_and_is_told_once(tills):
    tills.do("begin_day", store="DAY1")
    results = tills.race("end_day", *[{"who": who, "store": "DAY1"} for who in ("mia", "max") * 6])
    answers = [result["answer"] for result in results]
    assert {answer["z"] for answer in answers} == {1}
    assert len({answer["by"] for answer in answers}) == 1
    assert tills.do("days_told", store="DAY1") == 1


def test_a_shift_opened_as_the_day_is_closed_belongs_to_the_next_or_keeps_it_open(tills):
    tills.do("begin_day", store="DAY2")
    results = tills.race("open_or_end_day", *[{"do": do, "store": "DAY2"} for do in ("open", "end")])
    opened, ended = (result["answer"] for result in results)
    assert (opened, ended) in (("2026-11-22", "blocked"), ("2026-11-23", "1"))


@pytest.mark.slow
def test_sixty_four_tills_sell_at_once_without_an_error_or_a_wrong_total(tills):
    names = [f"N{number:02}" for number in range(TILLS)]
    tills.do("open_tills", names=names)
    results = tills.race("sell_many", *[{"name": name, "sales": 6} for name in names])
    assert [result["exit"] for result in results] == [0] * TILLS
    assert {result["answer"] for result in results} == {12 * PRICE}
    for name in names[::16]:
        assert tills.do("shift_figures", name=name) == {
            "tickets": 6, "total": 12 * PRICE, "expected": 10_000 + 12 * PRICE, "recorded": 12 * PRICE, "sales": 6,
        }  # fmt: skip
    assert tills.do("day_differs") == []
