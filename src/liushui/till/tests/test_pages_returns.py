"""Returns and exchanges at the screen: the receipt found, units chosen by keys, given back, on paper."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liushui.runtime import approvals
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.tests.counter import MANAGER_PIN, Counter, manager_of, open_counter


@pytest.fixture
def counter(shop) -> Counter:
    opened = open_counter(till=shop.till)
    facade.open_shift(till=opened.till, float_minor=10_000, now=datetime.now(UTC))
    opened.look()
    return opened


def sell(counter: Counter, *codes: str):
    """A sale by exact cash; the screen is ready for the next."""
    for code in codes:
        counter.enter(code)
    counter.do("ticket/pay/cash/", given=str(counter.ticket.due_minor))
    found = facade.finished(till=counter.till)[0]
    assert found.state == "settled"
    counter.look("ticket/")
    return found


def step(counter: Counter, step: str) -> str:
    return counter.do("return/units/", step=step)


def test_the_number_of_a_receipt_in_the_scan_box_opens_its_lines(counter):
    sold = sell(counter, "TEA", "TEA", "MILK")
    shown = counter.enter(sold.number.lower())
    assert f'data-panel="return-{sold.sale_id}"' in shown
    assert counter.sound() == "ok"
    assert "What comes back?" in shown
    assert counter.ticket is None  # looking opens nothing
    step(counter, "1")
    assert [(line.sku, line.units) for line in counter.ticket.lines] == [("TEA", -1)]
    shown = step(counter, "all")
    assert counter.ticket.lines[0].units == -2
    assert "Faulty" in shown
    assert "Sealed" in shown
    shown = counter.do("return/code/", what="reason")
    assert "Bought the wrong item" in shown
    assert "To give back" in shown
    assert "¥20.00" in shown
    step(counter, "none")
    assert counter.ticket.returned is None


def test_one_of_a_line_in_another_condition_stands_on_screen_and_paper(counter):
    sold = sell(counter, "TEA", "TEA", "TEA")
    counter.enter(sold.number)
    step(counter, "all")
    shown = step(counter, "apart")
    assert "One in another condition" in shown
    assert [text in shown for text in ("2 × Faulty", "1 × Faulty", "Opened, can be sold again")] == [True, True, True]
    counter.do("return/code/", what="condition", code="damaged")
    assert [each.condition for each in counter.ticket.returned.lines[0].said] == ["sealed", "damaged"]
    counter.look("ticket/?show=pay")
    counter.do("return/give-back/")
    back = facade.finished(till=counter.till)[0]
    assert (back.state, back.total_minor) == ("settled", -3_000)
    paper = counter.look(f"receipts/{back.id}/")
    assert [text in paper for text in ("2 × Faulty · Sealed", "1 × Faulty · Damaged")] == [True, True]


def test_a_part_is_given_back_in_cash_and_the_next_look_says_so(counter):
    sold = sell(counter, "TEA", "TEA", "TEA")
    counter.enter(sold.number)
    step(counter, "1")
    step(counter, "1")
    shown = counter.look("ticket/?show=pay")
    assert 'data-panel="give"' in shown
    assert "from the drawer" in shown
    shown = counter.do("return/give-back/")
    assert 'data-panel="done"' in shown
    assert counter.sound() == "paid"
    assert "Given back" in shown
    back = facade.finished(till=counter.till)[0]
    assert (back.total_minor, back.is_refund) == (-2_000, True)
    receipt = counter.look(f"receipts/{back.id}/")
    for words in ("RETURN", "Original receipt", sold.number, "Faulty · Sealed", "Given back"):
        assert words in receipt
    counter.look("ticket/")
    shown = counter.enter(sold.number)
    assert f"2 of 3 came back on {datetime.now(UTC).astimezone(_zone(counter)):%m-%d} ({back.number})" in shown
    step(counter, "1")
    assert "More would come back than was bought" not in counter.shown
    shown = step(counter, "1")
    assert "More would come back than was bought" in shown
    assert counter.sound() == "bad"


def _zone(counter: Counter):
    return stores.store(store_id=counter.till.store_id).local(datetime.now(UTC)).tzinfo


def test_an_exchange_in_one_ticket_takes_the_difference(counter):
    sold = sell(counter, "TEA")
    counter.enter(sold.number)
    counter.enter("TEA")  # scanned here it comes back
    assert counter.ticket.lines[0].units == -1
    counter.look("ticket/")  # Esc
    shown = counter.enter("RICE")
    assert [(line.sku, line.units) for line in counter.ticket.lines] == [("TEA", -1), ("RICE", 1)]
    assert "To pay" in shown
    assert "¥39.90" in shown
    counter.look("ticket/?show=pay")
    counter.enter("50")
    done = facade.finished(till=counter.till)[0]
    assert (done.state, done.total_minor, done.change_minor) == ("settled", 3_990, 1_010)
    receipt = counter.look(f"receipts/{done.id}/")
    for words in ("EXCHANGE", ">Exchanged<", "Goods back", "New goods", "Difference paid", sold.number):
        assert words in receipt


def test_a_line_that_comes_back_is_not_changed_by_the_keys_of_the_sale(counter):
    sold = sell(counter, "TEA", "TEA")
    counter.enter(sold.number)
    step(counter, "1")
    counter.look("ticket/")
    counter.do("ticket/units/", step="1")
    assert counter.sound() == "bad"
    assert counter.ticket.lines[0].units == -1
    shown = counter.look("ticket/?show=return")
    assert f'data-panel="return-{sold.sale_id}"' in shown
    counter.do("return/drop/")
    assert counter.ticket.lines == ()


def test_over_the_limit_a_manager_approves_at_the_till_or_by_the_inbox(counter, shop):
    counter.enter("12*RICE")
    sold = sell(counter)
    counter.enter(sold.number)
    counter.do("return/everything/")
    shown = counter.look("ticket/?show=pay")
    assert "The amount is above what one person may give back." in shown
    counter.do("return/give-back/")
    assert counter.sound() == "bad"
    values = {"reason": "goodwill", "username": manager_of(counter.till)}
    counter.do("return/approve/", pin="0001", **values)
    assert counter.ticket.returned.approved_by == ""
    counter.do("return/approve/", reason="goodwill", ask="1")
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    assert (asked.kind, asked.amount_minor) == ("returns.refund", 59_880)
    counter.do(f"ticket/asked/{asked.id}/", status=204)
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    shown = counter.do(f"ticket/asked/{asked.id}/")
    assert 'data-panel="give"' in shown
    assert counter.ticket.returned.approved_by == "Mia"
    counter.do("return/give-back/")
    back = facade.finished(till=counter.till)[0]
    assert (back.total_minor, back.approved_by) == (-59_880, "Mia")
    assert "Mia" in counter.look(f"receipts/{back.id}/")


def test_a_manager_beside_the_till_approves_what_has_no_receipt(counter):
    counter.look("ticket/?show=return")
    counter.do("return/receipt/", sale="none")
    shown = counter.enter("2*TEA")
    assert "Without receipt" in shown
    assert counter.ticket.due_minor == -2_000
    shown = counter.look("ticket/?show=pay")
    assert "There is no receipt." in shown
    counter.do("return/approve/", reason="known customer", username=manager_of(counter.till), pin=MANAGER_PIN)
    assert counter.ticket.returned.approved_by == "Mona"
    counter.do("return/give-back/")
    assert facade.finished(till=counter.till)[0].total_minor == -2_000


def test_a_receipt_is_found_by_day_amount_and_article(counter):
    sell(counter, "MILK")
    wanted = sell(counter, "TEA", "RICE")
    counter.look("ticket/?show=return")
    shown = counter.do("return/find/", amount="59.90", item="RICE")
    assert f'data-panel="return-{wanted.sale_id}"' in shown
    counter.look("ticket/?show=return")
    day = wanted.business_date.isoformat()
    shown = counter.do("return/find/", day=day)
    assert shown.count('data-act="/till/return/receipt/" data-values') == 3  # two receipts, and the way without one
    shown = counter.do("return/find/", day=day, amount="1.00")
    assert "No receipt was found" in shown
    counter.do("return/find/", everywhere="1", day=day)
    assert "This would find too many receipts" in counter.shown
    shown = counter.enter(wanted.number[-6:])
    assert f'data-panel="return-{wanted.sale_id}"' in shown


def test_from_the_page_of_a_receipt_its_goods_come_back(counter):
    sold = sell(counter, "TEA")
    page = counter.look(f"receipts/{sold.id}/")
    assert f"/till/?return={sold.sale_id}" in page
    assert f'data-panel="return-{sold.sale_id}"' in counter.look(f"?return={sold.sale_id}")
    counter.look("?return=nothing")


def test_the_customer_sees_what_goes_back(counter):
    sold = sell(counter, "TEA", "TEA")
    counter.enter(sold.number)
    step(counter, "1")
    shown = counter.look("display/ticket/")
    for words in ("应退 To give back", "Goods back", "¥10.00"):
        assert words in shown
    counter.look("ticket/?show=pay")
    counter.do("return/give-back/")
    assert "已退款 Given back" in counter.look("display/ticket/")


def test_a_receipt_whose_goods_are_all_back_says_so(counter):
    sold = sell(counter, "TEA")
    counter.enter(sold.number)
    counter.do("return/everything/")
    assert "Everything of this receipt has come back already." not in counter.shown  # it is coming back just now
    counter.do("return/give-back/")
    counter.look("ticket/")
    assert "Everything of this receipt has come back already." in counter.enter(sold.number)


def test_two_receipts_and_new_goods_on_one_ticket_from_the_first_scan_to_the_paper(counter):
    first, second = sell(counter, "TEA", "TEA"), sell(counter, "MILK")
    shown = counter.enter(first.number)
    assert "Another receipt" in shown
    assert "Also back" not in shown
    counter.enter("TEA")
    shown = counter.enter(second.number)  # the next receipt in the scan box is enough
    assert f'data-panel="return-{second.sale_id}"' in shown
    assert "Also back" in shown
    assert first.number in shown
    step(counter, "1")
    shown = counter.look("ticket/?show=return_more")
    assert shown.count('data-act="/till/return/receipt/" data-values') == 2  # no way to goods without a receipt
    assert [number in shown for number in (first.number, second.number)] == [True, True]
    shown = counter.do("return/receipt/", sale=str(first.sale_id))
    assert f'data-panel="return-{first.sale_id}"' in shown
    counter.do("return/code/", what="condition", code="damaged", line="1")
    assert [line.condition for line in counter.ticket.returned.lines] == ["damaged", "sealed"]
    shown = counter.look("ticket/")
    assert [shown.count(f" · {number}</span>") for number in (first.number, second.number)] == [1, 1]
    counter.enter("MILK")
    assert counter.ticket.due_minor == -1_000
    counter.look("ticket/?show=pay")
    counter.do("return/give-back/")
    done = facade.finished(till=counter.till)[0]
    assert (done.state, done.total_minor) == ("settled", -1_000)
    paper = counter.look(f"receipts/{done.id}/")
    assert [paper.count(number) for number in (first.number, second.number)] == [1, 1]
    assert paper.count("Back of this receipt") == 2


def test_one_of_two_receipts_is_dropped_by_its_own_key_and_an_unknown_one_is_asked_for_again(counter):
    first, second = sell(counter, "TEA"), sell(counter, "MILK")
    for sold in (first, second):
        counter.enter(sold.number)
        counter.do("return/everything/")
    assert "Not this receipt" in counter.shown
    counter.do("return/drop/")
    assert [each.receipt_number for each in counter.ticket.returned.receipts] == [first.number]
    counter.look("ticket/?show=return_more")
    shown = counter.enter("S01-T1-999999")
    assert "No receipt was found" in shown
    assert 'data-panel="return_more"' in shown
