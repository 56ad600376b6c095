"""Wrong codes of gift cards are limited for each till and each operator; a right one costs nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import translation

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import GiftCardUnknown
from liushui.runtime.models import AuditEntry
from liushui.till import facade
from liushui.till.errors import TooManyGiftCodes, ValueRefused
from liushui.till.pages.words import answer_to
from liushui.till.tests.conftest import NOON
from liushui.till.tests.membership import id_of, publish_programme, scanned

pytestmark = pytest.mark.django_db
TRIES = 10  # of the setting's default
WRONG = "2222222222222222"
CASH = facade.Payment(tender="cash")


@pytest.fixture
def shop(selling):
    publish_programme(chain_id=selling.till.chain_id)
    return selling


def sold_card(shop):
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=shop.till.chain_id, count=1, now=NOON)
    loyalty.activate_gift_card(
        activation_id=new_id(), chain_id=shop.till.chain_id, code=card.code, paid_minor=500, store_id=shop.store.id,
        operator="ann", tender="cash", now=NOON,
    )  # fmt: skip
    return card


def enter(shop, code, *, till=None, now=NOON):
    """Pay with a code; the ticket as it was found."""
    till = till or shop.till
    ticket = facade.current_ticket(till=till)
    return facade.pay_value(
        till=till, ticket_id=ticket.id, version=ticket.version, type="gift_card", card=code, now=now
    )


def wrong(shop, times, **values):
    for _ in range(times):
        with pytest.raises(GiftCardUnknown):
            enter(shop, WRONG, **values)


def actions():
    return list(AuditEntry.objects.filter(action__startswith="till.gift_code").values_list("action", "target"))


def test_after_so_many_wrong_codes_none_is_taken_until_the_window_ends(shop):
    card = sold_card(shop)
    scanned(shop, "RICE")
    wrong(shop, TRIES)
    for _ in range(2):
        with pytest.raises(TooManyGiftCodes) as refused:
            enter(shop, card.code)
    until = refused.value.until
    assert (until - NOON, until.strftime("%H:%M")) == (timedelta(minutes=15), "12:15")  # NOON begins a window
    with translation.override("en"):
        advice = answer_to(refused.value).advice
    assert advice == "Codes are taken again at 12:15. Take another way of paying until then."
    station = f"workstation:{shop.till.workstation_id}"
    assert actions() == [("till.gift_code_wrong", station)] * TRIES + [
        ("till.gift_code_limit", f"till:{shop.till.workstation_id}")
    ]
    ticket = enter(shop, card.code, now=until)
    assert ticket.due_minor == 4_490


def test_right_codes_are_not_counted(shop):
    card = sold_card(shop)
    scanned(shop, "RICE")
    wrong(shop, TRIES - 1)
    for _ in range(3):
        ticket = enter(shop, card.code)
        facade.remove_tender(till=shop.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)
    wrong(shop, 1)
    with pytest.raises(TooManyGiftCodes):
        enter(shop, WRONG)


def test_another_operator_at_the_till_and_the_operator_at_another_till_are_stopped_too(shop):
    scanned(shop, "RICE")
    wrong(shop, TRIES)
    with pytest.raises(TooManyGiftCodes):
        enter(shop, WRONG, till=shop.person(shop.till, "eve"))
    facade.open_shift(till=shop.other_till, float_minor=0, now=NOON)
    elsewhere = shop.person(shop.other_till, "ann")
    facade.scan(till=elsewhere, code="TEA", now=NOON)
    with pytest.raises(TooManyGiftCodes):
        enter(shop, WRONG, till=elsewhere)
    wrong(shop, TRIES, till=shop.other_till)  # somebody else at the other till has not tried yet
    with pytest.raises(TooManyGiftCodes):
        enter(shop, WRONG, till=shop.other_till)


def test_selling_a_card_counts_too_and_a_card_that_is_sold_is_no_wrong_code(shop):
    card = sold_card(shop)
    terms = {"paid_minor": 500, "payment": CASH, "now": NOON}
    for number in range(TRIES + 1):
        with pytest.raises(ValueRefused):
            facade.sell_gift_card(till=shop.till, value_id=id_of(number + 1), code=card.code, **terms)
    for number in range(TRIES):
        with pytest.raises(GiftCardUnknown):
            facade.sell_gift_card(till=shop.till, value_id=id_of(number + 1), code=WRONG, **terms)
    with pytest.raises(TooManyGiftCodes):
        facade.sell_gift_card(till=shop.till, value_id=id_of(99), code=WRONG, **terms)


def test_the_limit_is_a_setting():
    assert (settings.LIUSHUI.gift_code_tries, settings.LIUSHUI.gift_code_minutes) == (TRIES, 15)
    assert datetime.fromtimestamp(NOON.timestamp(), NOON.tzinfo).minute % 15 == 0
