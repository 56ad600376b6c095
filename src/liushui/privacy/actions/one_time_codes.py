"""One-time codes: proof that somebody reads what is sent to a phone or an address.

Six digits, good for five minutes and five tries, of which the newest counts. A try is counted before it is judged
(decision 0094). Only keyed digests are stored, of the code and of whom it went to.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext

from liushui.kernel.ids import new_id
from liushui.privacy import messages, rates, vault
from liushui.privacy.actions.send_message import CODE, receiver_of, send_message
from liushui.privacy.contracts import CodeRequest
from liushui.privacy.domain.personal import masked_value
from liushui.privacy.errors import MessageFailed, TooManyCodes, WrongCode
from liushui.privacy.models import CodeRow, MessageRow
from liushui.runtime import sealed

LIFE = timedelta(minutes=5)
_NOTED_FOR = timedelta(days=30)
TRIES_MAX = 5
_DIGITS = 6
_HOUR = 3600
_PER_RECEIVER_HOUR, _PER_ADDRESS_HOUR = 5, 30
_CHECKS_PER_ADDRESS_HOUR = 60


def request_code(
    *,
    chain_id: int,
    to: str | None,
    channel: str,
    purpose: str,
    address: str,
    now: datetime,
    subject_id: UUID | None = None,
) -> CodeRequest:
    """Send a fresh code; the ones before are worth nothing from here on. Raises InvalidPersonalData, TooManyCodes, and
    MessageFailed, after which the receiver may ask as often as before.

    Without `to` it goes to what is kept of the subject; UnknownSubject when that is nothing. Whether the receiver is
    known here does not matter otherwise, so that nobody learns it. `address` is the asker's.
    """
    field = messages.CHANNEL_FIELDS[channel]
    receiver = receiver_of(to=to, subject_id=subject_id, field=field)
    digest = _digest(chain_id, field, receiver)
    limits = ((f"code-from:{_of(address)}", _PER_ADDRESS_HOUR), (f"code-to:{digest.hex()}", _PER_RECEIVER_HOUR))
    for key, limit in limits:
        if not rates.take(key=key, limit=limit, seconds=_HOUR, now=now):
            raise TooManyCodes(gettext("Too many codes were asked for. Try again in an hour."))
    code_id, code = new_id(), f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    CodeRow.objects.create(
        id=code_id, chain_id=chain_id, purpose=purpose, to_digest=digest, code_hmac=_hmac(code_id, code),
        made_at=now, expires_at=now + LIFE,
    )  # fmt: skip
    text = gettext("%(code)s is your code. It is good for 5 minutes. Tell it to nobody.") % {"code": code}
    try:
        send_message(
            chain_id=chain_id, subject_id=subject_id, to=receiver, channel=channel, text=text, purpose=CODE, now=now
        )
    except MessageFailed:
        rates.give_back(key=limits[-1][0], seconds=_HOUR, now=now)
        raise
    hint = code if settings.LIUSHUI.demo_hints and messages.is_shown_locally() else ""
    return CodeRequest(
        id=code_id, to=masked_value(mask=field, value=receiver), expires_at=now + LIFE, hint=hint
    )  # fmt: skip


def check_code(
    *,
    chain_id: int,
    to: str | None,
    channel: str,
    purpose: str,
    code: str,
    address: str,
    now: datetime,
    subject_id: UUID | None = None,
) -> str:
    """The receiver as it is written here, when the code is right; then it is used. Raises WrongCode, TooManyCodes."""
    field = messages.CHANNEL_FIELDS[channel]
    receiver = receiver_of(to=to, subject_id=subject_id, field=field)
    if not rates.take(
        key=f"code-check:{_of(address)}", limit=_CHECKS_PER_ADDRESS_HOUR, seconds=_HOUR, now=now
    ):  # fmt: skip
        raise TooManyCodes(gettext("Too many codes were tried. Try again in an hour."))
    digests = vault.blind_indexes(chain_id=chain_id, field=f"code:{field}", value=receiver).values()
    newest = CodeRow.objects.filter(chain_id=chain_id, purpose=purpose, to_digest__in=digests).order_by("-id").first()
    if newest is not None:
        good = CodeRow.objects.filter(id=newest.id, used_at=None, expires_at__gt=now)
        counted = good.filter(tries__lt=TRIES_MAX).update(tries=F("tries") + 1)
        given = "".join(code.split())
        if counted and hmac.compare_digest(newest.code_hmac, _hmac(newest.id, given)) and good.update(used_at=now):
            return receiver
        if not counted and good.exists():
            raise WrongCode(gettext("This code was tried too often. Ask for a new one."), pointer="/code")
    raise WrongCode(gettext("This code is not right, or too old. Look again, or ask for a new one."), pointer="/code")


def forget_codes(*, now: datetime) -> int:
    """Delete codes that ran out, and after a month that they were sent to a masked number; returns how many."""
    codes, _by_table = CodeRow.objects.filter(expires_at__lt=now - LIFE).delete()
    notes, _by_table = MessageRow.objects.filter(subject_id=None, sent_at__lt=now - _NOTED_FOR).delete()
    return codes + notes


def _digest(chain_id: int, field: str, value: str) -> bytes:
    return vault.blind_index(chain_id=chain_id, field=f"code:{field}", value=value)


def _hmac(code_id: UUID, code: str) -> str:
    return sealed.fingerprint(f"{code_id}:{code}", purpose="one-time-code")


def _of(address: str) -> str:
    return sealed.fingerprint(address, purpose="one-time-code-address")[:32]
