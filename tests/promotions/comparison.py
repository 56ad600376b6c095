"""An answer of the engine and a state of the judge in the same shape, and what differs."""

from __future__ import annotations

from typing import Any

from tests.promotions.judge_state import State

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.documents import basis_points


def by_the_engine(priced: PricedBasket) -> dict[str, Any]:
    answer = priced.to_json()
    charges = answer["shipping_lines"]
    return {
        "total": answer["total"],
        "gross": answer["gross"],
        "discount": answer["discount"],
        "shipping": {each["id"]: each["net"] for each in charges},
        "units": {line["id"]: line["units"] for line in answer["lines"]},
        "allocations": {
            (line["id"], each["promotion"]): each["amount"] for line in answer["lines"] for each in line["allocations"]
        },
        "of shipping": {
            (line["id"], each["promotion"]): each["amount"] for line in charges for each in line["allocations"]
        },
        "applied": {
            each["id"]: (each["amount"], each["applications"], each.get("unused", 0))
            for each in answer["promotions"]
            if each["status"] == "applied"
        },
        "points": (answer["points"]["multiply"], answer["points"]["add"]),
        "issued": sorted((each["promotion"], each["batch"], each["for"]) for each in answer["issued"]),
        "offers": sorted(
            (each["promotion"], each["sku"], each["qty"], basis_points(each["percent"], at=""))
            for each in answer["offers"]
        ),
    }


def by_the_judge(state: State) -> dict[str, Any]:
    lines = state.basket.lines
    gross = sum(line.unit_price * line.quantity for line in lines)
    paid = sum(unit.remaining for unit in state.units)
    return {
        "total": state.total(),
        "gross": gross,
        "discount": gross - paid,
        "shipping": {charge.id: charge.remaining for charge in state.charges},
        "units": {line.id: state.paid(line.id) for line in lines},
        "allocations": {
            (line, each.id): amount for each in state.applied for line, amount in each.by_line.items() if amount
        },
        "of shipping": {
            (charge, each.id): amount for each in state.applied for charge, amount in each.by_charge.items() if amount
        },
        "applied": {each.id: (each.amount, each.applications, each.unused) for each in state.applied},
        "points": state.points(),
        "issued": sorted((one["promotion"], one["batch"], one["for"]) for each in state.applied for one in each.issued),
        "offers": sorted(
            (one["promotion"], one["sku"], one["qty"], one["percent"]) for each in state.applied for one in each.offers
        ),
    }


def differences(engine: dict[str, Any], judge: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not the same: (engine's, judge's)."""
    return {key: (engine[key], judge[key]) for key in judge if engine[key] != judge[key]}
