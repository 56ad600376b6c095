"""Promotions at the till: what is shown after every deed, and that it is what is charged and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.support.rulebooks import coupons, publish

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.till import facade
from liushui.till.errors import CodeRefused, GiftRefused, PriceChanged
from liushui.till.tests.conftest import NOON, Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_read_again")]
MILK, TEA = {"sku_in": ["MILK"]}, {"sku_in": ["TEA"]}
THREE_FOR_TWO = {
    "id": "milk-3-for-2", "name": {"zh": "牛奶买二送一", "en": "Milk 3 for 2"},
    "effects": [{
        "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "buy_scope": MILK, "get_scope": MILK,
        "unit_order": "cheapest",
    }],
}  # fmt: skip
GOLD = {
    "id": "gold-10", "name": {"zh": "金卡九折", "en": "Gold 10 %"}, "stage": "order",
    "when": [{"type": "tier_in", "tiers": ["gold"]}],
    "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
}  # fmt: skip
SPRING = {
    "id": "spring", "name": {"zh": "春券", "en": "Spring"}, "stage": "order",
    "when": [{"type": "coupon", "batch": "spring"}],
    "effects": [{"type": "amount_off", "amount": 200, "level": "order"}],
}  # fmt: skip
APPLES = {
    "id": "apples", "name": {"zh": "苹果八折", "en": "Apples 20 % off"},
    "effects": [{"type": "percent_off", "percent": 20, "level": "line", "scope": {"sku_in": ["10012"]}}],
}  # fmt: skip
GIFT = {
    "id": "gift", "name": {"zh": "满额赠", "en": "Gift"}, "stage": "order",
    "when": [{"type": "subtotal_at_least", "amount": 4000}],
    "effects": [{"type": "gift_unit", "sku": "TEA", "qty": 1, "percent": 100}],
}  # fmt: skip


def first_comer(**limits: Any) -> dict[str, Any]:
    return {
        "id": "first-comers", "name": {"zh": "先到先得", "en": "First come"}, "limits": limits,
        "effects": [{"type": "amount_off", "amount": 100, "level": "order", "scope": TEA}],
    }  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    promotions.forget()
    yield
    promotions.forget()


def rule(shop: Shop, *rules: dict[str, Any]) -> None:
    publish(chain_id=shop.till.chain_id, rules=rules, now=NOON)


def scan(shop: Shop, code: str, **values: Any):
    return facade.scan(till=values.pop("till", shop.till), code=code, now=NOON, **values)


def pay(shop: Shop, ticket, given: int | None = None, **values: Any):
    return facade.pay_cash(
        till=values.pop("till", shop.till), ticket_id=ticket.id, version=ticket.version,
        given_minor=ticket.due_minor if given is None else given, now=NOON, **values,
    )  # fmt: skip


def recorded(shop: Shop, sold):
    return orders.sale(sale_id=sold.sale_id, store_ids={shop.store.id})


def explanation(shop: Shop, sold) -> dict[str, Any]:
    return json.loads(orders.price_explanation(sale_id=sold.sale_id, store_ids={shop.store.id}).answer)


def offs(ticket) -> list[list[tuple[str, int]]]:
    return [[(each.promotion, each.amount_minor) for each in line.discounts] for line in ticket.lines]


def test_the_third_is_free_as_soon_as_it_is_scanned_and_what_is_shown_is_recorded(selling):
    rule(selling, THREE_FOR_TWO)
    assert scan(selling, "MILK", units=2).total_minor == 1_300
    ticket = scan(selling, "MILK")
    [line] = ticket.lines
    assert (line.regular_minor, line.discount_minor, line.amount_minor) == (1_950, 650, 1_300)
    assert [(each.name_zh, each.name_en, each.amount_minor) for each in line.discounts] == [
        ("牛奶买二送一", "Milk 3 for 2", 650)
    ]
    assert (ticket.total_minor, ticket.discount_minor, ticket.answer.rulebook_version) == (
        1_300, 650, "2026-11-22.1",
    )  # fmt: skip
    sold = pay(selling, ticket, 2_000)
    [sale_line] = recorded(selling, sold).lines
    assert (sold.change_minor, sale_line.amount_minor) == (700, 1_300)
    assert [(each.code, each.name, each.amount_minor) for each in sale_line.discounts] == [
        ("milk-3-for-2", "牛奶买二送一", 650)
    ]
    assert explanation(selling, sold)["lines"][0]["units"] == [650, 650, 0]


def test_quantity_and_void_price_the_whole_ticket_anew(selling):
    rule(selling, THREE_FOR_TWO)
    scan(selling, "TEA")
    ticket = scan(selling, "MILK", units=3)
    assert ticket.total_minor == 2_300
    line = {"till": selling.till, "ticket_id": ticket.id, "line_number": 2, "now": NOON}
    ticket = facade.set_units(version=ticket.version, units=6, **line)
    assert (ticket.total_minor, offs(ticket)) == (3_600, [[], [("milk-3-for-2", 1_300)]])
    approval = selling.approval("till.line_void", f"ticket:{ticket.id}/line:2")
    ticket = facade.void_line(version=ticket.version, reason="no", approval_id=approval, **line)
    assert (ticket.total_minor, ticket.discount_minor, ticket.answer.total) == (1_000, 0, 1_000)


def test_a_coupon_counts_once_and_is_masked_when_the_ticket_is_over(selling):
    first, second = coupons(chain_id=selling.till.chain_id, batch="spring", count=2, now=NOON)
    rule(selling, SPRING)
    scan(selling, "TEA")
    ticket = facade.add_code(till=selling.till, code=f" {first} ", now=NOON)
    assert (ticket.total_minor, [each.code for each in ticket.codes]) == (800, [first])
    with pytest.raises(CodeRefused) as again:
        facade.add_code(till=selling.till, code=first.replace("-", "").lower(), now=NOON)
    assert again.value.reason == "repeated"
    sold = pay(selling, ticket)
    assert [each.code for each in sold.codes] == ["••••" + first[-4:]]
    assert facade.ticket(ticket_id=sold.id, store_ids={selling.store.id}).codes == sold.codes
    scan(selling, "TEA")
    with pytest.raises(CodeRefused) as used:
        facade.add_code(till=selling.till, code=first, now=NOON)
    assert (used.value.reason, facade.current_ticket(till=selling.till).total_minor) == ("used", 1_000)
    ticket = facade.add_code(till=selling.till, code=second, now=NOON)
    ticket = facade.remove_code(till=selling.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)
    assert (ticket.codes, ticket.total_minor) == ((), 1_000)


@pytest.mark.parametrize("code", ["NOPE-1", "", "A B"])
def test_a_code_that_nobody_knows_is_refused_and_opens_no_ticket(selling, code):
    rule(selling, THREE_FOR_TWO)
    with pytest.raises(CodeRefused):
        facade.add_code(till=selling.till, code=code, now=NOON)
    assert facade.current_ticket(till=selling.till) is None


def test_a_code_that_a_rulebook_names_counts_without_a_batch(selling):
    rule(selling, SPRING | {"when": [{"type": "coupon", "code": "HELLO"}]})
    ticket = facade.add_code(till=selling.till, code="HELLO", now=NOON)  # before there is anything to meet
    assert ticket.lines == ()
    assert scan(selling, "TEA").total_minor == 800


def test_publishing_while_a_ticket_is_paid_changes_nothing_on_it_and_the_next_is_by_the_new_version(selling):
    rule(selling, THREE_FOR_TWO)
    ticket = scan(selling, "MILK", units=3)
    rule(selling, THREE_FOR_TWO | {"effects": [{"type": "percent_off", "percent": 50, "level": "unit", "scope": MILK}]})
    sold = pay(selling, ticket)
    told = orders.price_explanation(sale_id=sold.sale_id, store_ids={selling.store.id})
    assert (sold.total_minor, told.rulebook_version) == (1_300, "2026-11-22.1")
    ticket = scan(selling, "MILK", units=3)
    assert (ticket.total_minor, ticket.answer.rulebook_version) == (975, "2026-11-22.2")


def test_a_catalogue_price_that_changed_sends_the_ticket_back_with_promotions_of_now(selling):
    rule(selling, THREE_FOR_TWO)
    ticket = scan(selling, "MILK", units=3)
    catalog.save_prices(
        prices=[NewPrice(chain_id=selling.till.chain_id, sku="MILK", amount_minor=600, starts_at=NOON - timedelta(1))]
    )
    with pytest.raises(PriceChanged):
        pay(selling, ticket, 5_000)
    ticket = facade.current_ticket(till=selling.till)
    assert (ticket.state, ticket.total_minor, offs(ticket), ticket.tenders) == (
        "open", 1_200, [[("milk-3-for-2", 600)]], (),
    )  # fmt: skip
    assert pay(selling, ticket).total_minor == 1_200


def test_a_parked_ticket_is_priced_anew_when_it_is_taken_up(selling):
    ticket = scan(selling, "MILK", units=3)
    facade.park(till=selling.till, ticket_id=ticket.id, version=ticket.version, label="", now=NOON)
    rule(selling, THREE_FOR_TWO)
    ticket = facade.resume(till=selling.till, ticket_id=ticket.id, now=NOON)
    assert (ticket.state, ticket.total_minor) == ("open", 1_300)


def test_weighed_goods_are_one_unit_of_a_promotion(selling):
    rule(selling, APPLES)
    ticket = scan(selling, "10012", measure_value=1_250)
    assert (ticket.lines[0].regular_minor, ticket.total_minor) == (2_488, 1_990)  # 2488 less 20 %: 497.6
    sold = pay(selling, ticket)
    [line] = recorded(selling, sold).lines
    assert (line.measure_value, line.amount_minor, line.discount_minor) == (1_250, 1_990, 498)


def test_a_gift_is_offered_and_taken_with_one_deed(selling):
    rule(selling, GIFT)
    ticket = scan(selling, "RICE")
    [offer] = ticket.answer.offers
    assert (offer["promotion"], offer["sku"], offer["qty"]) == ("gift", "TEA", 1)
    ticket = facade.add_gift(till=selling.till, ticket_id=ticket.id, version=ticket.version, promotion="gift", now=NOON)
    assert [(line.sku, line.is_gift, line.amount_minor) for line in ticket.lines] == [
        ("RICE", False, 4_990),
        ("TEA", True, 0),
    ]
    with pytest.raises(GiftRefused):
        facade.add_gift(till=selling.till, ticket_id=ticket.id, version=ticket.version, promotion="gift", now=NOON)
    ticket = scan(selling, "TEA")  # bought, beside the one that is given
    assert [(line.is_gift, line.amount_minor) for line in ticket.lines] == [(False, 4_990), (True, 0), (False, 1_000)]
    sold = pay(selling, ticket)
    assert [line.amount_minor for line in recorded(selling, sold).lines] == [4_990, 0, 1_000]


def at_once() -> int:
    """Items and prices are asked for in one message where there are messages."""
    return 1 if connection.vendor == "postgresql" else 0


def selects_and_writes(deed) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        deed()
    return [query["sql"].split(" ", 1)[0] for query in captured]


@pytest.mark.parametrize(
    ("rules", "statements"),
    [([THREE_FOR_TWO], 4), ([first_comer(total=10)], 5)],
    ids=["without limits none more", "with a limit that may be met one more"],
)
def test_how_often_a_scan_asks_the_database(selling, rules, statements):
    rule(selling, *rules)
    scan(selling, "TEA")
    scan(selling, "MILK")
    assert len(selects_and_writes(lambda: scan(selling, "TEA"))) == statements - at_once()


def test_with_a_code_a_scan_asks_once_more(selling):
    [code] = coupons(chain_id=selling.till.chain_id, batch="spring", count=1, now=NOON)
    rule(selling, SPRING)
    scan(selling, "TEA")
    facade.add_code(till=selling.till, code=code, now=NOON)
    # the ticket, items, prices, the code, what was used of its promotion: none, since it has no limits; the ticket
    assert len(selects_and_writes(lambda: scan(selling, "MILK"))) == 5 - at_once()
