"""What comes late to a member who was merged or erased: spend, purchases and points find their place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support import merging

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.actions.erase_member import export_member
from liushui.loyalty.models import MemberDayRow
from liushui.loyalty.tests.accounts import NOTICES, PHONE, earn, has, hold, lines, open_chain, points, post
from liushui.loyalty.tests.chains import NOON, TODAY, House
from liushui.privacy import facade as privacy

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def merge(house: House, keep, drop) -> None:
    merging.merge(keep_id=keep.id, drop_id=drop.id, chain_id=house.chain_id, now=NOON)


def spent(member) -> list[tuple]:
    rows = MemberDayRow.objects.filter(member_id=member.id).order_by("business_date")
    return list(rows.values_list("business_date", "spend_minor", "purchases"))


def test_spend_that_was_counted_for_a_duplicate_at_the_moment_of_its_merge_follows(house: House) -> None:
    keep, drop = house.member(), house.member()
    house.earn(house.sale(keep, 10_000), house.sale(drop, 20_000))
    merge(house, keep, drop)
    MemberDayRow.objects.create(
        chain_id=house.chain_id, member_id=drop.id, business_date=TODAY, spend_minor=5_000, purchases=1
    )
    MemberDayRow.objects.create(
        chain_id=house.chain_id, member_id=drop.id, business_date=TODAY - timedelta(days=1), spend_minor=700,
        purchases=1,
    )  # fmt: skip
    assert facade.finish_merges(now=NOON) == 1
    assert spent(keep) == [(TODAY - timedelta(days=1), 700, 1), (TODAY, 35_000, 3)]
    assert spent(drop) == []
    assert facade.finish_merges(now=NOON) == 0


def test_points_that_come_back_to_a_person_who_was_erased_lapse_too(house: House) -> None:
    joined = facade.join(
        chain_id=house.chain_id, phone=PHONE, channel="till", consents=NOTICES, now=NOON, store_id=house.store.id
    )
    member = joined.member
    earn(member, 100)
    hold(member, points(30), order="sold")
    post("sold")
    hold(member, points(20), order="open")
    privacy.erase_subject(subject_id=member.subject_id, reason="asked to", principal=None, now=NOON)
    assert has(member)[0] == 20  # what an open order holds is not free
    facade.void(order_key="open", now=NOON)
    assert has(member)[0] == 0
    facade.give_back(order_key="r", of_order_key="sold", points=30, now=NOON)
    assert has(member)[0] == 0
    assert [kind for kind, *_rest in lines(member)].count("forfeit") == 3
    assert facade.verify() == ()


def test_a_person_is_told_what_his_merged_membership_had_too(house: House) -> None:
    asked = {"chain_id": house.chain_id, "channel": "till", "consents": NOTICES, "now": NOON}
    keep = facade.join(phone=PHONE, **asked).member
    drop = facade.join(phone="13900139000", **asked).member
    earn(drop, 100)
    facade.top_up(
        top_up_id=new_id(), member_id=drop.id, paid_minor=5_000, store_id=None, operator="", tender="cash", now=NOON
    )
    merge(house, keep, drop)
    other = house.member()
    earn(other, 7)
    told = export_member(keep.subject_id)
    assert (told["number"], told["merged_numbers"]) == (keep.number, [drop.number])
    assert [each["paid_minor"] for each in told["top_ups"]] == [5_000]
    assert sorted((each["kind"], each["points"], each["principal_minor"]) for each in told["entries"]) == [
        ("earn", 100, 0), ("merge", -100, 0), ("merge", 0, -5_000), ("merge", 0, 5_000), ("merge", 100, 0),
        ("top_up", 0, 5_000),
    ]  # fmt: skip
