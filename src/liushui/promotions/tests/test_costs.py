"""What promotions took off recorded sales: exact, by chain, and given back by voids."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from liushui.promotions import facade, handlers
from liushui.promotions.contracts import PromotionCost
from liushui.promotions.tests.using import CHAIN, NOON
from liushui.runtime import inbox, outbox, relay
from liushui.runtime.events import Event

pytestmark = pytest.mark.django_db
COSTS = handlers.CONSUMERS[1]


def event(*lines: dict[str, int], type: str = handlers.SALE_COMPLETED, chain_id: int = CHAIN, **of: Any) -> Event:
    """A sale of these lines: what took something off each."""
    data = {
        "sale_id": str(UUID(int=1)),
        "chain_id": chain_id,
        "source": "till",
        "source_id": "1",
        "lines": [{"discounts": [{"code": c, "amount_minor": a} for c, a in line.items()]} for line in lines],
    }
    body = json.dumps(data | of).encode()
    return Event(id=uuid4(), source="liushui/orders", type=type, subject="", time=NOON, data=body)


def costs(chain_id: int = CHAIN) -> dict[str, tuple[int, int]]:
    found = facade.promotion_costs(chain_id=chain_id)
    return {id: (each.receipts, each.amount_minor) for id, each in found.items()}


def test_amounts_are_added_over_lines_and_receipts_counted_once():
    COSTS.apply([event({"ten": 100, "two": 5}, {"ten": 50}), event({"ten": 1}), event({}, {})])
    assert costs() == {"ten": (2, 151), "two": (1, 5)}


def test_chains_are_kept_apart_and_ids_can_be_asked_for():
    COSTS.apply([event({"ten": 100, "two": 5}), event({"ten": 7}, chain_id=CHAIN + 1)])
    assert costs(CHAIN + 1) == {"ten": (1, 7)}
    assert facade.promotion_costs(chain_id=CHAIN, promotion_ids=["two", "none"]) == {
        "two": PromotionCost(receipts=1, amount_minor=5)
    }


def test_a_voided_sale_is_as_if_it_had_not_been():
    COSTS.apply([event({"ten": 100}), event({"ten": 30})])
    COSTS.apply([event({"ten": 100}, type=handlers.SALE_VOIDED)])
    assert costs() == {"ten": (1, 30)}


def test_goods_that_come_back_take_the_amount_away_and_their_own_void_brings_it_again():
    COSTS.apply([event({"ten": 100}), event({"ten": -100}, source_id="back-1")])
    assert costs() == {"ten": (1, 0)}
    COSTS.apply([event({"ten": -100}, source_id="back-1", type=handlers.SALE_VOIDED)])
    assert costs() == {"ten": (1, 100)}


def test_goods_that_come_back_later_take_the_amount_away_and_leave_the_receipt():
    COSTS.apply([event({"ten": 100}), event({"ten": -40}, source="erp")])
    assert costs() == {"ten": (1, 60)}


def test_each_event_counts_once_from_the_beginning_of_the_log():
    first = event({"ten": 100})
    outbox.append(events=[first, event({"ten": 1})])
    relay.publish_pending(limit=100)
    assert inbox.deliver(consumer=COSTS, limit=100) == 2
    assert inbox.deliver(consumer=COSTS, limit=100) == 0
    outbox.append(events=[event({"ten": 100}, type=handlers.SALE_VOIDED)])
    relay.publish_pending(limit=100)
    inbox.deliver(consumer=COSTS, limit=100)
    assert costs() == {"ten": (1, 1)}
