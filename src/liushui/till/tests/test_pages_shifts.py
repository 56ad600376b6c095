"""Shifts at the till through their pages and the real door: float, cash in and out, blind count, hand-over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liushui.runtime import approvals, operators
from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.staff import create_staff
from liushui.till import facade
from liushui.till.tests.counter import MANAGER_PIN, Counter, manager_of, open_counter


@pytest.fixture
def counter(shop) -> Counter:
    return open_counter(till=shop.till)


@pytest.fixture
def selling(counter) -> Counter:
    counter.client.post("/till/shift/open/", {"float": "100.00"})
    return counter


def sell(counter: Counter, *codes: str, given: int) -> None:
    now = datetime.now(UTC)
    for code in codes:
        ticket = facade.scan(till=counter.till, code=code, now=now)
    facade.pay_cash(till=counter.till, ticket_id=ticket.id, version=ticket.version, given_minor=given, now=now)


def shift(counter: Counter):
    return facade.current_shift(till=counter.till)


def post(counter: Counter, path: str, **fields: str):
    answer = counter.client.post(f"/till/shift/{path}", fields)
    counter.shown = answer.content.decode()
    return answer


def approver(counter: Counter) -> dict[str, str]:
    return {"way": "here", "approver": manager_of(counter.till), "approver_pin": MANAGER_PIN}


def another_cashier(counter: Counter, name: str = "eve", pin: str = "6174") -> str:
    till = counter.till
    grant = Grant(role="cashier", chain_id=till.chain_id, store_id=till.store_id)
    system = system_principal(name="tests")
    user_id, _password = create_staff(username=name, display_name=name.title(), grants=[grant], principal=system)
    operators.set_pin(user_id=user_id, pin=pin, principal=system, now=datetime.now(UTC))
    return name


def test_a_shift_begins_with_its_float(counter):
    assert "Float in the drawer" in counter.look("shift/")
    answer = post(counter, "open/", float="500.50")
    assert (answer.status_code, answer["Location"]) == (302, "/till/")
    assert (shift(counter).float_minor, shift(counter).is_training) == (50050, False)


def test_a_float_may_be_counted_by_notes_and_coins(counter):
    post(counter, "open/", float="", note_10000="3", coin_50="7", training="1")
    assert (shift(counter).float_minor, shift(counter).is_training) == (30350, True)
    assert "Nothing sold here counts or is charged." in counter.look("shift/")  # the mark of training


@pytest.mark.parametrize("typed", ["", "cheap", "-5", "1.005"])
def test_a_float_that_can_not_be_read_is_asked_for_again(counter, typed):
    assert post(counter, "open/", float=typed).status_code == 422
    assert "Write the float, such as 500.00" in counter.shown
    assert shift(counter) is None


def test_a_second_shift_is_refused_in_words(selling):
    answer = post(selling, "open/", float="1")
    assert answer.status_code == 422
    assert "A shift is open at this till already" in selling.shown
    assert shift(selling).float_minor == 10000


def test_cash_in_out_and_an_opening_stand_on_the_line_of_time(selling):
    assert post(selling, "paid-in/", amount="50", reason="From the bank").status_code == 302
    assert post(selling, "paid-out/", amount="200.00", reason="To the safe").status_code == 302  # not over the limit
    assert post(selling, "no-sale/", reason="Coins rolled").status_code == 302
    kinds = [
        (entry.kind, entry.amount_minor, entry.approved_by) for entry in facade.entries(shift_id=shift(selling).id)
    ]
    assert kinds == [("paid_in", 5000, ""), ("paid_out", 20000, ""), ("no_sale", 0, "")]
    page = selling.look("shift/")
    assert page.index("+¥50.00") < page.index("-¥200.00") < page.index("Coins rolled")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "0", "reason": "x"}, "Write an amount such as 12.50."),
        ({"amount": "5", "reason": "  "}, "Give a reason; up to 400 characters."),
        ({"amount": "200.01", "reason": "To the safe"}, "Scan the badge of the person who approves"),
        (
            {"amount": "200.01", "reason": "To the safe", "approver": "nobody", "approver_pin": "0000"},
            "User name, PIN or badge is wrong",
        ),
    ],
)
def test_cash_is_not_paid_out_when_something_is_missing(selling, fields, said):
    answer = post(selling, "paid-out/", **fields)
    assert answer.status_code == 422
    assert said in selling.shown
    assert facade.entries(shift_id=shift(selling).id) == ()


def test_over_the_limit_a_manager_at_the_till_approves_and_is_named(selling):
    post(selling, "paid-out/", amount="250", reason="To the bank", **approver(selling))
    [entry] = facade.entries(shift_id=shift(selling).id)
    assert (entry.amount_minor, entry.approved_by) == (25000, "Mona")
    assert "approved by Mona" in selling.look("shift/")


def test_cash_that_the_inbox_was_asked_for_leaves_once_and_only_when_approved(selling, shop):
    answer = post(selling, "paid-out/", amount="250", reason="To the bank", way="inbox")
    page = answer["Location"]
    assert "Waiting for a decision in the inbox" in selling.client.get(page).content.decode()
    assert selling.client.post(page).status_code == 422
    assert facade.entries(shift_id=shift(selling).id) == ()
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    state = selling.client.get(f"{page}state/").content.decode()
    assert "Approved by Mia" in state
    assert "hx-get" not in state  # it asks no further
    assert selling.client.post(page)["Location"] == "/till/shift/"
    assert selling.client.post(page).status_code == 422  # once
    [entry] = facade.entries(shift_id=shift(selling).id)
    assert (entry.amount_minor, entry.reason, entry.approved_by) == (25000, "To the bank", "Mia")


def test_a_refused_request_says_who_refused_and_why(selling, shop):
    page = post(selling, "paid-out/", amount="250", reason="To the bank", way="inbox")["Location"]
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    approvals.decide(
        approval_id=asked.id, approve=False, principal=shop.manager, now=datetime.now(UTC), reason="Wait till six"
    )
    state = selling.client.get(f"{page}state/").content.decode()
    assert "Refused by Mia" in state
    assert "Wait till six" in state


def test_a_request_of_another_till_is_not_there(selling, shop):
    page = post(selling, "paid-out/", amount="250", reason="To the bank", way="inbox")["Location"]
    other = open_counter(till=shop.other_till)
    other.client.post("/till/shift/open/", {"float": "0"})
    assert other.client.get(page).status_code == 404
    assert other.client.post(page).status_code == 404


def test_nothing_before_the_count_tells_what_should_be_in_the_drawer(selling):
    sell(selling, "RICE", given=10000)
    for path in ("shift/", "shift/x/", "shift/x/paper/", "shift/count/", "shift/hand-over/"):
        page = selling.look(path)
        for amount in ("149.90", "49.90", "50.10"):  # expected cash, the sale, the change
            assert amount not in page, path
    review = post(selling, "count/", step="review", note_10000="1")
    assert "¥100.00" in review.content.decode()
    assert "149.90" not in review.content.decode()
    assert shift(selling).state == "open"


def test_a_count_that_agrees_closes_the_shift(selling):
    sell(selling, "RICE", given=10000)
    closed = shift(selling)
    fields = {"note_10000": "1", "note_2000": "2", "note_500": "1", "coin_100": "4", "coin_50": "1", "coin_10": "4"}
    answer = post(selling, "count/", step="final", **fields)
    assert answer["Location"] == f"/till/shift/{closed.id}/"
    page = selling.look(f"shift/{closed.id}/")
    assert "Agrees to the cent" in page
    assert page.count("¥149.90") == 5  # should be and counted, both among the tenders too, and on the line of time
    assert "¥149.90" in selling.look(f"shift/{closed.id}/paper/")
    assert shift(selling) is None


def test_a_difference_needs_a_reason_and_a_second_person_who_is_named(selling):
    counted = shift(selling)
    answer = post(selling, "count/", step="final", note_5000="1", note_2000="2")
    assert answer["Location"] == f"/till/shift/{counted.id}/difference/"
    assert "-¥10.00" in selling.look(f"shift/{counted.id}/difference/")
    assert post(selling, f"{counted.id}/difference/", reason="", **approver(selling)).status_code == 422
    assert "Give a reason" in selling.shown
    assert post(selling, f"{counted.id}/difference/", reason="Wrong change").status_code == 422
    himself = {"way": "here", "approver": selling.till.operator, "approver_pin": "4711"}
    assert post(selling, f"{counted.id}/difference/", reason="Wrong change", **himself).status_code == 422
    assert facade.shift(shift_id=counted.id, store_ids={selling.till.store_id}).state == "counted"
    answer = post(selling, f"{counted.id}/difference/", reason="Wrong change", **approver(selling))
    assert answer["Location"] == f"/till/shift/{counted.id}/"
    closed = facade.shift(shift_id=counted.id, store_ids={selling.till.store_id})
    assert (closed.state, closed.difference_minor) == ("closed", -1000)
    assert (closed.difference_reason, closed.difference_approved_by) == ("Wrong change", "Mona")


def test_a_difference_may_wait_while_the_next_shift_sells(selling, shop):
    counted = shift(selling)
    post(selling, "count/", step="final", note_10000="1", coin_50="1")
    post(selling, f"{counted.id}/difference/", reason="Found a coin", way="inbox")
    assert selling.client.get("/till/shift/")["Location"] == f"/till/shift/{counted.id}/difference/"
    assert "waits for an approval" in selling.look("shift/open/")
    post(selling, "open/", float="0")
    assert "waits for an approval" in selling.look("shift/")
    assert 'hx-trigger="every 3s"' in selling.look(f"shift/{counted.id}/difference/")
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    assert asked.amount_minor == 50
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    assert "Approved by Mia" in selling.look(f"shift/{counted.id}/difference/state/")
    answer = selling.client.post(
        f"/till/shift/{counted.id}/difference/", {"step": "finish"}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/till/shift/{counted.id}/")
    assert facade.shift(shift_id=counted.id, store_ids={selling.till.store_id}).difference_approved_by == "Mia"


def test_a_manager_who_comes_to_the_till_leaves_nothing_in_the_inbox(selling, shop):
    counted = shift(selling)
    post(selling, "count/", step="final", note_5000="1")
    post(selling, f"{counted.id}/difference/", reason="Lost", way="inbox")
    post(selling, f"{counted.id}/difference/", reason="Lost", **approver(selling))
    assert facade.shift(shift_id=counted.id, store_ids={selling.till.store_id}).state == "closed"
    assert approvals.waiting(principal=shop.manager, now=datetime.now(UTC)) == ()


def test_an_unfinished_sale_blocks_the_count_and_is_named(selling):
    ticket = facade.scan(till=selling.till, code="MILK", now=datetime.now(UTC))
    page = selling.look("shift/count/")
    assert ticket.number in page
    assert 'data-key="F12" disabled' in page
    answer = post(selling, "count/", step="final", note_10000="1")
    assert answer.status_code == 422
    assert "The shift cannot be closed yet" in selling.shown
    assert shift(selling).state == "open"


def test_pieces_that_can_not_be_read_are_named_and_nothing_is_final(selling):
    answer = post(selling, "count/", step="final", note_10000="one")
    assert answer.status_code == 422
    assert "Write how many there are, as a whole number." in selling.shown
    assert shift(selling).state == "open"


def test_the_next_cashier_takes_over_drawer_and_till(selling):
    before = shift(selling)
    name = another_cashier(selling)
    fields = {"note_10000": "1"}
    review = post(selling, "hand-over/", step="review", **fields)
    assert "Who takes over?" in review.content.decode()
    answer = post(selling, "hand-over/", step="final", next_user=name, next_pin="0000", **fields)
    assert answer.status_code == 422
    assert "User name, PIN or badge is wrong" in selling.shown
    assert 'name="note_10000" value="1"' in selling.shown  # the count is not asked for again
    answer = post(selling, "hand-over/", step="final", next_user=name, next_pin="6174", **fields)
    assert answer["Location"] == f"/till/shift/{before.id}/"
    after = shift(selling)
    assert (after.number, after.operator, after.float_minor) == (before.number + 1, "eve", 10000)
    assert facade.shift(shift_id=before.id, store_ids={selling.till.store_id}).handed_to == "eve"
    assert "Eve" in selling.look("shift/")  # signed in at the till from here on


def test_a_drawer_is_not_handed_to_oneself(selling):
    before = shift(selling)
    answer = post(selling, "hand-over/", step="final", next_user=selling.till.operator, next_pin="4711", note_10000="1")
    assert answer.status_code == 422
    assert "A drawer is handed over to another person" in selling.shown
    assert shift(selling) == before


def test_shifts_of_another_till_are_not_there(selling, shop):
    other = open_counter(till=shop.other_till)
    for path in ("", "paper/", "difference/", "difference/state/"):
        assert other.client.get(f"/till/shift/{shift(selling).id}/{path}").status_code == 404


def test_pages_of_the_drawer_lead_to_the_shift_when_none_is_open(counter):
    for path in ("paid-in/", "paid-out/", "no-sale/", "x/", "x/paper/", "count/", "hand-over/"):
        answer = counter.client.get(f"/till/shift/{path}")
        assert (answer.status_code, answer["Location"]) == (302, "/till/shift/"), path


def test_the_pages_speak_chinese(shop):
    counter = open_counter(till=shop.till, language="zh-hans")
    assert "开班登记" in counter.look("shift/")
    counter.client.post("/till/shift/open/", {"float": "1"})
    assert "盘点钱箱" in counter.look("shift/count/")
    answer = post(counter, "paid-out/", amount="300", reason="存款", approver="x", approver_pin="1")
    assert "工牌" in answer.content.decode()
