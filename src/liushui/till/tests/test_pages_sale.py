"""The sale screen's deeds, one by one, through its addresses and the real door."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liushui.kernel.ids import new_id
from liushui.runtime import approvals
from liushui.till import facade
from liushui.till.tests.counter import MANAGER_PIN, Counter, manager_of, open_counter


@pytest.fixture
def counter(shop) -> Counter:
    opened = open_counter(till=shop.till)
    facade.open_shift(till=opened.till, float_minor=10_000, now=datetime.now(UTC))
    opened.look()
    return opened


def test_the_screen_is_ready_for_the_first_scan(counter):
    assert "Ready for the next customer" in counter.shown
    assert counter.shown.count('id="scan"') == 1
    assert "autofocus" in counter.shown
    assert 'data-key="F8" disabled' in counter.shown  # nothing to pay yet


def test_without_a_shift_the_screen_leads_to_one(shop):
    opened = open_counter(till=shop.till)
    assert "No shift is open at this till" in opened.look()
    assert 'data-key="F8">Open a shift' in opened.shown
    opened.enter("MILK")
    assert (opened.sound(), opened.ticket) == ("bad", None)
    assert "Open the shift first." in opened.shown


def test_a_scan_puts_a_line_on_the_ticket(counter):
    counter.enter("MILK")
    assert counter.sound() == "ok"
    assert 'id="total">¥6.50<' in counter.shown
    counter.enter("3*TEA")
    assert 'id="total">¥36.50<' in counter.shown
    assert [(line.sku, line.units) for line in counter.ticket.lines] == [("MILK", 1), ("TEA", 3)]


def test_an_unknown_code_sounds_different_and_changes_nothing(counter):
    counter.enter("MILK")
    counter.enter("6901234567892")
    assert counter.sound() == "bad"
    assert "There is no item under this code" in counter.shown
    assert "6901234567892" in counter.shown
    assert counter.ticket.total_minor == 650


def test_an_unknown_code_is_said_in_chinese(shop):
    opened = open_counter(till=shop.till, language="zh-hans")
    facade.open_shift(till=opened.till, float_minor=0, now=datetime.now(UTC))
    opened.look()
    assert "没有这个编码的商品" in opened.enter("12345")


def test_weighed_goods_ask_for_their_weight(counter):
    counter.enter("10012")
    assert counter.sound() == "bad"
    assert 'data-panel="weigh"' in counter.shown
    assert counter.ticket is None
    counter.do("ticket/enter/", text="0.456", panel="weigh", code="10012")
    assert (counter.sound(), counter.ticket.total_minor) == ("ok", 907)  # 1990 a kilogram
    assert "0.456 kg" in counter.shown
    counter.enter("1.5*10012")
    assert counter.ticket.total_minor == 907 + 2985


def test_a_scales_barcode_carries_its_weight(counter):
    counter.enter("2100120004563")  # 2, item 10012, 000456 grams, check digit
    assert counter.ticket.lines[0].measure_value == 456


def test_more_of_a_line_needs_nobody(counter):
    counter.enter("MILK")
    counter.do("ticket/units/", text="12")
    assert (counter.ticket.lines[0].units, counter.ticket.total_minor) == (12, 7800)
    counter.do("ticket/units/", step="1")
    assert counter.ticket.lines[0].units == 13


def test_fewer_of_a_line_needs_a_manager(counter):
    counter.enter("5*MILK")
    counter.do("ticket/units/", step="-1")
    assert "Line 1: 4 left" in counter.shown
    assert counter.ticket.lines[0].units == 5
    counter.do("ticket/void-line/", reason="broken", username=manager_of(counter.till), pin=MANAGER_PIN, fewer="4")
    assert (counter.sound(), counter.ticket.lines[0].units, counter.ticket.total_minor) == ("ok", 4, 2600)


def test_a_number_that_is_none_asks_how_many(counter):
    counter.enter("MILK")
    counter.do("ticket/units/", text="")
    assert "Type the number and press Enter" in counter.shown
    counter.do("ticket/units/", text="²")
    assert counter.ticket.lines[0].units == 1


def test_a_line_is_taken_off_with_the_managers_pin(counter):
    counter.enter("MILK")
    counter.enter("TEA")
    counter.do("ticket/void-line/", line="1", reason="", username=manager_of(counter.till), pin=MANAGER_PIN)
    assert "Say why" in counter.shown
    counter.do("ticket/void-line/", line="1", reason="wrong", username=manager_of(counter.till), pin="0001")
    assert counter.sound() == "bad"
    assert "Check name and PIN" in counter.shown
    assert counter.ticket.total_minor == 1650
    counter.do("ticket/void-line/", line="1", reason="wrong", username=manager_of(counter.till), pin=MANAGER_PIN)
    assert (counter.sound(), counter.ticket.total_minor) == ("ok", 1000)
    assert "Taken off · Mona" in counter.shown


def test_a_cashier_does_not_approve_the_own_deed(counter):
    counter.enter("MILK")
    counter.do("ticket/void-line/", line="1", reason="wrong", username=counter.till.operator, pin="4711")
    assert counter.sound() == "bad"
    assert "Somebody else has to approve." in counter.shown
    assert counter.ticket.total_minor == 650


def test_the_inbox_is_asked_while_selling_goes_on(counter, shop):
    counter.enter("MILK")
    counter.enter("TEA")
    counter.do("ticket/void-line/", line="1", reason="wrong", ask="1")
    assert "Waiting for the manager" in counter.shown
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    assert counter.do(f"ticket/asked/{asked.id}/", status=204) == ""
    counter.enter("RICE")
    assert "Waiting for the manager" in counter.shown  # still in sight
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    counter.do(f"ticket/asked/{asked.id}/")
    assert [line.is_voided for line in counter.ticket.lines] == [True, False, False]
    assert counter.ticket.total_minor == 1000 + 4990


def test_a_request_turned_down_changes_nothing(counter, shop):
    counter.enter("MILK")
    counter.do("ticket/cancel/", reason="left", ask="1")
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    approvals.decide(approval_id=asked.id, approve=False, principal=shop.manager, now=datetime.now(UTC), reason="no")
    counter.do(f"ticket/asked/{asked.id}/")
    assert "The request was turned down" in counter.shown
    assert counter.ticket.state == "open"


def test_nobody_asks_about_a_request_of_others(counter, shop):
    ticket = facade.scan(till=counter.till, code="MILK", now=datetime.now(UTC))
    asked = facade.ask_approval(
        till=shop.person(shop.till, "zoe"), kind="till.cancel", target=f"ticket:{ticket.id}", reason="left",
        now=datetime.now(UTC),
    )  # fmt: skip
    counter.look()
    counter.do(f"ticket/asked/{asked.id}/", status=404)
    counter.do(f"ticket/asked/{new_id()}/", status=404)


def test_a_ticket_is_cancelled_with_a_manager(counter):
    counter.enter("MILK")
    counter.do("ticket/cancel/", reason="left", username=manager_of(counter.till), pin=MANAGER_PIN)
    assert "The ticket is cancelled" in counter.shown
    assert counter.ticket is None


def test_a_ticket_is_parked_and_taken_up(counter):
    counter.enter("MILK")
    parked = counter.ticket.id
    counter.do("ticket/park/", label="红衣服")
    assert counter.ticket is None
    assert "红衣服" in counter.shown
    counter.look("ticket/?show=parked")
    assert "红衣服" in counter.shown
    assert "¥6.50" in counter.shown
    counter.do(f"ticket/resume/{parked}/")
    assert (counter.sound(), counter.ticket.id) == ("ok", parked)


def test_a_parked_tickets_name_is_nobodys_number(counter):
    counter.enter("MILK")
    counter.do("ticket/park/", label="138 0013 8000 稍后来取")
    counter.look("ticket/?show=parked")
    assert "[hidden] 稍后来取" in counter.shown


def test_a_parked_ticket_waits_while_another_is_at_hand(counter):
    counter.enter("MILK")
    parked = counter.ticket.id
    counter.do("ticket/park/", label="")
    counter.enter("TEA")
    counter.do(f"ticket/resume/{parked}/")
    assert counter.sound() == "bad"
    assert "Finish it, or park it first." in counter.shown
    assert counter.ticket.total_minor == 1000


def test_a_deed_on_an_old_version_is_refused(counter):
    counter.enter("MILK")
    facade.scan(till=counter.till, code="TEA", now=datetime.now(UTC))  # another window of the same till
    counter.do("ticket/units/", text="9")
    assert counter.sound() == "bad"
    assert "The ticket has changed since it was shown" in counter.shown
    assert [line.units for line in counter.ticket.lines] == [1, 1]


def test_looking_up_finds_by_name_and_puts_nothing_in(counter):
    found = counter.look("ticket/look-up/?q=Apple")
    assert 'data-code="10012"' in found
    assert "¥19.90" in found
    assert "Nothing is found" in counter.look("ticket/look-up/?q=zzz")
    assert counter.ticket is None


def test_a_price_is_checked_without_selling(counter):
    counter.look("ticket/?show=price")
    counter.do("ticket/enter/", text="MILK", panel="price")
    assert "¥6.50" in counter.shown
    assert (counter.sound(), counter.ticket) == ("ok", None)


def test_a_badge_opens_nothing_where_nothing_waits(counter):
    counter.enter("LSB" + "A" * 20)
    assert counter.sound() == "bad"
    assert counter.ticket is None
    assert "LSBAAAA" not in counter.shown  # whoever has the code could sign in with it


def test_names_from_outside_are_written_as_text(counter):
    counter.enter('"><script>x</script>')
    assert "<script>x" not in counter.shown
    assert "&lt;script&gt;x" in counter.shown
