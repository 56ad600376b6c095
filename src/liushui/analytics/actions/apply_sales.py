"""Count sales that were completed or voided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import neg
from uuid import UUID

from django.db import transaction

from liushui.analytics.domain.projection import project
from liushui.analytics.models import AppliedSale, ItemLabel, ReadModel
from liushui.orders.contracts import SaleFact, SaleLine
from liushui.runtime import bulk

Change = tuple[SaleFact, int]  # a sale, and which of COMPLETED and VOIDED have happened to it


def apply_sales(*, changes: Sequence[Change]) -> None:
    """Add these changes to the live totals, and to those that a rebuild is making; what is counted already is left out.

    The locked state row keeps rebuilds and the consumer apart while they write.
    """
    with transaction.atomic():
        state = locked_read_model()
        add_changes(generation=state.live, changes=changes)
        if state.building is not None:
            add_changes(generation=state.building, changes=changes)


def add_changes(*, generation: int, changes: Sequence[Change]) -> None:
    """Add to one generation, inside the caller's transaction that holds the state row."""
    fresh = _not_yet_applied(generation, changes)
    if not fresh:
        return
    _add_projection(generation, fresh, sign=1)
    _name_items(fact for fact, _ in fresh)


def subtract_changes(*, generation: int, changes: Sequence[Change]) -> None:
    """Take what was counted in a generation out of it again, inside the caller's transaction."""
    _add_projection(generation, changes, sign=-1)
    bulk.add_to_totals(
        table=AppliedSale._meta.db_table,
        keys=("generation", "sale_id"),
        sums=("state",),
        rows=[(generation, fact.sale_id, -change) for fact, change in changes],
    )


def locked_read_model() -> ReadModel:
    """The state row, locked until the transaction ends (SQLite: the database is)."""
    state = ReadModel.objects.select_for_update().filter(id=1).first()
    if state is None:
        ReadModel.objects.bulk_create([ReadModel(id=1)], ignore_conflicts=True)
        state = ReadModel.objects.select_for_update().get(id=1)
    return state


def _add_projection(generation: int, changes: Sequence[Change], *, sign: int) -> None:
    for cube, totals in project(changes).items():
        bulk.add_merged(
            table=cube.table,
            keys=("generation", *cube.keys),
            sums=cube.sums,
            totals=totals if sign == 1 else {key: tuple(map(neg, sums)) for key, sums in totals.items()},
            same=(generation,),
        )


def _not_yet_applied(generation: int, changes: Sequence[Change]) -> list[Change]:
    """The part of each change that this generation lacks, now marked as applied."""
    wanted: dict[UUID, int] = {}
    facts: dict[UUID, SaleFact] = {}
    for fact, change in changes:
        wanted[fact.sale_id] = wanted.get(fact.sale_id, 0) | change
        facts[fact.sale_id] = fact
    applied = dict(
        AppliedSale.objects.filter(generation=generation, sale_id__in=list(wanted)).values_list("sale_id", "state")
    )
    fresh = [(sale_id, change & ~applied.get(sale_id, 0)) for sale_id, change in wanted.items()]
    fresh = [(sale_id, change) for sale_id, change in fresh if change]
    # Bits that are missing are added, so the same upsert serves new and known sales.
    bulk.add_merged(
        table=AppliedSale._meta.db_table,
        keys=("generation", "sale_id"),
        sums=("state",),
        totals={(sale_id,): (change,) for sale_id, change in fresh},
        same=(generation,),
    )
    return [(facts[sale_id], change) for sale_id, change in fresh]


def _name_items(facts: Iterable[SaleFact]) -> None:
    names: dict[tuple[int, str], SaleLine] = {}
    for fact in facts:
        for line in fact.lines:
            names.setdefault((fact.chain_id, line.sku), line)
    bulk.insert_rows(
        table=ItemLabel._meta.db_table,
        columns=("chain_id", "sku", "name", "category"),
        rows=[(*key, line.name, line.category) for key, line in names.items()],
        skip_existing=True,
    )
