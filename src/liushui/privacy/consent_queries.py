"""What people were told, and what they agreed to: asked at the moment of use."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from liushui.privacy.contracts import PURPOSES, Consent, Notice
from liushui.privacy.domain.notices import BUILT_IN, BUILT_IN_VERSION
from liushui.privacy.errors import UnknownNotice
from liushui.privacy.models import ConsentRow, NoticeRow, SubjectRow

_NOTICE = tuple(Notice.__dataclass_fields__)


def current_notice(*, chain_id: int, purpose: str) -> Notice:
    """What people of this chain are told now, before they agree to a purpose; raises UnknownNotice."""
    return current_notices(chain_id=chain_id, purposes=(purpose,))[purpose]


def current_notices(*, chain_id: int, purposes: Collection[str] = PURPOSES) -> dict[str, Notice]:
    """The notices of several purposes, in one statement."""
    if not set(purposes) <= BUILT_IN.keys():
        raise UnknownNotice(f"Purposes are {', '.join(PURPOSES)}", pointer="/purpose")
    rows = NoticeRow.objects.filter(chain_id=chain_id, purpose__in=purposes).order_by("id").values(*_NOTICE)
    own = {row["purpose"]: Notice(**row) for row in rows}
    return {purpose: own.get(purpose, BUILT_IN[purpose]) for purpose in purposes}


def notice(*, chain_id: int, purpose: str, version: str) -> Notice:
    """A notice as somebody agreed to it once; raises UnknownNotice."""
    row = NoticeRow.objects.filter(chain_id=chain_id, purpose=purpose, version=version).values(*_NOTICE).first()
    if row is not None:
        return Notice(**row)
    if version != BUILT_IN_VERSION or purpose not in BUILT_IN:
        raise UnknownNotice("There is no notice of this purpose and version", pointer="/notice_version")
    return BUILT_IN[purpose]


def has_consent(*, subject_id: UUID, purpose: str) -> bool:
    """Whether this person agrees now."""
    return bool(with_consent(subject_ids=[subject_id], purpose=purpose))


def with_consent(*, subject_ids: Collection[UUID], purpose: str) -> frozenset[UUID]:
    """Those of these people who agree now: one statement. Who is erased agrees to nothing."""
    alive = SubjectRow.objects.filter(id__in=list(subject_ids), state="active").values("id")
    rows = ConsentRow.objects.filter(subject_id__in=alive, purpose=purpose).order_by("id")
    newest = dict(rows.values_list("subject_id", "is_given"))
    return frozenset(subject_id for subject_id, is_given in newest.items() if is_given)


def consents(*, subject_id: UUID) -> dict[str, Consent]:
    """What this person agreed to or took back, by purpose; a purpose that was never asked for is absent."""
    return {each.purpose: each for each in consent_history(subject_id=subject_id)}


def consent_history(*, subject_id: UUID) -> tuple[Consent, ...]:
    """Every time this person agreed or took it back, the oldest first."""
    rows = ConsentRow.objects.filter(subject_id=subject_id).order_by("id")
    return tuple(Consent(**row) for row in rows.values(*Consent.__dataclass_fields__))
