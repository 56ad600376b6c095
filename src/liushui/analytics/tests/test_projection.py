"""Which sale counts where: a small day, counted by hand."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from liushui.analytics.contracts import FIGURE_NAMES, Figures
from liushui.analytics.domain.metrics import BY_KEY, METRICS, change_bp, value
from liushui.analytics.domain.projection import (
    CATEGORIES,
    COMPLETED,
    CUBES,
    HOURS,
    ITEM_DAYS,
    ITEM_MONTHS,
    ITEMS,
    OPERATORS,
    TENDERS,
    VOIDED,
    project,
)
from liushui.analytics.tests.sales import line, sale
from liushui.orders.contracts import Tender

# Milk twice at 6.00, 1.20 off, tax 0.89, cost 3.50 each; a mug at 30.00 of unknown cost, tax 3.45.
BASKET = sale(
    line("MILK", units=2, regular=1200, discount=120, tax=89, cost=700, category="food/dairy"),
    line("MUG", regular=3000, tax=345, category="home"),
    tenders=(Tender(type="cash", amount_minor=1000), Tender(type="mobile", method="alipay", amount_minor=3080)),
)
# An exchange by app: one milk comes back for 5.40, bread at 8.00 goes out.
EXCHANGE = sale(
    line("MILK", units=-1, regular=-600, discount=-60, tax=-45, cost=-350, category="food/dairy"),
    line("BREAD", regular=800, tax=66, cost=420, category="food/bakery"),
    channel="app",
    hour=18,
)
# A pure return of the mug.
RETURN = sale(line("MUG", units=-1, regular=-3000, tax=-345, category="home"), hour=18)
# Voided afterwards.
MISTAKE = sale(line("MUG", units=5, regular=15000, tax=1726, category="home"), hour=18, operator="0007")
SMALL_DAY = [(BASKET, COMPLETED), (EXCHANGE, COMPLETED), (RETURN, COMPLETED), (MISTAKE, COMPLETED), (MISTAKE, VOIDED)]


def day_figures() -> Figures:
    rows = project(SMALL_DAY)[HOURS].values()
    return Figures(**{name: sum(row[i] for row in rows) for i, name in enumerate(FIGURE_NAMES)})


def test_a_small_day_has_exactly_these_figures() -> None:
    assert day_figures() == Figures(
        gross_minor=1200 + 3000 + 800,
        discount_minor=120,
        refund_minor=540 + 3000,
        tax_minor=89 + 345 - 45 + 66 - 345,
        tickets=2,
        returns=2,
        items=4,
        returned_items=2,
        costed_net_minor=(1080 - 89) + (-540 + 45) + (800 - 66),
        cost_minor=700 - 350 + 420,
        voids=1,
        voided_minor=15000,
    )


def test_every_metric_of_the_small_day() -> None:
    assert {metric.key: value(metric.key, day_figures()) for metric in METRICS} == {
        "net": 1340,
        "gross": 5000,
        "discount": 120,
        "discount_rate": 240,
        "refund": 3540,
        "tax": 110,
        "net_without_tax": 1230,
        "tickets": 2,
        "average_ticket": 670,
        "items": 4,
        "items_per_ticket": 2000,
        "returns": 2,
        "returned_items": 2,
        "return_rate": 7254,  # 3540 / 4880 = 72.54 %
        "margin": 460,
        "margin_rate": 3740,  # 460 / 1230 = 37.40 %
        "cost_coverage": 10000,  # what is sold and returned at unknown cost cancels out
        "voids": 1,
        "voided": 15000,
    }


def test_a_day_without_sales_has_no_ratios_and_no_margin() -> None:
    undefined = {metric.key for metric in METRICS if metric.value(Figures()) is None}
    assert undefined == {
        "discount_rate",
        "average_ticket",
        "items_per_ticket",
        "return_rate",
        "margin",
        "margin_rate",
        "cost_coverage",
    }


def test_hours_are_kept_apart_by_channel() -> None:
    rows = project(SMALL_DAY)[HOURS]
    net = {(key[2], key[4]): row[0] - row[1] - row[2] for key, row in rows.items()}
    assert net == {("pos", 10): 4080, ("app", 18): 260, ("pos", 18): -3000}


def test_tenders_sum_to_net_sales_and_voided_payments_are_gone() -> None:
    rows = project(SMALL_DAY)[TENDERS]
    assert {key[2:3] + key[4:]: row for key, row in rows.items()} == {
        ("pos", "cash", ""): (1000 - 3000 + 15000 - 15000, 1 + 1 + 1 - 1),
        ("pos", "mobile", "alipay"): (3080, 1),
        ("app", "cash", ""): (260, 1),
    }
    assert sum(row[0] for row in rows.values()) == day_figures().net_minor


def test_an_item_counts_a_sale_once_however_many_lines_it_has() -> None:
    twice = sale(line("MILK", regular=600), line("MILK", regular=600))
    rows = project([(twice, COMPLETED)])
    assert rows[ITEMS] == {("2026-05-08", 1, "pos", "CNY", 1, "MILK"): (1200, 0, 0, 0, 1, 0, 2, 0, 0, 0)}
    assert rows[ITEM_MONTHS] == {("2026-05-01", 1, "pos", "CNY", "MILK"): (1200, 0, 0, 0, 1, 0, 2, 0, 0, 0)}
    assert rows[ITEM_DAYS] == {("2026-05-08", 1, "pos", "CNY", "MILK"): (1200, 0, 0, 0, 1, 0, 2, 0, 0, 0)}
    assert rows[CATEGORIES] == {("2026-05-08", 1, "pos", "CNY", 1, "food/snacks"): (1200, 0, 0, 0, 1, 0, 2, 0, 0, 0)}


def test_cashiers_answer_for_their_own_sales() -> None:
    rows = project(SMALL_DAY)[OPERATORS]
    assert {key[5]: row[10:] for key, row in rows.items() if key[2] == "pos"} == {"0012": (0, 0), "0007": (1, 15000)}


def test_a_refund_of_more_than_was_sold_has_a_negative_average_and_no_rate() -> None:
    figures = Figures(gross_minor=100, refund_minor=350, tickets=2, costed_net_minor=-250, cost_minor=-100)
    assert value("average_ticket", figures) == -125
    assert value("margin", figures) == -150
    assert value("margin_rate", figures) is None
    assert value("return_rate", figures) == 35000


def test_a_change_is_in_basis_points_and_undefined_against_nothing() -> None:
    assert change_bp(now=1050, before=1000) == 500
    assert change_bp(now=1, before=3) == -6667
    assert change_bp(now=5, before=0) is None
    assert change_bp(now=None, before=5) is None


def test_names_and_definitions_are_there_in_both_languages_and_once() -> None:
    assert len(BY_KEY) == len(METRICS)
    for metric in METRICS:
        assert all((metric.name_zh, metric.name_en, metric.definition_zh, metric.definition_en, metric.formula))


signed = st.integers(-5, 9)
lines_ = st.builds(
    lambda sku, units, price, off, tax, cost: line(
        sku,
        units=units,
        regular=units * price,
        discount=units * min(off, price),
        tax=units * tax,
        cost=None if cost is None else units * cost,
        category=f"c/{sku}",
    ),
    st.sampled_from("ABC"),
    signed.filter(bool),
    st.integers(0, 900),
    st.integers(0, 100),
    st.integers(0, 40),
    st.none() | st.integers(0, 500),
)
sales_ = st.builds(
    lambda lines, store, day, hour: sale(*lines, store_id=store, day=date(2026, 5, day), hour=hour),
    st.lists(lines_, min_size=1, max_size=4),
    st.integers(1, 2),
    st.sampled_from([1, 31]),
    st.integers(9, 10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(sales_, st.booleans()), max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_sales_and_voids_gives_the_same_rows(
    history: list[tuple[object, bool]], chance: random.Random
) -> None:
    at_once = [(fact, COMPLETED | VOIDED if voided else COMPLETED) for fact, voided in history]
    one_by_one = [(fact, COMPLETED) for fact, _ in history] + [(fact, VOIDED) for fact, voided in history if voided]
    chance.shuffle(one_by_one)
    left, right = project(at_once), project(one_by_one)
    for cube in CUBES:
        assert {k: v for k, v in left[cube].items() if any(v)} == {k: v for k, v in right[cube].items() if any(v)}


@settings(max_examples=60, deadline=None)
@given(st.lists(sales_, max_size=8))
def test_every_cube_adds_up_to_the_same_net_sales(facts: list[object]) -> None:
    rows = project([(fact, COMPLETED) for fact in facts])
    changed_hands = sum(each.amount_minor for fact in facts for each in fact.lines)
    for cube in (HOURS, OPERATORS, ITEMS, ITEM_DAYS, ITEM_MONTHS, CATEGORIES):
        assert sum(row[0] - row[1] - row[2] for row in rows[cube].values()) == changed_hands
    assert sum(row[0] for row in rows[TENDERS].values()) == changed_hands
