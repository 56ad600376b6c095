"""What a drawer should hold: expected = float + taken - change - refunds + paid in - paid out, for each tender."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

from liushui.till.contracts import DrawerEntry, TenderTotals
from liushui.till.domain.tenders import TYPES
from liushui.till.domain.value import ValueFigures


class Taken(NamedTuple):
    """What tickets of a shift did with one tender. Amounts are positive."""

    sales: int = 0
    sales_minor: int = 0  # handed over, change still within
    change_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0


def tender_totals(
    *, float_minor: int, taken: Mapping[str, Taken], entries: Sequence[DrawerEntry], counted_minor: int | None,
    value: Sequence[ValueFigures] = (),
) -> tuple[TenderTotals, ...]:  # fmt: skip
    """One line for each tender in a fixed order, cash always; only cash has a float and is counted."""
    totals = []
    for kind in TYPES:
        own = taken.get(kind, Taken())
        refunds = [entry for entry in entries if entry.kind == "refund" and entry.tender == kind]
        is_cash = kind == "cash"
        paid_in = _sum(entries, "paid_in") if is_cash else 0
        paid_out = _sum(entries, "paid_out") if is_cash else 0
        refunds_minor = own.refunds_minor + sum(entry.amount_minor for entry in refunds)
        begun_with = float_minor if is_cash else 0
        sold = [each for each in value if each.tender == kind]
        value_minor, value_back = sum(each.paid_minor for each in sold), sum(each.voided_minor for each in sold)
        expected = begun_with + own.sales_minor - own.change_minor - refunds_minor + paid_in - paid_out
        expected += value_minor - value_back
        counted = counted_minor if is_cash else None
        if not is_cash and own == Taken() and not refunds and not sold:
            continue
        totals.append(
            TenderTotals(
                type=kind,
                sales=own.sales,
                sales_minor=own.sales_minor,
                change_minor=own.change_minor,
                refunds=own.refunds + len(refunds),
                refunds_minor=refunds_minor,
                float_minor=begun_with,
                paid_in_minor=paid_in,
                paid_out_minor=paid_out,
                expected_minor=expected,
                counted_minor=counted,
                difference_minor=None if counted is None else counted - expected,
                value_sales=sum(each.sold for each in sold),
                value_minor=value_minor,
                value_refunds_minor=value_back,
            )
        )
    return tuple(totals)


def expected_cash(totals: Iterable[TenderTotals]) -> int:
    """What the drawer should hold."""
    return next(total.expected_minor for total in totals if total.type == "cash")


def merged(many: Iterable[Sequence[TenderTotals]]) -> tuple[TenderTotals, ...]:
    """The totals of several drawers added up by tender. What is not counted in one of them is not counted in all."""
    found: dict[str, TenderTotals] = {}
    for totals in many:
        for total in totals:
            known = found.get(total.type)
            found[total.type] = total if known is None else _added(known, total)
    return tuple(found[kind] for kind in TYPES if kind in found)


def _added(one: TenderTotals, other: TenderTotals) -> TenderTotals:
    sums: dict[str, int | None] = {}
    for field in fields(TenderTotals):
        if field.name != "type":
            a, b = getattr(one, field.name), getattr(other, field.name)
            sums[field.name] = None if a is None or b is None else a + b
    return replace(one, **sums)  # type: ignore[arg-type]


def _sum(entries: Sequence[DrawerEntry], kind: str) -> int:
    return sum(entry.amount_minor for entry in entries if entry.kind == kind)
