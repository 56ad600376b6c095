"""Show personal data unmasked: to whom may, with fresh proof and a reason, counted and written down first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from liushui.privacy import queries, rates, registry
from liushui.privacy.errors import TooManyReveals, UnknownSubject
from liushui.privacy.people import checked_reason, require
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.step_up import StepUpNeeded

_HOUR = 3600


def reveal(
    *,
    subject_id: UUID,
    fields: Collection[str],
    reason: str,
    principal: Principal,
    proved_at: datetime | None,
    now: datetime,
) -> Mapping[str, str]:
    """The values in clear, for this one look. `proved_at` is when the password or a code was given last (decision 0095,
    `runtime.step_up.proved_at`).

    Raises StepUpNeeded, ReasonMissing, TooManyReveals (more than LIUSHUI_REVEALS_PER_HOUR), UnknownSubject for somebody
    erased or of another chain. The audit line is written before anything is shown.
    """
    row = queries.subject(subject_id=subject_id)
    require(principal, "member.reveal", chain_id=row.chain_id)
    names = sorted({registry.field(table=registry.SUBJECT, name=name).name for name in fields})
    text = checked_reason(reason)
    require_proof(proved_at, now=now)
    if row.state != "active":
        raise UnknownSubject("The data of this person was erased")
    key = f"reveal:{principal.subject}"[:96]
    if not rates.take(key=key, limit=settings.LIUSHUI.reveals_per_hour, seconds=_HOUR, now=now):
        raise TooManyReveals(f"{settings.LIUSHUI.reveals_per_hour} within an hour are the most")
    with transaction.atomic():
        audit.record(
            principal=principal, action="subject.reveal", target=f"subject:{subject_id}", chain_id=row.chain_id,
            after={"fields": names}, reason=text,
        )  # fmt: skip
    values = queries.plain(subject_id=subject_id)
    return {name: values[(registry.SUBJECT, name)] for name in names if (registry.SUBJECT, name) in values}


def require_proof(proved_at: datetime | None, *, now: datetime) -> None:
    """Raise StepUpNeeded unless the last proof is within LIUSHUI_STEP_UP_SECONDS."""
    age = (now - proved_at).total_seconds() if proved_at is not None else -1.0
    if not -1.0 < age <= settings.LIUSHUI.step_up_seconds:
        raise StepUpNeeded(
            "The last password or code is too old for this", remedy="Confirm that it is you, and repeat."
        )
