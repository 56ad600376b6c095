"""The states of a payment: every word of a provider, in every state, in any order."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from liushui.payments.contracts import PAYMENT_STATES
from liushui.payments.domain.states import MOVES, Change, Known, backoff_seconds, change_for
from liushui.payments.providers.port import TRADE_STATES, Trade

KNOWN = Known(state="pending", amount_minor=8800, currency="CNY")
TRADE = Trade(state="paid", out_trade_no="a", amount_minor=8800, currency="CNY")


def told(state: str, **changes: object) -> Trade:
    return replace(TRADE, state=state, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("not_found", None),
        ("pending", Change(state="pending")),
        ("user_paying", Change(state="pending")),
        ("paid", Change(state="paid")),
        ("refunded", Change(state="reversed")),
        ("closed", Change(state="failed", failure="closed")),
        ("failed", Change(state="failed", failure="declined")),
        ("reversed", Change(state="reversed")),
    ],
)
@pytest.mark.parametrize("before", ["created", "pending"])
def test_an_open_payment_becomes_what_the_provider_says(before, state, expected):
    assert change_for(replace(KNOWN, state=before), told(state)) == expected


def test_why_it_failed_is_kept():
    assert change_for(KNOWN, told("closed", failure="expired")) == Change(state="failed", failure="expired")


@pytest.mark.parametrize("changes", [{"amount_minor": 8799}, {"amount_minor": None}, {"currency": "HKD"}])
def test_another_amount_is_never_booked(changes):
    change = change_for(KNOWN, told("paid", **changes))
    assert change == Change(state="failed", failure="amount_differs", case="amount_differs")


@pytest.mark.parametrize("state", ["not_found", "pending", "user_paying", "closed", "failed", "paid"])
def test_an_older_word_changes_nothing_of_a_paid_payment(state):
    assert change_for(replace(KNOWN, state="paid"), told(state)) is None


def test_a_paid_payment_that_was_taken_back_is_reversed_unless_a_sale_has_it():
    paid = replace(KNOWN, state="paid")
    assert change_for(paid, told("reversed")) == Change(state="reversed")
    assert change_for(replace(paid, is_captured=True), told("reversed")) == Change(state="paid", case="state_differs")


def test_our_own_refund_is_not_taken_for_somebody_elses():
    assert change_for(replace(KNOWN, state="paid", refunded_minor=8800), told("refunded")) is None


@pytest.mark.parametrize("state", ["failed", "reversed"])
def test_money_that_comes_after_we_gave_up_is_given_back_once(state):
    late = replace(KNOWN, state=state)
    assert change_for(late, TRADE) == Change(state=state, case="paid_late", give_back=True)
    assert change_for(replace(late, refunded_minor=8800), TRADE) is None


def test_late_money_of_another_amount_waits_for_a_person():
    assert change_for(replace(KNOWN, state="failed"), told("paid", amount_minor=1)) == Change(
        state="failed", case="amount_differs"
    )


def test_no_word_ever_leads_to_a_move_that_the_machine_lacks():
    for state, word, refunded, captured in itertools.product(PAYMENT_STATES, TRADE_STATES, (0, 8800), (False, True)):
        change = change_for(replace(KNOWN, state=state, refunded_minor=refunded, is_captured=captured), told(word))
        if change is not None:
            assert change.state == state or change.state in MOVES[state], (state, word)


def test_any_order_of_words_ends_in_the_same_state():
    for words in itertools.permutations(["pending", "user_paying", "paid", "closed"]):
        states = ["created"]
        for word in words:
            change = change_for(replace(KNOWN, state=states[-1]), told(word))
            states.append(change.state if change else states[-1])
        first = next(word for word in words if word in ("paid", "closed"))
        assert states[-1] == {"paid": "paid", "closed": "failed"}[first]


def test_waits_double_up_to_five_minutes():
    assert [backoff_seconds(tries) for tries in range(9)] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
