"""Whatever another does between two statements of a merge by two, or of a batch that is blocked: nothing moves twice or
to anybody else, and no card is left open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from tests.support.between import meetings

from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.actions import card_batch_parts
from liushui.loyalty.models import AccountRow, GiftCardRow, MergeRow
from liushui.loyalty.tests.accounts import NOTICES, has, hold, open_chain, rich, staff, stored
from liushui.loyalty.tests.chains import NOON
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.models import ApprovalRow, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db):
    return open_chain()


def seen_after(deed: Callable[[], Any], other: Callable[[], Any], look: Callable[[], Any]) -> list[Any]:
    """What there is after each meeting; where the other's deed fell into the looking, nothing is said."""
    looks: list[bool] = []

    def whole() -> Any:
        looks.clear()
        deed()
        looks.append(True)
        return look()

    def other_deed() -> None:
        looks.append(False)
        with contextlib.suppress(LiushuiError):
            other()

    found = [answer for _place, answer in meetings(whole, other_deed) if looks == [False, True]]
    assert len(found) > 3
    return found


def finished() -> None:
    """As the worker's clock does it."""
    facade.settle_merges(now=NOON)
    facade.finish_merges(now=NOON)


@pytest.mark.parametrize(
    "who", ["settle", "erase_keep", "erase_drop", "keep_goes_on", "drop_elsewhere", "top_up", "hold"]
)
def test_a_merge_that_is_done_meets_another_deed(house, who):
    asked_by, ends = {"chain_id": house.chain_id, "channel": "till", "consents": NOTICES, "now": NOON}, set()
    keep = facade.join(phone="13800138000", **asked_by).member
    drop = facade.join(phone="13900139000", **asked_by).member
    third = rich(house, points=1)
    top_up(drop, 5_000)
    asked = facade.request_merge(
        merge_id=new_id(), keep_id=keep.id, drop_id=drop.id, reason="one person",
        principal=staff(house, "store_manager", "wang"), now=NOON,
    )  # fmt: skip
    approvals.decide(approval_id=asked.id, approve=True, principal=house.fei, now=NOON)
    others: dict[str, Callable[[], Any]] = {
        "settle": finished,
        "erase_keep": lambda: erase(keep),
        "erase_drop": lambda: erase(drop),
        "keep_goes_on": lambda: alone(house, third, keep),
        "drop_elsewhere": lambda: alone(house, third, drop),
        "top_up": lambda: top_up(drop, 700),
        "hold": lambda: hold(drop, stored(5_000)),
    }

    def look():
        finished()
        row = MergeRow.objects.get()
        used = ApprovalRow.objects.filter(id=asked.id, used_at__isnull=False).count()
        moved = AuditEntry.objects.filter(action="member.merge", target=f"member:{keep.id}").count()
        assert facade.verify() == ()
        return row.state, used, moved, has(keep)[1], has(drop)[1], has(third)[1]

    for state, used, moved, at_keep, at_drop, at_third in seen_after(finished, others[who], look):
        ends.add(state)
        assert (used, moved) == ((1, 1) if state == "merged" else (0, 0))
        assert at_keep + at_drop == (5_700 if who == "top_up" else 5_000)
        assert at_third == 0
        if who != "hold":
            assert (at_keep if state == "refused" else at_drop) == 0
    assert ends == ({"merged"} if who in ("settle", "drop_elsewhere", "top_up", "hold") else {"merged", "refused"})


def top_up(member, paid):
    facade.top_up(
        top_up_id=new_id(), member_id=member.id, paid_minor=paid, store_id=None, operator="", tender="cash", now=NOON
    )


def erase(member):
    row = facade.member(member_id=member.id)
    if row.subject_id is not None:
        privacy.erase_subject(subject_id=row.subject_id, reason="asked to", principal=None, now=NOON)


def alone(house, keep, drop):
    facade.merge(keep_id=keep.id, drop_id=drop.id, reason="twice", principal=staff(house), now=NOON)


def test_two_ask_for_the_same_member_at_once(house):
    first, second, drop = house.member(), house.member(), rich(house, principal=100)

    def ask(keep):
        facade.request_merge(
            merge_id=new_id(), keep_id=keep.id, drop_id=drop.id, reason="one person",
            principal=staff(house, "store_manager", "wang"), now=NOON,
        )  # fmt: skip

    def mine():
        with contextlib.suppress(LiushuiError):
            ask(first)

    def look():
        return [row.keep_id for row in MergeRow.objects.filter(state="waiting")], ApprovalRow.objects.filter(
            kind="loyalty.merge"
        ).count()

    for waiting, requests in seen_after(mine, lambda: ask(second), look):
        undone = (waiting, requests) == ([], 0) and connection.vendor == "postgresql"  # with the deed's own savepoint
        assert undone or (waiting in ([first.id], [second.id]) and requests == 1)


@pytest.mark.parametrize("who", ["sell", "block_one", "unblock_one", "block", "settle"])
def test_a_batch_that_is_blocked_meets_another_deed(house, monkeypatch, who):
    monkeypatch.setattr(card_batch_parts, "_CARDS_AT_ONCE", 2)
    batch = facade.start_gift_card_batch(
        batch_id=new_id(), chain_id=house.chain_id, count=3, principal=house.fei, now=NOON
    )
    numbers = [card.number for card in facade.gift_cards_of_batch(batch_id=batch.id).cards]
    terms = {"chain_id": house.chain_id, "number": numbers[2], "now": NOON}
    if who == "unblock_one":
        facade.block_gift_card(block_id=new_id(), reason="lost", principal=house.fei, **terms)
        manager = staff(house, "store_manager", "wang")
        asked = facade.request_gift_card_unblock(unblock_id=new_id(), reason="found", principal=manager, **terms)
        approvals.decide(approval_id=asked.id, approve=True, principal=house.fei, now=NOON)
    others: dict[str, Callable[[], Any]] = {
        "sell": lambda: facade.activate_gift_card(
            activation_id=new_id(), paid_minor=100, store_id=None, operator="li", tender="cash", **terms
        ),
        "block_one": lambda: facade.block_gift_card(
            block_id=new_id(), reason="lost", principal=house.fei, **terms
        ),
        "unblock_one": lambda: facade.settle_gift_card_unblocks(now=NOON),
        "block": lambda: block(),
        "settle": lambda: facade.settle_card_batch_unblocks(now=NOON, seconds_max=60),
    }  # fmt: skip

    def block():
        facade.block_gift_card_batch(
            block_id=new_id(), batch_id=batch.id, reason="stolen", principal=house.fei, now=NOON, seconds_max=60
        )

    def look():
        facade.settle_card_batch_unblocks(now=NOON, seconds_max=60)
        cards = GiftCardRow.objects.filter(batch_id=batch.id).order_by("position")
        blocks = facade.batch_blocks(batch_id=batch.id)
        assert facade.verify() == ()
        open_ones = AccountRow.objects.filter(kind="gift_card", is_open=True)
        return (
            list(cards.values_list("state", flat=True)), open_ones.count(),
            {each.state for each in blocks}, sum(each.changed_count for each in blocks),
        )  # fmt: skip

    opened = set()
    for states, open_accounts, ends, changed in seen_after(block, others[who], look):
        assert (states[:2], open_accounts, ends) == (["blocked"] * 2, 0, {"done"})
        assert changed == 3 or (who in ("block_one", "unblock_one") and changed == 2)
        opened.add(states[2])
    assert opened == ({"blocked", "issued"} if who == "unblock_one" else {"blocked"})
