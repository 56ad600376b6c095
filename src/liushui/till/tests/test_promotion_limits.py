"""Limits and coupons at the till: held before others take money, refused before cash is booked, given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.paper_wallet import paid_on_paper

from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.errors import LimitReached
from liushui.till import facade
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON
from liushui.till.tests.test_promotions import (
    THREE_FOR_TWO,
    explanation,
    first_comer,
    nothing_kept,
    pay,
    rule,
    scan,
)

__all__ = ["nothing_kept"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(tmp_path):
    with paid_on_paper(tmp_path / "wallet") as wallet:
        yield wallet


@pytest.fixture
def both(selling):
    """Two tills that sell, and a promotion that one order may have."""
    facade.open_shift(till=selling.other_till, float_minor=0, now=NOON)
    rule(selling, first_comer(total=1))
    return selling


def show_code(shop, ticket, **values):
    return facade.pay_mobile(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, provider="paper", mode="customer_scans", now=NOON,
        **values,
    )  # fmt: skip


def used(shop) -> int:
    found = promotions.usage(chain_id=shop.till.chain_id, promotion_ids=["first-comers"], member_id=None)
    return found["first-comers"].total if "first-comers" in found else 0


def test_who_comes_second_is_told_before_the_cash_is_booked(both):
    mine, theirs = scan(both, "TEA"), scan(both, "TEA", till=both.other_till)
    assert (mine.total_minor, theirs.total_minor) == (900, 900)
    assert pay(both, mine).state == "settled"
    with pytest.raises(LimitReached):
        pay(both, theirs, 1_000, till=both.other_till)
    left = facade.current_ticket(till=both.other_till)
    assert (left.state, left.total_minor, left.tenders) == ("open", 1_000, ())
    assert pay(both, left, till=both.other_till).total_minor == 1_000
    assert (used(both), both.recorded()) == (1, [1_000, 900])


def test_what_is_shown_to_a_wallet_is_held_and_given_back_when_nobody_pays(both, wallet):
    mine, theirs = scan(both, "TEA"), scan(both, "TEA", till=both.other_till)
    waiting = show_code(both, mine)
    assert used(both) == 1
    with pytest.raises(LimitReached):
        pay(both, theirs, till=both.other_till)
    assert facade.current_ticket(till=both.other_till).total_minor == 1_000
    back = facade.remove_tender(till=both.till, ticket_id=waiting.id, version=waiting.version, number=1, now=NOON)
    assert (back.state, back.total_minor, used(both)) == ("open", 900, 0)
    theirs = scan(both, "MILK", till=both.other_till)
    assert theirs.total_minor == 1_550  # 1000 + 650 less 100: it is to be had again


def test_a_wallet_is_not_asked_when_others_were_first(both, wallet):
    mine, theirs = scan(both, "TEA"), scan(both, "TEA", till=both.other_till)
    pay(both, theirs, till=both.other_till)
    with pytest.raises(LimitReached):
        show_code(both, mine)
    left = facade.current_ticket(till=both.till)
    assert (left.state, left.total_minor, left.tenders) == ("open", 1_000, ())


def test_what_a_wallet_has_paid_keeps_its_price(both, wallet):
    waiting = show_code(both, scan(both, "TEA"))
    wallet.customer_pays(waiting.tenders[0].payment_id.hex)
    rule(both, THREE_FOR_TWO)  # another version meanwhile
    sold = facade.refresh(till=both.till, ticket_id=waiting.id, now=NOON)
    assert (sold.state, sold.total_minor, used(both)) == ("settled", 900, 1)
    assert explanation(both, sold)["rulebook"]["version"] == "2026-11-22.1"
    assert promotions.overruns(chain_ids={both.till.chain_id}) == ()


def test_what_a_card_machine_took_is_recorded_as_an_overrun(both):
    mine, theirs = scan(both, "TEA"), scan(both, "TEA", till=both.other_till)
    pay(both, theirs, till=both.other_till)
    sold = facade.pay_recorded(
        till=both.till, ticket_id=mine.id, version=mine.version, type="card", method="pos-terminal", now=NOON
    )
    assert (sold.state, sold.total_minor) == ("settled", 900)
    [overrun] = promotions.overruns(chain_ids={both.till.chain_id})
    assert (overrun.kind, overrun.subject, overrun.limit, overrun.reached) == ("total", "first-comers", 1, 2)


def test_training_uses_nothing_up(both):
    shift = facade.current_shift(till=both.other_till)
    facade.count_shift(till=both.other_till, count={}, now=NOON)
    assert shift is not None
    facade.open_shift(till=both.other_till, float_minor=0, is_training=True, now=NOON)
    ticket = scan(both, "TEA", till=both.other_till)
    assert (ticket.is_training, ticket.total_minor) == (True, 900)
    assert pay(both, ticket, till=both.other_till).state == "settled"
    assert used(both) == 0
    assert scan(both, "TEA").total_minor == 900


def test_a_till_that_dies_while_it_records_goes_on_with_the_price_that_was_shown(both, monkeypatch):
    ticket = scan(both, "TEA")

    class PowerCut(BaseException):
        """The till dies here."""

    def die(**_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as cut, pytest.raises(PowerCut):
        cut.setattr(orders, "record_sales", die)
        pay(both, ticket)
    assert (TicketRow.objects.get().state, used(both)) == ("recording", 1)
    rule(both, first_comer(total=1) | {"effects": [{"type": "percent_off", "percent": 50, "level": "order"}]})
    assert facade.recover(now=NOON + timedelta(minutes=1)) == 1
    sold = facade.ticket(ticket_id=ticket.id, store_ids={both.store.id})
    assert (sold.state, sold.total_minor, used(both)) == ("settled", 900, 1)
    assert explanation(both, sold)["rulebook"]["version"] == "2026-11-22.1"
