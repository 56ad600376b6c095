"""Gift cards end, by the rules of the day on which they were sold; what is left is booked off, and can come back."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.domain.programme_json import read_programme, write_programme
from liushui.loyalty.errors import EntryConflict, GiftCardClosed, GiftCardExpired, InvalidProgramme, NotEnoughValue
from liushui.loyalty.models import AccountRow, EntryRow, GiftCardRow
from liushui.loyalty.tests.accounts import block, of_card, open_chain, post, sold_card, staff, unblock
from liushui.loyalty.tests.chains import NOON, TODAY, House, programme
from liushui.loyalty.tests.office import make_office, text_of
from liushui.loyalty.ties import held_by_accounts
from liushui.runtime import approvals
from liushui.runtime.approvals import SamePerson

pytestmark = pytest.mark.django_db
END = date(2029, 11, 22)  # 36 months after TODAY
LAST_NOON, END_NOON = (NOON + timedelta(days=(END - TODAY).days - before) for before in (1, 0))


def months(count: int) -> dict[str, object]:
    return {"spend_order": "gift_first", "top_up_bonus": [], "gift_card_months": count}


@pytest.fixture
def house(db: None) -> House:
    house = open_chain()
    house.publish(programme(stored_value=months(36)), now=NOON - timedelta(days=300))
    return house


def balance(house, code):
    return facade.gift_card(chain_id=house.chain_id, code=code).balance_minor


def lines_of(house):
    rows = EntryRow.objects.filter(chain_id=house.chain_id, account_kind="gift_card").order_by("id")
    return list(rows.values_list("kind", "principal_minor"))


def spend(card, amount, at, order="till/1"):
    return facade.hold(
        order_key=order, chain_id=card.chain_id, member_id=None, spends=[of_card(card, amount)], currency="CNY",
        expires_at=at + timedelta(minutes=15), now=at,
    )  # fmt: skip


def extend(house, card, until, *, by="finance", approve=True, at=END_NOON, id=None):
    """Asked for by a manager, decided by finance."""
    asked = facade.request_card_extension(
        extension_id=id or new_id(), chain_id=house.chain_id, number=card.number, ends_on=until, reason="customer",
        principal=staff(house, "store_manager", "wang"), now=at,
    )  # fmt: skip
    approvals.decide(approval_id=asked.id, approve=approve, principal=staff(house, by), now=at, reason="seen")
    return facade.settle_card_extensions(now=at)


def test_a_card_is_good_for_the_months_of_the_day_it_is_sold(house):
    card, code = sold_card(house, 10_000)
    assert (card.ends_on, card.is_over(on=END - timedelta(days=1)), card.is_over(on=END)) == (END, False, True)
    spend(card, 4_000, LAST_NOON)
    post()
    with pytest.raises(GiftCardExpired) as refused:
        spend(card, 1, END_NOON, "till/2")
    assert refused.value.context == {"reference": card.number, "ends_on": "2029-11-22"}
    assert balance(house, code) == 6_000


def test_without_a_rule_cards_have_no_end_and_later_rules_do_not_change_them(db):
    house = open_chain()
    card, _code = sold_card(house, 10_000)
    assert card.ends_on is None
    house.publish(programme(stored_value=months(36)), now=NOON + timedelta(days=1))
    assert facade.expire_gift_cards(on=date(2099, 1, 1), now=END_NOON) == 0
    assert spend(card, 10_000, END_NOON).state == "held"


def test_what_is_left_is_booked_off_once_and_the_report_ties(house):
    card, code = sold_card(house, 10_000)
    empty, _code = sold_card(house, 500)
    spend(empty, 500, NOON)
    post()
    assert facade.expire_gift_cards(on=END - timedelta(days=1), now=LAST_NOON) == 0
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 2
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 0
    assert lines_of(house) == [("sell", 10_000), ("sell", 500), ("spend", -500), ("expire", -10_000)]
    found = facade.gift_card(chain_id=house.chain_id, code=code)
    assert (found.state, found.balance_minor) == ("expired", 0)
    [moved] = facade.liability(chain_id=house.chain_id, first=END, last=END, now=END_NOON).movements
    assert (moved.what, moved.opening, moved.expired, moved.closing) == ("gift_card", 10_000, 10_000, 0)
    assert held_by_accounts(chain_id=house.chain_id)["gift_card"] == moved.closing
    assert facade.verify() == ()
    with pytest.raises(GiftCardExpired):
        spend(card, 1, END_NOON, "till/2")


def test_what_an_open_order_holds_is_booked_off_when_it_comes_back(house):
    card, code = sold_card(house, 10_000)
    spend(card, 4_000, LAST_NOON)
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 0
    facade.void(order_key="till/1", now=END_NOON)
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 1
    assert (balance(house, code), lines_of(house)[-1]) == (0, ("expire", -10_000))
    assert facade.verify() == ()


def test_a_blocked_card_ends_when_it_is_opened(house):
    card, code = sold_card(house, 10_000)
    block(house, card.number)
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 0
    assert balance(house, code) == 10_000
    assert unblock(house, card.number) == "active"
    assert facade.expire_gift_cards(on=END, now=END_NOON) == 1
    assert balance(house, code) == 0


def test_goods_that_come_back_after_the_end_give_the_card_its_value_which_an_extension_opens(house):
    card, code = sold_card(house, 10_000)
    spend(card, 4_000, LAST_NOON)
    post()
    facade.expire_gift_cards(on=END, now=END_NOON)
    facade.give_back(order_key="r", of_order_key="till/1", gift_cards={card.number: 1_500}, now=END_NOON)
    assert balance(house, code) == 1_500
    with pytest.raises(GiftCardExpired):
        spend(card, 1, END_NOON, "till/2")
    assert extend(house, card, END + timedelta(days=365)) == 1
    assert balance(house, code) == 7_500
    assert facade.verify() == ()


def test_an_ended_card_is_extended_by_two_people_with_what_was_booked_off(house):
    card, code = sold_card(house, 10_000)
    facade.expire_gift_cards(on=END, now=END_NOON)
    later, id = END + timedelta(days=365), new_id()
    assert extend(house, card, later, id=id) == 1
    assert facade.settle_card_extensions(now=END_NOON) == 0
    found = facade.gift_card(chain_id=house.chain_id, code=code)
    assert (found.state, found.balance_minor, found.ends_on) == ("active", 10_000, later)
    assert lines_of(house) == [("sell", 10_000), ("expire", -10_000), ("extend", 10_000)]
    [moved] = facade.liability(chain_id=house.chain_id, first=END, last=END, now=END_NOON).movements
    assert (moved.expired, moved.closing) == (0, 10_000)
    assert [(each.state, each.ends_on) for each in facade.card_extensions(
        chain_id=house.chain_id, number=card.number
    )] == [("booked", later)]  # fmt: skip
    spend(card, 10_000, END_NOON)
    post()
    assert facade.expire_gift_cards(on=later, now=END_NOON + timedelta(days=365)) == 1
    assert len(lines_of(house)) == 4  # it was empty: nothing to book off
    assert facade.verify() == ()


def test_nobody_extends_alone_and_a_refusal_changes_nothing(house):
    card, code = sold_card(house, 10_000)
    facade.expire_gift_cards(on=END, now=END_NOON)
    fei = staff(house)
    asked = facade.request_card_extension(
        extension_id=new_id(), chain_id=house.chain_id, number=card.number, ends_on=END + timedelta(days=9),
        reason="x", principal=fei, now=END_NOON,
    )  # fmt: skip
    with pytest.raises(SamePerson):
        approvals.decide(approval_id=asked.id, approve=True, principal=fei, now=END_NOON)
    assert extend(house, card, END + timedelta(days=8), approve=False) == 1
    assert (balance(house, code), AccountRow.objects.filter(kind="gift_card", is_open=True).count()) == (0, 0)
    with pytest.raises(NotAllowed):
        facade.request_card_extension(
            extension_id=new_id(), chain_id=house.chain_id, number=card.number, ends_on=END + timedelta(days=9),
            reason="x", principal=staff(house, "cashier", "li"), now=END_NOON,
        )  # fmt: skip


def test_an_extension_is_later_and_of_a_sold_card_that_has_an_end(house):
    card, _code = sold_card(house, 10_000)
    id = new_id()
    assert extend(house, card, END + timedelta(days=1), at=NOON, id=id) == 1  # before its end: nothing to bring back
    assert lines_of(house) == [("sell", 10_000)]
    with pytest.raises(EntryConflict):
        extend(house, card, END + timedelta(days=2), at=NOON, id=id)
    with pytest.raises(InvalidValue):
        extend(house, card, END + timedelta(days=1), at=NOON)
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    with pytest.raises(GiftCardClosed):
        extend(house, issued, END, at=NOON)


def test_a_card_with_too_little_says_so_and_points_of_members_are_no_affair_of_it(house):
    card, _code = sold_card(house, 100)
    with pytest.raises(NotEnoughValue):
        spend(card, 101, NOON)
    assert facade.chains_due(on=date(2099, 1, 1)) == ()


def test_the_rules_of_china_want_three_years():
    document = programme(stored_value=months(36))
    assert read_programme(document).gift_card_months == 36
    assert write_programme(read_programme(document))["stored_value"]["gift_card_months"] == 36
    assert "gift_card_months" not in write_programme(read_programme(programme()))["stored_value"]
    for count in (-1, 1, 35, 241, True, "36"):
        with pytest.raises(InvalidProgramme):
            read_programme(programme(stored_value=months(count)))
    assert read_programme(programme(stored_value=months(12)) | {"currency": "USD"}).gift_card_months == 12


def test_the_page_finds_a_card_and_asks_once_for_its_extension(db):
    office = make_office()
    chain_id = office.store.chain_id
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=chain_id, count=1, now=NOON)
    facade.activate_gift_card(
        activation_id=new_id(), chain_id=chain_id, code=issued.code, paid_minor=10_000, store_id=None, operator="li",
        tender="cash", now=NOON,
    )  # fmt: skip
    browser, address = office.browser("store_manager"), f"/members/gift-cards/{_id(chain_id, issued.number)}/"
    assert "no end" in text_of(browser.get(address))
    GiftCardRow.objects.update(ends_on=TODAY)
    AccountRow.objects.filter(kind="gift_card").update(next_expiry_on=TODAY)
    facade.expire_gift_cards(on=TODAY, now=NOON)
    page = text_of(browser.get(address))
    assert ("Ended" in page, "Extend it" in page) == (True, True)
    form = {"do": "extend", "last": "2099-12-30", "reason": "customer", "request_id": str(new_id())}
    for _ in range(2):
        assert browser.post(address, form).status_code == 302
    [asked] = facade.card_extensions(chain_id=chain_id, number=issued.number)
    assert (asked.ends_on, asked.state) == (date(2099, 12, 31), "waiting")
    assert "2099-12-30" in text_of(browser.get(address))
    for wrong, said in (("soon", "Name the last day"), ("2020-01-01", "later than the present end")):
        answer = browser.post(address, form | {"last": wrong, "request_id": str(new_id())})
        assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert office.browser("marketer").get(address).status_code == 403


def _id(chain_id: int, number: str) -> UUID:
    return facade.gift_card_by_number(chain_id=chain_id, number=number).id
