"""Prove that the read models say what the orders say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from liushui.analytics.actions.apply_sales import Change, locked_read_model, subtract_changes
from liushui.analytics.actions.build_generation import Progress, build_generation, drop_generation
from liushui.analytics.contracts import Difference, Verification
from liushui.analytics.domain.projection import COMPLETED, CUBES, HOURS, VOIDED, Cube
from liushui.analytics.models import AppliedSale, HourTotal
from liushui.orders import facade as orders
from liushui.orders.contracts import OrderTotals

_SHOWN = 100  # differences spelled out in the report; all are counted
_TRIES = 3  # sales that are just being recorded get this many seconds to arrive
_ORDER_SUMS: tuple[str, ...] = tuple(OrderTotals.__slots__)


@dataclass(slots=True)
class _Found:
    shown: list[Difference] = field(default_factory=list)
    count: int = 0

    def add(self, difference: Difference) -> None:
        self.count += 1
        if len(self.shown) < _SHOWN:
            self.shown.append(difference)


def verify(*, progress: Progress | None = None) -> Verification:
    """Count all sales anew and compare three ways: with the live read models, and with sums straight from the orders.

    Sales whose events have not been read yet are `pending`, not differences. Nothing that is read is changed.
    """
    started = time.monotonic_ns()
    generation = build_generation(progress=progress)
    found = _Found()
    try:
        _compare_with_orders(generation, found)
        with transaction.atomic():
            state = locked_read_model()
            pending = _pending(state.live, generation)
            subtract_changes(generation=generation, changes=pending)
            state.building, state.cursor = None, None
            state.save()
        sales = AppliedSale.objects.filter(generation=generation).count()
        rows = sum(_compare_cube(cube, state.live, generation, found) for cube in CUBES)
    finally:
        _let_go(generation)
    return Verification(
        sales=sales,
        rows=rows,
        pending=len(pending),
        differences=tuple(found.shown),
        difference_count=found.count,
        seconds_ms=(time.monotonic_ns() - started) // 1_000_000,
    )


def _let_go(generation: int) -> None:
    with transaction.atomic():
        state = locked_read_model()
        if state.building == generation:
            state.building, state.cursor = None, None
            state.save()
    drop_generation(generation=generation)


def _compare_with_orders(generation: int, found: _Found) -> None:
    differing: dict[tuple[int, date], tuple[OrderTotals, OrderTotals]] = {}
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(1)
            build_generation()  # what was recorded since
        differing = _order_differences(generation)
        if not differing:
            return
    for (store_id, day), (counted, recorded) in sorted(differing.items()):
        for name in _ORDER_SUMS:
            left, right = getattr(counted, name), getattr(recorded, name)
            if left != right:
                key = f"store_id={store_id} business_date={day}"
                found.add(
                    Difference(
                        between="rebuilt/orders", table=HOURS.table, key=key, measure=name, left=left, right=right
                    )
                )


def _order_differences(generation: int) -> dict[tuple[int, date], tuple[OrderTotals, OrderTotals]]:
    counted = _counted_by_day(generation)
    days = [day for _, day in counted]
    if not days:
        return {}
    recorded = orders.daily_order_totals(
        store_ids={store_id for store_id, _ in counted}, first=min(days), last=max(days)
    )
    nothing = OrderTotals()
    pairs = {key: (counted.get(key, nothing), recorded.get(key, nothing)) for key in counted.keys() | recorded.keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _counted_by_day(generation: int) -> dict[tuple[int, date], OrderTotals]:
    sums = ", ".join(f"SUM({name})" for name in _ORDER_SUMS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT store_id, business_date, {sums} FROM {HOURS.table} WHERE generation = %s"  # noqa: S608  own names
            " GROUP BY store_id, business_date",  # nosec B608  # our own names and marks, values are parameters
            [generation],
        )
        rows = cursor.fetchall()
    as_date = HourTotal._meta.get_field("business_date").to_python
    return {
        (row[0], as_date(row[1])): OrderTotals(**{n: int(v) for n, v in zip(_ORDER_SUMS, row[2:], strict=True)})
        for row in rows
    }


def _pending(live: int, built: int) -> list[Change]:
    """What of each sale the built generation holds and the live one does not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT built.sale_id, built.state, COALESCE(live.state, 0) FROM analytics_appliedsale built"
            " LEFT JOIN analytics_appliedsale live ON live.generation = %s AND live.sale_id = built.sale_id"
            " WHERE built.generation = %s AND (live.state IS NULL OR live.state <> built.state)",
            [live, built],
        )
        rows = cursor.fetchall()
    changes: list[Change] = []
    for sale_id, state, live_state in rows:
        missing = state & ~live_state & (COMPLETED | VOIDED)
        own_id = sale_id if isinstance(sale_id, UUID) else UUID(hex=sale_id)
        if missing and (facts := orders.sale_facts(after=UUID(int=own_id.int - 1), limit=1)):
            changes.append((facts[0][0], missing))
    return changes


def _compare_cube(cube: Cube, live: int, built: int, found: _Found) -> int:
    """Note every sum that differs; returns how many rows the built generation has."""
    width = len(cube.keys)
    for row in _differing_rows(cube, live, built):
        key = " ".join(f"{name}={value}" for name, value in zip(cube.keys, row[:width], strict=True))
        for i, name in enumerate(cube.sums):
            left, right = int(row[width + 2 * i]), int(row[width + 2 * i + 1])
            if left != right:
                found.add(
                    Difference(between="live/rebuilt", table=cube.table, key=key, measure=name, left=left, right=right)
                )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {cube.table} WHERE generation = %s", [built])  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        return int(cursor.fetchone()[0])


def _differing_rows(cube: Cube, live: int, built: int) -> Iterator[tuple[Any, ...]]:
    """Keys, then every sum of both generations, where any differs; a row that is absent counts as zeros."""
    keys = ", ".join(cube.keys)
    pair = "SUM(CASE WHEN generation = {0} THEN {1} ELSE 0 END)"
    pairs = [(pair.format(int(live), name), pair.format(int(built), name)) for name in cube.sums]
    columns = ", ".join(f"{left}, {right}" for left, right in pairs)
    differ = " OR ".join(f"{left} <> {right}" for left, right in pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {keys}, {columns} FROM {cube.table} WHERE generation IN (%s, %s)"  # noqa: S608  own names
            f" GROUP BY {keys} HAVING {differ} ORDER BY {keys}",  # nosec B608  # our own names
            [live, built],
        )
        while rows := cursor.fetchmany(1000):
            yield from rows
