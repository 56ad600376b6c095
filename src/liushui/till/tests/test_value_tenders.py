"""Points, stored value and gift cards as ways of paying: held with the tender, spent with the sale."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import IssuedGiftCard, Spend
from liushui.loyalty.errors import GiftCardUnknown, NotEnoughValue
from liushui.orders import facade as orders
from liushui.till import facade
from liushui.till.actions import pay_value
from liushui.till.actions.hold_value import value_key
from liushui.till.errors import AmountRefused, MemberNeeded, NothingUsable, PriceChanged, TenderRefused
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON, Shop
from liushui.till.tests.membership import PHONE, cash, free, held, member_of, pay, publish_programme, scanned

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop_with_members(selling):
    publish_programme(chain_id=selling.till.chain_id)
    return selling


def tenders_of(shop: Shop, sale_id: UUID) -> list[tuple[str, int]]:
    sale = orders.sale(sale_id=sale_id, store_ids={shop.store.id})
    return [(tender.type, tender.amount_minor) for tender in sale.tenders]


def gift_card(shop: Shop, amount: int) -> IssuedGiftCard:
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=shop.till.chain_id, count=1, now=NOON)
    loyalty.activate_gift_card(
        activation_id=new_id(), chain_id=shop.till.chain_id, code=card.code, paid_minor=amount,
        store_id=shop.store.id, operator="ann", tender="cash", now=NOON,
    )  # fmt: skip
    return card


def test_points_pay_as_much_as_is_sensible_then_the_rest_in_cash(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=1_234)
    ticket = scanned(shop, "TEA", "MILK", member=PHONE)  # 16.50: points may pay 8.25 of it
    ticket = pay(shop, ticket, "points")
    assert (ticket.due_minor, ticket.state, ticket.tenders[0].points) == (825, "paying", 825)
    assert (free(found), held(found)) == ((409, 0), (825, 0))
    sold = cash(shop, ticket)
    assert tenders_of(shop, sold.sale_id) == [("points", 825), ("cash", 825)]
    assert (free(found), held(found)) == ((409, 0), (0, 0))
    row = TicketRow.objects.get(id=sold.id)
    assert (row.points_count, row.points_minor, row.cash_minor) == (1, 825, 825)


def test_stored_value_pays_the_whole_ticket(shop_with_members):
    found = member_of(shop_with_members, stored=10_000)
    sold = pay(shop_with_members, scanned(shop_with_members, "TEA", member=PHONE), "stored_value")
    assert (sold.state, tenders_of(shop_with_members, sold.sale_id)) == ("settled", [("stored_value", 1_000)])
    assert (free(found), held(found)) == ((0, 10_000), (0, 0))


def test_points_stored_value_gift_card_and_cash_on_one_ticket(shop_with_members):
    shop = shop_with_members
    found, card = member_of(shop, points=500, stored=300), gift_card(shop, 200)
    ticket = pay(shop, scanned(shop, "TEA", "MILK", member=PHONE), "points", 100)
    ticket = pay(shop, ticket, "stored_value")
    ticket = pay(shop, ticket, "gift_card", card=card.code)
    assert [(each.type, each.amount_minor) for each in ticket.tenders] == [
        ("points", 100), ("stored_value", 300), ("gift_card", 200),
    ]  # fmt: skip
    assert card.number not in [each.note for each in ticket.tenders]
    sold = cash(shop, ticket)
    assert tenders_of(shop, sold.sale_id) == [
        ("points", 100), ("stored_value", 300), ("gift_card", 200), ("cash", 1_050),
    ]  # fmt: skip
    assert (free(found), held(found)) == ((400, 0), (0, 0))
    assert loyalty.gift_card(chain_id=shop.till.chain_id, code=card.code).balance_minor == 0


def test_more_points_raise_the_tender_and_never_pass_the_share(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=5_000)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 200)
    ticket = pay(shop, ticket, "points")
    assert [(each.type, each.amount_minor, each.points) for each in ticket.tenders] == [("points", 500, 500)]
    assert held(found) == (500, 0)
    with pytest.raises(NothingUsable):
        pay(shop, ticket, "points", 1)


def test_a_tender_that_is_taken_off_gives_its_points_back(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=5_000, stored=400)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 200)
    ticket = pay(shop, ticket, "stored_value")
    assert held(found) == (200, 400)
    ticket = facade.remove_tender(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, number=ticket.tenders[0].number, now=NOON
    )
    assert (held(found), ticket.due_minor, ticket.state) == ((0, 400), 600, "paying")
    ticket = facade.remove_tender(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, number=ticket.tenders[0].number, now=NOON
    )
    assert (held(found), free(found), ticket.state) == ((0, 0), (5_000, 400), "open")


def test_a_cancelled_ticket_gives_everything_back(shop_with_members):
    shop = shop_with_members
    found, card = member_of(shop, points=500), gift_card(shop, 200)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    ticket = pay(shop, ticket, "gift_card", card=card.code)
    approval = shop.approval("till.cancel", f"ticket:{ticket.id}")
    facade.cancel_ticket(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, reason="left", approval_id=approval, now=NOON
    )
    assert (free(found), held(found)) == ((500, 0), (0, 0))
    assert loyalty.gift_card(chain_id=shop.till.chain_id, code=card.code).free_minor == 200


def test_a_voided_sale_gives_the_points_back_once(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=500, stored=900)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    sold = pay(shop, ticket, "stored_value")
    assert free(found) == (400, 0)
    approval = shop.approval("till.void_sale", f"sale:{sold.sale_id}")
    voided = facade.void_sale(till=shop.till, ticket_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    assert (voided.state, free(found), held(found)) == ("voided", (500, 900), (0, 0))
    loyalty.reverse(order_key=f"till/{sold.id.hex}", now=NOON)
    assert free(found) == (500, 900)


def test_value_that_another_till_holds_is_not_to_be_had(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, stored=1_200)
    facade.open_shift(till=shop.other_till, float_minor=0, now=NOON)
    pay(shop, scanned(shop, "TEA", "MILK", member=PHONE), "stored_value", 1_100)
    facade.find_member(till=shop.other_till, text=PHONE, now=NOON)
    ticket = facade.scan(till=shop.other_till, code="TEA", now=NOON)
    with pytest.raises(NothingUsable):
        facade.pay_value(
            till=shop.other_till, ticket_id=ticket.id, version=ticket.version, type="stored_value", amount_minor=200,
            now=NOON,
        )  # fmt: skip
    paid = facade.pay_value(
        till=shop.other_till, ticket_id=ticket.id, version=ticket.version, type="stored_value", now=NOON
    )
    assert (paid.tenders[0].amount_minor, held(found)) == (100, (0, 1_200))


def test_a_balance_that_is_gone_between_the_look_and_the_hold_takes_nothing(shop_with_members, monkeypatch):
    shop = shop_with_members
    found = member_of(shop, points=400, stored=500)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "stored_value", 300)
    seen = loyalty.balances(member_id=found.id)
    rich = type(seen)(
        points=400, points_held=0, principal_minor=9_000, gift_minor=0, stored_held_minor=0, currency="CNY"
    )
    monkeypatch.setattr(pay_value.loyalty, "balances", lambda **_: rich)
    with pytest.raises(NotEnoughValue):
        pay(shop, ticket, "stored_value")
    monkeypatch.undo()
    assert held(found) == (0, 300)  # what was there before is kept back again
    ticket = facade.current_ticket(till=shop.till)
    assert [(each.type, each.amount_minor) for each in ticket.tenders] == [("stored_value", 300)]


def test_a_price_that_changed_gives_the_points_back_and_asks_again(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=500)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=shop.till.chain_id, sku="TEA", amount_minor=1_200, starts_at=NOON - timedelta(hours=1))
        ]
    )
    with pytest.raises(PriceChanged):
        cash(shop, ticket)
    ticket = facade.current_ticket(till=shop.till)
    assert (ticket.total_minor, ticket.tenders, ticket.state) == (1_200, (), "open")
    assert (free(found), held(found)) == ((500, 0), (0, 0))


def test_a_hold_that_has_run_out_is_held_anew_by_the_sale(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=500)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    loyalty.expire_holds(now=NOON + timedelta(minutes=16))
    assert held(found) == (0, 0)
    sold = cash(shop, ticket)
    assert (sold.state, free(found)) == ("settled", (400, 0))


def test_what_a_dead_till_held_is_taken_for_another_amount_too(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=1_000)
    ticket = scanned(shop, "TEA", member=PHONE)
    row = TicketRow.objects.get(id=ticket.id)
    loyalty.hold(  # as by a till that died before its tender stood on the ticket
        order_key=value_key(row), chain_id=row.chain_id, member_id=found.id, store_id=row.store_id, currency="CNY",
        spends=[Spend(kind="points", amount_minor=300)], expires_at=NOON + timedelta(minutes=15), now=NOON,
    )  # fmt: skip
    ticket = pay(shop, ticket, "points", 200)
    assert (free(found), held(found)) == ((800, 0), (200, 0))
    sold = cash(shop, ticket)
    assert tenders_of(shop, sold.sale_id) == [("points", 200), ("cash", 800)]
    assert (free(found), held(found)) == ((800, 0), (0, 0))


@pytest.mark.parametrize(("type", "card"), [("points", ""), ("stored_value", "")])
def test_points_and_value_are_a_members(shop_with_members, type, card):
    with pytest.raises(MemberNeeded):
        pay(shop_with_members, scanned(shop_with_members, "TEA"), type)


@pytest.mark.parametrize("amount", [0, -1, 1_001])
def test_no_other_amount_than_a_part_of_what_is_due(shop_with_members, amount):
    member_of(shop_with_members, stored=5_000)
    with pytest.raises((AmountRefused, NothingUsable)):
        pay(shop_with_members, scanned(shop_with_members, "TEA", member=PHONE), "stored_value", amount)


def test_a_gift_card_that_is_unknown_or_on_the_ticket_already_pays_nothing(shop_with_members):
    shop, card = shop_with_members, gift_card(shop_with_members, 200)
    ticket = scanned(shop, "TEA")
    with pytest.raises(GiftCardUnknown):
        pay(shop, ticket, "gift_card", card="ABCD-EFGH-JKLM")
    with pytest.raises(TenderRefused):
        pay(shop, ticket, "gift_card")
    ticket = pay(shop, ticket, "gift_card", card=card.code)
    with pytest.raises(TenderRefused):
        pay(shop, ticket, "gift_card", card=card.code)
    assert ticket.due_minor == 800


def test_the_shift_knows_the_new_tenders(shop_with_members):
    shop = shop_with_members
    member_of(shop, points=500, stored=400)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    ticket = pay(shop, ticket, "stored_value")
    cash(shop, ticket)
    shift = facade.current_shift(till=shop.till)
    report = facade.x_report(shift_id=shift.id, store_ids={shop.store.id}, now=NOON, blind=False)
    assert [(each.type, each.sales, each.sales_minor, each.expected_minor) for each in report.tenders] == [
        ("cash", 1, 500, 10_500), ("points", 1, 100, 100), ("stored_value", 1, 400, 400),
    ]  # fmt: skip
    counted = facade.count_shift(till=shop.till, count={10_000: 1, 500: 1}, now=NOON)
    assert (counted.state, counted.difference_minor) == ("closed", 0)


def test_the_receipt_says_what_was_earned_used_and_left(shop_with_members):
    shop = shop_with_members
    found = member_of(shop, points=500, stored=10_000, tier="gold")
    ticket = pay(shop, scanned(shop, "RICE", member=PHONE), "points", 300)
    sold = pay(shop, ticket, "stored_value")
    receipt = facade.receipt(ticket_id=sold.id, store_ids={shop.store.id})
    account = receipt["account"]
    # ¥49.90 less the ¥3.00 paid with points, at two points a yuan
    assert (account.points_earned, account.points_used, account.points_after, account.stored_after_minor) == (
        93, 300, 293, 6_310,
    )  # fmt: skip
    assert receipt["member"] == "••••" + found.number[-4:]
