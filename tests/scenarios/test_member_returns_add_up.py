"""Any mix of points, stored value, gift card, phone and cash, brought back in any portions: the member has afterwards
what he had before, to the point and the fen, and never more on the way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, OriginalLine, ReturnTerms, Tender
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.runtime import worker
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
POINTS, PRINCIPAL_MINOR, GIFT_MINOR, CARD_MINOR = 5_000, 4_001, 1_003, 3_000
PRICES = {"MILK": member_shop.MILK_MINOR, "BREAD": member_shop.BREAD_MINOR}
_names = count(1)


@pytest.fixture
def shop(db: None) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


def tenders_of(data: Any, total: int, card: str) -> tuple[Tender, ...]:
    """The total over tenders of several kinds, within what the accounts hold and points may pay."""
    wanted = (
        ("points", min(POINTS, total // 2), ""),
        ("stored_value", PRINCIPAL_MINOR + GIFT_MINOR, ""),
        ("gift_card", CARD_MINOR, card),
        ("mobile", total, ""),
    )
    tenders, left = [], total
    for kind, most, reference in wanted:
        amount = data.draw(st.integers(0, min(most, left)), label=kind)
        if amount:
            method = "wechat" if kind == "mobile" else ""
            tenders.append(Tender(type=kind, amount_minor=amount, reference=reference, method=method))
            left -= amount
    return (*tenders, Tender(type="cash", amount_minor=left)) if left else tuple(tenders)


def take_back(sale_id: UUID, wanted: dict[int, int], store: str) -> int:
    """Return these units; what was given back."""
    lines = tuple(
        LineCommand(code="", units=-units, original=OriginalLine(sale_id=sale_id, line_number=number))
        for number, units in sorted(wanted.items())
    )
    command = CompleteSale(
        source="web", source_id=f"R{next(_names)}", chain="HM", store=store, completed_at=NOON, channel="web",
        lines=lines, returns=ReturnTerms(approved_by="Manager"),
    )  # fmt: skip
    return -checkout.complete_sale(command=command, principal=ME, now=NOON).total_minor


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_was_paid_with_is_there_again_once_everything_has_come_back(shop: MemberShop, data: Any) -> None:
    number = next(_names)
    [member_id] = member_shop.add_members(
        chain_id=shop.chain.id, count=1, first=number, points=POINTS, principal_minor=PRINCIPAL_MINOR,
        gift_minor=GIFT_MINOR,
    )  # fmt: skip
    card = member_shop.add_gift_card(chain_id=shop.chain.id, paid_minor=CARD_MINOR, name=f"card-{number}")
    units = data.draw(st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 4), min_size=1), label="units")
    total = sum(PRICES[sku] * wanted for sku, wanted in units.items())
    tenders = tenders_of(data, total, card)
    sold = checkout.complete_sale(
        command=member_sale(
            f"S{number}", member_id=member_id, tenders=tenders,
            lines=tuple(LineCommand(code=sku, units=wanted) for sku, wanted in units.items()),
        ),
        principal=ME, now=NOON,
    )  # fmt: skip
    worker.run(consumers=CONSUMERS, once=True)
    paid_minor = {tender.type: tender.amount_minor for tender in tenders}
    after_sale = loyalty.balances(member_id=member_id)
    earned = (total - paid_minor.get("points", 0)) // 100
    assert after_sale.points == POINTS - paid_minor.get("points", 0) + earned

    left, given_back = dict(enumerate(units.values(), start=1)), 0
    while left:
        wanted = {
            line: data.draw(st.integers(1, left[line]))
            for line in data.draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
        }
        given_back += take_back(sold.sale_id, wanted, data.draw(st.sampled_from(["SH01", "SH02"])))
        worker.run(consumers=CONSUMERS, once=True)
        now = loyalty.balances(member_id=member_id)
        assert now.principal_minor <= PRINCIPAL_MINOR and now.gift_minor <= GIFT_MINOR
        assert given_back <= total
        left = {line: units - wanted.get(line, 0) for line, units in left.items() if units > wanted.get(line, 0)}

    again = loyalty.balances(member_id=member_id)
    assert (again.points, again.principal_minor, again.gift_minor) == (POINTS, PRINCIPAL_MINOR, GIFT_MINOR)
    assert (again.points_held, again.stored_held_minor) == (0, 0)
    found = loyalty.gift_card_by_number(chain_id=shop.chain.id, number=card)
    assert found.balance_minor == CARD_MINOR
    assert given_back == total
    so_far = orders.returned(sale_id=sold.sale_id, chain_id=shop.chain.id)
    assert so_far.tenders == {place: tender.amount_minor for place, tender in enumerate(tenders, start=1)}
    assert loyalty.verify(chain_id=shop.chain.id) == ()
