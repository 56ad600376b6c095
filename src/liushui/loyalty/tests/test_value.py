"""Money paid in, gift cards, and corrections that two people make."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import EntryConflict, GiftCardClosed, GiftCardUnknown, NotEnoughValue, UnknownEntry
from liushui.loyalty.models import EntryRow, GiftCardRow
from liushui.loyalty.tests.accounts import (
    block,
    has,
    hold,
    lines,
    of_card,
    open_chain,
    points,
    post,
    rich,
    sold_card,
    staff,
    stored,
    unblock,
)
from liushui.loyalty.tests.chains import NOON, TODAY, House
from liushui.runtime import approvals
from liushui.runtime.approvals import SamePerson

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def pay_in(house, member, amount, id=None):
    return facade.top_up(
        top_up_id=id or new_id(), member_id=member.id, paid_minor=amount, store_id=house.store.id, operator="li",
        tender="cash", now=NOON,
    )  # fmt: skip


def test_what_is_paid_in_is_principal_and_the_programme_adds_the_gift_part(house):
    member = house.member()
    done = pay_in(house, member, 20_000)
    assert (done.paid_minor, done.gift_minor, done.currency, done.is_taken_back) == (20_000, 2_000, "CNY", False)
    pay_in(house, member, 19_999)
    assert has(member) == (0, 39_999, 2_000)
    entry = EntryRow.objects.get(account_id=member.id, gift_minor=2_000)
    assert (entry.kind, entry.store_id, entry.on_date, entry.operator) == ("top_up", house.store.id, TODAY, "li")


def test_a_payment_is_booked_once_under_its_id(house):
    member, id = house.member(), new_id()
    assert pay_in(house, member, 20_000, id) == pay_in(house, member, 20_000, id)
    assert has(member) == (0, 20_000, 2_000)
    with pytest.raises(EntryConflict):
        pay_in(house, member, 20_001, id)
    with pytest.raises(EntryConflict):
        pay_in(house, house.member(), 20_000, id)
    for amount in (0, -1, 10**12):
        with pytest.raises(InvalidValue):
            pay_in(house, member, amount)


def test_a_payment_is_undone_whole_while_nothing_of_it_is_spent(house):
    member, id = house.member(), new_id()
    pay_in(house, member, 20_000, id)
    hold(member, stored(1))
    with pytest.raises(NotEnoughValue):
        facade.take_back_top_up(top_up_id=id, now=NOON)
    assert has(member) == (0, 20_000, 2_000)
    facade.void(order_key="till/1", now=NOON)
    assert facade.take_back_top_up(top_up_id=id, now=NOON).is_taken_back is True
    assert facade.take_back_top_up(top_up_id=id, now=NOON).is_taken_back is True
    assert has(member) == (0, 0, 0)
    assert lines(member) == [("top_up", 0, 20_000, 2_000), ("top_up_back", 0, -20_000, -2_000)]
    with pytest.raises(UnknownEntry):
        facade.take_back_top_up(top_up_id=new_id(), now=NOON)
    assert facade.verify() == ()


def test_a_batch_of_cards_has_codes_of_its_own_and_tells_them_again(house):
    batch = new_id()
    cards = facade.issue_gift_cards(batch_id=batch, chain_id=house.chain_id, count=50, now=NOON)
    assert facade.issue_gift_cards(batch_id=batch, chain_id=house.chain_id, count=50, now=NOON) == cards
    assert len({card.code for card in cards}) == len({card.number for card in cards}) == 50
    assert all(numbers.is_code(card.code) and numbers.is_number(card.number) for card in cards)
    stored_hashes = set(GiftCardRow.objects.values_list("code_sha256", flat=True))
    assert not stored_hashes & {card.code for card in cards}
    with pytest.raises(EntryConflict):
        facade.issue_gift_cards(batch_id=batch, chain_id=house.chain_id, count=49, now=NOON)
    with pytest.raises(EntryConflict):
        facade.issue_gift_cards(batch_id=batch, chain_id=house.chain_id, count=50, face_minor=100, now=NOON)


def test_a_card_has_money_once_it_is_sold_and_its_code_opens_it(house):
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    found = facade.gift_card(chain_id=house.chain_id, code=numbers.printed(issued.code).lower())
    assert (found.number, found.state, found.balance_minor) == (issued.number, "issued", 0)
    sale = new_id()
    terms = {
        "activation_id": sale, "chain_id": house.chain_id, "code": issued.code, "paid_minor": 10_000,
        "store_id": house.store.id, "operator": "li", "tender": "cash", "now": NOON,
    }  # fmt: skip
    sold = facade.activate_gift_card(**terms)
    assert (sold.state, sold.balance_minor, sold.activated_at) == ("active", 10_000, NOON)
    assert facade.activate_gift_card(**terms) == sold
    with pytest.raises(EntryConflict):
        facade.activate_gift_card(**terms | {"paid_minor": 9_999})
    with pytest.raises(GiftCardClosed):
        facade.activate_gift_card(**terms | {"activation_id": new_id()})
    hold(None, of_card(sold, 4_000), chain_id=house.chain_id)
    assert facade.gift_card(chain_id=house.chain_id, code=issued.code).free_minor == 6_000
    post()
    assert facade.gift_card(chain_id=house.chain_id, code=issued.code).balance_minor == 6_000
    assert facade.verify() == ()


def test_a_wrong_code_says_nothing_about_why(house):
    _card, code = sold_card(house, 100)
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    said = set()
    for tried in (wrong, "", "A" * 16, numbers.code_of(b"another one"), "\x00"):
        with pytest.raises(GiftCardUnknown) as refused:
            facade.gift_card(chain_id=house.chain_id, code=tried)
        said.add(refused.value.detail)
    with pytest.raises(GiftCardUnknown):
        facade.gift_card(chain_id=house.chain_id + 1, code=code)
    assert said == {"There is no such gift card"}


def test_a_card_with_a_face_is_sold_for_that(house):
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, face_minor=10_000, now=NOON)
    terms = {"chain_id": house.chain_id, "number": issued.number, "store_id": None, "operator": "", "tender": "cash"}
    with pytest.raises(InvalidValue):
        facade.activate_gift_card(activation_id=new_id(), paid_minor=5_000, now=NOON, **terms)
    assert facade.activate_gift_card(activation_id=new_id(), paid_minor=10_000, now=NOON, **terms).free_minor == 10_000


def test_the_sale_of_a_card_is_undone_while_nothing_of_it_is_spent(house):
    card, _code = sold_card(house, 10_000)
    sale = GiftCardRow.objects.get(number=card.number).activation_id
    hold(None, of_card(card, 1), chain_id=house.chain_id)
    with pytest.raises(GiftCardClosed):
        facade.take_back_gift_card(activation_id=sale, now=NOON)
    facade.void(order_key="till/1", now=NOON)
    undone = facade.take_back_gift_card(activation_id=sale, now=NOON)
    assert (undone.state, undone.balance_minor) == ("blocked", 0)
    assert facade.take_back_gift_card(activation_id=sale, now=NOON) == undone
    with pytest.raises(GiftCardUnknown):
        facade.take_back_gift_card(activation_id=new_id(), now=NOON)
    assert facade.verify() == ()


def test_the_sale_of_a_card_that_was_blocked_is_not_undone_while_its_money_stays_on_it(house):
    """The till gives the money back only for what loyalty took."""
    card, _code = sold_card(house, 10_000)
    sale = GiftCardRow.objects.get(number=card.number).activation_id
    block(house, card.number)
    with pytest.raises(GiftCardClosed):
        facade.take_back_gift_card(activation_id=sale, now=NOON)
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=card.number).balance_minor == 10_000
    unblock(house, card.number)
    assert facade.take_back_gift_card(activation_id=sale, now=NOON).balance_minor == 0
    assert facade.take_back_gift_card(activation_id=sale, now=NOON).balance_minor == 0
    assert facade.verify() == ()


def test_a_lost_card_keeps_its_money_while_it_is_blocked(house):
    card, _code = sold_card(house, 10_000)
    assert block(house, card.number) == "blocked"
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=card.number).balance_minor == 10_000
    assert unblock(house, card.number) == "active"
    hold(None, of_card(card, 10_000), chain_id=house.chain_id)


def ask(house, member, **amounts):
    manager = staff(house, "store_manager", "wang")
    return facade.request_adjustment(
        adjustment_id=amounts.pop("id", None) or new_id(), member_id=member.id, reason="mistake at the till",
        principal=manager, now=NOON, **amounts,
    )  # fmt: skip


def decide(house, asked, *, approve=True):
    approvals.decide(approval_id=asked.id, approve=approve, principal=staff(house), now=NOON, reason="seen")
    return facade.settle_adjustments(now=NOON)


def test_a_correction_is_booked_once_a_second_person_has_approved_it(house):
    member, id = rich(house, points=100, principal=1_000), new_id()
    asked = ask(house, member, id=id, points=50, principal_minor=-300)
    assert ask(house, member, id=id, points=50, principal_minor=-300) == asked
    assert facade.settle_adjustments(now=NOON) == 0
    assert has(member) == (100, 1_000, 0)
    assert decide(house, asked) == 1
    assert facade.settle_adjustments(now=NOON) == 0
    assert has(member) == (150, 700, 0)
    assert lines(member)[-1] == ("adjust", 50, -300, 0)
    assert facade.adjustments_of(member_id=member.id) == ((asked.id, "booked", ""),)
    with pytest.raises(EntryConflict):
        ask(house, member, id=id, points=51, principal_minor=-300)
    assert facade.verify() == ()


def test_nobody_approves_his_own_correction(house):
    member = house.member()
    fei = staff(house)
    asked = facade.request_adjustment(
        adjustment_id=new_id(), member_id=member.id, points=5, reason="x", principal=fei, now=NOON
    )
    with pytest.raises(SamePerson):
        approvals.decide(approval_id=asked.id, approve=True, principal=fei, now=NOON)
    assert has(member) == (0, 0, 0)


def test_what_is_rejected_or_expired_or_no_longer_there_is_not_booked(house):
    member = rich(house, points=100)
    assert decide(house, ask(house, member, points=1), approve=False) == 1
    taken = ask(house, member, points=-100)
    hold(member, points(1))
    assert decide(house, taken) == 1
    ask(house, member, gift_minor=7)
    assert facade.settle_adjustments(now=NOON + timedelta(days=2)) == 1
    assert has(member) == (100, 0, 0)
    problems = {(state, problem) for _id, state, problem in facade.adjustments_of(member_id=member.id)}
    assert problems == {
        ("refused", "rejected"), ("refused", "expired"), ("refused", "The member has fewer points than that"),
    }  # fmt: skip
    with pytest.raises(InvalidValue):
        ask(house, member)
    with pytest.raises(InvalidValue):
        ask(house, member, points=10**15)


def test_the_checker_of_a_correction_sees_what_it_moves_in_all(house):
    """Amounts that undo each other, and points, are money all the same: by the amount fresh proof is asked for."""
    member = rich(house, points=500, principal=100_000, gift=100_000)
    assert ask(house, member, principal_minor=100_000, gift_minor=-100_000).amount_minor == 200_000
    assert ask(house, member, points=-350).amount_minor is None  # no money, unless it is as much as asks for proof
    assert ask(house, member, points=7, principal_minor=-3).amount_minor == 3
    assert ask(house, member, points=49_999).amount_minor is None
    assert ask(house, member, points=50_000, gift_minor=1).amount_minor == 50_001  # 100 points pay one yuan


def test_a_correction_asked_for_under_one_id_is_of_one_member(house):
    member, id = rich(house, points=500), new_id()
    asked = ask(house, member, id=id, points=5)
    assert ask(house, member, id=id, points=5).id == asked.id
    with pytest.raises(EntryConflict):
        ask(house, house.member(), id=id, points=5)
