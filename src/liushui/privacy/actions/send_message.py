"""Send a text to a person, if the purpose has his consent at this moment."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from liushui.kernel.errors import InvalidValue
from liushui.kernel.ids import new_id
from liushui.privacy import messages, queries, registry
from liushui.privacy.consent_queries import has_consent
from liushui.privacy.contracts import MARKETING, PROFILING
from liushui.privacy.domain.personal import masked_value, normalised
from liushui.privacy.errors import ConsentMissing, MessageFailed, UnknownSubject
from liushui.privacy.models import MessageRow

_logger = structlog.get_logger(__name__)
SERVICE, CODE = "service", "code"
_PURPOSES = (SERVICE, CODE, MARKETING, PROFILING)


def send_message(
    *,
    chain_id: int,
    subject_id: UUID | None,
    channel: str,
    text: str,
    purpose: str,
    now: datetime,
    to: str | None = None,
) -> None:
    """Hand the text to the gateway; without `to` it goes to what is kept of the person.

    `purpose` is service, code, marketing or profiling; the last two raise ConsentMissing for whoever does not agree.
    Raises UnknownSubject when there is nowhere to send it, MessageFailed when the gateway did not take it. What is kept
    of it is that it was sent, or not. Never within a transaction: a gateway may take seconds.
    """
    field = messages.CHANNEL_FIELDS.get(channel)
    if field is None or purpose not in _PURPOSES:
        raise InvalidValue(f"Messages are sent by {', '.join(messages.CHANNEL_FIELDS)} for {', '.join(_PURPOSES)}")
    if purpose in (MARKETING, PROFILING) and not (
        subject_id is not None and has_consent(subject_id=subject_id, purpose=purpose)
    ):
        raise ConsentMissing(f"This person has not agreed to {purpose}")
    receiver = receiver_of(to=to, subject_id=subject_id, field=field)
    message_id = new_id()
    MessageRow.objects.create(
        id=message_id, chain_id=chain_id, subject_id=subject_id, channel=channel, purpose=purpose, sent_at=now,
        to_masked=masked_value(mask=field, value=receiver), sender=type(messages.sender()).__name__,
    )  # fmt: skip
    try:
        messages.sender().send(
            message_id=message_id, channel=channel, to=receiver, text=text, purpose=purpose, now=now
        )  # fmt: skip
    except MessageFailed as error:
        _logger.warning("message_failed", channel=channel, message_id=str(message_id), problem=error.detail)
        MessageRow.objects.filter(id=message_id).update(outcome="failed")
        raise
    MessageRow.objects.filter(id=message_id).update(outcome="sent")


def receiver_of(*, to: str | None, subject_id: UUID | None, field: str) -> str:
    """Where a message goes: to what is named, else to what is kept of the person; raises UnknownSubject."""
    if to is not None:
        return normalised(field=field, value=to)
    value = queries.plain(subject_id=subject_id).get((registry.SUBJECT, field)) if subject_id else None
    if value is None:
        raise UnknownSubject("There is nothing to send this to")
    return value
