"""What a machine says about money is checked, not believed: sums, signs, sizes, tax, and whose store it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from liushui.intake.models import QuarantineEntryRow

LINE = {"code": "TEA", "units": 1, "amount_minor": 990}
MANY = 2**63 - 1


def sale_with(world: Any, *, sale_id: str = "tamper", **changes: Any) -> dict[str, Any]:
    return json.loads(world.words["own"]["sale_body"]) | {"id": sale_id, "lines": [LINE]} | changes


def sent(speak: Callable[..., Any], sale: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer, body = speak("machine")("POST", "/api/v1/sales", sale)
    return answer.status_code, json.loads(body)


BAD_LINES = {
    "regular price below what was paid": [LINE | {"regular_minor": 1}],
    "discounts that are not what is missing": [
        LINE | {"regular_minor": 1990, "discounts": [{"code": "X", "amount_minor": 1}]}
    ],
    "a discount without a regular price": [LINE | {"discounts": [{"code": "X", "amount_minor": 980}]}],
    "a discount that is negative": [LINE | {"regular_minor": 980, "discounts": [{"code": "X", "amount_minor": -10}]}],
    "more tax than was paid": [LINE | {"tax_minor": 991}],
    "tax with another sign": [LINE | {"tax_minor": -100}],
    "goods given with money on top": [LINE | {"amount_minor": -990}],
    "a return that costs": [{"code": "TEA", "units": -1, "amount_minor": 990}],
    "a negative regular price": [LINE | {"regular_minor": -1990, "amount_minor": -990}],
    "units without end": [LINE | {"units": MANY}],
    "a measure below nothing": [LINE | {"measure_value": -1000, "measure_unit": "g"}],
    "sums beyond any amount": [LINE | {"amount_minor": MANY}, LINE | {"amount_minor": MANY}],
    "cost beyond any amount": [LINE | {"cost_minor": -(2**63)}],
    "an unknown item at any price": [LINE | {"code": "NOTHING-OF-OURS", "amount_minor": 1}],
}


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_line_that_does_not_add_up_is_not_recorded(world: Any, speak: Callable[..., Any], what: str) -> None:
    status, problem = sent(speak, sale_with(world, lines=BAD_LINES[what]))
    assert status == 422, problem
    answer, body = speak("machine")("GET", "/api/v1/orders?q=tamper")
    assert (answer.status_code, json.loads(body)["orders" if b'"orders"' in body else "sales"]) == (200, [])


@pytest.mark.parametrize(
    "tenders",
    [
        [{"type": "cash", "amount_minor": 1}],
        [{"type": "cash", "amount_minor": 991}],
        [{"type": "cash", "amount_minor": 1990}, {"type": "cash", "amount_minor": -999}],
        [{"type": "cash", "amount_minor": MANY}, {"type": "card", "amount_minor": 990 - MANY}],
        [{"type": "gold", "amount_minor": 990}],
    ],
)
def test_what_was_paid_is_what_was_sold(world: Any, speak: Callable[..., Any], tenders: list[Any]) -> None:
    status, problem = sent(speak, sale_with(world, tenders=tenders))
    assert status == 422, problem


@pytest.mark.parametrize(
    "value",
    ["1e3", "1,000", "0x10", "NaN", "Infinity", "-0.001", "9.905", "9" * 40, "٩.٩٠", "9.90\u0000", " ", "--1", "1_0"],
)
def test_an_amount_is_a_plain_decimal(world: Any, speak: Callable[..., Any], value: str) -> None:
    status, _ = sent(speak, sale_with(world, lines=[{"code": "TEA", "amount": value}]))
    assert status == 422


@pytest.mark.parametrize("value", [9.9, 10**19, -(10**19), True, [], {}, "990"])
@pytest.mark.parametrize("field", ["amount_minor", "regular_minor", "tax_minor", "cost_minor", "units"])
def test_minor_units_are_whole_numbers_that_fit(world: Any, speak: Callable[..., Any], field: str, value: Any) -> None:
    status, _ = sent(speak, sale_with(world, lines=[LINE | {field: value}]))
    assert status == 422


@pytest.mark.parametrize(
    "when",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2999-01-01T00:00:00Z",
     "1969-12-31T00:00:00Z", "2026-03-02T04:00:00", "now", "2026-03-02T04:00:00+99:99"],
)  # fmt: skip
def test_a_time_that_cannot_be_is_refused(world: Any, speak: Callable[..., Any], when: str) -> None:
    """Far futures would sort before all else and open days that never come."""
    status, problem = sent(speak, sale_with(world, completed_at=when))
    assert status == 422, problem


@pytest.mark.parametrize("currency", ["USD", "cny", "XXX", "BTC", "CNY'--"])
def test_a_sale_is_in_the_currency_of_its_store(world: Any, speak: Callable[..., Any], currency: str) -> None:
    status, _ = sent(speak, sale_with(world, currency=currency))
    assert status == 422


def test_the_same_id_with_another_price_changes_nothing(world: Any, speak: Callable[..., Any]) -> None:
    status, first = sent(speak, sale_with(world))
    assert (status, first["total_minor"]) == (201, 990)
    status, problem = sent(speak, sale_with(world, lines=[LINE | {"amount_minor": 1}]))
    assert status == 409, problem
    _, body = speak("machine")("GET", f"/api/v1/orders/{first['sale_id']}")
    assert json.loads(body)["total_minor"] == 990


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lines": [{"code": "NOTHING-OF-OURS", "amount": "1.00"}]},
        {"lines": [{"code": "TEA", "amount": "1.2345"}]},
        {"lines": [{"code": "TEA", "units": 0, "amount": "1.00"}]},
        {"store": "NO-SUCH"},
        {"currency": "QQQ", "lines": [{"code": "TEA", "amount": "1.00"}]},
    ],
)
@pytest.mark.parametrize("batch", [False, True])
def test_nothing_is_put_into_another_chain_not_even_its_quarantine(
    world: Any, speak: Callable[..., Any], changes: dict[str, Any], batch: bool
) -> None:
    """A sale that is refused for what it says must not land where the sender has no rights."""
    other = world.words["other_chain"]
    before = QuarantineEntryRow.objects.filter(chain_id=int(other["chain_id"])).count()
    sale = sale_with(world, chain=other["chain"], store=other["store"]) | changes
    body = json.dumps([sale] if batch else sale)
    answer, _ = speak("machine")("POST", "/api/v1/sales/batch" if batch else "/api/v1/sales", body)
    assert answer.status_code == (200 if batch else 422)
    assert QuarantineEntryRow.objects.get(source="machine-store").chain_id == int(world.words["own"]["chain_id"])
    assert QuarantineEntryRow.objects.get(source="machine-store").store_id is None
    assert QuarantineEntryRow.objects.filter(chain_id=int(other["chain_id"])).count() == before


def test_nothing_is_put_into_another_region_s_quarantine(world: Any, speak: Callable[..., Any]) -> None:
    other = world.words["other_region"]
    before = QuarantineEntryRow.objects.filter(store_id=int(other["store_id"])).count()
    status, _ = sent(speak, sale_with(world, store=other["store"], lines=[{"code": "TEA", "amount": "1.2345"}]))
    assert status == 403
    assert QuarantineEntryRow.objects.filter(store_id=int(other["store_id"])).count() == before
