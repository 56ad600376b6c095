"""From sales to rows of the read models: the one place that says which sale counts where.

Everything is a sum, so sales may come in any order, and a void is the same rows with the opposite sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from typing import TypeVar

from liushui.analytics.contracts import FIGURE_NAMES
from liushui.orders.contracts import SaleFact, SaleLine

COMPLETED, VOIDED = 1, 2  # bits: what has happened to a sale

_SCOPE = ("business_date", "store_id", "channel", "currency")
_LINE_SUMS = (
    "gross_minor",
    "discount_minor",
    "refund_minor",
    "tax_minor",
    "tickets",
    "returns",
    "items",
    "returned_items",
    "costed_net_minor",
    "cost_minor",
)
_TICKETS, _RETURNS = _LINE_SUMS.index("tickets"), _LINE_SUMS.index("returns")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """A read model: a table of sums (in this order) by keys (in this order)."""

    table: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]


HOURS = Cube(table="analytics_hourtotal", keys=(*_SCOPE, "local_hour"), sums=FIGURE_NAMES)
OPERATORS = Cube(table="analytics_operatortotal", keys=(*_SCOPE, "workstation", "operator"), sums=FIGURE_NAMES)
ITEMS = Cube(table="analytics_itemtotal", keys=(*_SCOPE, "chain_id", "sku"), sums=_LINE_SUMS)
ITEM_DAYS = Cube(
    table="analytics_itemdaytotal", keys=("business_date", "chain_id", "channel", "currency", "sku"), sums=_LINE_SUMS
)
ITEM_MONTHS = Cube(
    table="analytics_itemmonthtotal", keys=("month", "chain_id", "channel", "currency", "sku"), sums=_LINE_SUMS
)
CATEGORIES = Cube(table="analytics_categorytotal", keys=(*_SCOPE, "chain_id", "category"), sums=_LINE_SUMS)
TENDERS = Cube(table="analytics_tendertotal", keys=(*_SCOPE, "type", "method"), sums=("amount_minor", "tenders"))
CUBES = (HOURS, OPERATORS, ITEMS, ITEM_DAYS, ITEM_MONTHS, CATEGORIES, TENDERS)

Key = tuple[object, ...]
Measures = tuple[int, ...]  # of a line, in the order of _LINE_SUMS
Sums = dict[Key, Measures]


def project(changes: Iterable[tuple[SaleFact, int]]) -> dict[Cube, Sums]:
    """Rows to add to every cube for these changes: (sale, COMPLETED), (sale, VOIDED), or both bits at once."""
    totals: dict[Cube, Sums] = {cube: {} for cube in CUBES}
    for fact, change in changes:
        sign = (1 if change & COMPLETED else 0) - (1 if change & VOIDED else 0)
        scope = (fact.business_date.isoformat(), fact.store_id, fact.channel, fact.currency)
        lines = [_measures(line, sign) for line in fact.lines] if sign else []
        if sign:
            _add_lines(totals, fact, scope, lines, sign)
            _add_tenders(totals[TENDERS], fact, scope, sign)
        whole = _whole(fact, lines, sign, change)
        _add(totals[HOURS], (*scope, fact.local_hour), whole)
        _add(totals[OPERATORS], (*scope, fact.workstation, fact.operator), whole)
    return totals


def _whole(fact: SaleFact, lines: list[Measures], sign: int, change: int) -> Measures:
    """The sale's own figures in the order of FIGURE_NAMES."""
    sums = tuple(map(sum, zip(*lines, strict=True))) if lines else (0,) * len(_LINE_SUMS)
    voided = change & VOIDED
    return (*_once(sums, sign), 1 if voided else 0, sum(line.amount_minor for line in fact.lines) if voided else 0)


def _measures(line: SaleLine, sign: int) -> Measures:
    """A line in the order of _LINE_SUMS; as a ticket or return it counts one, which callers make one a sale."""
    costed = line.cost_minor is not None
    net = sign * (line.amount_minor - line.tax_minor) if costed else 0
    cost = sign * (line.cost_minor or 0)
    tax = sign * line.tax_minor
    if line.is_return:
        return (0, 0, -sign * line.amount_minor, tax, 0, sign, 0, -sign * line.units, net, cost)
    return (sign * line.regular_minor, sign * line.discount_minor, 0, tax, sign, 0, sign * line.units, 0, net, cost)


def _add_lines(totals: dict[Cube, Sums], fact: SaleFact, scope: Key, lines: list[Measures], sign: int) -> None:
    by_sku: dict[str, Measures] = {}
    by_category: dict[str, Measures] = {}
    for line, measures in zip(fact.lines, lines, strict=True):
        _add(by_sku, line.sku, measures)
        _add(by_category, line.category, measures)
    day, chain, channel, currency = scope[0], fact.chain_id, fact.channel, fact.currency
    month = f"{day!s:.7}-01"
    once = len(by_sku) == len(lines)  # then every measure counts one ticket or return already
    items, days, months = totals[ITEMS], totals[ITEM_DAYS], totals[ITEM_MONTHS]
    for sku, measures in by_sku.items():
        sums = measures if once else _once(measures, sign)
        _add(items, (*scope, chain, sku), sums)
        _add(days, (day, chain, channel, currency, sku), sums)
        _add(months, (month, chain, channel, currency, sku), sums)
    categories = totals[CATEGORIES]
    for category, measures in by_category.items():
        _add(categories, (*scope, chain, category), _once(measures, sign))


def _once(sums: Measures, sign: int) -> Measures:
    """Of one sale's lines: it is one ticket and one return, however many lines it has."""
    tickets, returns = sums[_TICKETS], sums[_RETURNS]
    if tickets in (0, sign) and returns in (0, sign):
        return sums
    counted = list(sums)
    counted[_TICKETS] = sign if tickets else 0
    counted[_RETURNS] = sign if returns else 0
    return tuple(counted)


def _add_tenders(totals: Sums, fact: SaleFact, scope: Key, sign: int) -> None:
    for tender in fact.tenders:
        _add(totals, (*scope, tender.type, tender.method), (sign * tender.amount_minor, sign))


def _add(totals: dict[K, Measures], key: K, values: Measures) -> None:
    sums = totals.get(key)
    totals[key] = values if sums is None else tuple(map(add, sums, values))
