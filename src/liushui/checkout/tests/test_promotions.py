"""Sales and quotes priced by the rulebook in force: exact amounts, tax on what is paid, limits, codes, explanations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.checkout import facade
from liushui.checkout.contracts import CompleteSale, LineCommand, Member, SaleRecorded, Shipping, Tender
from liushui.checkout.errors import DiscountMismatch, PriceOutOfDate, TendersUnbalanced
from liushui.checkout.tests.conftest import SPRING, Shop
from liushui.orders import facade as orders
from liushui.orders.contracts import Discount
from liushui.promotions import facade as promotions
from liushui.runtime.access import Grant, Principal

pytestmark = pytest.mark.usefixtures("nothing_is_read_again")

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # a Sunday, 12:00 in Shanghai
DAIRY = {"category_in": ["food/dairy"]}
HALF = {
    "id": "second-half", "name": {"zh": "第二件半价", "en": "Second at half price"},
    "effects": [{"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest", "scope": DAIRY}],
}  # fmt: skip
THIRTY = {
    "id": "spend-60", "name": {"zh": "满60减6"}, "stage": "order",
    "when": [{"type": "subtotal_at_least", "amount": 6000}],
    "effects": [{"type": "amount_off", "amount": 600, "level": "order"}],
}  # fmt: skip


def limited(**limits: Any) -> dict[str, Any]:
    return {
        "id": "first-comers", "name": {"zh": "先到先得"}, "limits": limits,
        "effects": [{"type": "amount_off", "amount": 150, "level": "order", "scope": DAIRY}],
    }  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    promotions.forget()
    yield
    promotions.forget()


def publish(shop: Shop, *rules: dict[str, Any], now: datetime = NOON) -> None:
    """These promotions in force, on top of what there is."""
    maker = Principal(subject="staff:ma", name="Ma", grants=(Grant(role="marketer", chain_id=shop.chain.id),))
    checker = Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=shop.chain.id),))
    draft = promotions.create_draft(chain_id=shop.chain.id, name="Test", principal=maker, now=now)
    for rule in rules:
        draft = promotions.put_promotion(
            draft_id=draft.id, revision=draft.revision, promotion=rule, principal=maker, now=now
        )
    promotions.submit_for_review(draft_id=draft.id, revision=draft.revision, reason="test", principal=maker, now=now)
    promotions.decide_review(draft_id=draft.id, approve=True, principal=checker, now=now)


def sale(source_id: str = "W-1", *lines: LineCommand, **fields: Any) -> CompleteSale:
    lines = lines or (LineCommand(code="MILK", units=2),)
    return CompleteSale(
        source="web", source_id=source_id, store="SH01", completed_at=NOON, lines=lines, **({"channel": "web"} | fields)
    )


def complete(shop: Shop, command: CompleteSale) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=shop.sender(), now=NOON)


def detail(shop: Shop, recorded: SaleRecorded):
    return orders.sale(sale_id=recorded.sale_id, store_ids={shop.store.id})


def explanation(shop: Shop, recorded: SaleRecorded) -> dict[str, Any]:
    stored = orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id})
    assert stored is not None
    return json.loads(stored.answer)


def test_a_sale_without_stated_amounts_is_priced_by_the_rulebook_and_its_tax_is_of_what_is_paid(shop: Shop) -> None:
    publish(shop, HALF)
    recorded = complete(shop, sale(tenders=(Tender(type="card", amount_minor=975),)))
    [line] = detail(shop, recorded).lines
    # 2 × 650 less half of one; 975 × 9 / 109 = 80.5
    assert (line.regular_minor, line.discount_minor, line.amount_minor, line.tax_minor) == (1300, 325, 975, 81)
    assert line.discounts == (Discount(code="second-half", name="第二件半价", amount_minor=325),)
    answer = explanation(shop, recorded)
    assert answer["lines"][0]["units"] == [650, 325]
    assert answer["rulebook"]["version"] == "2026-11-22.1"
    assert detail(shop, recorded).variance_minor == 0


def test_a_sale_that_states_its_amounts_stays_as_it_is_and_asks_no_rulebook(shop: Shop) -> None:
    publish(shop, HALF)
    stated = (LineCommand(code="MILK", units=2, amount_minor=1300),)
    discounted = (LineCommand(code="MILK", units=2, discounts=(Discount(code="D", name="D", amount_minor=1),)),)
    for name, lines in (("a", stated), ("b", discounted)):
        recorded = complete(shop, sale(name, *lines))
        assert recorded.total_minor == (1300 if name == "a" else 1299)
        assert orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id}) is None


def test_a_chain_without_a_rulebook_sells_at_regular_prices(shop: Shop) -> None:
    recorded = complete(shop, sale())
    assert (recorded.total_minor, detail(shop, recorded).lines[0].discounts) == (1300, ())
    assert orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id}) is None


def test_each_line_of_the_sale_is_one_of_the_basket_and_returned_goods_are_none(shop: Shop) -> None:
    publish(shop, HALF)
    lines = (
        LineCommand(code="MILK", units=1),
        LineCommand(code="MILK", units=-1),
        LineCommand(code="10012", measure_value=1250, measure_unit="g"),
        LineCommand(code="MILK", units=1),
    )
    recorded = complete(shop, sale("mixed", *lines))
    # apples: 1990 × 1.25 kg = 2487.5
    assert [line.amount_minor for line in detail(shop, recorded).lines] == [650, -650, 2488, 325]
    stored = orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id})
    assert stored is not None
    basket = json.loads(stored.basket)
    assert [(line["id"], line["unit_price"], line["quantity"]) for line in basket["lines"]] == [
        ("1", 650, 1), ("3", 2488, 1), ("4", 650, 1),
    ]  # fmt: skip
    assert basket["lines"][1]["measure"] == {"value": 1250, "unit": "g"}
    assert (basket["store"], basket["region"], basket["channel"]) == ("SH01", "EAST", "web")
    assert basket["at"] == "2026-11-22T12:00:00+08:00"


def test_what_may_not_be_discounted_is_not_but_counts(shop: Shop) -> None:
    catalog.save_items(
        items=[NewItem(chain_id=shop.chain.id, sku="CARD", name_zh="卡", name_en="Card", discountable=False)]
    )
    catalog.save_prices(prices=[NewPrice(chain_id=shop.chain.id, sku="CARD", amount_minor=5000, starts_at=SPRING)])
    publish(shop, THIRTY)
    recorded = complete(shop, sale("card", LineCommand(code="CARD"), LineCommand(code="MILK", units=2)))
    assert [line.amount_minor for line in detail(shop, recorded).lines] == [5000, 700]


def test_a_quote_says_what_the_sale_will_come_to_and_why(shop: Shop) -> None:
    publish(shop, HALF, THIRTY)
    quote = facade.quote(store=shop.store, lines=[LineCommand(code="MILK", units=9)], at=NOON)
    assert (quote.regular_minor, quote.discount_minor, quote.total_minor) == (5850, 1300, 4550)
    assert quote.answer is not None
    assert quote.answer.near_misses == ({"id": "spend-60", "reason": {"path": "when[0]", "have": 5850, "need": 6000}},)
    plain = facade.quote(store=shop.store, lines=[LineCommand(code="MILK", units=9)], at=NOON, promotions=False)
    assert (plain.total_minor, plain.answer) == (5850, None)


def test_a_line_that_is_refused_keeps_no_promotion_from_the_others(shop: Shop) -> None:
    publish(shop, HALF)
    lines = [LineCommand(code="NOPE"), LineCommand(code="MILK", units=2)]
    quote = facade.quote(store=shop.store, lines=lines, at=NOON)
    assert (quote.total_minor, quote.lines[0].line) == (975, None)


def test_member_and_delivery_are_part_of_the_basket(shop: Shop) -> None:
    gold = {
        "id": "gold", "name": {"en": "Gold"}, "when": [{"type": "tier_in", "tiers": ["gold"]}],
        "effects": [{"type": "percent_off", "percent": 10, "level": "line"}],
    }  # fmt: skip
    free = {"id": "free", "stage": "shipping", "effects": [{"type": "shipping_percent_off", "percent": 100}]}
    publish(shop, gold, free)
    lines, at = [LineCommand(code="MILK", units=2)], NOON
    assert facade.quote(store=shop.store, lines=lines, at=at).total_minor == 1300
    quote = facade.quote(
        store=shop.store, lines=lines, at=at, member=Member(id="m1", tier="gold"),
        shipping=[Shipping(id="s", method="express", amount=1000)],
    )  # fmt: skip
    assert (quote.total_minor, quote.answer and quote.answer.shipping) == (1170, 0)
    recorded = complete(shop, sale("gold", *lines, member=Member(id="m1", tier="gold")))
    assert (recorded.total_minor, detail(shop, recorded).summary.customer) == (1170, "m1")


def test_a_shown_price_is_charged_though_another_version_has_come_since(shop: Shop) -> None:
    publish(shop, HALF)
    lines = [LineCommand(code="MILK", units=2)]
    shown = facade.quote(store=shop.store, lines=lines, at=NOON)
    publish(shop, {**HALF, "effects": [{"type": "percent_off", "percent": 90, "level": "unit"}]})
    assert facade.quote(store=shop.store, lines=lines, at=NOON).total_minor == 130
    discounts = shown.lines[0].line.discounts if shown.lines[0].line else ()
    sold = (replace(lines[0], discounts=discounts),)
    recorded = complete(shop, sale("shown", *sold, frozen=shown.frozen))
    assert recorded.total_minor == 975
    assert explanation(shop, recorded)["rulebook"]["version"] == "2026-11-22.1"


def test_a_shown_price_is_believed_only_where_the_engine_says_the_same(shop: Shop) -> None:
    publish(shop, HALF)
    shown = facade.quote(store=shop.store, lines=[LineCommand(code="MILK", units=2)], at=NOON)
    assert shown.frozen is not None
    greedy = LineCommand(code="MILK", units=2, discounts=(Discount(code="x", name="x", amount_minor=1299),))
    missing = LineCommand(code="MILK", units=2)
    for number, line in enumerate((greedy, missing)):
        with pytest.raises(PriceOutOfDate):
            complete(shop, sale(f"w{number}", line, frozen=shown.frozen))
    with pytest.raises(PriceOutOfDate):
        complete(shop, sale("w2", missing, frozen=replace(shown.frozen, rulebook_digest="sha256:other")))
    assert issubclass(PriceOutOfDate, DiscountMismatch)


def test_tenders_that_do_not_come_to_the_promotion_price_are_refused_and_nothing_is_held(shop: Shop) -> None:
    publish(shop, limited(total=1))
    with pytest.raises(TendersUnbalanced):
        complete(shop, sale(tenders=(Tender(type="card", amount_minor=1300),)))
    assert complete(shop, sale("next")).total_minor == 1150


def test_a_limit_is_used_by_the_sale_that_came_first_also_within_one_batch(shop: Shop) -> None:
    publish(shop, limited(total=1))
    commands = [sale("first"), sale("second"), sale("first")]
    answers = facade.complete_sales(commands=commands, principal=shop.sender(), now=NOON)
    assert [answer.total_minor for answer in answers if isinstance(answer, SaleRecorded)] == [1150, 1300, 1150]
    second = answers[1]
    assert isinstance(second, SaleRecorded)
    [outcome] = explanation(shop, second)["promotions"]
    assert outcome["reason"] == {"code": "limit", "path": "limits.total", "have": 1, "need": 1}
    again = facade.complete_sales(commands=commands, principal=shop.sender(), now=NOON)
    assert [answer.total_minor for answer in again if isinstance(answer, SaleRecorded)] == [1150, 1300, 1150]


def test_a_budget_is_given_out_to_its_last_fen(shop: Shop) -> None:
    publish(shop, limited(budget=400, budget_mode="partial"))
    totals = [complete(shop, sale(f"b{number}")).total_minor for number in range(4)]
    assert totals == [1150, 1150, 1200, 1300]


def test_promotions_cost_no_statement_but_for_what_they_write_and_limits_cost_six(shop: Shop) -> None:
    def statements(source_id: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            complete(shop, sale(source_id))
        return len([each for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    # PostgreSQL is told what one order writes in one message; SQLite statement by statement.
    is_at_once = connection.vendor == "postgresql"
    statements("warm")
    without = statements("no rulebook")
    publish(shop, HALF)
    written = 0 if is_at_once else 2  # a discount; the explanation
    assert statements("first") - without == 1 + written  # which version is in force
    assert statements("second") - without == written  # asked within a second
    publish(shop, limited(total=100))
    statements("third")
    held = 2 if is_at_once else 6  # usage; reserve: row, counter, use; commit: row, state, with the sale where it can
    assert statements("fourth") - without == written + held


def test_a_stored_answer_is_had_again_to_the_same_bytes(shop: Shop) -> None:
    publish(shop, HALF, limited(total=3, per_member=1), THIRTY)
    member = Member(id="m1", tier="gold", groups=("vip",), completed_orders=2)
    lines = (LineCommand(code="MILK", units=11), LineCommand(code="10012", measure_value=333, measure_unit="g"))
    recorded = complete(shop, sale("kept", *lines, member=member))
    publish(shop, {**HALF, "effects": [{"type": "percent_off", "percent": 1, "level": "unit"}]})
    stored = orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id})
    assert stored is not None
    promotions.forget()
    again = promotions.replay(chain_id=shop.chain.id, digest=stored.rulebook_digest, basket=stored.basket)
    assert (again.answer_text(), again.basket_text()) == (stored.answer, stored.basket)


def test_no_birthday_is_kept_with_a_sale(shop: Shop) -> None:
    born = {"type": "birthday_within", "days": 7}
    present = {**HALF, "id": "present", "when": [born]}
    member = Member(id="m1", birthday=(NOON.month, NOON.day - 2))

    def explained(name: str) -> tuple[int, str, str]:
        recorded = complete(shop, sale(name, member=member))
        stored = orders.price_explanation(sale_id=recorded.sale_id, store_ids={shop.store.id})
        assert stored is not None
        return recorded.total_minor, stored.basket, stored.answer

    publish(shop, THIRTY)
    assert "birthday" not in json.loads(explained("unasked")[1])["member"]
    publish(shop, present)
    promotions.forget()
    total, basket, answer = explained("born")
    assert total < complete(shop, sale("nobody")).total_minor
    assert json.loads(basket)["member"]["birthday"] == f"{NOON:%m}-{NOON.day + 7:02}"
    assert f"{NOON:%m}-{NOON.day - 2:02}" not in basket + answer


def test_a_sale_sent_again_is_answered_as_it_was_whatever_promotions_say_now(shop: Shop) -> None:
    publish(shop, HALF)
    first = complete(shop, sale(tenders=(Tender(type="card", amount_minor=975),)))
    later = NOON + timedelta(minutes=1)
    publish(shop, {**HALF, "effects": [{"type": "percent_off", "percent": 1, "level": "unit"}]}, now=NOON)
    promotions.forget()
    again = facade.complete_sale(
        command=sale(tenders=(Tender(type="card", amount_minor=975),)), principal=shop.sender(), now=later
    )
    assert (again.sale_id, again.total_minor, again.is_replay) == (first.sale_id, 975, True)
