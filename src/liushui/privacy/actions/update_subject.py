"""Correct what is kept of a person: audited by the names of the fields, never by their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.privacy import registry, vault
from liushui.privacy.actions.write_values import checked, index_rows, value_rows
from liushui.privacy.errors import DataTaken, UnknownSubject
from liushui.privacy.models import BlindIndexRow, SubjectRow, ValueRow
from liushui.privacy.people import actor, checked_reason, require
from liushui.runtime import audit
from liushui.runtime.access import Principal


def update_subject(
    *,
    subject_id: UUID,
    fields: Mapping[str, str],
    principal: Principal | None,
    reason: str,
    now: datetime,
    capability: str = "member.write",
) -> None:
    """Put these values in place of the old; an empty one is removed. Without a principal it is the person himself.

    A field that nobody else may have stays so: DataTaken when somebody has the new value.
    """
    values = checked({name: value for name, value in fields.items() if value.strip()}, now=now)
    gone = [registry.field(table=registry.SUBJECT, name=name).name for name in fields if name not in values]
    text = checked_reason(reason)
    row = SubjectRow.objects.filter(id=subject_id, state="active").first()
    if row is None:
        raise UnknownSubject("There is no such person")
    require(principal, capability, chain_id=row.chain_id)
    try:
        with transaction.atomic():
            _replace(row, values, gone, now)
            audit.record(
                principal=actor(principal, subject_id=subject_id), action="subject.correct",
                target=f"subject:{subject_id}", chain_id=row.chain_id,
                after={"changed": sorted(values), "removed": sorted(gone)}, reason=text,
            )  # fmt: skip
    except IntegrityError:
        raise DataTaken("Somebody else has this phone number, e-mail address or plate") from None


def touch_subjects(*, subject_ids: Collection[UUID], now: datetime) -> int:
    """Signs of life, from which retention counts, once a day each: one statement. Returns for how many it moved on.

    Rows are locked in the order of their ids, as everywhere here, so that nobody waits for one another in a circle.
    """
    before = now - timedelta(days=1)
    due = SubjectRow.objects.filter(id__in=list(subject_ids), state="active", seen_at__lt=before)
    locked = due.select_for_update().order_by("id").values("id")
    return SubjectRow.objects.filter(id__in=locked, state="active", seen_at__lt=before).update(seen_at=now)


def _replace(row: SubjectRow, values: Mapping[str, str], gone: Collection[str], now: datetime) -> None:
    # Also the lock: an erasure waits for this, or this finds nobody any more.
    if not SubjectRow.objects.filter(id=row.id, state="active").update(seen_at=now):
        raise UnknownSubject("There is no such person")
    held = SubjectRow.objects.get(id=row.id)
    data_key = vault.data_key(subject_id=row.id, key_id=held.key_id, wrapped=bytes(held.wrapped_key or b""))
    names = [*values, *gone]
    indexes = BlindIndexRow.objects.filter(subject_id=row.id, field_name__in=names)
    claimed = set(indexes.filter(is_claimed=True).values_list("field_name", flat=True))
    indexes.delete()
    ValueRow.objects.filter(subject_id=row.id, table_name=registry.SUBJECT, field_name__in=names).delete()
    ValueRow.objects.bulk_create(
        value_rows(
            subject_id=row.id, chain_id=row.chain_id, table=registry.SUBJECT, data_key=data_key, values=values, now=now
        )
    )
    BlindIndexRow.objects.bulk_create(
        index_rows(subject_id=row.id, chain_id=row.chain_id, values=values, claimed=claimed)
    )
