"""Past baskets as JSON lines."""

from __future__ import annotations

import json

import pytest

from liushui.promotions.domain.backtest_lines import CHUNK_LINES, chunks_of_lines
from liushui.promotions.domain.trial import Head
from liushui.promotions.errors import InvalidDocument

BASKET = {
    "currency": "CNY", "at": "2026-11-22T23:30:00+08:00", "member": {"id": "m1"},
    "lines": [
        {"id": "a", "sku": "x", "unit_price": 500, "quantity": 2},
        {"id": "b", "sku": "y", "unit_price": 1, "quantity": 1},
    ],
    "usage": {"p": {"total": 3}},
}  # fmt: skip


def read(*documents: object) -> list[object]:
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in documents]
    return list(chunks_of_lines(lines))


def test_a_plain_basket_is_known_by_its_line_and_day_and_its_usage_is_counted_anew() -> None:
    [(heads, [trial])] = read(b"\n", BASKET)
    assert heads == [Head("m1", 1_001)]
    assert (trial.receipt, trial.day, trial.costs, trial.paid, trial.basket.usage) == ("2", "2026-11-22", (), None, {})


def test_costs_taxes_and_what_was_paid_stand_beside_the_basket() -> None:
    line = {"basket": BASKET, "receipt": "R7", "day": "2026-11-21", "costs": {"b": 7}, "tax_bp": {"a": 1300}, "paid": 9}
    [(_heads, [trial])] = read(line)
    assert (trial.receipt, trial.day, trial.paid) == ("R7", "2026-11-21", 9)
    assert (trial.costs, trial.tax_bp) == ((None, 7), (1300, 0))


def test_lines_are_handed_out_some_at_a_time() -> None:
    assert [len(heads) for heads, _trials in read(*[BASKET] * (CHUNK_LINES + 1))] == [CHUNK_LINES, 1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "Line 2"),
        ({"basket": BASKET, "cost": {}}, "Line 2"),
        ({"basket": BASKET, "costs": {"z": 1}}, 'has no line "z"'),
        ({"basket": BASKET, "day": "soon"}, "is no day"),
        ({"basket": BASKET, "paid": 1.5}, "whole number"),
    ],
)
def test_a_line_that_is_wrong_is_named(line: object, said: str) -> None:
    with pytest.raises(InvalidDocument, match=said) as refused:
        read(BASKET, line)
    assert "Line 2" in str(refused.value)
