"""A member with value is merged by two people: for exactly these two members, once, and both go on buying meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.errors import EntryConflict, MergeNeedsApproval, MergeRefused, UnknownMember
from liushui.loyalty.tests.accounts import (
    NOTICES,
    PHONE,
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
from liushui.loyalty.tests.chains import NOON
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.approvals import SamePerson
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db):
    return open_chain(redemption={"points": 100, "minor": 100, "max_share_bp": 10_000})


def manager(house, name="wang"):
    return staff(house, "store_manager", name)


def ask(house, keep, drop, *, id=None, by=None, now=NOON):
    return facade.request_merge(
        merge_id=id or new_id(), keep_id=keep.id, drop_id=drop.id, reason="one person", principal=by or manager(house),
        now=now,
    )  # fmt: skip


def alone(house, keep, drop):
    return facade.merge(keep_id=keep.id, drop_id=drop.id, reason="twice", principal=manager(house), now=NOON)


def approve(house, asked, *, yes=True, now=NOON):
    approvals.decide(approval_id=asked.id, approve=yes, principal=house.fei, now=now, reason="looked at both")


def state(asked):
    found = facade.merge_request(merge_id=asked.target.partition(":")[2])
    return found.state, found.problem


def test_a_member_without_value_is_merged_by_one_and_one_with_value_is_not(house):
    keep = rich(house, principal=5_000)
    alone(house, keep, rich(house, points=4_999))
    for drop in (rich(house, principal=1), rich(house, gift=1), rich(house, principal=-1), rich(house, points=50_000)):
        with pytest.raises(MergeNeedsApproval):
            alone(house, keep, drop)
        assert facade.member(member_id=drop.id).status == "active"
    alone(house, keep, rich(house, points=49_999))
    assert has(keep) == (54_998, 5_000, 0)


def test_value_that_only_an_open_order_holds_is_value_too(house):
    keep, drop = house.member(), rich(house, principal=600)
    hold(drop, stored(600))
    with pytest.raises(MergeNeedsApproval):
        alone(house, keep, drop)
    post()
    assert alone(house, keep, drop).id == keep.id


def test_one_asks_another_approves_and_what_is_there_then_moves_once(house):
    keep, drop = rich(house, points=10), rich(house, points=30, principal=2_000, gift=100)
    asked = ask(house, keep, drop)
    assert (asked.amount_minor, asked.store_id, asked.kind) == (2_100, None, "loyalty.merge")
    assert facade.settle_merges(now=NOON) == 0
    hold(drop, stored(500), points(5), order="meanwhile")  # both go on buying
    post("meanwhile")
    with pytest.raises(SamePerson):
        approvals.decide(
            approval_id=asked.id, approve=True, now=NOON,
            principal=Principal(subject="staff:wang", name="Wang", grants=house.fei.grants),
        )  # fmt: skip
    approve(house, asked)
    assert [facade.settle_merges(now=NOON) for _ in range(2)] == [1, 0]
    assert (has(keep), has(drop)) == ((35, 1_600, 0), (0, 0, 0))
    assert state(asked) == ("merged", "")
    assert [kind for kind, *_rest in lines(keep)].count("merge") == 2
    assert facade.settle_merge(merge_id=asked.target.partition(":")[2], now=NOON) is False
    [done] = AuditEntry.objects.filter(action="member.merge")
    assert (done.subject, done.after["principal_minor"], done.after["gift_minor"], done.after["people"]) == (
        "staff:fei", 1_600, 0, 2
    )  # fmt: skip
    assert facade.verify() == ()


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "expired"])
def test_what_nobody_approves_moves_nothing_and_may_be_asked_for_again(house, how):
    keep, drop = house.member(), rich(house, principal=100)
    asked, later = ask(house, keep, drop), NOON
    if how == "rejected":
        approve(house, asked, yes=False)
    elif how == "withdrawn":
        assert approvals.withdraw(approval_id=asked.id, principal=manager(house), now=NOON)
    else:
        later = NOON + timedelta(hours=24)
    assert facade.settle_merges(now=later) == 1
    assert state(asked) == ("refused", how)
    assert (has(keep), has(drop)) == ((0, 0, 0), (0, 100, 0))
    again = ask(house, keep, drop, now=later)
    assert again.id != asked.id


def test_the_same_request_is_asked_once_and_another_one_for_this_member_waits(house):
    keep, other, drop, id = house.member(), house.member(), rich(house, principal=100), new_id()
    asked = ask(house, keep, drop, id=id)
    assert ask(house, keep, drop, id=id) == asked
    assert ask(house, keep, drop, by=manager(house, "zhou")) == asked
    with pytest.raises(EntryConflict):
        ask(house, other, drop, id=id)
    with pytest.raises(MergeRefused):
        ask(house, other, drop)
    assert [each.id for each in facade.merges_waiting(member_id=drop.id)] == [id]
    assert [each.id for each in facade.merges_waiting(member_id=keep.id)] == [id]


def test_what_makes_no_sense_is_not_asked_for(house):
    keep, drop = house.member(), rich(house, principal=100)
    with pytest.raises(MergeRefused):
        ask(house, drop, drop)
    drop_id = drop.id
    with pytest.raises(UnknownMember):
        facade.request_merge(
            merge_id=new_id(), keep_id=new_id(), drop_id=drop_id, reason="x", principal=manager(house), now=NOON
        )
    with pytest.raises(NotAllowed):
        ask(house, keep, drop, by=house.fei)  # finance decides, and changes no members
    elsewhere = Grant(role="store_manager", chain_id=house.chain_id + 1)
    with pytest.raises(NotAllowed):
        ask(house, keep, drop, by=Principal(subject="staff:x", name="X", grants=(elsewhere,)))
    with pytest.raises(InvalidValue):
        facade.request_merge(
            merge_id=new_id(), keep_id=keep.id, drop_id=drop_id, reason=" ", principal=manager(house), now=NOON
        )
    assert facade.merges_waiting(member_id=drop_id) == ()


def test_who_was_erased_or_merged_meanwhile_is_not_merged_and_nobody_else_in_his_place(house):
    asked = {"chain_id": house.chain_id, "channel": "till", "consents": NOTICES, "now": NOON}
    keep, drop = facade.join(phone=PHONE, **asked).member, rich(house, principal=100)
    gone = ask(house, keep, drop)
    privacy.erase_subject(subject_id=keep.subject_id, reason="asked to", principal=None, now=NOON)
    approve(house, gone)
    assert facade.settle_merges(now=NOON) == 1
    assert (state(gone), has(drop)) == (("refused", "These two members cannot be merged"), (0, 100, 0))
    first, second = house.member(), house.member()
    moved = ask(house, first, drop)
    alone(house, second, first)  # the one kept goes on into another: that one was never approved
    approve(house, moved)
    assert facade.settle_merges(now=NOON) == 1
    assert (state(moved)[0], has(drop), has(second)) == ("refused", (0, 100, 0), (0, 0, 0))


def test_value_that_is_spent_meanwhile_lets_one_person_merge_and_the_request_ends(house):
    keep, drop = house.member(), rich(house, principal=100)
    asked = ask(house, keep, drop)
    hold(drop, stored(100))
    post()
    alone(house, keep, drop)
    approve(house, asked)
    assert facade.settle_merges(now=NOON) == 1
    assert state(asked) == ("refused", "These two members were merged meanwhile")
    assert AuditEntry.objects.filter(action="member.merge").count() == 1


def test_a_small_request_does_not_carry_a_large_sum_past_the_proof(house):
    keep, drop = house.member(), rich(house, principal=49_999)
    asked = ask(house, keep, drop)
    facade.top_up(top_up_id=new_id(), member_id=drop.id, paid_minor=1, store_id=None, operator="", tender="cash",
                  now=NOON)  # fmt: skip
    approve(house, asked)
    assert facade.settle_merges(now=NOON) == 1
    assert state(asked)[0] == "refused"
    assert state(asked)[1].startswith("The member that goes has much more now")
    assert has(drop) == (0, 50_000, 0)
    again = ask(house, keep, drop)
    approve(house, again)
    facade.settle_merges(now=NOON)
    assert (state(again)[0], has(keep)) == ("merged", (0, 50_000, 0))


def test_an_approval_of_one_merge_is_good_for_no_other(house):
    keep, drop, other = house.member(), rich(house, principal=100), rich(house, principal=300)
    approve(house, ask(house, keep, drop))
    waits = ask(house, keep, other)
    assert facade.settle_merges(now=NOON) == 1
    assert (state(waits)[0], has(other), has(keep)) == ("waiting", (0, 300, 0), (0, 100, 0))
