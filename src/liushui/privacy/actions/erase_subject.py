"""Erase a person by destroying the key of his data: at once, for good, with a proof that names nobody.

One transaction takes the key, the sealed values and the blind indexes away, and writes proof, audit line and event.
What other modules hold follows, source by source, each noted in the proof; a crash in between is made good by the tick.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import connection, transaction

from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.privacy import queries, registry, vault
from liushui.privacy.contracts import ErasureProof, SubjectErased
from liushui.privacy.errors import UnknownSubject
from liushui.privacy.models import BlindIndexRow, ErasureRow, MessageRow, SubjectRow, ValueRow
from liushui.privacy.people import actor, checked_reason, require
from liushui.runtime import audit, outbox
from liushui.runtime.access import Principal
from liushui.runtime.events import Event

_logger = structlog.get_logger(__name__)
EVENT_SOURCE = "liushui/privacy"
SUBJECT_ERASED = "liushui.subject.erased.v1"
_RESUMED_AT_ONCE = 100


def erase_subject(*, subject_id: UUID, reason: str, principal: Principal | None, now: datetime) -> ErasureProof:
    """Erase for good; again is safe and answers the same proof. Without a principal it is the person himself.

    Raises UnknownSubject, ReasonMissing. An error of another module's source leaves the person erased and that source
    to be done: `resume_erasures` goes on with it.
    """
    row = SubjectRow.objects.filter(id=subject_id).first()
    if row is None:
        raise UnknownSubject("There is no such person")
    require(principal, "privacy.handle", chain_id=row.chain_id)
    text = checked_reason(reason)
    if row.state == "active":
        _destroy(subject_id, _masks(subject_id), text, actor(principal, subject_id=subject_id), now)
        _wipe_traces()
    _drop_elsewhere(subject_id, now)
    proof = queries.proof(subject_id=subject_id)
    if proof is None:
        raise UnknownSubject("There is no such person")
    return proof


def resume_erasures(*, now: datetime) -> int:
    """Go on with erasures that something interrupted; returns how many came to their end."""
    done = 0
    for subject_id in SubjectRow.objects.filter(state="erasing").values_list("id", flat=True)[:_RESUMED_AT_ONCE]:
        try:
            done += _drop_elsewhere(subject_id, now)
        except Exception:  # one source that fails must not keep the others' requests waiting
            _logger.exception("erasure_waits", subject=str(subject_id))
    return done


def _masks(subject_id: UUID) -> list[str]:
    """What messages that were sent before anybody knew to whom are kept under; nothing when the data cannot be read,
    which keeps nobody from erasing it."""
    try:
        return list(queries.masked(subject_ids=[subject_id]).get(subject_id, {}).values())
    except LiushuiError as error:
        _logger.warning("masks_unknown", subject=str(subject_id), problem=error.detail)
        return []


def _destroy(subject_id: UUID, masks: list[str], reason: str, principal: Principal, now: datetime) -> None:
    with transaction.atomic():
        if connection.vendor == "sqlite":  # freed pages are overwritten, not only marked as free
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA secure_delete = ON")
        held = SubjectRow.objects.select_for_update().filter(id=subject_id, state="active").first()
        if held is None:
            return  # somebody else was first: his proof stands
        names = [
            f"{table}.{name}"
            for table, name in ValueRow.objects.filter(subject_id=subject_id)
            .order_by("table_name", "field_name")
            .values_list("table_name", "field_name")
        ]
        BlindIndexRow.objects.filter(subject_id=subject_id).delete()
        ValueRow.objects.filter(subject_id=subject_id).delete()
        # A masked number is still half a number. Codes went to a number, not to a person.
        MessageRow.objects.filter(subject_id=subject_id).delete()
        MessageRow.objects.filter(subject_id=None, chain_id=held.chain_id, to_masked__in=masks).delete()
        SubjectRow.objects.filter(id=subject_id, state="active").update(
            state="erasing", wrapped_key=None, erased_at=now
        )  # fmt: skip
        _write_proof(held, names, reason, principal, now)


def _write_proof(held: SubjectRow, names: list[str], reason: str, principal: Principal, now: datetime) -> None:
    facts = {
        "subject_id": held.id, "chain_id": held.chain_id, "reason": reason, "requested_by": principal.subject,
        "erased_at": now, "key_id": held.key_id,
        "key_sha256": hashlib.sha256(bytes(held.wrapped_key or b"")).hexdigest(),
    }  # fmt: skip
    stated = {name: str(value) for name, value in facts.items()} | {
        "erased_at": now.isoformat(), "fields": ",".join(names)
    }  # fmt: skip
    ErasureRow.objects.create(**facts, field_names=names, sha256=vault.sha256(stated))
    audit.record(
        principal=principal, action="subject.erase", target=f"subject:{held.id}", chain_id=held.chain_id,
        after={"fields": names}, reason=reason,
    )  # fmt: skip
    news = SubjectErased(subject_id=held.id, chain_id=held.chain_id, erased_at=now)
    outbox.append(
        events=[
            Event(
                id=new_id(), source=EVENT_SOURCE, type=SUBJECT_ERASED, subject=f"subject:{held.id}", time=now,
                data=msgspec.json.encode(news),
            )
        ]
    )  # fmt: skip


def _wipe_traces() -> None:
    """SQLite keeps old pages in its write-ahead log until they are moved: move them now, if nobody reads meanwhile."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drop_elsewhere(subject_id: UUID, now: datetime) -> int:
    """Let each source drop what it holds, noting it in the proof; whether this brought the erasure to its end."""
    for source in registry.sources():
        if source.erase is None or source.name in _steps(subject_id):
            continue
        source.erase(subject_id, now)
        with transaction.atomic():
            row = ErasureRow.objects.select_for_update().get(subject_id=subject_id)
            row.steps = {source.name: now.isoformat(), **row.steps}
            row.save(update_fields=["steps"])
    with transaction.atomic():
        ErasureRow.objects.filter(subject_id=subject_id, completed_at=None).update(completed_at=now)
        return SubjectRow.objects.filter(id=subject_id, state="erasing").update(state="erased")


def _steps(subject_id: UUID) -> dict[str, str]:
    return dict(ErasureRow.objects.values_list("steps", flat=True).get(subject_id=subject_id))
