"""Ways to more, or less, than is owed that somebody found by trying: each is closed, and stays so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, SaleRecorded, Tender
from liushui.checkout.errors import UnitsRefused
from liushui.loyalty import facade as loyalty
from liushui.promotions import facade as promotions
from liushui.runtime import worker
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")


@pytest.fixture
def shop(db: None) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


def complete(command: CompleteSale) -> SaleRecorded:
    found = checkout.complete_sale(command=command, principal=ME, now=NOON)
    worker.run(consumers=CONSUMERS, once=True)
    return found


@pytest.mark.parametrize("portions", [(2,), (1, 1)])
def test_two_tenders_of_one_account_give_back_both_parts_of_its_value(shop: MemberShop, portions) -> None:
    """Each tender's share of the gift part, rounded by itself, left more principal than was spent: none came back."""
    [member] = member_shop.add_members(
        chain_id=shop.chain.id, count=1, points=1_000, principal_minor=667, gift_minor=333
    )
    paid = (("stored_value", 501), ("points", 333), ("stored_value", 499), ("points", 334), ("cash", 333))
    tenders = [Tender(type=kind, amount_minor=amount) for kind, amount in paid]
    sold = complete(member_sale("sold", member_id=member, tenders=tenders))
    assert loyalty.balances(member_id=member).stored_free_minor == 0
    for place, units in enumerate(portions):
        complete(return_of(f"back-{place}", sale_id=sold.sale_id, units=units))
    found = loyalty.balances(member_id=member)
    assert (found.points, found.principal_minor, found.gift_minor) == (1_000, 667, 333)


def test_more_units_than_promotions_can_look_at_are_refused_before_they_do(shop: MemberShop) -> None:
    """A thousand million of them took all of the server's memory."""
    many = member_sale("many", member_id=None, units=100_001)
    with pytest.raises(UnitsRefused) as refusal:
        complete(many)
    assert refusal.value.pointer == "/lines/0/units"
    with pytest.raises(UnitsRefused):
        checkout.quote(store=shop.store, lines=many.lines, at=NOON)
    assert complete(member_sale("most", member_id=None, units=100_000)).total_minor == 100_000_000
    stated = LineCommand(code="MILK", units=10**9, amount_minor=10**10)
    assert complete(member_sale("stated", member_id=None, lines=(stated,))).total_minor == 10**10
