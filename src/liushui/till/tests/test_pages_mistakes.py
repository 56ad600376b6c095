"""What a cashier gets wrong at the screen: it costs nothing, and is said in words with what to do next."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import translation

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.till import facade
from liushui.till.errors import ChangeTooMuch
from liushui.till.pages.entry import Entry, read_entry
from liushui.till.pages.words import failure_words
from liushui.till.tests.conftest import NOON
from liushui.till.tests.counter import Counter, manager_of, open_counter

EAN_8 = "96385074"
FAILURES = (  # that payments name
    "amount_differs", "auth_code_invalid", "cancelled", "closed", "declined", "expired", "never_arrived", "unreachable",
    "user_cancelled",
)  # fmt: skip


@pytest.fixture
def counter(shop) -> Counter:
    opened = open_counter(till=shop.till)
    facade.open_shift(till=opened.till, float_minor=10_000, now=datetime.now(UTC))
    opened.look()
    return opened


def focused(counter: Counter) -> str:
    """The field that takes the focus when the answer is drawn."""
    fields = re.findall(r"<input[^>]*data-first-field[^>]*>", counter.shown)
    assert len(fields) == 1, fields
    return str(re.search(r'id="([^"]*)"', fields[0])[1])


def test_change_of_a_barcode_or_of_zeros_too_many_is_never_given(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.enter("1010.01")
    assert counter.sound() == "bad"
    assert "So much change is never given" in counter.shown
    assert (counter.ticket.state, counter.ticket.tenders) == ("open", ())
    counter.enter("1010")  # ten notes of a hundred go back at most
    assert 'id="change">¥1,000.00<' in counter.shown


@pytest.mark.parametrize("text", ["abc", "TEA"])
def test_who_scans_when_a_part_is_paid_is_told_what_to_do(counter, text):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.enter("1")
    counter.enter(text)
    assert counter.sound() == "bad"
    assert "type an amount, or take the payments off to go on scanning" in counter.shown
    assert [line.units for line in counter.ticket.lines] == [1]


def test_the_limit_of_change_is_ten_of_the_largest_note(selling):
    ticket = facade.scan(till=selling.till, code="TEA", now=NOON)
    with pytest.raises(ChangeTooMuch):
        facade.pay_cash(till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=101_001, now=NOON)
    assert facade.current_ticket(till=selling.till).version == ticket.version


@pytest.mark.parametrize(
    ("text", "panel", "entry"),
    [
        pytest.param(EAN_8, "pay", Entry(kind="article", code=EAN_8), id="a barcode of eight digits is no money"),
        pytest.param("96385075", "pay", Entry(kind="amount", amount_minor=9_638_507_500), id="no barcode"),
        pytest.param("12", "units", Entry(kind="pieces", units=12), id="pieces"),
        pytest.param(EAN_8, "units", Entry(kind="article", code=EAN_8), id="a scan while pieces are asked for"),
        pytest.param("2.5", "units", Entry(kind="article", code="2.5"), id="no number of pieces"),
    ],
)
def test_numbers_are_read_by_what_is_asked_for(text, panel, entry):
    assert read_entry(text=text, panel=panel, currency="CNY") == entry


def test_the_quantity_is_typed_and_entered(counter):
    counter.enter("TEA")
    counter.do("ticket/units/", text="")
    assert 'data-panel="units"' in counter.shown
    counter.enter("12")
    assert [(line.units, line.amount_minor) for line in counter.ticket.lines] == [(12, 12_000)]
    counter.do("ticket/units/", text="a dozen")
    assert (counter.sound(), 'data-panel="units"' in counter.shown) == ("bad", True)
    assert "This line cannot be sold so" in counter.shown
    assert counter.ticket.lines[0].units == 12


@pytest.mark.parametrize("typed", ["0", "1.234"])
def test_an_amount_in_the_box_that_is_none_is_refused_in_words(counter, typed):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.enter(typed)
    assert counter.sound() == "bad"
    assert "This amount is not one that can be taken here" in counter.shown
    assert "Type another amount." in counter.shown


def test_after_a_wrong_pin_the_focus_is_where_it_is_typed_again(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=line&line=1")
    assert focused(counter) == "reason"
    counter.do("ticket/void-line/", reason="Scanned by mistake", username="", pin="", line="1")
    assert (counter.sound(), focused(counter)) == ("bad", "username")
    counter.do("ticket/void-line/", reason="Scanned by mistake", username=manager_of(counter.till), pin="0", line="1")
    assert (counter.sound(), focused(counter)) == ("bad", "pin")


def test_a_gift_card_is_scanned_again_where_it_was_refused(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=gift")
    counter.enter("NMC9T4KJN9DNAR47")
    assert counter.sound() == "bad"
    assert 'data-panel="gift"' in counter.shown


def test_a_card_that_was_never_sold_pays_for_nothing_and_one_that_was_is_not_sold_again(counter, shop):
    chain_id, now = shop.till.chain_id, datetime.now(UTC)
    printed, sold = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=chain_id, count=2, now=now)
    form = {"code": sold.code, "amount": "50.00", "tender": "cash"}
    first = counter.client.post("/till/value/gift-card/", form | {"id": str(new_id())})
    assert first.status_code == 302
    again = counter.client.post("/till/value/gift-card/", form | {"id": str(new_id())})
    assert "This gift card has been sold already" in again.content.decode()
    counter.enter("TEA")
    counter.look("ticket/?show=gift")
    counter.enter(printed.code)
    assert (counter.sound(), 'data-panel="gift"' in counter.shown) == ("bad", True)
    assert "It is not sold yet" in counter.shown
    counter.enter(sold.code)
    assert (counter.ticket, facade.finished(till=counter.till)[0].total_minor) == (None, 1_000)


def test_a_search_that_is_refused_keeps_what_was_typed(counter):
    counter.look("ticket/?show=return")
    counter.do("return/find/", day="2026-11-20", amount="ten", item="TEA", member="")
    assert counter.sound() == "bad"
    assert [f'value="{text}"' in counter.shown for text in ("2026-11-20", "ten", "TEA")] == [True, True, True]
    assert "This amount is not one that can be taken here" in counter.shown


def test_a_gift_card_that_is_not_sold_keeps_its_amount_and_not_its_code(counter):
    code = "NMC9T4KJN9DNAR47"
    form = {"id": "01890000-0000-7000-8000-000000000001", "code": code, "amount": "50.00", "tender": "cash"}
    answer = counter.client.post("/till/value/gift-card/", form)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'name="amount" value="50.00"' in shown
    assert re.search(r'<input[^>]*id="card-code"[^>]*autofocus', shown)
    assert not re.search(r'<input[^>]*id="member-text"[^>]*autofocus', shown)
    assert code not in shown


def test_a_screen_that_was_cut_off_while_it_was_paid_says_that_it_is_paid(counter):
    counter.enter("TEA")
    ticket = counter.ticket
    facade.pay_cash(
        till=counter.till, ticket_id=ticket.id, version=ticket.version, given_minor=1_000, now=datetime.now(UTC)
    )
    assert 'data-panel="done"' in counter.look(f"ticket/?ticket={ticket.id}&panel=pay")
    assert counter.sound() == "paid"
    assert ticket.number in counter.shown
    for known in (f"ticket={ticket.id}&panel=done", f"ticket={new_id()}&panel=pay", "ticket=x&panel=pay"):
        assert 'data-ticket=""' in counter.look(f"ticket/?{known}")  # the next customer


@pytest.mark.parametrize("code", FAILURES)
def test_why_a_payment_failed_is_said_for_each_reason(code):
    unknown = failure_words("whatever else a provider says")
    assert failure_words(code) != unknown
    with translation.override("zh-hans"):
        assert not failure_words(code).isascii()
