"""Reads of personal data: found by blind index, shown masked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from liushui.privacy import registry, vault
from liushui.privacy.contracts import MEMBERSHIP, ErasureProof, Subject
from liushui.privacy.domain.personal import masked_value, month_and_day, normalised
from liushui.privacy.errors import UnknownSubject
from liushui.privacy.models import BlindIndexRow, ConsentRow, ErasureRow, SubjectRow, ValueRow

_PROOF = tuple(name for name in ErasureProof.__dataclass_fields__ if name not in ("fields", "steps"))


def normalise(*, field: str, value: str) -> str:
    """The one way in which a value is stored: phones as E.164. Raises InvalidPersonalData, which does not repeat it."""
    return normalised(field=field, value=value)


def mask(*, field: str, value: str) -> str:
    """A value as everybody may see it: 138****8000."""
    return masked_value(mask=registry.field(table=registry.SUBJECT, name=field).mask, value=value)


def find_subjects(*, chain_id: int, field: str, value: str) -> tuple[UUID, ...]:
    """Everyone in the chain with this phone, e-mail address or plate: one statement. Raises InvalidPersonalData."""
    text = normalised(field=field, value=value)
    digests = vault.blind_indexes(chain_id=chain_id, field=field, value=text).values()
    rows = BlindIndexRow.objects.filter(chain_id=chain_id, field_name=field, digest__in=digests)
    return tuple(rows.order_by("subject_id").values_list("subject_id", flat=True).distinct())


def subject(*, subject_id: UUID) -> Subject:
    """A person as far as it is no secret; raises UnknownSubject."""
    row = SubjectRow.objects.filter(id=subject_id).values(*Subject.__dataclass_fields__).first()
    if row is None:
        raise UnknownSubject("There is no such person")
    return Subject(**row)


def living(*, subject_ids: Collection[UUID]) -> list[UUID]:
    """Those of these people who are here and not erased."""
    return list(SubjectRow.objects.filter(id__in=list(subject_ids), state="active").values_list("id", flat=True))


def masked(*, subject_ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    """What everybody may see of these people, by field: one statement for all. Who is erased is absent."""
    found: dict[UUID, dict[str, str]] = {}
    for subject_id, (table, field), value in _opened(subject_ids):
        if table == registry.SUBJECT:
            mask = registry.field(table=table, name=field).mask
            found.setdefault(subject_id, {})[field] = masked_value(mask=mask, value=value)
    return found


def birthday_of(*, subject_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """Month and day of the birthdays of these people, for benefits; of whom took membership's consent back, nothing."""
    birthdays = {
        subject_id: month_and_day(value) for subject_id, _place, value in _opened(subject_ids, field="birthday")
    }
    if not birthdays:
        return birthdays
    latest = _latest(birthdays)
    return {who: day for who, day in birthdays.items() if latest.get(who, True)}


def plain(*, subject_id: UUID) -> dict[tuple[str, str], str]:
    """Everything of one person, in clear, by (table, field): for export to that person and for reveal only."""
    return {place: value for _subject, place, value in _opened([subject_id])}


def own_data(*, subject_id: UUID) -> dict[str, str]:
    """What is kept of a person, in clear, by field: for the page of that very person only."""
    return {name: value for (table, name), value in plain(subject_id=subject_id).items() if table == registry.SUBJECT}


def proof(*, subject_id: UUID) -> ErasureProof | None:
    """The proof of an erasure."""
    row = ErasureRow.objects.filter(subject_id=subject_id).first()
    return _proof(row) if row else None


def proofs(*, chain_ids: Collection[int], limit: int = 100) -> tuple[ErasureProof, ...]:
    """The newest erasures of these chains."""
    rows = ErasureRow.objects.filter(chain_id__in=chain_ids).order_by("-erased_at")[:limit]
    return tuple(_proof(row) for row in rows)


def _latest(subject_ids: Collection[UUID]) -> dict[UUID, bool]:
    rows = ConsentRow.objects.filter(subject_id__in=subject_ids, purpose=MEMBERSHIP).order_by("id")
    return dict(rows.values_list("subject_id", "is_given"))


def _opened(subject_ids: Collection[UUID], field: str | None = None) -> list[tuple[UUID, tuple[str, str], str]]:
    rows = ValueRow.objects.filter(subject_id__in=list(subject_ids), subject__state="active")
    if field is not None:
        rows = rows.filter(table_name=registry.SUBJECT, field_name=field)
    keys: dict[UUID, bytes] = {}
    found = []
    for subject_id, table, name, sealed, key_id, wrapped in rows.order_by("subject_id", "field_name").values_list(
        "subject_id", "table_name", "field_name", "sealed", "subject__key_id", "subject__wrapped_key"
    ):
        if subject_id not in keys:
            keys[subject_id] = vault.data_key(subject_id=subject_id, key_id=key_id, wrapped=bytes(wrapped or b""))
        value = vault.opened(
            data_key=keys[subject_id], table=table, field=name, subject_id=subject_id, sealed=bytes(sealed)
        )
        found.append((subject_id, (table, name), value))
    return found


def _proof(row: ErasureRow) -> ErasureProof:
    values = {name: getattr(row, name) for name in _PROOF}
    return ErasureProof(**values, fields=tuple(row.field_names), steps=dict(row.steps))
