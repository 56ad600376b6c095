"""A sale as stated becomes a sale as recorded, or a refusal that says what, where and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from liushui.checkout import errors, facade
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Refusal, Tender
from liushui.kernel.errors import NotAllowed
from liushui.orders import facade as orders
from liushui.orders.errors import SaleConflict
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
MILK = LineCommand(code="MILK", amount_minor=650)


def command(*lines: LineCommand, **fields) -> CompleteSale:
    values = {"source": "pos", "source_id": "1", "store": "SH01", "completed_at": NOW}
    return CompleteSale(lines=lines or (MILK,), **(values | fields))


def recorded(shop, *lines, **fields):
    answer = facade.complete_sale(command=command(*lines, **fields), principal=shop.sender(), now=NOW)
    return orders.sale(sale_id=answer.sale_id, store_ids={shop.store.id, shop.night_store.id})


def facts():
    return [fact for fact, _ in orders.sale_facts(after=None, limit=100)]


def test_a_paid_sale_is_filled_up_from_the_catalogue(shop):
    sale = recorded(shop, LineCommand(code="6901234567892", units=2, amount_minor=1200, regular_minor=1300))
    [line] = sale.lines
    assert (line.sku, line.gtin, line.name, line.category) == ("MILK", "06901234567892", "牛奶", "food/dairy")
    assert (line.units, line.unit_price_minor, line.regular_minor, line.discount_minor) == (2, 650, 1300, 100)
    assert (line.tax_rate_bp, line.tax_minor, line.cost_minor) == (900, 99, 800)  # 1200 × 900 / 10900 = 99.08
    assert sale.tenders == (Tender(type="other", amount_minor=1200),)
    assert (sale.summary.receipt_number, sale.summary.currency, sale.summary.channel) == ("1", "CNY", "pos")


def test_a_line_without_amount_takes_our_price(shop):
    assert recorded(shop, LineCommand(code="MILK", units=3)).summary.total_minor == 1950


def test_discounts_come_off_our_price(shop):
    coupon = Discount(code="C5", name="立减", amount_minor=50)
    sale = recorded(shop, LineCommand(code="MILK", discounts=(coupon,)))
    assert (sale.summary.regular_minor, sale.summary.discount_minor, sale.summary.total_minor) == (650, 50, 600)
    assert sale.lines[0].discounts == (coupon,)


def test_a_scale_barcode_is_one_piece_with_its_weight_and_price(shop):
    [line] = recorded(shop, LineCommand(code="2100120012506")).lines
    assert (line.sku, line.units, line.measure_value, line.measure_unit) == ("10012", 1, 1250, "g")
    assert (line.amount_minor, line.cost_minor) == (2488, 1250)  # 19.90 × 1.25 = 24.875, half up


def test_a_returned_line_is_negative_all_through(shop):
    [line] = recorded(shop, LineCommand(code="MILK", units=-2)).lines
    assert (line.units, line.amount_minor, line.tax_minor, line.cost_minor) == (-2, -1300, -107, -800)
    assert (line.is_return, line.unit_price_minor) == (True, 650)


def test_a_line_of_no_units_may_be_sold_or_returned(shop):
    sold, returned = recorded(
        shop,
        LineCommand(code="BEER", units=0, amount_minor=100),
        LineCommand(code="BEER", units=0, amount_minor=-40, is_return=True),
    ).lines
    assert (sold.is_return, returned.is_return, sold.amount_minor, returned.amount_minor) == (False, True, 100, -40)


def test_texts_on_the_receipt_win_over_the_catalogue(shop):
    [line] = recorded(shop, replace(MILK, name="鲜牛奶 1L", category="fresh", tax_minor=1, cost_minor=2)).lines
    assert (line.name, line.category, line.tax_minor, line.cost_minor) == ("鲜牛奶 1L", "fresh", 1, 2)


def test_the_variance_is_what_was_charged_beyond_our_price(shop):
    sale = recorded(shop, replace(MILK, amount_minor=700), LineCommand(code="BEER", amount_minor=300))
    assert sale.variance_minor == 50  # beer has no price of ours and plays no part


def test_costs_of_the_catalogue_are_not_taken_for_another_currency(shop):
    stores.save_stores(
        stores=[
            NewStore(
                chain_code="HM", region_code="EAST", code="HK01", name_zh="港店", name_en="Hong Kong", currency="HKD"
            )
        ]
    )
    command_hk = command(LineCommand(code="MILK", amount_minor=800), store="HK01")
    answer = facade.complete_sale(command=command_hk, principal=shop.sender(), now=NOW)
    [(fact, _)] = orders.sale_facts(after=None, limit=1)
    assert (answer.currency, fact.lines[0].cost_minor) == ("HKD", None)


def test_unknown_items_are_recorded_under_their_code_when_the_source_may(shop):
    [line] = recorded(
        shop, LineCommand(code="5901234123457", amount_minor=5, name="?"), accept_unknown_items=True
    ).lines
    assert (line.item_id, line.sku, line.gtin, line.cost_minor) == (None, "5901234123457", "05901234123457", None)


def test_a_sale_at_three_in_the_night_belongs_to_the_day_before_where_days_start_at_four(shop):
    at = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)  # 03:30 on the 22nd in Shanghai
    night = recorded(shop, source_id="n", store="SH02", completed_at=at)
    day = recorded(shop, source_id="d", store="SH01", completed_at=at)
    assert (night.summary.business_date.day, day.summary.business_date.day) == (21, 22)
    assert {fact.local_hour for fact in facts()} == {3}


def test_a_lost_answer_is_given_again_even_when_the_sale_would_be_refused_by_now(shop):
    taken = command(LineCommand(code="GONE", amount_minor=100), accept_unknown_items=True)
    first = facade.complete_sale(command=taken, principal=shop.sender(), now=NOW)
    again = facade.complete_sale(command=replace(taken, accept_unknown_items=False), principal=shop.sender(), now=NOW)
    assert again == replace(first, is_replay=True)
    changed = replace(taken, accept_unknown_items=False, operator="another")
    with pytest.raises(errors.ItemUnknown):
        facade.complete_sale(command=changed, principal=shop.sender(), now=NOW)


def test_a_lost_answer_is_given_again(shop):
    first, again = (facade.complete_sale(command=command(), principal=shop.sender(), now=NOW) for _ in range(2))
    assert again == replace(first, is_replay=True)


def test_the_same_instant_in_another_zone_is_the_same_sale(shop):
    facade.complete_sale(command=command(), principal=shop.sender(), now=NOW)
    elsewhere = command(completed_at=NOW.astimezone(timezone(timedelta(hours=8))))
    assert facade.complete_sale(command=elsewhere, principal=shop.sender(), now=NOW).is_replay


def test_other_contents_under_the_same_id_are_a_conflict(shop):
    facade.complete_sale(command=command(), principal=shop.sender(), now=NOW)
    with pytest.raises(SaleConflict):
        facade.complete_sale(command=command(operator="9"), principal=shop.sender(), now=NOW)


def test_one_bad_sale_of_a_batch_keeps_no_other_back(shop):
    commands = [
        command(source_id="1"),
        command(LineCommand(code="NOTHING"), source_id="2"),
        command(source_id="3", store="XX"),
        command(source_id="4"),
    ]
    answers = facade.complete_sales(commands=commands, principal=shop.sender(), now=NOW)
    assert [isinstance(answer, Refusal) for answer in answers] == [False, True, True, False]
    assert answers[1] == Refusal(
        source_id="2",
        problem={
            "type": "urn:liushui:problem:item-unknown",
            "title": "The catalogue has no item under this code",
            "status": 422,
            "detail": "The catalogue has no item under 'NOTHING'",
            "pointer": "/lines/0/code",
            "remedy": "Add the item, correct the code, or have unknown items accepted from this source.",
        },
    )
    assert sorted(fact.source_id for fact in facts()) == ["1", "4"]


@pytest.mark.parametrize(
    ("error", "pointer", "changed"),
    [
        (errors.LinesRefused, "/lines", {"lines": ()}),
        (errors.TextRefused, "/source_id", {"source_id": ""}),
        (errors.TextRefused, "/source_id", {"source_id": "x" * 129}),
        (errors.TextRefused, "/operator", {"operator": "a\0b"}),
        (errors.TextRefused, "/customer", {"customer": "\ud800"}),
        (errors.TimeRefused, "/completed_at", {"completed_at": NOW.replace(tzinfo=None)}),
        (errors.TimeRefused, "/completed_at", {"completed_at": NOW + timedelta(hours=24, seconds=1)}),
        (errors.TimeRefused, "/completed_at", {"completed_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))}),
        (errors.CurrencyMismatch, "/currency", {"currency": "JPY"}),
        (errors.StoreUnknown, "/store", {"store": "SH99"}),
        (errors.StoreUnknown, "/chain", {"chain": "OTHER"}),
        (errors.TendersUnbalanced, "/tenders", {"tenders": (Tender(type="cash", amount_minor=651),)}),
        (errors.TenderRefused, "/tenders/0/type", {"tenders": (Tender(type="gold", amount_minor=650),)}),
        (errors.AmountRefused, "/tenders/0/amount_minor", {"tenders": (Tender(type="cash", amount_minor=6.5),)}),
        (
            errors.TextRefused,
            "/tenders/0/method",
            {"tenders": (Tender(type="cash", amount_minor=650, method=65 * "x"),)},
        ),
    ],
)
def test_a_sale_is_refused_with_the_place_of_the_fault(shop, error, pointer, changed):
    with pytest.raises(error) as refusal:
        facade.complete_sale(command=replace(command(), **changed), principal=shop.sender(), now=NOW)
    assert refusal.value.pointer == pointer
    assert facts() == []


@pytest.mark.parametrize(
    ("error", "field", "line"),
    [
        (errors.TextRefused, "code", LineCommand(code="")),
        (errors.ItemUnknown, "code", LineCommand(code="NOTHING", amount_minor=1)),
        (errors.PriceMissing, "amount_minor", LineCommand(code="BEER")),
        (errors.PriceMissing, "amount_minor", LineCommand(code="10012")),  # sold by weight, and none given
        (errors.UnitsRefused, "units", LineCommand(code="MILK", units=1.5)),
        (errors.UnitsRefused, "units", LineCommand(code="MILK", units=10**12 + 1)),
        (errors.AmountRefused, "amount_minor", LineCommand(code="MILK", amount_minor=6.5)),
        (errors.AmountRefused, "amount_minor", LineCommand(code="MILK", amount_minor=2**63)),
        (errors.AmountRefused, "regular_minor", LineCommand(code="MILK", amount_minor=1, regular_minor=-(2**64))),
        (errors.SignMismatch, "amount_minor", LineCommand(code="MILK", units=1, amount_minor=-1)),
        (errors.SignMismatch, "amount_minor", LineCommand(code="MILK", units=-1, amount_minor=1)),
        (errors.SignMismatch, "units", LineCommand(code="MILK", units=1, amount_minor=-1, is_return=True)),
        (errors.DiscountMismatch, "regular_minor", LineCommand(code="MILK", amount_minor=650, regular_minor=600)),
        (
            errors.DiscountMismatch,
            "discounts",
            LineCommand(
                code="MILK",
                amount_minor=600,
                regular_minor=650,
                discounts=(Discount(code="", name="", amount_minor=9),),
            ),
        ),
        (errors.TaxRefused, "tax_minor", LineCommand(code="MILK", amount_minor=650, tax_minor=651)),
        (errors.TaxRefused, "tax_minor", LineCommand(code="MILK", amount_minor=650, tax_minor=-1)),
        (errors.MeasureRefused, "measure_value", LineCommand(code="10012", amount_minor=1, measure_value=-1)),
        (errors.MeasureRefused, "measure_value", LineCommand(code="10012", amount_minor=1, measure_unit="g")),
        (
            errors.MeasureRefused,
            "measure_value",
            LineCommand(code="10012", amount_minor=1, measure_value=5, measure_unit="stone"),
        ),
        (errors.AmountRefused, "cost_minor", LineCommand(code="MILK", amount_minor=650, cost_minor=-1)),
    ],
)
def test_a_line_is_refused_with_the_place_of_the_fault(shop, error, field, line):
    with pytest.raises(error) as refusal:
        facade.complete_sale(command=command(MILK, line), principal=shop.sender(), now=NOW)
    assert refusal.value.pointer == f"/lines/1/{field}"
    assert refusal.value.status == 422
    assert facts() == []


def test_a_sender_of_one_store_is_refused_for_another(shop):
    sender = shop.sender(store_id=shop.store.id)
    facade.complete_sale(command=command(), principal=sender, now=NOW)
    with pytest.raises(errors.StoreNotAllowed):
        facade.complete_sale(command=command(source_id="2", store="SH02"), principal=sender, now=NOW)


def test_a_machine_speaks_for_its_own_source_only(shop):
    with pytest.raises(errors.SourceNotYours):
        facade.complete_sale(command=command(), principal=shop.sender(source="web"), now=NOW)


def test_nobody_but_a_till_speaks_as_one(shop):
    for sender in (shop.sender(), shop.sender(source="till")):
        with pytest.raises(errors.SourceNotYours):
            facade.complete_sale(command=command(source="till"), principal=sender, now=NOW)
    answer = facade.complete_sale(
        command=command(source="till"), principal=shop.sender(role="cashier"), now=NOW, capability="till.use"
    )
    assert answer.source == "till"
    assert len(facts()) == 1


def test_a_sale_may_name_the_day_that_its_shift_belongs_to(shop):
    assert recorded(shop, business_date=date(2026, 11, 23)).summary.business_date == date(2026, 11, 23)


def test_a_quote_is_what_would_be_recorded_and_records_nothing(shop):
    asked = [LineCommand(code="MILK", units=2), LineCommand(code="GHOST"), LineCommand(code="BEER")]
    weighed = LineCommand(code="10012", measure_value=500, measure_unit="g")
    quote = facade.quote(store=shop.store, lines=[*asked, weighed], at=NOW)
    assert (quote.regular_minor, quote.discount_minor, quote.total_minor, quote.tax_minor) == (2_295, 0, 2_295, 189)
    milk, ghost, beer, apple = quote.lines
    assert (milk.line.amount_minor, milk.item.name_zh, milk.refusal) == (1_300, "牛奶", None)
    assert (ghost.line, ghost.item, type(ghost.refusal)) == (None, None, errors.ItemUnknown)
    assert (beer.line, beer.item.sku, type(beer.refusal)) == (None, "BEER", errors.PriceMissing)
    assert (apple.line.amount_minor, apple.unit_price_minor) == (995, 1_990)
    assert facts() == []


@pytest.mark.parametrize("fields", [{"role": "store_manager"}, {"scopes": frozenset({"sale.read"})}])
def test_without_the_right_nothing_is_taken(shop, fields):
    with pytest.raises(NotAllowed):
        facade.complete_sales(commands=[command()], principal=shop.sender(**fields), now=NOW)
    assert facts() == []


@pytest.mark.parametrize(
    "customer",
    ["13800138000", "138 0013-8000", "+8613800138000", "0086 13800138000", "+44 7700 900123", "wang@mail.cn"],
)
def test_a_customer_is_a_number_that_says_nothing_about_the_person(shop, customer):
    with pytest.raises(errors.TextRefused) as refused:
        recorded(shop, customer=customer)
    assert refused.value.pointer == "/customer"
    assert customer not in str(refused.value.problem())
    assert facts() == []


@pytest.mark.parametrize("customer", ["17850", "M13800138000", "20138001380", "1380013800", "138001380001", "u@7"])
def test_an_opaque_number_is_taken_though_it_is_long(shop, customer):
    assert recorded(shop, customer=customer).summary.customer == customer


def test_two_sources_never_make_one_key(shop):
    with pytest.raises(errors.TextRefused) as refused:
        recorded(shop, source="a/b")
    assert refused.value.pointer == "/source"
    assert recorded(shop, source="a", source_id="b/1").summary.source_id == "b/1"
