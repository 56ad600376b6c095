"""Make the blind index anew under another secret, from the sealed values, while people are found all the time.

With two secrets in use every write makes a row under each, and every look-up asks by both. What was written before gets
its second row here, range by range. When nothing lacks it, the older secret is destroyed, then its rows are deleted.
After a restore it brings the rows of an old backup under the secret of today, from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from liushui.privacy import keys, registry, vault
from liushui.privacy.errors import IndexChanging
from liushui.privacy.models import BlindIndexRow, SubjectRow, ValueRow

_PEOPLE_AT_ONCE = 500
Progress = Callable[[int, int], None]


def reindex(*, on_progress: Progress = lambda _done, _all: None) -> int:
    """Give every value that lacks it a row under the secret that stays; returns how many. Safe to stop and repeat,
    also by two at once. `on_progress` is told how many values are done, of how many."""
    total, done, after = unindexed(), 0, UUID(int=0)
    while True:
        lacking = _lacking().filter(subject_id__gt=after).order_by("subject_id")
        people = list(lacking.values_list("subject_id", flat=True).distinct()[:_PEOPLE_AT_ONCE])
        if not people:
            return done
        done += _index(people)
        after = people[-1]
        on_progress(done, max(total, done))


def unindexed() -> int:
    """How many values only another secret than the one that stays would find."""
    if not BlindIndexRow.objects.exists():
        return 0  # without asking for keys, which would make some
    return _lacking().values("subject_id", "field_name").distinct().count()


def drop_old_index(*, now: datetime, on_progress: Progress = lambda _done, _all: None) -> bool:
    """End a change of the secret: what is missing still is indexed, the older secret destroyed, its rows deleted.

    False when the change began less than an hour ago. Raises IndexChanging when a value can't be indexed, KeyMissing
    where the environment gives the secrets.
    """
    reindex(on_progress=on_progress)
    missing = unindexed()
    if missing:
        raise IndexChanging(f"{missing} values are not found by the new secret yet", remedy="Repeat this in a minute.")
    if not keys.drop_index_secret(now=now):
        return False
    forget_old_rows()
    return True


def forget_old_rows() -> int:
    """Delete rows of secrets that are gone, where the one that stays finds the value; returns how many."""
    if keys.is_index_changing():
        return 0
    gone, old = 0, BlindIndexRow.objects.exclude(secret_id=vault.index_secret_id()).filter(_has_new())
    while people := list(old.order_by("subject_id").values_list("subject_id", flat=True).distinct()[:_PEOPLE_AT_ONCE]):
        gone += old.filter(subject_id__in=people).delete()[0]
    return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A sealed value as it was read, and where it is found from now on."""

    subject_id: UUID
    chain_id: int
    field: str
    sealed: bytes
    digest: bytes


def _has_new() -> Exists:
    same = BlindIndexRow.objects.filter(subject_id=OuterRef("subject_id"), field_name=OuterRef("field_name"))
    return Exists(same.filter(secret_id=vault.index_secret_id()))


def _lacking() -> QuerySet[BlindIndexRow]:
    return BlindIndexRow.objects.exclude(secret_id=vault.index_secret_id()).filter(~_has_new())


def _index(people: Collection[UUID]) -> int:
    secret_id = vault.index_secret_id()
    values = _read(people, secret_id)  # before the transaction: keys may be asked of a device
    with transaction.atomic():
        # Locked: a correction or an erasure in between makes the value another one, or none.
        alive = SubjectRow.objects.select_for_update().filter(id__in=people, state="active").order_by("id")
        living = set(alive.values_list("id", flat=True))
        now = {(row.subject_id, row.field_name): bytes(row.sealed) for row in _sealed(people)}
        claims = set(
            BlindIndexRow.objects.filter(subject_id__in=people, is_claimed=True).values_list("subject_id", "field_name")
        )
        taken = BlindIndexRow.objects.filter(secret_id=secret_id, digest__in=[value.digest for value in values])
        held = {bytes(row.digest): row.subject_id for row in taken.filter(is_claimed=True)}
        rows = [
            BlindIndexRow(
                subject_id=value.subject_id, field_name=value.field, secret_id=secret_id, chain_id=value.chain_id,
                digest=value.digest,
                # somebody else's claim stands where nobody was found for a while, after a restore
                is_claimed=(value.subject_id, value.field) in claims
                and held.get(value.digest, value.subject_id) == value.subject_id,
            )
            for value in values
            if value.subject_id in living and now.get((value.subject_id, value.field)) == value.sealed
        ]  # fmt: skip
        BlindIndexRow.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _read(people: Collection[UUID], secret_id: str) -> list[_Value]:
    lacking = set(_lacking().filter(subject_id__in=people).values_list("subject_id", "field_name"))
    data_keys: dict[UUID, bytes] = {}
    found = []
    for row in _sealed(people).select_related("subject").filter(subject__state="active"):
        if (row.subject_id, row.field_name) not in lacking:
            continue
        who, sealed = row.subject_id, bytes(row.sealed)
        if who not in data_keys:
            data_keys[who] = vault.data_key(
                subject_id=who, key_id=row.subject.key_id, wrapped=bytes(row.subject.wrapped_key or b"")
            )
        text = vault.opened(
            data_key=data_keys[who], table=registry.SUBJECT, field=row.field_name, subject_id=who, sealed=sealed
        )
        digest = vault.blind_indexes(chain_id=row.chain_id, field=row.field_name, value=text)[secret_id]
        found.append(
            _Value(subject_id=who, chain_id=row.chain_id, field=row.field_name, sealed=sealed, digest=digest)
        )  # fmt: skip
    return found


def _sealed(people: Collection[UUID]) -> QuerySet[ValueRow]:
    return ValueRow.objects.filter(subject_id__in=list(people), table_name=registry.SUBJECT)
