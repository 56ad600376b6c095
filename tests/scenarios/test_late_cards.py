"""Cards that are too old to be paid back to: the member who bought gets stored value, to the fen and once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support import member_shop, merging
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of
from tests.support.rulebooks import person

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade
from liushui.checkout.contracts import LineCommand, SaleRecorded, Tender
from liushui.checkout.errors import RefundRefused
from liushui.loyalty import facade as loyalty
from liushui.loyalty.models import EntryRow
from liushui.orders import facade as orders
from liushui.orders.errors import ValueGivenBack
from liushui.promotions import facade as promotions
from liushui.returns import facade as returns
from liushui.returns.policies import forget
from liushui.runtime import inbox, relay
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
LATE = NOON + timedelta(days=11)
CARD = Tender(type="card", method="visa", amount_minor=2_999)
CASH = Tender(type="cash", amount_minor=1)


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    forget()
    found = member_shop.open_member_shop()
    change(found)
    yield found
    promotions.forget()
    forget()


def change(shop: MemberShop, **settings) -> None:
    """Ten days for cards, then stored value."""
    view = returns.policy_view(chain_id=shop.chain.id)
    rules = {"card_days": 10, "card_late_tender": "stored_value"} | settings
    returns.save_policy(
        chain_id=shop.chain.id, policy=replace(view.policy, **rules), expected_version=view.version,
        principal=person("fei", "finance", shop.chain.id), now=NOON,
    )  # fmt: skip
    forget()


@pytest.fixture
def member(shop: MemberShop) -> UUID:
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, principal_minor=700, gift_minor=300)
    return member_id


def complete(command, *, at=LATE, **fields) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=ME, now=at, **fields)


def bought(member_id: UUID | None, name: str = "s1", tenders=(CARD, CASH), units: int = 3) -> UUID:
    return complete(member_sale(name, member_id=member_id, units=units, tenders=tenders), at=NOON).sale_id


def back(name: str, sale_id: UUID, units: int, **fields):
    return return_of(name, sale_id=sale_id, units=units, completed_at=LATE, **fields)


def tenders_of(sale_id: UUID, shop: MemberShop) -> list[tuple[str, int]]:
    sale = orders.sale(sale_id=sale_id, store_ids={shop.store.id})
    return [(tender.type, tender.amount_minor) for tender in sale.tenders]


def stored(member_id: UUID) -> tuple[int, int]:
    found = loyalty.balances(member_id=member_id)
    return found.principal_minor, found.gift_minor


def events() -> None:
    """Everything that was told is done again by its event."""
    relay.publish_pending(limit=100)
    for consumer in CONSUMERS:
        if consumer.name == "loyalty-value":
            inbox.deliver(consumer=consumer, limit=100)


def test_it_is_booked_as_principal_once_and_all_that_was_paid_is_back_in_the_end(shop, member) -> None:
    sale_id = bought(member)
    for number, units, amount in ((1, 1, 1_000), (2, 1, 1_000), (3, 1, 999)):
        command = back(f"r{number}", sale_id, units)
        first = complete(command)
        assert complete(command).sale_id == first.sale_id
        gone = [("stored_value", -amount)] + ([("cash", -1)] if number == 3 else [])
        assert tenders_of(first.sale_id, shop) == gone
    assert stored(member) == (700 + 2_999, 300)
    events()
    assert stored(member) == (700 + 2_999, 300)
    rows = EntryRow.objects.filter(account_id=member, cause__startswith="credit:").order_by("id")
    assert [(row.kind, row.principal_minor, row.gift_minor) for row in rows] == [
        ("give_back", 1_000, 0), ("give_back", 1_000, 0), ("give_back", 999, 0)
    ]  # fmt: skip
    assert loyalty.verify() == ()


def test_in_time_the_card_is_paid_back_to(shop, member) -> None:
    returned = complete(return_of("r1", sale_id=bought(member), units=3), at=NOON)
    assert tenders_of(returned.sale_id, shop) == [("card", -2_999), ("cash", -1)]
    assert stored(member) == (700, 300)


@pytest.mark.parametrize("instead", ["cash", "other"])
def test_without_a_member_on_the_receipt_it_is_what_the_policy_says(shop, member, instead) -> None:
    change(shop, card_late_without_member=instead)
    returned = complete(back("r1", bought(None), 2))
    assert tenders_of(returned.sale_id, shop) == [(instead, -2_000)]
    assert stored(member) == (700, 300)


def test_value_that_paid_comes_back_as_it_was_beside_value_in_place_of_the_card(shop, member) -> None:
    tenders = (Tender(type="stored_value", amount_minor=1_000), Tender(type="card", method="visa", amount_minor=2_000))
    sale_id = bought(member, tenders=tenders)
    assert stored(member) == (0, 0)
    complete(back("r1", sale_id, 1))
    complete(back("r2", sale_id, 2))
    assert stored(member) == (700 + 2_000, 300)
    assert loyalty.verify() == ()


def test_in_an_exchange_it_pays_for_the_new_goods_first(shop, member) -> None:
    sale_id = bought(member)
    bread = (LineCommand(code="BREAD", units=3),)  # 15.00
    done = complete(back("r1", sale_id, 2, lines=bread, member_id=None))
    assert tenders_of(done.sale_id, shop) == [("stored_value", -500)]
    assert stored(member) == (1_200, 300)
    even = complete(back("r2", sale_id, 1, lines=(LineCommand(code="BREAD", units=2),)))
    assert (done.total_minor, even.total_minor) == (-500, 0)
    assert stored(member) == (1_200, 300)
    assert EntryRow.objects.filter(account_id=member, cause__startswith="credit:").count() == 1


def test_nobody_takes_it_as_cash_instead_and_it_is_not_voided(shop, member) -> None:
    sale_id = bought(member)
    with pytest.raises(RefundRefused):
        complete(back("r1", sale_id, 1, tenders=(Tender(type="cash", amount_minor=-1_000),)))
    returned = complete(back("r1", sale_id, 1))
    with pytest.raises(ValueGivenBack):
        orders.void_sale(sale_id=returned.sale_id, reason="x", principal=ME, now=LATE)
    assert stored(member) == (1_700, 300)


def test_a_member_who_was_merged_gets_it_where_he_is_now(shop, member) -> None:
    [kept] = member_shop.add_members(chain_id=shop.chain.id, count=1, first=2)
    sale_id = bought(member)
    merging.merge(keep_id=kept, drop_id=member, chain_id=shop.chain.id, now=NOON)
    complete(back("r1", sale_id, 3))
    events()
    assert (stored(kept), stored(member)) == ((700 + 2_999, 300), (0, 0))
    assert loyalty.verify() == ()
