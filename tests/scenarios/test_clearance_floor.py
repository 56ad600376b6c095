"""Clearance: 30 % off whatever carries the tag, never below the floor; the same at the till, by a quote and a sale."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.support.rulebooks import publish

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.promotions import facade as promotions
from liushui.runtime import believed, oauth
from liushui.runtime.access import Grant, Principal
from liushui.till import facade
from liushui.till.tests.conftest import Shop, open_shop
from liushui.till.tests.counter import Counter, open_counter

pytestmark = pytest.mark.usefixtures("nothing_is_read_again")

CLEARANCE = {
    "id": "clearance", "name": {"zh": "清仓七折", "en": "Clearance 30 % off"},
    "effects": [{"type": "percent_off", "percent": 30, "level": "line", "scope": {"tag_in": ["clearance"]}}],
}  # fmt: skip
# milk 6.50 − 1.95; tea stays at its floor of 8.00 instead of 7.00; rice has no tag; apples 2488 for 1.25 kg, floor
# 15.00 a kg is 1875, above the 1741.6 of 30 % off
EXPECTED = [("MILK", 2, 1300, 390), ("TEA", 3, 3000, 600), ("RICE", 1, 4990, 0), ("10012", 1, 2488, 613)]
TOTAL = 910 + 2400 + 4990 + 1875


@pytest.fixture
def shop(db) -> Any:
    promotions.forget()
    opened = open_shop()
    publish(chain_id=opened.till.chain_id, rules=[CLEARANCE], now=datetime.now(UTC))
    tag(opened)
    yield opened
    promotions.forget()


def tag(shop: Shop, *, tags: tuple[str, ...] = ("clearance",), floors: bool = True) -> None:
    chain_id = shop.till.chain_id
    catalog.save_items(
        items=[
            NewItem(chain_id=chain_id, sku="MILK", name_zh="牛奶", name_en="Milk", tags=(*tags, "new")),
            NewItem(
                chain_id=chain_id, sku="TEA", name_zh="茶", name_en="Tea", tags=tags,
                floor_price_minor=800 if floors else None,
            ),
            NewItem(chain_id=chain_id, sku="RICE", name_zh="大米", name_en="Rice", floor_price_minor=4990),
            NewItem(
                chain_id=chain_id, sku="10012", name_zh="苹果", name_en="Apple", unit="kg", weighed=True, tags=tags,
                floor_price_minor=1500 if floors else None,
            ),
        ]
    )  # fmt: skip


def ask(shop: Shop, path: str, body: dict[str, Any]) -> Any:
    grant = Grant(role="integration", chain_id=shop.till.chain_id)
    principal = Principal(
        subject="client:web", name="web", grants=(grant,), scopes=frozenset({"sale.write"}), source="web"
    )
    oauth.tokens.put(digest=believed.digest_of("of-web"), thing=principal, until=time.monotonic() + 3600)
    return Client().post(
        f"/api/v1/{path}",
        json.dumps({"store": "S01"} | body),
        content_type="application/json",
        headers={"authorization": "Bearer of-web"},
    )


LINES = [
    {"code": "MILK", "units": 2},
    {"code": "TEA", "units": 3},
    {"code": "RICE"},
    {"code": "10012", "measure_value": 1250, "measure_unit": "g"},
]


def sale(name: str) -> dict[str, Any]:
    lines = [{"units": 1} | line for line in LINES]
    return {"id": name, "completed_at": datetime.now(UTC).isoformat(), "lines": lines, "channel": "web"}


def cuts(lines: Any) -> list[tuple[str, int, int, int]]:
    return [(line.sku, line.units, line.regular_minor, line.discount_minor) for line in lines]


def test_a_quote_and_the_sale_take_off_what_the_floors_leave(shop) -> None:
    quoted = ask(shop, "quotes", {"lines": LINES}).json()
    assert [(x["sku"], x["units"], x["regular_minor"], x["discount_minor"]) for x in quoted["lines"]] == EXPECTED
    assert (quoted["total_minor"], quoted["answer"]["certificate"]["proven"]) == (TOTAL, True)
    [outcome] = quoted["answer"]["promotions"]
    # 900 − 600 of the tea, 746.4 rounded to 746 − 613 of the apples
    assert (outcome["status"], outcome["amount"], outcome["unused"]) == ("applied", 1603, 300 + 133)
    answer = ask(shop, "sales", sale("W-1"))
    assert (answer.status_code, answer.json()["total_minor"]) == (201, TOTAL)
    stored = stored_sale(shop)
    assert cuts(stored.lines) == EXPECTED
    basket = json.loads(orders.price_explanation(sale_id=stored.summary.id, store_ids={shop.store.id}).basket)
    assert [(x["sku"], x.get("tags", []), x.get("floor_unit_price", 0)) for x in basket["lines"]] == [
        ("MILK", ["clearance", "new"], 0), ("TEA", ["clearance"], 800), ("RICE", [], 4990),
        ("10012", ["clearance"], 1875),
    ]  # fmt: skip


def stored_sale(shop: Shop) -> Any:
    [found] = orders.sales(query=SaleQuery(store_ids=frozenset({shop.store.id}))).sales
    return orders.sale(sale_id=found.id, store_ids={shop.store.id})


def test_tags_and_floors_cost_no_statement(shop) -> None:
    def statements(name: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ask(shop, "sales", sale(name)).status_code == 201
        return len(captured)

    statements("warm")
    with_both = statements("with")
    tag(shop, tags=(), floors=False)
    # a line of discounts less to be written, which SQLite is told apart and PostgreSQL in the same message
    assert statements("without") == with_both - (connection.vendor == "sqlite")


@pytest.mark.parametrize(
    ("language", "name", "off", "kept"),
    [
        ("en", "Clearance 30 % off", "¥16.03 off", "¥4.33 could not be given"),
        ("zh-hans", "清仓七折", "优惠 ¥16.03", "¥4.33"),
    ],
)
def test_the_till_shows_and_records_the_same(shop, settings, language, name, off, kept) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    counter: Counter = open_counter(till=shop.till, language=language)
    facade.open_shift(till=counter.till, float_minor=10_000, now=datetime.now(UTC))
    counter.look()
    for text in ("2*MILK", "3*TEA", "RICE", scale_code(1250)):
        counter.enter(text)
    assert cuts(counter.ticket.lines) == EXPECTED
    assert (counter.ticket.total_minor, name in counter.shown) == (TOTAL, True)
    why = counter.look("ticket/?show=why")
    assert [text for text in (name, off, kept) if text not in why] == []
    counter.look()
    counter.do("ticket/pay/cash/", given=str(TOTAL))
    assert counter.sound() == "paid"
    assert cuts(stored_sale(shop).lines) == EXPECTED


def scale_code(grams: int) -> str:
    """A label of the scale for apples: 2, five digits of the item, six of grams, a check digit."""
    digits = f"210012{grams:06d}"
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
