"""Take a person in: a fresh data key, the values sealed under it, blind indexes of those that are looked up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.kernel.ids import new_id
from liushui.privacy import registry, vault
from liushui.privacy.actions.write_values import checked, index_rows, value_rows
from liushui.privacy.errors import DataTaken, UnknownSubject
from liushui.privacy.models import BlindIndexRow, SubjectRow, ValueRow


def create_subject(
    *,
    chain_id: int,
    fields: Mapping[str, str],
    subject_id: UUID | None = None,
    unique: Collection[str] = (),
    now: datetime,
) -> UUID:
    """A person's id; with a `subject_id` of the caller's it is safe to repeat, and the first values stay.

    `unique` names indexed fields that nobody else in the chain may have: when somebody has one already, the answer is
    his id and nothing is written, however many ask at once. Empty values are left out.
    Raises InvalidPersonalData, UndeclaredField; DataTaken when two people have the unique values.
    """
    values = checked({name: value for name, value in fields.items() if value.strip()}, now=now)
    wanted = subject_id or new_id()
    claimed = frozenset(unique) & values.keys()
    rows = _rows(wanted, chain_id, values, claimed, now)  # before the transaction: keys may be asked of a device
    try:
        with transaction.atomic():
            rows.subject.save(force_insert=True)
            ValueRow.objects.bulk_create(rows.values)
            BlindIndexRow.objects.bulk_create(rows.indexes)
    except IntegrityError:
        known = SubjectRow.objects.filter(id=wanted).values_list("chain_id", "state").first()
        if known is not None and known != (chain_id, "active"):
            raise UnknownSubject("This id is of somebody else, or erased") from None
        return wanted if known is not None else _holder(chain_id, values, claimed)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    subject: SubjectRow
    values: list[ValueRow]
    indexes: list[BlindIndexRow]


def _rows(subject_id: UUID, chain_id: int, values: Mapping[str, str], claimed: frozenset[str], now: datetime) -> _Rows:
    indexes = index_rows(subject_id=subject_id, chain_id=chain_id, values=values, claimed=claimed)
    data_key, key_id, wrapped = vault.new_wrapped_key(subject_id=subject_id)
    return _Rows(
        subject=SubjectRow(
            id=subject_id, chain_id=chain_id, key_id=key_id, wrapped_key=wrapped, created_at=now, seen_at=now
        ),
        values=value_rows(
            subject_id=subject_id, chain_id=chain_id, table=registry.SUBJECT, data_key=data_key, values=values, now=now
        ),
        indexes=indexes,
    )


def _holder(chain_id: int, values: Mapping[str, str], claimed: frozenset[str]) -> UUID:
    found = set()
    for name in sorted(claimed):
        digests = vault.blind_indexes(chain_id=chain_id, field=name, value=values[name]).values()
        rows = BlindIndexRow.objects.filter(chain_id=chain_id, field_name=name, digest__in=digests, is_claimed=True)
        found |= set(rows.values_list("subject_id", flat=True))
    if len(found) != 1:
        raise DataTaken("Several people have this, or the one who had it has just gone", remedy="Try again.")
    return UUID(str(found.pop()))
