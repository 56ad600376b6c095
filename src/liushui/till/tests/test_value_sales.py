"""Top-ups and gift cards sold at the till: the money in the drawer, the value with loyalty, both once; no sales."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import GiftCardClosed, GiftCardExpired, NotEnoughValue
from liushui.runtime.approvals import ApprovalMissing
from liushui.till import facade
from liushui.till.actions import sell_value
from liushui.till.contracts import ValueTotals
from liushui.till.errors import AmountRefused, NotEnough, ShiftBlocked, ShiftMissing, TenderRefused, ValueRefused
from liushui.till.models import ValueRow
from liushui.till.pages.words import answer_to
from liushui.till.tests.conftest import NOON, Shop
from liushui.till.tests.counter import open_counter
from liushui.till.tests.membership import PHONE, cash, free, id_of, member_of, pay, publish_programme, scanned

pytestmark = pytest.mark.django_db
CASH, CARD = facade.Payment(tender="cash"), facade.Payment(tender="card", note="0815")


@pytest.fixture
def till_with_members(selling):
    publish_programme(chain_id=selling.till.chain_id)
    return selling


def top_up(shop: Shop, member, amount: int = 10_000, payment=CASH, value_id=None, **values):
    return facade.top_up(
        till=values.get("till", shop.till), value_id=value_id or new_id(), member_id=member.id, paid_minor=amount,
        payment=payment, now=NOON,
    )  # fmt: skip


def issued(shop: Shop):
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=shop.till.chain_id, count=1, now=NOON)
    return card


def report(shop: Shop):
    shift = facade.current_shift(till=shop.till)
    return facade.x_report(shift_id=shift.id, store_ids={shop.store.id}, now=NOON, blind=False)


def test_a_top_up_is_booked_with_its_gift_and_is_no_sale(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    sold = top_up(shop, found, payment=facade.Payment(tender="cash", given_minor=12_000))
    assert (sold.state, sold.number, sold.paid_minor, sold.bonus_minor, sold.change_minor) == (
        "done", "V-S01-T1-000001", 10_000, 1_000, 2_000,
    )  # fmt: skip
    balances = loyalty.balances(member_id=found.id)
    assert (balances.principal_minor, balances.gift_minor) == (10_000, 1_000)
    assert shop.recorded() == []
    found_report = report(shop)
    assert (found_report.tickets, found_report.total_minor) == (0, 0)
    assert found_report.value == (
        ValueTotals(kind="top_up", sold=1, paid_minor=10_000, bonus_minor=1_000, voided=0, voided_minor=0),
    )
    [drawer] = found_report.tenders
    assert (drawer.type, drawer.sales_minor, drawer.value_sales, drawer.value_minor, drawer.expected_minor) == (
        "cash", 0, 1, 10_000, 20_000,
    )  # fmt: skip
    assert facade.count_shift(till=shop.till, count={10_000: 2}, now=NOON).difference_minor == 0


def test_the_same_id_takes_the_money_once(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    first, again = (top_up(shop, found, value_id=id_of(5)) for _ in range(2))
    assert (first, ValueRow.objects.count(), free(found)) == (again, 1, (0, 11_000))
    with pytest.raises(ValueRefused):
        top_up(shop, found, amount=5_000, value_id=id_of(5))


def test_a_card_payment_stands_beside_the_drawer(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    sold = top_up(shop, found, payment=CARD)
    assert (sold.tender, sold.note, sold.given_minor) == ("card", "0815", 10_000)
    assert [(each.type, each.value_minor, each.expected_minor) for each in report(shop).tenders] == [
        ("cash", 0, 10_000), ("card", 10_000, 10_000),
    ]  # fmt: skip


def test_a_gift_card_is_sold_once_and_pays(till_with_members):
    shop, card = till_with_members, issued(till_with_members)
    sold = facade.sell_gift_card(
        till=shop.till, value_id=id_of(6), code=card.code, paid_minor=2_000, payment=CASH, now=NOON
    )
    assert (sold.state, sold.card, sold.paid_minor) == ("done", card.number, 2_000)
    assert card.code not in str(ValueRow.objects.values().get())
    with pytest.raises(ValueRefused):
        facade.sell_gift_card(
            till=shop.till, value_id=id_of(7), code=card.code, paid_minor=2_000, payment=CASH, now=NOON
        )
    ticket = pay(shop, scanned(shop, "TEA"), "gift_card", card=card.code)
    assert ticket.state == "settled"
    assert loyalty.gift_card(chain_id=shop.till.chain_id, code=card.code).balance_minor == 1_000


def test_taking_a_top_up_back_needs_another_person_and_an_unspent_value(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    sold = top_up(shop, found)
    with pytest.raises(ApprovalMissing):
        facade.void_value(till=shop.till, value_id=sold.id, reason="wrong", approval_id=None, now=NOON)
    less = shop.approval("till.void_value", f"value:{sold.id}", amount=9_999)
    with pytest.raises(ApprovalMissing):
        facade.void_value(till=shop.till, value_id=sold.id, reason="wrong", approval_id=less, now=NOON)
    approval = shop.approval("till.void_value", f"value:{sold.id}", amount=10_000)
    voided = facade.void_value(till=shop.till, value_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    assert (voided.state, voided.approved_by, free(found)) == ("voided", "Mia", (0, 0))
    assert facade.void_value(till=shop.till, value_id=sold.id, reason="x", approval_id=None, now=NOON) == voided
    found_report = report(shop)
    assert [(each.value_minor, each.value_refunds_minor, each.expected_minor) for each in found_report.tenders] == [
        (10_000, 10_000, 10_000)
    ]
    assert [(each.sold, each.voided, each.voided_minor) for each in found_report.value] == [(1, 1, 10_000)]


def test_what_is_spent_in_part_is_not_taken_back(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    sold = top_up(shop, found)
    pay(shop, scanned(shop, "RICE", member=PHONE), "stored_value")
    approval = shop.approval("till.void_value", f"value:{sold.id}", amount=10_000)
    with pytest.raises(NotEnoughValue):
        facade.void_value(till=shop.till, value_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    row = ValueRow.objects.get(id=sold.id)
    assert (row.state, row.voided_shift_id, free(found)) == ("done", None, (0, 6_010))


def test_a_spent_gift_card_is_not_taken_back_a_full_one_is(till_with_members):
    shop = till_with_members
    spent, full = issued(shop), issued(shop)
    for number, card in ((8, spent), (9, full)):
        facade.sell_gift_card(
            till=shop.till, value_id=id_of(number), code=card.code, paid_minor=2_000, payment=CASH, now=NOON
        )
    cash(shop, pay(shop, scanned(shop, "TEA"), "gift_card", 100, card=spent.code))
    for number, error in ((8, GiftCardClosed), (9, None)):
        approval = shop.approval("till.void_value", f"value:{id_of(number)}", amount=2_000)
        if error is not None:
            with pytest.raises(error):
                facade.void_value(
                    till=shop.till, value_id=id_of(number), reason="wrong", approval_id=approval, now=NOON
                )
        else:
            facade.void_value(till=shop.till, value_id=id_of(number), reason="wrong", approval_id=approval, now=NOON)
    assert loyalty.gift_card(chain_id=shop.till.chain_id, code=full.code).balance_minor == 0


@pytest.mark.parametrize(
    ("amount", "payment", "error"),
    [
        (0, CASH, AmountRefused), (-5, CASH, AmountRefused), (10**13, CASH, AmountRefused),
        (1_000, facade.Payment(tender="cash", given_minor=999), NotEnough),
        (1_000, facade.Payment(tender="points"), TenderRefused),
    ],
)  # fmt: skip
def test_what_is_no_payment_is_refused(till_with_members, amount, payment, error):
    found = member_of(till_with_members)
    with pytest.raises(error):
        top_up(till_with_members, found, amount=amount, payment=payment)
    assert ValueRow.objects.count() == 0


def test_without_a_shift_nothing_is_taken(shop):
    publish_programme(chain_id=shop.till.chain_id)
    with pytest.raises(ShiftMissing):
        top_up(shop, member_of(shop))


def test_training_touches_no_balance(shop):
    publish_programme(chain_id=shop.till.chain_id)
    facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=NOON)
    found = member_of(shop)
    sold = top_up(shop, found)
    assert (sold.state, sold.number, sold.is_training, free(found)) == ("done", "T-V-S01-T1-000001", True, (0, 0))
    voided = facade.void_value(till=shop.till, value_id=sold.id, reason="practice", approval_id=None, now=NOON)
    assert (voided.state, free(found)) == ("voided", (0, 0))


def test_a_till_that_dies_before_loyalty_has_booked_it_is_mended_and_blocks_the_count(till_with_members, monkeypatch):
    shop, found = till_with_members, member_of(till_with_members)

    def dies(**_):
        raise RuntimeError("the power is off")

    monkeypatch.setattr(sell_value.loyalty, "top_up", dies)
    with pytest.raises(RuntimeError):
        top_up(shop, found, value_id=id_of(5))
    monkeypatch.undo()
    with pytest.raises(ShiftBlocked):
        facade.count_shift(till=shop.till, count={10_000: 2}, now=NOON)
    assert facade.recover(now=NOON + timedelta(seconds=10)) == 1
    assert facade.recover(now=NOON + timedelta(seconds=20)) == 0
    assert (facade.value_sale(value_id=id_of(5), store_ids={shop.store.id}).state, free(found)) == ("done", (0, 11_000))
    assert facade.count_shift(till=shop.till, count={10_000: 2}, now=NOON).state == "closed"


def test_what_loyalty_refuses_leaves_no_money(till_with_members, monkeypatch):
    shop, found = till_with_members, member_of(till_with_members)
    with pytest.raises(LiushuiError):
        top_up(shop, found, amount=400_000_000)  # more than an account takes
    assert [row.state for row in ValueRow.objects.all()] == ["failed"]
    assert [each.expected_minor for each in report(shop).tenders] == [10_000]


def test_the_day_adds_its_shifts_up(till_with_members):
    shop, found = till_with_members, member_of(till_with_members)
    facade.open_shift(till=shop.other_till, float_minor=0, now=NOON)
    top_up(shop, found)
    top_up(shop, found, amount=500, till=shop.other_till)
    day = facade.day_report(
        store_id=shop.store.id, business_date=facade.current_shift(till=shop.till).business_date,
        store_ids={shop.store.id}, now=NOON,
    )  # fmt: skip
    assert [(each.kind, each.sold, each.paid_minor, each.bonus_minor) for each in day.value] == [
        ("top_up", 2, 10_500, 1_000)
    ]
    assert facade.verify_day(store_id=shop.store.id, business_date=day.business_date, now=NOON) == ()


def end_cards(*, on):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_gift_card SET ends_on = %s", [on])


def test_a_card_past_its_end_pays_for_nothing_and_the_till_says_so(till_with_members):
    shop, card = till_with_members, issued(till_with_members)
    sold = facade.sell_gift_card(
        till=shop.till, value_id=id_of(6), code=card.code, paid_minor=2_000, payment=CASH, now=NOON
    )
    counter = open_counter(till=shop.till)
    assert "Good until" not in counter.look(f"value/{sold.id}/")
    end_cards(on=sold.business_date + timedelta(days=1))
    assert f"{sold.business_date}" in counter.look(f"value/{sold.id}/").partition("Good until")[2][:60]
    end_cards(on=sold.business_date)
    with pytest.raises(GiftCardExpired):
        pay(shop, scanned(shop, "TEA"), "gift_card", card=card.code)
    assert answer_to(GiftCardExpired("over")).advice.startswith("It pays for nothing any more.")
