"""Consents, given and taken back with one call each; and the notices they name."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.kernel.errors import Conflict, InvalidValue
from liushui.privacy.consent_queries import notice
from liushui.privacy.contracts import CHANNELS, PURPOSES, Notice
from liushui.privacy.domain.notices import BUILT_IN_VERSION
from liushui.privacy.errors import UnknownNotice, UnknownSubject
from liushui.privacy.models import ConsentRow, NoticeRow, SubjectRow
from liushui.privacy.people import require_capability
from liushui.runtime import audit
from liushui.runtime.access import Principal

_VERSION_MAX, _TEXT_MAX = 32, 8000


def give_consent(*, subject_id: UUID, purpose: str, notice_version: str, channel: str, now: datetime) -> None:
    """The person agrees to what this version of the notice says; the same again is nothing. Raises UnknownNotice."""
    chain_id = _chain_of(subject_id, purpose, channel)
    if notice_version != BUILT_IN_VERSION:
        notice(chain_id=chain_id, purpose=purpose, version=notice_version)
    _write(subject_id, chain_id, purpose, True, notice_version, channel, now)


def withdraw_consent(*, subject_id: UUID, purpose: str, channel: str, now: datetime) -> None:
    """The person takes it back, from this moment on; what was never given is taken back all the same."""
    chain_id = _chain_of(subject_id, purpose, channel)
    _write(subject_id, chain_id, purpose, False, "", channel, now)


def publish_notice(
    *, chain_id: int, purpose: str, version: str, text_zh: str, text_en: str, principal: Principal, now: datetime
) -> Notice:
    """What people of the chain are told from now on; a version never changes. The same again is nothing."""
    require_capability(principal, "privacy.handle", chain_id=chain_id)
    version, text_zh, text_en = version.strip(), text_zh.strip(), text_en.strip()
    if purpose not in PURPOSES:
        raise UnknownNotice(f"Purposes are {', '.join(PURPOSES)}", pointer="/purpose")
    if not version or len(version) > _VERSION_MAX or not version.isprintable() or version == BUILT_IN_VERSION:
        raise InvalidValue(f"A version has 1 to {_VERSION_MAX} characters and is not 1", pointer="/version")
    for name, text in (("text_zh", text_zh), ("text_en", text_en)):
        if not text or len(text) > _TEXT_MAX:
            raise InvalidValue(f"A notice has 1 to {_TEXT_MAX} characters", pointer=f"/{name}")
    try:
        with transaction.atomic():
            NoticeRow.objects.create(
                chain_id=chain_id, purpose=purpose, version=version, text_zh=text_zh, text_en=text_en,
                published_at=now, published_by=principal.subject,
            )  # fmt: skip
            audit.record(
                principal=principal, action="privacy.notice", target=f"chain:{chain_id}", chain_id=chain_id,
                after={"purpose": purpose, "version": version},
            )  # fmt: skip
    except IntegrityError:
        known = notice(chain_id=chain_id, purpose=purpose, version=version)
        if (known.text_zh, known.text_en) != (text_zh, text_en):
            raise Conflict("This version has another text", pointer="/version", remedy="Name a new one.") from None
        return known
    return notice(chain_id=chain_id, purpose=purpose, version=version)


def _chain_of(subject_id: UUID, purpose: str, channel: str) -> int:
    if purpose not in PURPOSES:
        raise UnknownNotice(f"Purposes are {', '.join(PURPOSES)}", pointer="/purpose")
    if channel not in CHANNELS:
        raise InvalidValue(f"Channels are {', '.join(CHANNELS)}", pointer="/channel")
    chain_id = SubjectRow.objects.filter(id=subject_id, state="active").values_list("chain_id", flat=True).first()
    if chain_id is None:
        raise UnknownSubject("There is no such person")
    return chain_id


def _write(
    subject_id: UUID, chain_id: int, purpose: str, is_given: bool, notice_version: str, channel: str, now: datetime
) -> None:
    newest = ConsentRow.objects.filter(subject_id=subject_id, purpose=purpose).order_by("-id").first()
    if newest is not None and (newest.is_given, newest.notice_version) == (is_given, notice_version):
        return
    ConsentRow.objects.create(
        chain_id=chain_id, subject_id=subject_id, purpose=purpose, is_given=is_given, notice_version=notice_version,
        channel=channel, at=now,
    )  # fmt: skip
