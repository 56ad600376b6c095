"""What others see of privacy. Personal data: kept encrypted, shown masked, exported and erased on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Purpose = Literal["membership", "marketing", "profiling"]
MEMBERSHIP: Purpose = "membership"
MARKETING: Purpose = "marketing"
PROFILING: Purpose = "profiling"
PURPOSES: tuple[Purpose, ...] = (MEMBERSHIP, MARKETING, PROFILING)
CHANNELS = ("till", "portal", "console", "import", "api")
Mask = Literal["name", "phone", "email", "birthday", "plate", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalField:
    """A field of personal data that may be stored.

    `retention_days` counts from the last sign of life of the person (`touch_subjects`); None keeps it as long as the
    person stays. An indexed field can be looked up by its exact value. `title` is what people read.
    """

    name: str
    purpose: Purpose
    retention_days: int | None
    is_indexed: bool
    mask: Mask
    title: Any = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What people are told before they agree, by purpose and version."""

    purpose: str
    version: str
    text_zh: str
    text_en: str
    published_at: datetime | None  # None: the text that comes with the program


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether a person agrees to a purpose now, and since when."""

    purpose: str
    is_given: bool
    notice_version: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A person as far as it is no secret."""

    id: UUID
    chain_id: int
    state: str  # active | erasing | erased
    created_at: datetime
    seen_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A module that holds something about a person under the subject's id.

    `export(subject_id)` answers JSON; `erase(subject_id, now)` drops what must go, is safe to repeat, and may be
    called after the personal data itself is gone.
    """

    name: str
    title: Any
    export: Callable[[UUID], Any]
    erase: Callable[[UUID, datetime], None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDocument:
    """Everything about one person: for machines and for people."""

    subject_id: UUID
    made_at: datetime
    json: bytes
    html: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureProof:
    """What is kept of an erasure: no personal data.

    `key_sha256` is of the wrapped key that was destroyed, `fields` the names of the values that went with it;
    `steps` when each other module had dropped what it held. `sha256` is over all of it but the steps.
    """

    subject_id: UUID
    chain_id: int
    reason: str
    requested_by: str
    erased_at: datetime
    key_id: str
    key_sha256: str
    fields: tuple[str, ...]
    steps: dict[str, str]
    completed_at: datetime | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """A one-time code is on its way; `to` is masked. `hint` is the code itself in demonstrations, otherwise empty."""

    id: UUID
    to: str
    expires_at: datetime
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectErased:
    """The data of `liushui.subject.erased.v1`."""

    subject_id: UUID
    chain_id: int
    erased_at: datetime
