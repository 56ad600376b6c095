"""Being paid at the screen, the receipt, its copies, and its being taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liushui.kernel.ids import new_id
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.payments.contracts import Refund
from liushui.runtime import approvals
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation
from liushui.till import facade
from liushui.till.pages import receipts
from liushui.till.pages.entry import Entry, read_entry
from liushui.till.pages.quick_cash import quick_sums
from liushui.till.tests.counter import MANAGER_PIN, Counter, manager_of, open_counter


@pytest.fixture
def counter(shop) -> Counter:
    opened = open_counter(till=shop.till)
    facade.open_shift(till=opened.till, float_minor=10_000, now=datetime.now(UTC))
    opened.look()
    return opened


def sold(counter: Counter):
    """The receipt made last."""
    return facade.finished(till=counter.till)[0]


@pytest.mark.parametrize(
    ("due", "currency", "sums"),
    [
        (3760, "CNY", (4000, 5000, 10000)),
        (13700, "CNY", (14000, 15000, 20000)),
        (5000, "CNY", (6000, 10000)),
        (10000, "CNY", ()),
        (123, "JPY", (2000, 5000, 10000)),
    ],
)
def test_the_next_sums_of_notes(due, currency, sums):
    assert quick_sums(due_minor=due, currency=currency) == sums


@pytest.mark.parametrize(
    ("text", "panel", "entry"),
    [
        ("6901234567892", "", Entry(kind="article", code="6901234567892")),
        ("3*6901234567892", "", Entry(kind="article", code="6901234567892", units=3)),
        ("12 x 6901234567892", "", Entry(kind="article", code="6901234567892", units=12)),
        ("0.35*2001", "", Entry(kind="article", code="2001", grams=350)),
        (".5*2001", "", Entry(kind="article", code="2001", grams=500)),
        ("100", "", Entry(kind="article", code="100")),
        ("100", "pay", Entry(kind="amount", amount_minor=10000)),
        ("37.6", "pay", Entry(kind="amount", amount_minor=3760)),
        ("6901234567892", "pay", Entry(kind="article", code="6901234567892")),
        ("134567890123456789", "pay", Entry(kind="wallet", code="134567890123456789", wallet="wechat")),
        ("281234567890123456", "pay", Entry(kind="wallet", code="281234567890123456", wallet="alipay")),
        ("161234567890123456", "pay", Entry(kind="article", code="161234567890123456")),
        ("0.456", "weigh", Entry(kind="weight", grams=456)),
        ("2", "weigh", Entry(kind="weight", grams=2000)),
        ("6901234567892", "weigh", Entry(kind="article", code="6901234567892")),
        ("  ", "", Entry(kind="nothing")),
    ],
)  # fmt: skip
def test_the_box_is_read_by_what_goes_on(text, panel, entry):
    assert read_entry(text=text, panel=panel, currency="CNY") == entry


def test_cash_is_typed_and_the_change_is_huge(counter):
    counter.enter("RICE")
    counter.look("ticket/?show=pay")
    assert 'id="due">¥49.90<' in counter.shown
    assert [f"¥{amount}.00</b>" in counter.shown for amount in (50, 60, 100)] == [True, True, True]
    counter.enter("100")
    assert counter.sound() == "paid"
    assert 'id="change">¥50.10<' in counter.shown
    assert counter.ticket is None
    assert (sold(counter).total_minor, sold(counter).change_minor) == (4990, 5010)
    counter.enter("MILK")
    assert counter.ticket.total_minor == 650  # the next scan begins a new ticket


def test_exact_cash_needs_one_press(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/cash/", given="1000")
    assert "No change" in counter.shown
    assert sold(counter).tenders[0].given_minor == 1000


def test_the_rest_of_a_split_payment_is_asked_for(counter):
    counter.enter("RICE")
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/recorded/", type="card", text="20", note="000812")
    assert 'id="due">¥29.90<' in counter.shown
    assert counter.ticket.tenders[0].note == "000812"
    counter.do("ticket/pay/recorded/", type="other", text="9.90")
    counter.enter("50")
    assert 'id="change">¥30.00<' in counter.shown
    paid = [(tender.type, tender.amount_minor) for tender in sold(counter).tenders]
    assert paid == [("card", 2000), ("other", 990), ("cash", 2000)]
    recorded = orders.sale(sale_id=sold(counter).sale_id, store_ids={counter.till.store_id})
    assert sum(tender.amount_minor for tender in recorded.tenders) == 4990


def test_a_tender_is_taken_off_again(counter):
    counter.enter("RICE")
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/recorded/", type="card", text="20")
    counter.do("ticket/pay/remove/", tender="1")
    assert (counter.ticket.state, counter.ticket.due_minor) == ("open", 4990)


@pytest.mark.parametrize("typed", ["0", "9999999", "-5", "1.234", "abc"])
def test_an_amount_that_cannot_be_is_refused_in_words(counter, typed):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/recorded/", type="card", text=typed)
    assert counter.sound() == "bad"
    assert (counter.ticket.state, counter.ticket.tenders) == ("open", ())


def test_an_article_that_is_scanned_while_paying_is_added(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    counter.enter("MILK")
    assert counter.ticket.total_minor == 1650
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/recorded/", type="card", text="5")
    counter.enter("RICE")  # not once money was taken
    assert counter.sound() == "bad"
    assert counter.ticket.total_minor == 1650


def test_a_payment_code_that_is_scanned_too_early_says_so(counter):
    counter.enter("TEA")
    counter.enter("134567890123456789")
    assert counter.sound() == "bad"
    assert "Press Pay first" in counter.shown
    assert counter.ticket.state == "open"


def test_without_a_provider_no_code_is_offered(counter, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": ""})
    counter.enter("TEA")
    counter.look("ticket/?show=pay")
    assert "Show a QR code" not in counter.shown
    counter.enter("134567890123456789")
    assert counter.sound() == "bad"
    assert "Choose another way of paying." in counter.shown


def test_another_price_than_shown_is_said_before_money_is_taken(counter):
    counter.enter("TEA")
    shown = counter.ticket
    counter.look("ticket/?show=pay")
    facade.scan(till=counter.till, code="MILK", now=datetime.now(UTC))
    counter.do("ticket/pay/cash/", given="1000")
    assert counter.sound() == "bad"
    assert counter.ticket.tenders == ()
    assert counter.ticket.version > shown.version


def test_the_receipt_is_found_by_its_number_and_each_copy_counts(counter):
    counter.enter("TEA")
    counter.do("ticket/pay/cash/", given="2000")
    ticket = sold(counter)
    assert ticket.number in counter.look("receipts/")
    assert counter.client.get(f"/till/receipts/?q={ticket.number}").url == f"/till/receipts/{ticket.id}/"
    counter.look(f"receipts/{ticket.id}/")
    assert "paper-locked" in counter.shown  # the browser's own print prints no unmarked second original
    assert "COPY" not in counter.shown
    for count in (1, 2):
        answer = counter.client.post(f"/till/receipts/{ticket.id}/copy/")
        assert answer.url == f"/till/receipts/{ticket.id}/?print={count}"
    counter.look(f"receipts/{ticket.id}/?print=2")
    assert "COPY 2" in counter.shown
    assert "data-print-now" in counter.shown
    assert "data-print-now" not in counter.look(f"receipts/{ticket.id}/?print=1")


def test_the_receipt_carries_what_it_must(counter):
    counter.client.cookies["liushui_paper"] = "58"
    counter.enter("TEA")
    counter.do("ticket/pay/cash/", given="2000")
    paper = counter.shown[counter.shown.index("<article") : counter.shown.index("</article>")]
    assert 'data-paper="58"' in paper
    words = ("First", "Tea", "1 × ¥10.00", "¥20.00", "Tax within 13%", "¥1.15", sold(counter).number)
    assert [word for word in words if word not in paper] == []
    assert "data:image/svg+xml" in paper


def test_todays_receipt_is_voided_with_a_manager(counter):
    counter.enter("TEA")
    counter.do("ticket/pay/cash/", given="2000")
    ticket = sold(counter)
    counter.look(f"receipts/{ticket.id}/")
    assert "Void the sale" in counter.shown
    values = {"kind": "till.void_sale", "reason": "wrong", "username": manager_of(counter.till)}
    counter.do(f"receipts/{ticket.id}/take-back/", status=422, pin="0001", **values)
    assert sold(counter).state == "settled"
    counter.do(f"receipts/{ticket.id}/take-back/", status=302, pin=MANAGER_PIN, **values)
    assert sold(counter).state == "voided"
    assert "VOIDED" in counter.look(f"receipts/{ticket.id}/")


def test_a_receipt_is_taken_back_by_the_inbox(counter, shop):
    counter.enter("TEA")
    counter.do("ticket/pay/cash/", given="2000")
    ticket = sold(counter)
    values = {"kind": "till.void_sale", "reason": "wrong", "ask": "1"}
    counter.do(f"receipts/{ticket.id}/take-back/", status=302, **values)
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    counter.look(f"receipts/{ticket.id}/asked/{asked.id}/", status=204)
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    answer = counter.client.get(f"/till/receipts/{ticket.id}/asked/{asked.id}/")
    assert answer.headers["HX-Redirect"] == f"/till/receipts/{ticket.id}/"
    assert sold(counter).state == "voided"


def test_a_receipt_of_another_store_is_not_there(counter, shop):
    stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S02", name_zh="二店", name_en="Second")]
    )
    [workstation] = stores.save_workstations(
        workstations=[NewWorkstation(chain_code="HM", store_code="S02", code="T1", name="T1")]
    )
    there = replace(shop.till, store_id=workstation.store_id, workstation_id=workstation.id)
    other = open_counter(till=there)
    facade.open_shift(till=other.till, float_minor=0, now=datetime.now(UTC))
    other.look()
    other.enter("TEA")
    ticket = other.ticket
    counter.look(f"receipts/{ticket.id}/", status=404)
    counter.do("ticket/pay/pending/", ticket=str(ticket.id))
    assert counter.sound() == "bad"
    counter.do("ticket/cancel/", ticket=str(ticket.id), reason="x", username=manager_of(counter.till), pin=MANAGER_PIN)
    assert counter.sound() == "bad"
    assert other.ticket.state == "open"


def test_training_is_marked_everywhere(shop):
    opened = open_counter(till=shop.till)
    facade.open_shift(till=opened.till, float_minor=0, is_training=True, now=datetime.now(UTC))
    assert "Nothing sold here counts" in opened.look()
    opened.enter("TEA")
    assert 'data-training="Training"' in opened.shown
    opened.do("ticket/pay/cash/", given="1000")
    assert "TRAINING: not a receipt" in opened.shown
    assert 'data-watermark="Training"' in opened.shown


def test_the_display_shows_the_ticket_and_then_the_thanks(counter):
    assert "欢迎光临 Welcome" in counter.look("display/")
    counter.look()
    counter.enter("2*TEA")
    screen = counter.shown
    assert "¥20.00" in counter.look("display/ticket/")
    assert "合计 Total" in counter.shown
    counter.shown = screen
    counter.do("ticket/pay/cash/", given="5000")
    assert "谢谢惠顾，欢迎再来" in counter.look("display/ticket/")
    assert "¥30.00" in counter.shown
    facade.scan(till=counter.till, code="MILK", now=datetime.now(UTC) + timedelta(seconds=1))
    assert "谢谢惠顾" not in counter.look("display/ticket/")


def test_no_price_that_the_browser_sends_is_believed(counter):
    forged = {
        "amount_minor": "1", "unit_price_minor": "1", "regular_minor": "1", "discount_minor": "649", "total_minor": "1",
        "price": "0.01", "is_training": "1", "is_voided": "1", "operator": "mona", "store_id": "999", "shift_id": "x",
    }  # fmt: skip
    counter.do("ticket/enter/", text="MILK", **forged)
    ticket = counter.ticket
    assert (ticket.total_minor, ticket.discount_minor, ticket.is_training, ticket.store_id) == (
        650, 0, False, counter.till.store_id,
    )  # fmt: skip
    assert (ticket.lines[0].unit_price_minor, ticket.lines[0].is_voided) == (650, False)
    counter.do("ticket/pay/cash/", given="1", **forged)  # one fen for all of it
    assert counter.ticket.state in ("open", "paying")
    assert counter.ticket.due_minor in (650, 649)
    counter.do("ticket/pay/cash/", given=str(counter.ticket.due_minor), **forged)
    assert sold(counter).total_minor == 650
    [recorded] = orders.sales(query=SaleQuery(store_ids=frozenset({counter.till.store_id}))).sales
    assert (recorded.total_minor, recorded.operator) == (650, counter.till.operator)


def test_units_that_are_none_or_less_sell_nothing(counter):
    for text in ("-1*MILK", "0*MILK", "1e9*MILK", "99999999999999*MILK", "٣*MILK"):
        counter.enter(text)
        assert counter.ticket is None or counter.ticket.lines == (), text


@pytest.mark.parametrize(
    ("state", "said"), [("failed", "refused to give the money back"), ("created", "on its way"), ("done", "has given")]
)
def test_a_receipt_says_how_money_back_by_a_provider_stands(counter, monkeypatch, state, said):
    counter.enter("MILK")
    counter.do("ticket/pay/cash/", given="650")
    ticket = sold(counter)
    refund = Refund(
        id=new_id(), payment_id=new_id(), amount_minor=650, currency="CNY", state=state, reason="wrong",
        provider_refund_id="", created_at=datetime.now(UTC), done_at=None,
    )  # fmt: skip
    monkeypatch.setattr(receipts, "_given_back", lambda ticket: [refund])
    assert said in counter.look(f"receipts/{ticket.id}/")
