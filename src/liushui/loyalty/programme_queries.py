"""Reads of programmes: versions, drafts, and what drafts change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import cast

from liushui.loyalty.contracts import ProgrammeDraft, ProgrammeVersion
from liushui.loyalty.domain.programme_json import EMPTY, normal_text, published, read_programme
from liushui.loyalty.domain.programme_rows import differing
from liushui.loyalty.domain.programme_views import DraftState, VersionState
from liushui.loyalty.errors import UnknownProgramme
from liushui.loyalty.models import CancelledProgrammeRow, ProgrammeDraftRow, ProgrammeRow
from liushui.loyalty.programme_access import require_seen
from liushui.runtime.access import Principal
from liushui.stores import facade as stores

LIST_MAX = 500


def programme_versions(
    *, chain_id: int, principal: Principal, at: datetime, limit: int = LIST_MAX
) -> tuple[ProgrammeVersion, ...]:
    """The published versions of a chain, the latest first."""
    require_seen(principal, chain_id=chain_id, what="programme")
    rows = list(ProgrammeRow.objects.filter(chain_id=chain_id).order_by("-number")[: min(limit, LIST_MAX)])
    return _views(rows, at=at)


def programme_version(*, programme_id: int, principal: Principal, at: datetime) -> ProgrammeVersion:
    """One version; raises UnknownProgramme."""
    row = ProgrammeRow.objects.filter(id=programme_id).first()
    if row is None:
        raise UnknownProgramme(f"There is no version {programme_id}, or it is not yours to see")
    require_seen(principal, chain_id=row.chain_id, what=f"version {programme_id}")
    others = ProgrammeRow.objects.filter(chain_id=row.chain_id, number__gt=row.number)
    return next(view for view in _views([*others.order_by("-number"), row], at=at) if view.id == row.id)


def programme_drafts(
    *, chain_ids: Collection[int], principal: Principal, states: Iterable[str] = ("open", "in_review")
) -> tuple[ProgrammeDraft, ...]:
    """The drafts of these chains in these states, the latest changed first."""
    for chain_id in chain_ids:
        require_seen(principal, chain_id=chain_id, what="programme")
    rows = ProgrammeDraftRow.objects.filter(chain_id__in=chain_ids, state__in=list(states))
    return tuple(draft_view(row) for row in rows.order_by("-changed_at", "-id")[:LIST_MAX])


def programme_draft(*, draft_id: int, principal: Principal) -> ProgrammeDraft:
    """One draft; raises UnknownProgramme."""
    return draft_view(draft_row(draft_id=draft_id, principal=principal))


def programme_changes(*, draft_id: int, principal: Principal) -> tuple[str, ...]:
    """The parts of a draft that differ from the version it was made from, such as earning.rows."""
    row = draft_row(draft_id=draft_id, principal=principal)
    return differing(base_document(row), row.document)


def draft_row(*, draft_id: int, principal: Principal) -> ProgrammeDraftRow:
    """A draft that the principal may see; raises UnknownProgramme."""
    row = ProgrammeDraftRow.objects.filter(id=draft_id).first()
    if row is None:
        raise UnknownProgramme(f"There is no draft {draft_id}, or it is not yours to see")
    require_seen(principal, chain_id=row.chain_id, what=f"draft {draft_id}")
    return row


def latest_row(*, chain_id: int) -> ProgrammeRow | None:
    """The newest version that was not cancelled, in force or scheduled: what drafts are made from."""
    return ProgrammeRow.objects.standing(chain_id).order_by("-number").first()


def base_document(row: ProgrammeDraftRow) -> str:
    """The document of the version that a draft was made from; of none, an empty programme's."""
    if row.base_id is None:
        return empty_document(chain_id=row.chain_id)
    return ProgrammeRow.objects.get(id=row.base_id).document


def empty_document(*, chain_id: int) -> str:
    """A programme in which nothing earns, in the chain's currency."""
    currency = next((chain.currency for chain in stores.chains() if chain.id == chain_id), EMPTY["currency"])
    return normal_text(read_programme({**EMPTY, "currency": currency}))


def draft_view(row: ProgrammeDraftRow) -> ProgrammeDraft:
    """A draft as others see it."""
    return ProgrammeDraft(
        id=row.id,
        chain_id=row.chain_id,
        name=row.name,
        base_id=row.base_id,
        revision=row.revision,
        state=cast(DraftState, row.state),
        document=row.document,
        programme=read_programme(row.document),
        starts_at=row.starts_at,
        note=row.note,
        approval_id=row.approval_id,
        programme_id=row.programme_id,
        created_by_name=row.created_by_name,
        changed_at=row.changed_at,
        changed_by_name=row.changed_by_name,
    )


def _views(rows: list[ProgrammeRow], *, at: datetime) -> tuple[ProgrammeVersion, ...]:
    """Views of versions, which come with all that are newer, the latest first."""
    found = CancelledProgrammeRow.objects.filter(programme_id__in=[row.id for row in rows])
    cancelled = {each.programme_id: each for each in found}
    views, is_over = [], False
    for row in rows:
        taken_back = cancelled.get(row.id)
        has_started = row.starts_at <= at and taken_back is None
        state = "cancelled" if taken_back else "ended" if is_over else "live" if has_started else "scheduled"
        is_over = is_over or has_started
        views.append(
            ProgrammeVersion(
                id=row.id,
                chain_id=row.chain_id,
                number=row.number,
                digest=row.digest,
                starts_at=row.starts_at,
                state=cast(VersionState, state),
                note=row.note,
                published_at=row.published_at,
                published_by_name=row.published_by_name,
                draft_id=row.draft_id,
                cancelled_at=taken_back.cancelled_at if taken_back else None,
                cancelled_by_name=taken_back.cancelled_by_name if taken_back else "",
                cancel_reason=taken_back.reason if taken_back else "",
                programme=published(
                    document=row.document, chain_id=row.chain_id, number=row.number, starts_at=row.starts_at
                ),
            )
        )
    return tuple(views)
