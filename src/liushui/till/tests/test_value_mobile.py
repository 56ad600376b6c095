"""Top-ups and gift cards paid by phone: charged once, booked once, given back whole; whatever dies or is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.paper_wallet import paid_on_paper

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import NotEnoughValue
from liushui.payments import facade as payments
from liushui.payments.errors import ProviderUnknown
from liushui.till import facade
from liushui.till.actions import book_value
from liushui.till.contracts import ValueTotals
from liushui.till.errors import ShiftBlocked, TenderRefused, ValueRefused
from liushui.till.models import ValueRow
from liushui.till.tests.conftest import NOON
from liushui.till.tests.counter import open_counter
from liushui.till.tests.membership import PHONE, free, id_of, member_of, pay, publish_programme, scanned

pytestmark = pytest.mark.django_db
PHONE_PAYS = facade.Payment(tender="mobile", provider="paper", auth_code="281111111111111111")
ID = id_of(5)


class PowerCut(BaseException):
    """The till dies here."""


@pytest.fixture
def shop(selling):
    publish_programme(chain_id=selling.till.chain_id)
    return selling


@pytest.fixture
def wallet(tmp_path):
    with paid_on_paper(tmp_path / "wallet") as wallet:
        yield wallet


def top_up(shop, found, payment=PHONE_PAYS, **values):
    asked = {"value_id": ID, "paid_minor": 10_000, "now": NOON} | values
    return facade.top_up(till=shop.till, member_id=found.id, payment=payment, **asked)


def sold(shop):
    return facade.value_sale(value_id=ID, store_ids={shop.store.id})


def kept(wallet, shop):
    """What the provider holds for us."""
    return wallet.kept_minor([known.id.hex for known in payments.of_reference(reference=f"value:{ID}")])


def report(shop):
    shift = facade.current_shift(till=shop.till)
    return facade.x_report(shift_id=shift.id, store_ids={shop.store.id}, now=NOON, blind=False)


def by_tender(shop):
    return [(each.type, each.value_minor, each.value_refunds_minor, each.expected_minor)
            for each in report(shop).tenders]  # fmt: skip


def dies(**_):
    raise PowerCut


def test_a_scanned_code_is_charged_booked_and_captured_once(shop, wallet):
    found = member_of(shop)
    first, again = top_up(shop, found), top_up(shop, found)
    assert first == again
    assert (first.state, first.tender, first.method, first.bonus_minor) == ("done", "mobile", "paper", 1_000)
    assert (free(found), kept(wallet, shop)) == ((0, 11_000), 10_000)
    [payment] = payments.of_reference(reference=f"value:{ID}")
    assert (payment.id, payment.sale_id, payment.state) == (first.payment_id, ID, "paid")
    assert shop.recorded() == []
    assert by_tender(shop) == [("cash", 0, 0, 10_000), ("mobile", 10_000, 0, 10_000)]
    assert report(shop).value == (
        ValueTotals(kind="top_up", sold=1, paid_minor=10_000, bonus_minor=1_000, voided=0, voided_minor=0),
    )
    facade.recover(now=NOON + timedelta(minutes=5))
    assert (kept(wallet, shop), free(found)) == (10_000, (0, 11_000))


def test_a_customer_who_types_a_password_is_waited_for(shop, wallet, monkeypatch):
    found = member_of(shop)
    monkeypatch.setattr(wallet, "charge", wallet.begin)
    assert top_up(shop, found).state == "pending"
    assert facade.refresh_value(till=shop.till, value_id=ID, now=NOON).state == "pending"
    assert free(found) == (0, 0)
    with pytest.raises(ShiftBlocked):
        facade.count_shift(till=shop.till, count={10_000: 1}, now=NOON)
    wallet.customer_pays(sold(shop).payment_id.hex)
    done = facade.refresh_value(till=shop.till, value_id=ID, now=NOON)
    assert (done.state, free(found), kept(wallet, shop)) == ("done", (0, 11_000), 10_000)
    assert facade.refresh_value(till=shop.till, value_id=ID, now=NOON) == done
    assert facade.count_shift(till=shop.till, count={10_000: 1}, now=NOON).state == "closed"


def test_a_payment_given_up_books_nothing_and_one_made_after_all_is_booked(shop, wallet, monkeypatch):
    found = member_of(shop)
    monkeypatch.setattr(wallet, "charge", wallet.begin)
    top_up(shop, found)
    given_up = facade.cancel_value(till=shop.till, value_id=ID, now=NOON)
    assert (given_up.state, free(found), kept(wallet, shop)) == ("failed", (0, 0), 0)
    assert facade.cancel_value(till=shop.till, value_id=ID, now=NOON) == given_up
    late = top_up(shop, found, value_id=id_of(6))
    wallet.customer_pays(late.payment_id.hex)
    assert facade.cancel_value(till=shop.till, value_id=late.id, now=NOON).state == "done"
    assert free(found) == (0, 11_000)


def test_what_loyalty_refuses_goes_back_to_the_phone(shop, wallet):
    found = member_of(shop)
    with pytest.raises(InvalidValue):
        top_up(shop, found, paid_minor=400_000_000)
    assert (sold(shop).state, sold(shop).note, kept(wallet, shop)) == ("failed", "refused", 0)
    assert [each.state for each in payments.of_reference(reference=f"value:{ID}")] == ["reversed"]
    assert by_tender(shop) == [("cash", 0, 0, 10_000)]


def test_a_gift_card_is_paid_by_phone_and_taken_back_to_it(shop, wallet):
    [card] = loyalty.issue_gift_cards(batch_id=id_of(1), chain_id=shop.till.chain_id, count=1, now=NOON)
    facade.sell_gift_card(till=shop.till, value_id=ID, code=card.code, paid_minor=2_000, payment=PHONE_PAYS, now=NOON)
    assert loyalty.gift_card(chain_id=shop.till.chain_id, code=card.code).balance_minor == 2_000
    approval = shop.approval("till.void_value", f"value:{ID}", amount=2_000)
    for _ in range(2):
        facade.void_value(till=shop.till, value_id=ID, reason="wrong", approval_id=approval, now=NOON)
    assert (kept(wallet, shop), loyalty.gift_card(chain_id=shop.till.chain_id, code=card.code).balance_minor) == (0, 0)
    assert by_tender(shop) == [("cash", 0, 0, 10_000), ("mobile", 2_000, 2_000, 0)]
    [payment] = payments.of_reference(reference=f"value:{ID}")
    assert [refund.amount_minor for refund in payments.refunds_of(payment_id=payment.id)] == [2_000]


def test_a_spent_top_up_keeps_its_payment(shop, wallet):
    found = member_of(shop)
    top_up(shop, found)
    pay(shop, scanned(shop, "RICE", member=PHONE), "stored_value")
    approval = shop.approval("till.void_value", f"value:{ID}", amount=10_000)
    with pytest.raises(NotEnoughValue):
        facade.void_value(till=shop.till, value_id=ID, reason="wrong", approval_id=approval, now=NOON)
    assert (sold(shop).state, kept(wallet, shop)) == ("done", 10_000)


@pytest.mark.parametrize("deed", ["top_up", "capture"])
def test_a_till_that_dies_after_the_phone_has_paid_is_ended_by_the_clock(shop, wallet, monkeypatch, deed):
    found = member_of(shop)
    with monkeypatch.context() as cut, pytest.raises(PowerCut):
        cut.setattr(*((book_value.loyalty, "top_up", dies) if deed == "top_up" else (payments, "capture", dies)))
        top_up(shop, found)
    assert (sold(shop).state, kept(wallet, shop)) == ("booking", 10_000)
    assert facade.recover(now=NOON + timedelta(minutes=2)) == 1
    assert facade.recover(now=NOON + timedelta(minutes=3)) == 0
    assert (sold(shop).state, free(found), kept(wallet, shop)) == ("done", (0, 11_000), 10_000)


def test_a_till_that_dies_before_the_provider_was_asked_is_forgotten_after_half_a_minute(shop, wallet, monkeypatch):
    found = member_of(shop)
    with monkeypatch.context() as cut, pytest.raises(PowerCut):
        cut.setattr(payments, "start", dies)
        top_up(shop, found)
    assert facade.recover(now=NOON + timedelta(seconds=20)) == 0
    assert sold(shop).state == "pending"
    assert facade.recover(now=NOON + timedelta(seconds=40)) == 1
    assert (sold(shop).state, sold(shop).note, kept(wallet, shop)) == ("failed", "never_begun", 0)


def test_a_payment_begun_after_it_was_forgotten_goes_back(shop, wallet, monkeypatch):
    """The till was only slow: between its row and its payment the clock has given the row up."""
    found, start = member_of(shop), payments.start

    def slow(**values):
        facade.recover(now=NOON + timedelta(seconds=40))
        return start(**values)

    monkeypatch.setattr(payments, "start", slow)
    after = top_up(shop, found)
    assert (after.state, free(found), kept(wallet, shop)) == ("failed", (0, 0), 0)


def test_a_provider_that_took_the_money_back_before_the_capture_leaves_no_value(shop, wallet, monkeypatch):
    found, capture = member_of(shop), payments.capture

    def reversed_first(*, payment_ids, **values):
        payments.release(payment_id=payment_ids[0], reason="taken back", now=NOON)
        return capture(payment_ids=payment_ids, **values)

    monkeypatch.setattr(payments, "capture", reversed_first)
    after = top_up(shop, found)
    assert (after.state, after.note, free(found), kept(wallet, shop)) == ("failed", "reversed", (0, 0), 0)
    assert by_tender(shop) == [("cash", 0, 0, 10_000)]


def test_a_provider_that_is_not_there_takes_nothing(shop):
    with pytest.raises(ProviderUnknown):
        top_up(shop, member_of(shop))
    assert (sold(shop).state, sold(shop).note) == ("failed", "refused")


def test_without_a_code_or_with_other_terms_nothing_is_charged(shop, wallet):
    found = member_of(shop)
    with pytest.raises(TenderRefused):
        top_up(shop, found, payment=facade.Payment(tender="mobile", provider="paper"))
    assert ValueRow.objects.count() == 0
    top_up(shop, found)
    with pytest.raises(ValueRefused):
        top_up(shop, found, paid_minor=5_000)
    assert kept(wallet, shop) == 10_000


def test_in_training_no_provider_is_asked(shop):
    facade.count_shift(till=shop.till, count={10_000: 1}, now=NOON)
    facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=NOON)
    practised = top_up(shop, member_of(shop))
    assert (practised.state, practised.method, practised.payment_id) == ("done", "training", None)


def test_the_pages_charge_a_scanned_code_whatever_way_was_chosen(shop, wallet):
    found = member_of(shop)
    counter = open_counter(till=shop.till)
    offered = type("Offered", (), {"name": "paper", "modes": ("we_scan",)})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("liushui.till.pages.paying.payments.providers", lambda chain_id: (offered,))
        fields = {"id": str(ID), "member": found.number, "amount": "100", "tender": "cash"}
        counter.do("value/top-up/", status=422, **fields | {"tender": "mobile"})
        assert ValueRow.objects.count() == 0
        refused = counter.client.post("/till/value/top-up/", fields | {"auth": "hello"}).content.decode()
        assert "This is no payment code of a phone" in refused
        counter.do("value/top-up/", status=302, **fields | {"auth": "281111111111111111"})
    shown = counter.look(f"value/{ID}/")
    assert "NOT PAID" not in shown
    assert sold(shop).state == "done"
    assert counter.client.get(f"/till/value/{ID}/state/").headers["HX-Redirect"] == f"/till/value/{ID}/"


def test_the_page_waits_and_gives_up(shop, wallet, monkeypatch):
    monkeypatch.setattr(wallet, "charge", wallet.begin)
    top_up(shop, member_of(shop), now=datetime.now(UTC))  # the pages live now: a payment ends after some minutes
    counter = open_counter(till=shop.till)
    assert "Waiting for the payment" in counter.look(f"value/{ID}/")
    assert "Waiting for the payment" in counter.look(f"value/{ID}/state/")
    counter.do(f"value/{ID}/cancel/", status=302)
    shown = counter.look(f"value/{ID}/")
    assert "NOT PAID" in shown
    assert "Begin anew" in shown
