"""A request that is sent twice at one instant answers the same to both, wherever the one falls into the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from tests.support.between import meetings

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.models import AdjustmentRow, CardExtensionRow
from liushui.loyalty.tests.accounts import open_chain, rich, sold_card, staff
from liushui.loyalty.tests.chains import NOON, House, programme
from liushui.runtime.approvals import Approval
from liushui.runtime.models import ApprovalRow


@pytest.fixture
def house(db: None) -> House:
    house = open_chain()
    value = {"spend_order": "gift_first", "top_up_bonus": [], "gift_card_months": 36}
    house.publish(programme(stored_value=value), now=NOON)
    return house


def twice(ask: Callable[[], Approval], rows: Any) -> list[tuple[UUID, int, int]]:
    """The request that both got, how many there are, and how many rows wait for it, after each meeting."""
    others: list[Approval] = []

    def both() -> tuple[UUID, int, int]:
        others.clear()
        mine = ask()
        assert others in ([], [mine])
        return mine.id, ApprovalRow.objects.filter(id=mine.id).count(), rows.objects.count()

    return [answer for _place, answer in meetings(both, lambda: others.append(ask()))]


@pytest.mark.parametrize("what", ["adjustment", "extension"])
def test_of_two_who_ask_the_same_at_one_instant_both_get_the_one_request(house: House, what: str) -> None:
    wang, same = staff(house, "store_manager", "wang"), new_id()
    if what == "adjustment":
        member, rows = rich(house, points=100), AdjustmentRow

        def ask() -> Approval:
            return facade.request_adjustment(
                adjustment_id=same, member_id=member.id, points=5, reason="mistake", principal=wang, now=NOON
            )
    else:
        [card, _code], rows = sold_card(house, 10_000), CardExtensionRow

        def ask() -> Approval:
            return facade.request_card_extension(
                extension_id=same, chain_id=house.chain_id, number=card.number, ends_on=date(2031, 1, 1),
                reason="customer", principal=wang, now=NOON,
            )  # fmt: skip

    heard = twice(ask, rows)
    assert len(heard) > 3
    assert {(found, waiting) for _id, found, waiting in heard} == {(1, 1)}
