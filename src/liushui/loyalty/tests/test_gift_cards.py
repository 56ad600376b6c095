"""Gift cards at head office: issued once by batch, told once, blocked by one person, unblocked by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from liushui.kernel.errors import InvalidValue, NotAllowed, NotFound
from liushui.kernel.ids import new_id
from liushui.loyalty import card_codes, facade
from liushui.loyalty.actions import issue_cards
from liushui.loyalty.errors import CodesLost, CodesTold, EntryConflict, GiftCardClosed, GiftCardUnknown
from liushui.loyalty.models import AccountRow, CardBatchRow, CardBlockRow, GiftCardRow
from liushui.loyalty.tests.accounts import block, of_card, open_chain, sold_card, staff, unblock
from liushui.loyalty.tests.chains import NOON
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db):
    return open_chain()


def start(house, count, *, id=None, by=None, now=NOON, **fields):
    return facade.start_gift_card_batch(
        batch_id=id or new_id(), chain_id=house.chain_id, count=count, principal=by or house.fei, now=now, **fields
    )


def tell(house, batch, *, by=None, now=NOON):
    _batch, cards = facade.tell_gift_codes(batch_id=batch.id, principal=by or house.fei, now=now)
    return list(cards)


def actions():
    return list(AuditEntry.objects.order_by("id").values_list("action", "after"))


def test_a_batch_is_issued_once_however_often_the_form_is_sent(house):
    id = new_id()
    made = start(house, 30, id=id, note=" Spring ", face_minor=20_000)
    assert start(house, 30, id=id, note="Spring", face_minor=20_000) == made
    assert (made.state, made.made_count, made.note, made.face_minor, made.issued_by_name) == (
        "done", 30, "Spring", 20_000, "Fei",
    )  # fmt: skip
    assert (CardBatchRow.objects.count(), GiftCardRow.objects.count()) == (1, 30)
    assert AccountRow.objects.filter(kind="gift_card").count() == 0  # no money, so no account
    for other in ({"count": 31}, {"count": 30, "note": "Autumn"}, {"count": 30, "face_minor": None}):
        with pytest.raises(EntryConflict):
            start(house, **{"id": id, "note": "Spring", "face_minor": 20_000} | other)
    assert [
        each for each in actions() if each[0] == "gift_card.issue"
    ] == [("gift_card.issue", {"cards": 30, "face_minor": 20_000, "note": "Spring"})]  # fmt: skip


def test_a_large_batch_is_made_in_parts_by_the_worker_and_goes_on_after_a_crash(house, monkeypatch):
    batch = start(house, 1_201)
    assert (batch.state, batch.made_count) == ("making", 0)
    with pytest.raises(EntryConflict):
        tell(house, batch)
    assert facade.make_gift_cards(now=NOON, seconds_max=0) == 0
    insert = card_codes.made
    calls = iter(range(700))
    monkeypatch.setattr(card_codes, "made", lambda **place: insert(**place) if next(calls, None) is not None else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        facade.make_gift_cards(now=NOON, seconds_max=60)
    monkeypatch.undo()
    assert facade.gift_card_batch(batch_id=batch.id, chain_ids=[house.chain_id]).made_count == 500
    assert facade.make_gift_cards(now=NOON, seconds_max=60) == 2
    assert facade.make_gift_cards(now=NOON, seconds_max=60) == 0
    done = facade.gift_card_batch(batch_id=batch.id, chain_ids=[house.chain_id])
    assert (done.state, done.made_count, done.ended_at) == ("done", 1_201, NOON)
    cards = tell(house, batch)
    assert len({card.number for card in cards}) == len({card.code for card in cards}) == 1_201
    assert facade.gift_card(chain_id=house.chain_id, code=cards[-1].code).number == cards[-1].number


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_part_that_somebody_else_made_or_stopped_meanwhile_is_not_made_again(house, monkeypatch, is_stopped):
    batch, make, meanwhile = start(house, 600), card_codes.made, iter([True])

    def made(**place):
        if next(meanwhile, False):
            assert issue_cards._make_part(batch.id, NOON)
            if is_stopped:
                facade.stop_gift_card_batch(batch_id=batch.id, principal=house.fei, now=NOON)
        return make(**place)

    monkeypatch.setattr(card_codes, "made", made)
    assert issue_cards._make_part(batch.id, NOON)
    row = CardBatchRow.objects.get(id=batch.id)
    assert (row.next_position, row.made_count, GiftCardRow.objects.count()) == (500, 500, 500)
    facade.make_gift_cards(now=NOON, seconds_max=60)
    places = GiftCardRow.objects.order_by("position").values_list("position", flat=True)
    assert list(places) == list(range(500 if is_stopped else 600))


def test_a_number_that_another_card_has_is_left_out_and_the_batch_is_whole_all_the_same(house):
    id = new_id()
    taken = card_codes.made(batch_id=id, position=2)
    [other] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    GiftCardRow.objects.filter(number=other.number).update(number=taken.number)
    batch = start(house, 5, id=id)
    assert (batch.state, batch.made_count) == ("done", 5)
    assert list(
        GiftCardRow.objects.filter(batch_id=id).order_by("position").values_list("position", flat=True)
    ) == [0, 1, 3, 4, 5]  # fmt: skip
    assert [card.number for card in tell(house, batch)] == [
        card_codes.made(batch_id=id, position=place).number for place in (0, 1, 3, 4, 5)
    ]


def test_a_batch_that_is_stopped_keeps_the_cards_that_were_made(house):
    batch = start(house, 1_000)
    assert issue_cards._make_part(batch.id, NOON)
    stopped = facade.stop_gift_card_batch(batch_id=batch.id, principal=house.fei, now=NOON)
    assert (stopped.state, stopped.made_count, stopped.card_count) == ("stopped", 500, 1_000)
    assert facade.make_gift_cards(now=NOON, seconds_max=60) == 0
    assert facade.stop_gift_card_batch(batch_id=batch.id, principal=house.fei, now=NOON) == stopped
    assert len(tell(house, stopped)) == 500
    assert [each[0] for each in actions()].count("gift_card.stop") == 1


def test_codes_are_told_once_and_for_ten_minutes_again_to_the_same_person(house):
    batch = start(house, 3)
    first = tell(house, batch)
    assert tell(house, batch, now=NOON + timedelta(minutes=9)) == first
    with pytest.raises(CodesTold):
        tell(house, batch, by=staff(house, name="gao"), now=NOON + timedelta(minutes=1))
    with pytest.raises(CodesTold):
        tell(house, batch, now=NOON + timedelta(minutes=11))
    assert [each for each in actions() if each[0] == "gift_card.tell"] == [
        ("gift_card.tell", {"cards": 3, "again": False}), ("gift_card.tell", {"cards": 3, "again": True})
    ]  # fmt: skip
    seen = facade.gift_card_batch(batch_id=batch.id, chain_ids=[house.chain_id])
    assert (seen.told_by_name, seen.told_at) == ("Fei", NOON)


def test_codes_outlive_a_change_of_the_secret_key_while_the_old_one_is_kept(house, settings):
    batch, old = start(house, 2), settings.SECRET_KEY
    with override_settings(SECRET_KEY="a new one that is long enough", SECRET_KEY_FALLBACKS=[old]):
        [one, _two] = tell(house, batch)
        assert facade.gift_card(chain_id=house.chain_id, code=one.code).number == one.number
    later = start(house, 2)
    with override_settings(SECRET_KEY="a new one that is long enough"), pytest.raises(CodesLost):
        tell(house, later)
    assert CardBatchRow.objects.get(id=later.id).told_at is None  # nothing was told, so nothing is used up


def test_only_who_works_for_the_whole_chain_issues(house):
    batch = start(house, 1)
    here = Grant(role="store_manager", chain_id=house.chain_id, store_id=house.store.id)
    local = Principal(subject="staff:wang", name="Wang", grants=(here,))
    for person in (local, staff(house, "marketer", "ma"), staff(house, "auditor", "an")):
        with pytest.raises(NotAllowed):
            start(house, 1, by=person)
        with pytest.raises(NotAllowed):
            tell(house, batch, by=person)
        with pytest.raises(NotAllowed):
            facade.stop_gift_card_batch(batch_id=batch.id, principal=person, now=NOON)
    with pytest.raises(NotFound):
        facade.gift_card_batch(batch_id=batch.id, chain_ids=[house.chain_id + 1])
    assert CardBatchRow.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"count": 100_001}, "/count"),
        ({"count": 1, "note": "x" * 81}, "/note"),
        ({"count": 1, "note": "a\nb"}, "/note"),
        ({"count": 1, "face_minor": 0}, "/face_minor"),
        ({"count": 1, "face_minor": 3_000_000_001}, "/face_minor"),
    ],
)
def test_what_a_batch_cannot_be_is_named_by_its_field(house, wrong, pointer):
    with pytest.raises(InvalidValue) as refused:
        start(house, **wrong)
    assert refused.value.pointer == pointer
    assert CardBatchRow.objects.count() == 0


def test_a_block_holds_at_once_and_is_written_down_once(house):
    card, _code = sold_card(house, 10_000)
    id = new_id()
    for _ in range(2):
        assert block(house, card.number, id=id) == "blocked"
    assert block(house, card.number) == "blocked"
    with pytest.raises(GiftCardUnknown):
        facade.hold(
            order_key="till/1", chain_id=house.chain_id, member_id=None, spends=[of_card(card, 1)], currency="CNY",
            expires_at=NOON + timedelta(minutes=5), now=NOON,
        )  # fmt: skip
    seen = facade.gift_card_by_number(chain_id=house.chain_id, number=card.number)
    assert (seen.balance_minor, seen.state) == (10_000, "blocked")
    [told] = facade.card_blocks(card=seen)
    assert (told.kind, told.state, told.reason, told.by_name) == ("block", "done", "lost", "Fei")
    assert list(AuditEntry.objects.filter(action="gift_card.block").values_list("target", "before", "after")) == [
        (f"gift_card:{card.number}", {"state": "active"}, {"state": "blocked"})
    ]
    with pytest.raises(NotAllowed):
        block(house, card.number, by=staff(house, "marketer", "ma"))
    with pytest.raises(GiftCardUnknown):
        block(house, "G00000000000")


def test_two_people_unblock_a_card_and_a_refusal_leaves_it_blocked(house):
    card, _code = sold_card(house, 10_000)
    block(house, card.number)
    assert unblock(house, card.number, approve=False) == "blocked"
    id = new_id()
    assert unblock(house, card.number, id=id) == "active"
    assert facade.settle_gift_card_unblocks(now=NOON) == 0
    seen = facade.gift_card_by_number(chain_id=house.chain_id, number=card.number)
    assert {(each.kind, each.state, each.problem) for each in facade.card_blocks(card=seen)} == {
        ("block", "done", ""), ("unblock", "refused", "rejected"), ("unblock", "done", ""),
    }  # fmt: skip
    assert AccountRow.objects.get(id=card.id).is_open
    [line] = AuditEntry.objects.filter(action="gift_card.unblock")
    assert (line.subject, line.target, line.reason) == ("staff:fei", f"gift_card:{card.number}", "found again")
    assert facade.verify() == ()


def test_nobody_unblocks_alone_and_one_request_waits_for_each_card(house):
    card, _code = sold_card(house, 10_000)
    terms = {"chain_id": house.chain_id, "number": card.number, "reason": "found", "principal": house.fei, "now": NOON}
    with pytest.raises(GiftCardClosed):
        facade.request_gift_card_unblock(unblock_id=new_id(), **terms)
    blocked_by = new_id()
    block(house, card.number, id=blocked_by)
    with pytest.raises(InvalidValue):
        facade.request_gift_card_unblock(unblock_id=new_id(), **terms | {"reason": " "})
    with pytest.raises(EntryConflict):
        facade.request_gift_card_unblock(unblock_id=blocked_by, **terms)
    asked = facade.request_gift_card_unblock(unblock_id=new_id(), **terms)
    assert facade.request_gift_card_unblock(unblock_id=new_id(), **terms) == asked
    assert CardBlockRow.objects.filter(kind="unblock").count() == 1
    with pytest.raises(approvals.SamePerson):
        approvals.decide(approval_id=asked.id, approve=True, principal=house.fei, now=NOON)
    assert facade.settle_gift_card_unblocks(now=NOON + timedelta(days=2)) == 1  # nobody decided in time
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=card.number).state == "blocked"
    with pytest.raises(NotAllowed):
        facade.request_gift_card_unblock(
            unblock_id=new_id(), **terms | {"principal": staff(house, "marketer", "ma")}
        )  # fmt: skip


def test_an_unsold_card_is_blocked_against_its_sale_and_unblocked_for_it(house):
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    terms = {
        "chain_id": house.chain_id, "code": issued.code, "paid_minor": 10_000, "store_id": None, "operator": "li",
        "tender": "cash", "now": NOON,
    }  # fmt: skip
    block(house, issued.number)
    with pytest.raises(GiftCardClosed):
        facade.activate_gift_card(activation_id=new_id(), **terms)
    assert unblock(house, issued.number) == "issued"
    assert facade.activate_gift_card(activation_id=new_id(), **terms).balance_minor == 10_000


def test_a_card_whose_sale_was_undone_or_whose_day_has_come_stays_as_it_is(house):
    undone, _code = sold_card(house, 10_000)
    facade.take_back_gift_card(activation_id=GiftCardRow.objects.get(id=undone.id).activation_id, now=NOON)
    with pytest.raises(GiftCardClosed):
        unblock(house, undone.number)
    ended, _code = sold_card(house, 10_000)
    GiftCardRow.objects.filter(id=ended.id).update(state="expired")
    with pytest.raises(GiftCardClosed):
        block(house, ended.number)
    assert CardBlockRow.objects.count() == 0
