"""Paying by phone: pending, paid, lost, given up; with a provider that keeps its own book."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.paper_wallet import paid_on_paper

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.orders import facade as orders
from liushui.payments import facade as payments
from liushui.payments.errors import ProviderUnknown
from liushui.till import facade
from liushui.till.errors import ShiftBlocked, TenderKept
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(tmp_path):
    with paid_on_paper(tmp_path / "wallet") as wallet:
        yield wallet


def show_code(shop, ticket, **values):
    """A QR code for the customer to scan."""
    return facade.pay_mobile(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, provider="paper", mode="customer_scans", now=NOON,
        **values,
    )  # fmt: skip


def scan_code(shop, ticket, **values):
    """The customer's code is scanned, and pays at once."""
    return facade.pay_mobile(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, provider="paper", mode="we_scan",
        auth_code="281111111111111111", now=NOON, **values,
    )  # fmt: skip


def cancel(shop, ticket):
    approval = shop.approval("till.cancel", f"ticket:{ticket.id}")
    return facade.cancel_ticket(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, reason="left", approval_id=approval, now=NOON
    )


def test_a_customer_who_scans_our_code_is_waited_for_and_then_recorded(selling, wallet):
    ticket = show_code(selling, facade.scan(till=selling.till, code="RICE", now=NOON))
    [tender] = ticket.tenders
    assert (ticket.state, tender.state, tender.qr_text) == ("paying", "pending", f"paper:{tender.payment_id.hex}")
    waiting = facade.refresh(till=selling.till, ticket_id=ticket.id, now=NOON)
    assert (waiting.state, waiting.version, waiting.due_minor) == ("paying", ticket.version, 0)
    wallet.customer_pays(tender.payment_id.hex)
    sold = facade.refresh(till=selling.till, ticket_id=ticket.id, now=NOON)
    assert (sold.state, sold.tenders[0].state, sold.tenders[0].method) == ("settled", "paid", "paper")
    assert payments.payment(payment_id=tender.payment_id).sale_id == sold.sale_id
    [recorded] = orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id}).tenders
    assert (recorded.type, recorded.amount_minor, recorded.reference) == ("mobile", 4_990, str(tender.payment_id))


def test_a_customers_code_pays_at_once_and_the_rest_is_cash(selling, wallet):
    ticket = scan_code(selling, facade.scan(till=selling.till, code="RICE", now=NOON), amount_minor=4_000)
    assert (ticket.state, ticket.due_minor) == ("paying", 990)
    sold = facade.pay_cash(till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=1_000, now=NOON)
    assert (sold.state, sold.change_minor) == ("settled", 10)
    report = facade.x_report(shift_id=sold.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert [(line.type, line.expected_minor) for line in report.tenders] == [("cash", 10_990), ("mobile", 4_000)]


def test_a_browser_that_died_while_the_customer_paid_loses_nothing(selling, wallet):
    ticket = show_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    wallet.customer_pays(ticket.tenders[0].payment_id.hex)
    with pytest.raises(ShiftBlocked) as refused:
        facade.count_shift(till=selling.till, count={10_000: 1}, now=NOON)
    assert [blocker.kind for blocker in refused.value.blockers] == ["ticket", "payment"]
    later = NOON + timedelta(minutes=1)
    payments.resolve_unknown(now=later)
    assert facade.recover(now=later) == 1
    assert facade.recover(now=later + timedelta(minutes=1)) == 0
    assert TicketRow.objects.get().state == "settled"
    assert selling.recorded() == [1_000]


def test_what_the_customer_agreed_to_is_charged_though_the_price_changes_meanwhile(selling, wallet):
    ticket = show_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    catalog.save_prices(
        prices=[NewPrice(chain_id=selling.till.chain_id, sku="TEA", amount_minor=1_200, starts_at=NOON)]
    )
    wallet.customer_pays(ticket.tenders[0].payment_id.hex)
    sold = facade.refresh(till=selling.till, ticket_id=ticket.id, now=NOON)
    detail = orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id})
    assert (sold.state, detail.summary.total_minor, detail.variance_minor) == ("settled", 1_000, -200)


def test_a_cancelled_ticket_gives_back_what_was_paid_by_phone(selling, wallet):
    ticket = scan_code(selling, facade.scan(till=selling.till, code="RICE", now=NOON), amount_minor=4_000)
    payment_id = ticket.tenders[0].payment_id
    assert wallet.kept_minor([payment_id.hex]) == 4_000
    cancelled = cancel(selling, ticket)
    assert (cancelled.state, wallet.kept_minor([payment_id.hex])) == ("cancelled", 0)
    assert payments.payment(payment_id=payment_id).state == "reversed"
    assert selling.recorded() == []


def test_a_code_that_nobody_scanned_is_closed_and_taken_off(selling, wallet):
    ticket = show_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    ticket = facade.remove_tender(till=selling.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)
    assert (ticket.state, ticket.tenders[0].state, ticket.due_minor) == ("open", "failed", 1_000)
    wallet.customer_pays(ticket.tenders[0].payment_id.hex)  # too late
    assert wallet.kept_minor([ticket.tenders[0].payment_id.hex]) == 0


def test_a_payment_made_before_it_could_be_taken_off_stays_and_completes_the_sale(selling, wallet):
    ticket = show_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    wallet.customer_pays(ticket.tenders[0].payment_id.hex)
    sold = facade.remove_tender(till=selling.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)
    assert (sold.state, sold.total_minor) == ("settled", 1_000)


def test_what_is_paid_by_phone_is_not_simply_taken_off(selling, wallet):
    ticket = scan_code(selling, facade.scan(till=selling.till, code="RICE", now=NOON), amount_minor=4_000)
    with pytest.raises(TenderKept):
        facade.remove_tender(till=selling.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)


def test_a_payment_that_cannot_be_begun_leaves_the_ticket_as_it_was(selling):
    ticket = facade.scan(till=selling.till, code="TEA", now=NOON)
    with pytest.raises(ProviderUnknown):
        show_code(selling, ticket)
    left = facade.current_ticket(till=selling.till)
    assert (left.state, left.due_minor, [tender.state for tender in left.tenders]) == ("open", 1_000, ["failed"])


def test_a_payment_begun_by_nobody_is_forgotten_after_half_a_minute(selling, wallet, monkeypatch):
    ticket = facade.scan(till=selling.till, code="TEA", now=NOON)

    class PowerCut(BaseException):
        """The till dies here."""

    def die(**_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as cut, pytest.raises(PowerCut):
        cut.setattr(payments, "start", die)
        show_code(selling, ticket)
    assert TicketRow.objects.get().state == "paying"
    facade.recover(now=NOON + timedelta(seconds=20))
    assert TicketRow.objects.get().state == "paying"
    assert facade.recover(now=NOON + timedelta(seconds=40)) == 1
    left = facade.current_ticket(till=selling.till)
    assert (left.state, left.tenders[0].note) == ("open", "never_begun")


def test_a_void_gives_the_money_back_through_the_provider(selling, wallet):
    sold = scan_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    approval = selling.approval("till.void_sale", f"sale:{sold.sale_id}")
    facade.void_sale(till=selling.till, ticket_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    assert wallet.kept_minor([sold.tenders[0].payment_id.hex]) == 0
    report = facade.x_report(shift_id=sold.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert [(line.type, line.refunds_minor, line.expected_minor) for line in report.tenders] == [
        ("cash", 0, 10_000),
        ("mobile", 1_000, 0),
    ]


def test_a_receipt_of_a_closed_day_paid_by_phone_goes_back_to_the_phone(selling, wallet):
    sold = scan_code(selling, facade.scan(till=selling.till, code="TEA", now=NOON))
    facade.count_shift(till=selling.till, count={10_000: 1}, now=NOON)
    day = sold.business_date
    facade.close_day(store_id=selling.store.id, business_date=day, principal=selling.manager, now=NOON)
    facade.open_shift(till=selling.till, float_minor=10_000, now=NOON)
    ticket = facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    refund = facade.give_back(till=selling.till, ticket_id=ticket.id, version=ticket.version, now=NOON)
    assert (refund.state, refund.tenders[0].type, refund.tenders[0].amount_minor) == ("settled", "mobile", -1_000)
    assert wallet.kept_minor([sold.tenders[0].payment_id.hex]) == 0
    assert payments.payment(payment_id=sold.tenders[0].payment_id).refunded_minor == 1_000


def test_in_training_no_provider_is_asked(shop):
    facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=NOON)
    sold = scan_code(shop, facade.scan(till=shop.till, code="TEA", now=NOON))
    assert (sold.state, sold.sale_id, sold.tenders[0].method) == ("settled", None, "training")
