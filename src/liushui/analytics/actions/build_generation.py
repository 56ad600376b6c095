"""Count all sales again, beside the live totals."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

from liushui.analytics.actions.apply_sales import Change, add_changes, locked_read_model
from liushui.analytics.domain.projection import COMPLETED, CUBES, VOIDED
from liushui.orders import facade as orders

_PAGE = 1000  # sales counted in one transaction
_DELETE = 20_000  # rows removed in one transaction

Progress = Callable[[int], None]


def build_generation(*, progress: Progress | None = None) -> int:
    """Make a generation that holds every recorded sale, and return its number; it goes on where one was broken off.

    Sales that complete meanwhile are counted in it by the consumer as well, and `AppliedSale` lets each in once,
    so it makes no difference whether the scan or the event comes first.
    """
    with transaction.atomic():
        state = locked_read_model()
        if state.building is None:
            state.building, state.cursor = _unused_generation(state.live), None
            state.save()
    generation, cursor, counted = state.building, state.cursor, 0
    while facts := orders.sale_facts(after=cursor, limit=_PAGE):
        changes: list[Change] = [
            (fact, COMPLETED | VOIDED if status == "voided" else COMPLETED) for fact, status in facts
        ]
        cursor = facts[-1][0].sale_id
        with transaction.atomic():
            state = locked_read_model()
            if state.building != generation:
                raise RuntimeError("another rebuild has taken this one's place")
            add_changes(generation=generation, changes=changes)
            state.cursor = cursor
            state.save(update_fields=["cursor"])
        counted += len(facts)
        if progress is not None:
            progress(counted)
    return generation


def drop_generation(*, generation: int) -> None:
    """Remove the rows of a generation that is neither live nor being built, a piece at a time."""
    for table in [*(cube.table for cube in CUBES), "analytics_appliedsale"]:
        while _delete_some(table, generation):
            pass


def drop_stale_generations() -> None:
    """Remove what a rebuild that was broken off has left."""
    with transaction.atomic():
        state = locked_read_model()
        kept = {state.live, state.building}
    for generation in _generations():
        if generation not in kept:
            drop_generation(generation=generation)


def _generations() -> set[int]:
    found: set[int] = set()
    with connection.cursor() as cursor:
        for table in [*(cube.table for cube in CUBES), "analytics_appliedsale"]:
            cursor.execute(f"SELECT DISTINCT generation FROM {table}")  # noqa: S608  # nosec B608  # our own names
            found |= {row[0] for row in cursor.fetchall()}
    return found


def _unused_generation(live: int) -> int:
    return max({live, *_generations()}) + 1


def _delete_some(table: str, generation: int) -> int:
    row_id = "ctid" if connection.vendor == "postgresql" else "rowid"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE {row_id} IN"  # noqa: S608  our own table names
            f" (SELECT {row_id} FROM {table} WHERE generation = %s LIMIT %s)",  # nosec B608  # our own names
            [generation, _DELETE],
        )
        return int(cursor.rowcount)
