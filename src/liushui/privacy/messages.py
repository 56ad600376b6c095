"""The port by which texts reach people: SMS and e-mail gateways stand behind it.

Three come with the program: `console` writes to a file of the data folder (demonstrations and development), with the
receiver masked; `null` drops all; `gateway` sends e-mail by SMTP and texts to a webhook. Another is a `MessageSender`
made known by `register_sender`.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog
from django.conf import settings

from liushui.privacy import mail_gateway, sms_gateway
from liushui.privacy.domain.personal import masked_value

_logger = structlog.get_logger(__name__)
CHANNEL_FIELDS = {"sms": "phone", "email": "email"}


class MessageSender(Protocol):
    """Hands one text to a gateway; raises MessageFailed when it was not taken, or nobody knows."""

    def send(self, *, message_id: UUID, channel: str, to: str, text: str, purpose: str, now: datetime) -> None:
        """`to` is E.164 for sms, an address for email. The same `message_id` again is the same message."""
        ...


class ConsoleSender:
    """Writes what would be sent to `outbox/messages.jsonl`; receivers are masked, so that no file has a number."""

    def send(self, *, message_id: UUID, channel: str, to: str, text: str, purpose: str, now: datetime) -> None:
        """See MessageSender.send."""
        folder = Path(settings.LIUSHUI.data_dir) / "outbox"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shown = masked_value(mask=CHANNEL_FIELDS[channel], value=to)
        line = json.dumps({"at": now.isoformat(), "channel": channel, "to": shown, "text": text}, ensure_ascii=False)
        handle = os.open(folder / "messages.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        _logger.info("message_written", channel=channel, to=shown)


class NullSender:
    """Sends nothing."""

    def send(self, *, message_id: UUID, channel: str, to: str, text: str, purpose: str, now: datetime) -> None:
        """See MessageSender.send."""


class GatewaySender:
    """Sends what people get on their phones: texts by the chain's webhook, e-mail by SMTP."""

    def send(self, *, message_id: UUID, channel: str, to: str, text: str, purpose: str, now: datetime) -> None:
        """See MessageSender.send."""
        if channel == "sms":
            sms_gateway.post_text(message_id=message_id, to=to, text=text, purpose=purpose)
        else:
            mail_gateway.post_mail(message_id=message_id, to=to, text=text)


_senders: dict[str, MessageSender] = {
    "console": ConsoleSender(), "null": NullSender(), "gateway": GatewaySender(),
}  # fmt: skip


def register_sender(*, name: str, sender: MessageSender) -> None:
    """Make a gateway known; it takes the place of one of that name."""
    _senders[name] = sender


def sender() -> MessageSender:
    """The gateway that the settings name."""
    return _senders[settings.LIUSHUI.message_sender]


def is_shown_locally() -> bool:
    """Whether texts reach nobody's phone, so that a demonstration may show a code on the page."""
    return settings.LIUSHUI.message_sender == "console"
