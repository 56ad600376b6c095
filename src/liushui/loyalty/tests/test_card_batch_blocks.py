"""A whole batch of gift cards: blocked by one person, opened by two, part by part, whoever is overtaken on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed, NotFound
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.actions import card_batch_parts
from liushui.loyalty.errors import CardBatchMoving, EntryConflict, GiftCardClosed
from liushui.loyalty.models import AccountRow, CardBatchBlockRow, GiftCardRow
from liushui.loyalty.tests.accounts import block as block_one
from liushui.loyalty.tests.accounts import hold, of_card, open_chain, post, staff
from liushui.loyalty.tests.accounts import unblock as unblock_one
from liushui.loyalty.tests.chains import NOON
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db):
    return open_chain()


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(card_batch_parts, "_CARDS_AT_ONCE", 3)


def batch_of(house, count=8, sold=2):
    """A batch of which the first cards are sold for 100; the numbers."""
    batch = facade.start_gift_card_batch(
        batch_id=new_id(), chain_id=house.chain_id, count=count, principal=house.fei, now=NOON
    )
    numbers = [card.number for card in facade.gift_cards_of_batch(batch_id=batch.id).cards]
    for number in numbers[:sold]:
        sell(house, number)
    return batch, numbers


def sell(house, number):
    return facade.activate_gift_card(
        activation_id=new_id(), chain_id=house.chain_id, number=number, paid_minor=100, store_id=house.store.id,
        operator="li", tender="cash", now=NOON,
    )  # fmt: skip


def block(house, batch, *, id=None, by=None, seconds_max=60.0):
    return facade.block_gift_card_batch(
        block_id=id or new_id(), batch_id=batch.id, reason="stolen", principal=by or house.fei, now=NOON,
        seconds_max=seconds_max,
    )  # fmt: skip


def ask(house, batch, *, id=None):
    return facade.request_card_batch_unblock(
        unblock_id=id or new_id(),
        batch_id=batch.id,
        reason="it came back",
        principal=staff(house, name="gao"),
        now=NOON,
    )


def approve(house, asked, *, yes=True):
    approvals.decide(approval_id=asked.id, approve=yes, principal=house.fei, now=NOON, reason="seen")


def settle(seconds_max=60.0, now=NOON):
    return facade.settle_card_batch_unblocks(now=now, seconds_max=seconds_max)


def states(batch):
    return list(GiftCardRow.objects.filter(batch_id=batch.id).order_by("position").values_list("state", flat=True))


def open_accounts(batch):
    cards = GiftCardRow.objects.filter(batch_id=batch.id).values("id")
    return AccountRow.objects.filter(id__in=cards, is_open=True).count()


def test_all_cards_are_blocked_and_two_people_make_them_what_they_were(house, small_parts):
    batch, numbers = batch_of(house)
    done = block(house, batch)
    assert (done.state, done.changed_count, done.places_done, done.places) == ("done", 8, 8, 8)
    assert (states(batch), open_accounts(batch)) == (["blocked"] * 8, 0)
    with pytest.raises(GiftCardClosed):
        sell(house, numbers[5])
    asked = ask(house, batch)
    assert (asked.amount_minor, asked.payload["cards"], asked.store_id) == (200, 8, None)
    assert (settle(), states(batch)) == (0, ["blocked"] * 8)
    approve(house, asked)
    assert settle() == 4  # it begins, and three parts
    assert (states(batch), open_accounts(batch)) == (["active"] * 2 + ["issued"] * 6, 2)
    assert settle() == 0
    card = facade.gift_card_by_number(chain_id=house.chain_id, number=numbers[0])
    hold(None, of_card(card, 100), order="o", chain_id=house.chain_id)
    post("o")
    sell(house, numbers[5])
    told = AuditEntry.objects.filter(target=f"gift_card_batch:{batch.id}", action__endswith="_end").order_by("id")
    assert [(each.action, each.subject, each.after) for each in told] == [
        ("gift_card.block_batch_end", "staff:fei", {"cards": 8}),
        ("gift_card.unblock_batch_end", "staff:fei", {"cards": 8}),
    ]
    assert facade.verify() == ()


def test_a_card_that_was_blocked_by_itself_stays_blocked(house):
    batch, numbers = batch_of(house)
    block_one(house, numbers[0])
    assert block(house, batch).changed_count == 7
    assert block_one(house, numbers[1]) == "blocked"  # reported lost while the batch is blocked
    assert unblock_one(house, numbers[2]) == "issued"  # opened by two people before the others
    approve(house, ask(house, batch))
    settle()
    assert states(batch) == ["blocked"] * 2 + ["issued"] * 6
    assert unblock_one(house, numbers[1]) == "active"
    [told] = facade.card_blocks(card=facade.gift_card_by_number(chain_id=house.chain_id, number=numbers[0]))
    assert told.kind == "block"


def test_a_large_batch_goes_on_with_the_clock_from_where_it_is(house, small_parts):
    batch, _numbers = batch_of(house)
    id = new_id()
    done = block(house, batch, id=id, seconds_max=0)
    assert (done.state, done.places_done, done.changed_count) == ("running", 3, 3)
    assert states(batch) == ["blocked"] * 3 + ["issued"] * 5
    assert block(house, batch, seconds_max=0).id == id  # somebody else: the same block, a part further
    assert block(house, batch, id=id, seconds_max=0).state == "done"
    assert (block(house, batch, id=id).changed_count, states(batch)) == (8, ["blocked"] * 8)
    assert CardBatchBlockRow.objects.count() == 1


def test_a_batch_that_is_being_made_is_made_no_further(house, monkeypatch):
    monkeypatch.setattr("liushui.loyalty.actions.issue_cards.AT_ONCE_MAX", 0)
    batch, _numbers = batch_of(house, count=700, sold=0)
    assert batch.state == "making"
    facade.make_gift_cards(now=NOON, seconds_max=0)
    assert block(house, batch).state == "done"
    assert facade.make_gift_cards(now=NOON, seconds_max=60) == 0
    found = facade.gift_card_batch(batch_id=batch.id, chain_ids=[house.chain_id])
    assert (found.state, found.made_count, set(states(batch))) == ("stopped", 0, set())


def test_a_block_overtakes_an_unblocking_that_waits_or_goes_on(house, small_parts):
    batch, numbers = batch_of(house)
    block(house, batch)
    waits = ask(house, batch)
    unblock_one(house, numbers[7])
    assert block(house, batch).changed_count == 1
    approve(house, waits)
    assert (settle(), states(batch)) == (0, ["blocked"] * 8)
    goes_on = ask(house, batch)
    approve(house, goes_on)
    settle(seconds_max=0)
    row = CardBatchBlockRow.objects.get(state="running")
    assert card_batch_parts.go_on_with(block_id=row.id, now=NOON, seconds_max=0) == 1
    assert states(batch) == ["active"] * 2 + ["issued"] + ["blocked"] * 5
    with pytest.raises(CardBatchMoving):
        ask(house, batch)
    block(house, batch)
    assert (settle(), states(batch)) == (0, ["blocked"] * 8)
    kinds = CardBatchBlockRow.objects.order_by("asked_at", "id").values_list("kind", "state")
    assert sorted(kinds) == [("block", "done")] * 3 + [("unblock", "overtaken")] * 2


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_what_nobody_approves_stays_blocked(house, how):
    batch, _numbers = batch_of(house)
    block(house, batch)
    asked = ask(house, batch)
    if how == "rejected":
        approve(house, asked, yes=False)
    assert settle(now=NOON + timedelta(hours=24)) == 1
    assert states(batch) == ["blocked"] * 8
    [_block, unblock] = sorted(facade.batch_blocks(batch_id=batch.id), key=lambda each: each.kind)
    assert (unblock.state, unblock.problem) == ("refused", how)


def test_the_same_id_does_it_once_and_stands_for_nothing_else(house):
    batch, _numbers = batch_of(house)
    other, _more = batch_of(house, sold=0)
    id = new_id()
    block(house, batch, id=id)
    approve(house, ask(house, batch))
    settle()
    assert block(house, batch, id=id).state == "done"  # the lost answer, much later: nothing is blocked again
    assert states(batch) == ["active"] * 2 + ["issued"] * 6
    with pytest.raises(EntryConflict):
        block(house, other, id=id)
    with pytest.raises(EntryConflict):
        ask(house, batch, id=id)
    with pytest.raises(GiftCardClosed):
        ask(house, other)
    block(house, other)
    first, second = ask(house, other, id=new_id()), ask(house, other)
    assert first == second


def test_it_takes_somebody_of_the_whole_chain_and_a_reason(house):
    batch, _numbers = batch_of(house)
    here = Grant(role="store_manager", chain_id=house.chain_id, store_id=house.store.id)
    for by in (
        Principal(subject="staff:w", name="W", grants=(here,)),
        Principal(subject="staff:m", name="M", grants=(Grant(role="marketer", chain_id=house.chain_id),)),
    ):
        with pytest.raises(NotAllowed):
            block(house, batch, by=by)
    with pytest.raises(InvalidValue):
        facade.block_gift_card_batch(block_id=new_id(), batch_id=batch.id, reason=" ", principal=house.fei, now=NOON)
    with pytest.raises(NotFound):
        facade.block_gift_card_batch(block_id=new_id(), batch_id=new_id(), reason="x", principal=house.fei, now=NOON)
    assert states(batch) == ["active"] * 2 + ["issued"] * 6


def test_what_an_open_order_holds_of_a_card_is_still_spent(house):
    batch, numbers = batch_of(house)
    card = facade.gift_card_by_number(chain_id=house.chain_id, number=numbers[0])
    hold(None, of_card(card, 60), order="o", chain_id=house.chain_id)
    block(house, batch)
    post("o")
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=numbers[0]).balance_minor == 40
    assert facade.verify() == ()
