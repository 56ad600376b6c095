"""Use case: a region is set up, or given new names."""

from __future__ import annotations

from liushui.stores.actions.change_directory import directory_change
from liushui.stores.contracts import Region
from liushui.stores.domain.checks import checked_code, checked_name
from liushui.stores.errors import UnknownPlace
from liushui.stores.models import ChainRow, RegionRow
from liushui.stores.queries import region_of


def save_region(*, chain_code: str, code: str, name_zh: str, name_en: str) -> Region:
    """The region under this code of the chain; raises UnknownPlace for an unknown chain."""
    chain = ChainRow.objects.filter(code=chain_code).first()
    if chain is None:
        raise UnknownPlace(f"There is no chain {chain_code!r}", pointer="/chain_code")
    names = {"name_zh": checked_name(name_zh, field="name_zh"), "name_en": checked_name(name_en, field="name_en")}
    with directory_change():
        row, _ = RegionRow.objects.update_or_create(chain=chain, code=checked_code(code, field="code"), defaults=names)
    return region_of(row)
