"""Joining, being found, cards, merging duplicates, and what is left when a person's data is erased."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from tests.support import merging

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import CardTaken, JoinRefused, MergeRefused, UnknownMember
from liushui.loyalty.models import MemberRow
from liushui.loyalty.tests.accounts import (
    NOTICES,
    PHONE,
    balances,
    earn,
    has,
    hold,
    lines,
    open_chain,
    points,
    post,
    rich,
    staff,
    stored,
)
from liushui.loyalty.tests.chains import NOON, House
from liushui.privacy import facade as privacy
from liushui.privacy.errors import InvalidPersonalData, UnknownNotice

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def join(house: House, phone: str = PHONE, **fields):
    asked = {"channel": "till", "consents": NOTICES, "now": NOON, "store_id": house.store.id} | fields
    return facade.join(chain_id=house.chain_id, phone=phone, **asked)


def test_who_joins_is_a_member_with_an_empty_account_and_his_consent_kept(house):
    joined = join(house, name="张伟", birthday="1990-05-06")
    member = joined.member
    assert joined.is_new is True
    assert (member.status, member.tier, member.home_store_id, member.cards) == ("active", "", house.store.id, ())
    assert numbers.is_number(member.number)
    assert member.number.startswith("M")
    assert has(member) == (0, 0, 0)
    assert privacy.has_consent(subject_id=member.subject_id, purpose="membership")
    assert not privacy.has_consent(subject_id=member.subject_id, purpose="marketing")
    assert privacy.masked(subject_ids=[member.subject_id])[member.subject_id]["phone"] == "138****8000"


def test_a_phone_joins_once_however_it_is_written(house):
    first = join(house)
    for written in (PHONE, "+86 138 0013 8000", " 138-0013-8000 "):
        again = join(house, written, name="Somebody else")
        assert (again.member, again.is_new) == (first.member, False)
    assert MemberRow.objects.count() == 1


def test_an_id_of_the_callers_is_taken_and_kept_to(house):
    wanted = new_id()
    first = join(house, member_id=wanted)
    assert first.member.id == wanted
    assert join(house, member_id=wanted).is_new is False
    with pytest.raises(JoinRefused):
        join(house, "13900139000", member_id=wanted)


def test_a_person_whose_membership_was_never_written_becomes_a_member(house):
    subject = privacy.create_subject(chain_id=house.chain_id, fields={"phone": PHONE}, unique=("phone",), now=NOON)
    joined = join(house)
    assert (joined.member.subject_id, joined.is_new) == (subject, True)


def test_nothing_is_kept_of_who_agreed_to_a_notice_that_is_not_there(house):
    with pytest.raises(UnknownNotice):
        join(house, name="张伟", consents={"membership": "77"})
    assert privacy.find_subjects(chain_id=house.chain_id, field="phone", value=PHONE) == ()


def test_what_a_person_whose_membership_was_never_written_says_now_is_checked_and_kept(house):
    subject = privacy.create_subject(chain_id=house.chain_id, fields={"phone": PHONE}, unique=("phone",), now=NOON)
    with pytest.raises(InvalidPersonalData):
        join(house, birthday="1800-01-01")
    assert MemberRow.objects.count() == 0
    assert join(house, name="张伟", birthday="1990-05-06").member.subject_id == subject
    assert privacy.own_data(subject_id=subject) == {"phone": "+8613800138000", "name": "张伟", "birthday": "1990-05-06"}


def test_nobody_joins_without_consent_by_no_known_way_or_with_no_phone(house):
    with pytest.raises(JoinRefused):
        join(house, consents={"marketing": "1"})
    with pytest.raises(JoinRefused):
        join(house, channel="letter")
    with pytest.raises(InvalidPersonalData):
        join(house, "12")
    with pytest.raises(InvalidValue):
        join(house, store_id=house.store.id + 1)
    with pytest.raises(InvalidValue):
        facade.join(chain_id=house.chain_id + 9, phone=PHONE, channel="till", consents=NOTICES, now=NOON)
    assert MemberRow.objects.count() == 0


def test_a_member_is_found_by_phone_number_card_and_his_own_screen(house):
    member = join(house).member
    facade.add_card(member_id=member.id, number="6001 2345-6789", principal=staff(house), now=NOON)
    member = facade.member(member_id=member.id)
    assert member.cards == ("600123456789",)
    spoken = member.number[:4] + " " + member.number[4:].lower()
    token = facade.member_token(member_id=member.id, now=NOON)
    for text in (
        PHONE,
        "+8613800138000",
        member.number,
        spoken,
        "600123456789",
        "６００１２３４５６７８９",
        f" {token} ",
    ):
        assert facade.find_member(chain_id=house.chain_id, text=text, now=NOON) == member


def test_nobody_is_found_by_what_belongs_to_nobody(house):
    member = join(house).member
    token = facade.member_token(member_id=member.id, now=NOON)
    mistyped = member.number[:-1] + str((int(member.number[-1]) + 1) % 10)
    texts = ("", "  ", "13900139000", mistyped, "600123456789", "LSM:x", token[:-2], "x" * 300, "张伟", "\x00")
    for text in texts:
        assert facade.find_member(chain_id=house.chain_id, text=text, now=NOON) is None
    assert facade.find_member(chain_id=house.chain_id, text=token, now=NOON + timedelta(minutes=4)) is None
    assert facade.find_member(chain_id=house.chain_id + 1, text=token, now=NOON) is None
    assert facade.find_member(chain_id=house.chain_id + 1, text=PHONE) is None
    assert facade.find_member(chain_id=house.chain_id + 1, text=member.number) is None


def test_finding_takes_one_or_two_statements(house, django_assert_num_queries):
    member = join(house).member
    facade.add_card(member_id=member.id, number="CARD1", principal=staff(house), now=NOON)
    for text, count in ((PHONE, 2), (member.number, 1), (facade.member_token(member_id=member.id, now=NOON), 1)):
        with django_assert_num_queries(count):
            facade.find_member(chain_id=house.chain_id, text=text, now=NOON)
    with django_assert_num_queries(1):
        facade.find_member(chain_id=house.chain_id, text="CARD1")


def test_a_card_belongs_to_one_and_finds_nobody_while_it_is_blocked(house):
    one, other = house.member(), house.member()
    manager = staff(house)
    facade.add_card(member_id=one.id, number="C1", principal=manager, now=NOON)
    facade.add_card(member_id=one.id, number="c1", principal=manager, now=NOON)
    with pytest.raises(CardTaken):
        facade.add_card(member_id=other.id, number="C1", principal=manager, now=NOON)
    assert facade.block_card(member_id=one.id, number="C1", principal=manager, now=NOON).cards == ()
    assert facade.find_member(chain_id=house.chain_id, text="C1") is None
    with pytest.raises(CardTaken):
        facade.add_card(member_id=other.id, number="C1", principal=manager, now=NOON)
    facade.unblock_card(member_id=one.id, number="C1", principal=manager, now=NOON)
    assert facade.find_member(chain_id=house.chain_id, text="C1").id == one.id
    for wrong in ("", "a/b", "x" * 33, numbers.member_number(), "13800138000", "86 138-0013-8000"):
        with pytest.raises(InvalidValue):
            facade.add_card(member_id=one.id, number=wrong, principal=manager, now=NOON)
    with pytest.raises(UnknownMember):
        facade.block_card(member_id=other.id, number="C1", principal=manager, now=NOON)


def merge(house, keep, drop):
    return merging.merge(keep_id=keep.id, drop_id=drop.id, chain_id=house.chain_id, now=NOON)


def test_merging_carries_balances_cards_and_number_over_and_frees_the_phone(house):
    keep, drop = join(house).member, join(house, "13900139000").member
    earn(keep, 100, until=date(2027, 5, 1))
    earn(drop, 80, until=date(2027, 3, 1))
    earn(drop, 20)
    hold(drop, points(30), order="old")
    post("old")
    facade.top_up(top_up_id=new_id(), member_id=drop.id, paid_minor=20_000, store_id=None, operator="", tender="cash",
                  now=NOON)  # fmt: skip
    facade.add_card(member_id=drop.id, number="C1", principal=staff(house), now=NOON)
    kept = merge(house, keep, drop)
    assert kept.cards == ("C1",)
    assert merge(house, keep, drop) == kept
    assert has(keep) == (170, 20_000, 2_000)
    assert has(drop) == (0, 0, 0)
    lots = facade.expiring(member_id=keep.id)
    assert [(lot.points, lot.expires_on) for lot in lots] == [(50, date(2027, 3, 1)), (100, date(2027, 5, 1))]
    assert lines(drop)[-3:] == [("merge", 0, -20_000, -2_000), ("merge", -50, 0, 0), ("merge", -20, 0, 0)]
    for text in ("C1", drop.number, keep.number):
        assert facade.find_member(chain_id=house.chain_id, text=text).id == keep.id
    assert facade.find_member(chain_id=house.chain_id, text="13900139000") is None
    assert join(house, "13900139000").is_new is True
    assert facade.member(member_id=drop.id).status == "merged"
    assert facade.members_by_number(chain_id=house.chain_id, numbers=[drop.number])[drop.number].id == keep.id
    assert facade.verify() == ()


def test_what_a_merged_member_still_held_follows_when_it_is_given_back(house):
    keep, drop = house.member(), rich(house, points=100, principal=1_000)
    hold(drop, points(40), stored(600), order="open")
    hold(drop, points(10), order="sold")
    merge(house, keep, drop)
    assert has(keep) == (50, 400, 0)
    post("sold")
    assert facade.void(order_key="open", now=NOON) is True
    assert has(keep) == (90, 1_000, 0)
    assert has(drop) == (0, 0, 0)
    facade.give_back(order_key="r", of_order_key="sold", points=10, now=NOON)
    assert has(keep) == (100, 1_000, 0)
    assert balances(keep).points_held == 0
    assert facade.verify() == ()


def test_an_order_of_a_merged_member_is_paid_by_the_one_kept(house):
    keep, drop = house.member(), rich(house, points=100)
    merge(house, keep, drop)
    held = hold(drop, points(60))
    assert held.member_id == keep.id
    assert hold(drop, points(60)).member_id == keep.id
    assert balances(keep).points_free == 40


def test_a_debt_of_points_is_carried_over_too(house):
    keep, drop = rich(house, points=30), rich(house, points=50)
    hold(drop, points(50))
    facade.expire_holds(now=NOON + timedelta(hours=1))
    hold(drop, points(50), order="till/2")
    post("till/2")
    post("till/1")
    merge(house, keep, drop)
    assert has(keep) == (-20, 0, 0)
    assert facade.verify() == ()


def test_merges_that_make_no_sense_are_refused(house):
    one, two, three = house.member(), house.member(), house.member()
    with pytest.raises(MergeRefused):
        merge(house, one, one)
    merge(house, one, two)
    with pytest.raises(MergeRefused):
        merge(house, three, two)
    with pytest.raises(MergeRefused):
        merge(house, two, three)
    merge(house, three, one)
    assert facade.active_member(member_id=two.id).id == three.id
    MemberRow.objects.filter(id=three.id).update(chain_id=house.chain_id + 1)
    with pytest.raises(MergeRefused):
        merge(house, three, house.member())


def test_a_merge_broken_off_before_the_phone_was_free_is_finished_by_the_clock(house):
    keep, drop = join(house).member, join(house, "13900139000").member
    MemberRow.objects.filter(id=drop.id).update(status="merged", merged_into=keep.id)
    assert facade.finish_merges(now=NOON) == 1
    assert facade.finish_merges(now=NOON) == 0
    assert facade.member(member_id=drop.id).subject_id is None
    assert facade.find_member(chain_id=house.chain_id, text="13900139000") is None


def test_points_earned_for_a_duplicate_at_the_moment_of_its_merge_follow(house):
    keep, drop = house.member(), rich(house, points=10)
    merge(house, keep, drop)
    earn(drop, 5, until=date(2027, 3, 1))
    assert facade.finish_merges(now=NOON) == 1
    assert facade.finish_merges(now=NOON) == 0
    assert (has(keep)[0], has(drop)[0]) == (15, 0)
    assert [(lot.points, lot.expires_on) for lot in facade.expiring(member_id=keep.id)] == [(5, date(2027, 3, 1))]
    assert facade.verify() == ()


def test_erasing_a_person_ends_the_membership_and_leaves_the_books(house):
    member = join(house).member
    earn(member, 100)
    facade.top_up(top_up_id=new_id(), member_id=member.id, paid_minor=5_000, store_id=None, operator="", tender="cash",
                  now=NOON)  # fmt: skip
    facade.add_card(member_id=member.id, number="C1", principal=staff(house), now=NOON)
    privacy.erase_subject(subject_id=member.subject_id, reason="asked to", principal=None, now=NOON)
    left = facade.member(member_id=member.id)
    assert (left.status, left.subject_id, left.cards) == ("erased", None, ())
    assert has(member) == (0, 5_000, 0)
    assert lines(member)[-1] == ("forfeit", -100, 0, 0)
    for text in (PHONE, "C1", member.number):
        assert facade.find_member(chain_id=house.chain_id, text=text) is None
    with pytest.raises(UnknownMember):
        hold(member, stored(1))
    assert join(house).member.id != member.id
    assert facade.verify() == ()


def test_a_person_is_told_everything_that_loyalty_has(house):
    member = join(house).member
    earn(member, 100, until=date(2027, 5, 1))
    facade.add_card(member_id=member.id, number="C1", principal=staff(house), now=NOON)
    document = privacy.export_subject(
        subject_id=member.subject_id, principal=None, reason="own request", proved_at=None, now=NOON
    )
    told = json.loads(document.json)["sources"]["loyalty"]
    assert (told["number"], told["joined_by"], told["free"]["points_free"]) == (member.number, "till", 100)
    assert [(card["number"], card["is_blocked"]) for card in told["cards"]] == [("C1", False)]
    [entry] = told["entries"]
    assert (entry["kind"], entry["points"], entry["lot_until"]) == ("earn", 100, "2027-05-01")


def test_who_may_not_correct_points_is_told_so(house):
    with pytest.raises(NotAllowed):
        facade.request_adjustment(
            adjustment_id=new_id(), member_id=house.member().id, points=1, reason="x",
            principal=staff(house, "cashier", "li"), now=NOON,
        )  # fmt: skip
