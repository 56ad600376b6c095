"""Any mix of promotions, tenders and partial returns, in any order and split and store, through the real checkout: in
the end exactly what was paid has come back, for each line's tax and each tender, and never more on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, OriginalLine, ReturnTerms, SaleRecorded, Tender
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.orders.contracts import ForReturn, SaleDetail
from liushui.promotions import facade as promotions
from liushui.returns import facade as returns
from liushui.returns.contracts import ReturnQuote, WantedReturn
from liushui.returns.errors import NotReturnable, TooMuchReturned
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
DAIRY = {"category_in": ["food/dairy"]}
RULES: tuple[dict[str, Any], ...] = (
    {
        "id": "second-half", "name": {"zh": "第二件半价"},
        "effects": [{"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest", "scope": DAIRY}],
    },
    {
        "id": "spend-60", "name": {"zh": "满60减6"}, "stage": "order",
        "when": [{"type": "subtotal_at_least", "amount": 6000}],
        "effects": [{"type": "amount_off", "amount": 600, "level": "order"}],
    },
    {
        "id": "four-less-10", "name": {"zh": "4件减10元"}, "return_policy": "clawback",
        "when": [{"type": "quantity_at_least", "n": 4, "scope": {"category_in": ["drinks"]}}],
        "effects": [{"type": "amount_off", "amount": 1000, "level": "order", "scope": {"category_in": ["drinks"]}}],
    },
)  # fmt: skip
PRICES = {"MILK": 650, "YOGURT": 333, "BEER": 799, "SOAP": 1999}
_names = count(1)


class World:
    """A chain with two stores, and a machine that may sell in both."""

    def __init__(self) -> None:
        self.chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
        stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
        self.stores = stores.save_stores(
            stores=[
                NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=code, name_en=code)
                for code in ("SH01", "SH02")
            ]
        )
        categories = {"MILK": "food/dairy", "YOGURT": "food/dairy", "BEER": "drinks", "SOAP": "home"}
        catalog.save_items(
            items=[
                NewItem(
                    chain_id=self.chain.id, sku=sku, name_zh=sku, name_en=sku, category=category, cost_minor=101,
                    tax_rate_bp=1300 if sku == "BEER" else 900,
                )
                for sku, category in categories.items()
            ]
        )  # fmt: skip
        catalog.save_prices(
            prices=[
                NewPrice(chain_id=self.chain.id, sku=sku, amount_minor=price, starts_at=NOON - timedelta(days=9))
                for sku, price in PRICES.items()
            ]
        )
        self.sender = Principal(
            subject="client:till", name="Till", grants=(Grant(role="integration", chain_id=self.chain.id),),
            scopes=None, source=None,
        )  # fmt: skip
        self._publish()

    def _publish(self) -> None:
        maker = Principal(subject="staff:ma", name="Ma", grants=(Grant(role="marketer", chain_id=self.chain.id),))
        checker = Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=self.chain.id),))
        at = NOON - timedelta(days=1)
        draft = promotions.create_draft(chain_id=self.chain.id, name="Test", principal=maker, now=at)
        for rule in RULES:
            draft = promotions.put_promotion(
                draft_id=draft.id, revision=draft.revision, promotion=rule, principal=maker, now=at
            )
        promotions.submit_for_review(draft_id=draft.id, revision=draft.revision, reason="x", principal=maker, now=at)
        promotions.decide_review(draft_id=draft.id, approve=True, principal=checker, now=at)

    def sell(self, units: dict[str, int], shares: list[int]) -> SaleDetail:
        """Sell so many of each, paid by tenders in these proportions."""
        lines = tuple(LineCommand(code=sku, units=number) for sku, number in units.items())
        name = f"S-{next(_names)}"
        total = self._total(lines)
        recorded = self.complete(CompleteSale(
            source="web", source_id=name, store="SH01", completed_at=NOON, channel="web", lines=lines,
            tenders=split_money(total, shares),
        ))  # fmt: skip
        assert recorded.total_minor == total
        return orders.sale(sale_id=recorded.sale_id, store_ids={self.stores[0].id})

    def _total(self, lines: tuple[LineCommand, ...]) -> int:
        probe = f"P-{next(_names)}"
        recorded = self.complete(
            CompleteSale(source="web", source_id=probe, store="SH01", completed_at=NOON, channel="web", lines=lines)
        )
        return recorded.total_minor

    def complete(self, command: CompleteSale) -> SaleRecorded:
        return checkout.complete_sale(command=command, principal=self.sender, now=LATER)

    def for_return(self, sale_id: UUID) -> ForReturn:
        return orders.for_return(sale_id=sale_id, chain_id=self.chain.id)

    def quote(self, sale_id: UUID, wanted: dict[int, int], store: int) -> ReturnQuote:
        return returns.quote_return(
            sale_id=sale_id, wanted=[WantedReturn(line_number=number, units=units) for number, units in wanted.items()],
            at=LATER, store_id=self.stores[store].id, principal=self.sender, capability="sale.write",
        )  # fmt: skip

    def take_back(self, sale_id: UUID, wanted: dict[int, int], store: int) -> ReturnQuote:
        """Return these units; the quote that it went by."""
        quote = self.quote(sale_id, wanted, store)
        recorded = self.complete(
            CompleteSale(
                source="web", source_id=f"R-{next(_names)}", store=self.stores[store].code, completed_at=LATER,
                channel="web", returns=ReturnTerms(approved_by="Manager"),
                lines=tuple(
                    LineCommand(code="", units=-units, original=OriginalLine(sale_id=sale_id, line_number=number))
                    for number, units in wanted.items()
                ),
            )
        )  # fmt: skip
        assert recorded.total_minor == -quote.refund_minor
        return quote


@pytest.fixture
def world(db: None) -> Iterator[World]:
    promotions.forget()
    yield World()
    promotions.forget()


def split_money(total: int, shares: list[int]) -> tuple[Tender, ...]:
    """The total over card, mobile and cash in these proportions."""
    tenders, left = [], total
    for kind, share in zip(("card", "mobile"), shares, strict=False):
        amount = total * share // 100
        if 0 < amount <= left:
            tenders.append(Tender(type=kind, amount_minor=amount, reference=f"T{share}"))
            left -= amount
    return (*tenders, Tender(type="cash", amount_minor=left)) if left or not tenders else tuple(tenders)


def check_on_the_way(before: ForReturn, after: ForReturn, quote: ReturnQuote) -> None:
    """Nothing beyond what was bought and paid, and what moved is what was quoted."""
    paid = {place: tender.amount_minor for place, tender in enumerate(before.sale.tenders, start=1)}
    assert quote.refund_minor == -sum(tender.amount_minor for tender in quote.tenders)
    assert all(tender.amount_minor < 0 for tender in quote.tenders)
    assert all(amount <= paid[place] for place, amount in after.so_far.tenders.items())
    for line in before.sale.lines:
        back = after.so_far.lines.get(line.line_number)
        if back is not None:
            assert back.units <= line.units
            assert 0 <= back.amount_minor <= line.amount_minor
            assert 0 <= back.tax_minor <= line.tax_minor
    assert after.so_far.version == before.so_far.version + 1


def check_all_back(found: ForReturn) -> None:
    """Everything that was bought has come back: each line, each discount, each tender, to the fen."""
    for line in found.sale.lines:
        back = found.so_far.lines[line.line_number]
        assert (back.units, back.regular_minor, back.amount_minor) == (
            line.units, line.regular_minor, line.amount_minor,
        )  # fmt: skip
        assert (back.tax_minor, back.cost_minor) == (line.tax_minor, line.cost_minor)
        assert {code: amount for code, amount in back.discounts.items() if amount} == {
            each.code: each.amount_minor for each in line.discounts
        }
    paid = {place: tender.amount_minor for place, tender in enumerate(found.sale.tenders, start=1)}
    assert found.so_far.tenders == {place: amount for place, amount in paid.items() if amount}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_bought_and_brought_back_in_any_portions_all_of_it_comes_back(world: World, data: Any) -> None:
    units = data.draw(st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 5), min_size=1))
    shares = data.draw(st.lists(st.integers(1, 99), max_size=2))
    sale = world.sell(units, shares)
    left = {line.line_number: line.units for line in sale.lines}
    for _ in range(6):
        if not left:
            break
        wanted = {
            number: data.draw(st.integers(1, left[number]))
            for number in data.draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
        }
        before = world.for_return(sale.summary.id)
        quote = world.take_back(sale.summary.id, wanted, data.draw(st.integers(0, 1)))
        check_on_the_way(before, world.for_return(sale.summary.id), quote)
        left = {number: count - wanted.get(number, 0) for number, count in left.items()}
        left = {number: count for number, count in left.items() if count}
    if left:
        world.take_back(sale.summary.id, left, 0)
    check_all_back(world.for_return(sale.summary.id))
    with pytest.raises(TooMuchReturned):
        world.quote(sale.summary.id, {1: 1}, 0)


def test_a_promotion_that_is_clawed_back_lowers_the_refund_and_the_rest_comes_with_the_last_unit(world: World) -> None:
    sale = world.sell({"BEER": 4}, [100])  # 4 × 7.99 less 10.00 = 21.96
    assert sale.summary.total_minor == 2196
    first = world.take_back(sale.summary.id, {1: 1}, 0)  # three without the promotion cost 23.97: nothing comes back
    assert (first.refund_minor, first.notes, first.tenders) == (0, ("clawback",), ())
    second = world.take_back(sale.summary.id, {1: 2}, 1)  # one costs 7.99
    assert (second.refund_minor, second.notes) == (1397, ("clawback", "other_store"))
    third = world.take_back(sale.summary.id, {1: 1}, 0)
    assert (third.refund_minor, third.is_full) == (799, True)
    check_all_back(world.for_return(sale.summary.id))


def test_units_that_were_paid_differently_come_back_cheapest_first_or_as_named(world: World) -> None:
    sale = world.sell({"MILK": 2}, [])  # 6.50 and 3.25
    cheap = world.quote(sale.summary.id, {1: 1}, 0)
    assert (cheap.refund_minor, cheap.lines[0].line.original.unit_positions) == (325, (1,))
    named = returns.quote_return(
        sale_id=sale.summary.id, wanted=[WantedReturn(line_number=1, units=1, unit_positions=(0,))], at=LATER,
        store_id=world.stores[0].id, principal=world.sender, capability="sale.write",
    )  # fmt: skip
    assert named.refund_minor == 650
    world.take_back(sale.summary.id, {1: 1}, 0)
    with pytest.raises(NotReturnable):
        returns.quote_return(
            sale_id=sale.summary.id, wanted=[WantedReturn(line_number=1, units=1, unit_positions=(1,))], at=LATER,
            store_id=world.stores[0].id, principal=world.sender, capability="sale.write",
        )  # fmt: skip
    assert world.take_back(sale.summary.id, {1: 1}, 1).refund_minor == 650
    check_all_back(world.for_return(sale.summary.id))


def test_goods_of_an_exchange_come_back_to_what_the_exchange_was_paid_with(world: World) -> None:
    first = world.sell({"SOAP": 1}, [100])  # 19.99 by card
    exchange = world.complete(
        CompleteSale(
            source="web", source_id="X-1", store="SH01", completed_at=LATER, channel="web", returns=ReturnTerms(),
            lines=(
                LineCommand(code="", units=-1, original=OriginalLine(sale_id=first.summary.id, line_number=1)),
                LineCommand(code="BEER", units=3),
            ),
            tenders=(Tender(type="mobile", amount_minor=398, method="wechat"),),
        )
    )  # fmt: skip
    assert exchange.total_minor == 398  # 23.97 - 19.99
    assert world.for_return(first.summary.id).so_far.tenders == {1: 1999}
    back = world.take_back(exchange.sale_id, {2: 3}, 0)
    assert [(each.position, each.type, each.amount_minor) for each in back.tenders] == [
        (1, "mobile", -398), (0, "cash", -1999),
    ]  # fmt: skip
    assert back.is_full


def test_a_voided_sale_has_nothing_to_come_back_and_other_chains_see_nothing(world: World) -> None:
    sale = world.sell({"SOAP": 1}, [])
    manager = Principal(
        subject="staff:1", name="Ann", grants=(Grant(role="store_manager", chain_id=world.chain.id),)
    )  # fmt: skip
    orders.void_sale(sale_id=sale.summary.id, reason="mistake", principal=manager, now=LATER)
    with pytest.raises(NotReturnable):
        world.quote(sale.summary.id, {1: 1}, 0)
    with pytest.raises(LiushuiError):
        world.quote(UUID(int=5), {1: 1}, 0)
