"""Use case: workstations of stores are set up, or brought to these values."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.stores.actions.change_directory import directory_change
from liushui.stores.contracts import NewWorkstation, Workstation
from liushui.stores.domain.checks import checked_workstation
from liushui.stores.errors import UnknownPlace
from liushui.stores.models import WorkstationRow
from liushui.stores.queries import directory


def save_workstations(*, workstations: Sequence[NewWorkstation]) -> tuple[Workstation, ...]:
    """The workstations under these codes, in the order given; raises UnknownPlace for an unknown store."""
    stores = directory().by_code
    rows = []
    for workstation in map(checked_workstation, workstations):
        store = stores.get((workstation.chain_code, workstation.store_code))
        if store is None:
            raise UnknownPlace(
                f"Chain {workstation.chain_code!r} has no store {workstation.store_code!r}", pointer="/store_code"
            )
        rows.append(
            WorkstationRow(store_id=store.id, code=workstation.code, name=workstation.name, kind=workstation.kind)
        )
    with directory_change():
        WorkstationRow.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["store", "code"], update_fields=["name", "kind"]
        )
    ids = {
        (row.store_id, row.code): row.id
        for row in WorkstationRow.objects.filter(store_id__in={row.store_id for row in rows})
    }
    return tuple(
        Workstation(id=ids[row.store_id, row.code], store_id=row.store_id, code=row.code, name=row.name, kind=row.kind)
        for row in rows
    )
