"""Values on their way into the tables: checked against the registry, written in one way, sealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from liushui.privacy import registry, vault
from liushui.privacy.domain.personal import normalised, refuse_unborn
from liushui.privacy.models import BlindIndexRow, ValueRow

_EASTERNMOST = timedelta(hours=14)  # where a day begins first: nobody is told that today has not come yet


def checked(values: Mapping[str, str], *, now: datetime, table: str = registry.SUBJECT) -> dict[str, str]:
    """The values as they are stored; raises UndeclaredField, InvalidPersonalData."""
    found = {
        name: normalised(field=registry.field(table=table, name=name).name, value=value)
        for name, value in values.items()
    }
    if "birthday" in found:
        refuse_unborn(birthday=found["birthday"], today=(now + _EASTERNMOST).date())
    return found


def value_rows(
    *, subject_id: UUID, chain_id: int, table: str, data_key: bytes, values: Mapping[str, str], now: datetime
) -> list[ValueRow]:
    """One sealed row for each value."""
    return [
        ValueRow(
            subject_id=subject_id, chain_id=chain_id, table_name=table, field_name=name, changed_at=now,
            sealed=vault.sealed(data_key=data_key, table=table, field=name, subject_id=subject_id, value=value),
        )
        for name, value in values.items()
    ]  # fmt: skip


def index_rows(
    *, subject_id: UUID, chain_id: int, values: Mapping[str, str], claimed: Collection[str]
) -> list[BlindIndexRow]:
    """One row for each indexed field of the table of all people, and for each secret in use.

    Where somebody has the value already, the row under the older secret says so, whoever has been indexed anew.
    """
    return [
        BlindIndexRow(
            subject_id=subject_id, chain_id=chain_id, field_name=name, secret_id=secret_id, digest=digest,
            is_claimed=name in claimed,
        )
        for name, value in sorted(values.items())
        if registry.field(table=registry.SUBJECT, name=name).is_indexed
        for secret_id, digest in vault.blind_indexes(chain_id=chain_id, field=name, value=value).items()
    ]  # fmt: skip
