"""Publish a reviewed draft: it becomes the next version of its chain and never changes again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.promotions import live
from liushui.promotions.access import APPROVE, WRITE, require_whole_chain
from liushui.promotions.actions.closed_draft import draft_closed
from liushui.promotions.actions.rebase_draft import check_base
from liushui.promotions.actions.write_version import NewVersion, head, start_of, write_versions
from liushui.promotions.contracts import PublishedRulebook
from liushui.promotions.domain.books import read_book
from liushui.promotions.errors import DraftClosed, StartRefused
from liushui.promotions.kinds import PUBLISH
from liushui.promotions.models import DraftRow, RulebookRow
from liushui.promotions.queries import draft_row
from liushui.runtime import approvals
from liushui.runtime.access import Principal


def publish(
    *, draft_id: int, approval_id: UUID, starts_at: datetime | None = None, principal: Principal, now: datetime
) -> PublishedRulebook:
    """Publish a draft that another person has approved, once; whoever may write or approve promotions may press the
    button. It starts when the review said; `starts_at`, when given, says the same.

    Raises ApprovalMissing, DraftClosed (also for a draft that is published), BaseMoved, StartRefused.
    """
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, APPROVE, chain_id=row.chain_id)
    if starts_at is not None and starts_at != row.starts_at:
        raise StartRefused(
            f"The review was for a start {row.starts_at.isoformat() if row.starts_at else 'at once'}",
            pointer="/starts_at",
            remedy="Publish it as reviewed, or take the draft back and ask again.",
        )
    return publish_approved(row, approval_id, principal=principal, now=now)


def publish_approved(row: DraftRow, approval_id: UUID, *, principal: Principal, now: datetime) -> PublishedRulebook:
    """Publish for whoever has been found to be allowed to."""
    if row.state != "in_review":
        raise draft_closed(row)
    seen = head(chain_id=row.chain_id)
    latest = RulebookRow.objects.filter(id=seen.latest_id or 0).first()
    check_base(row, latest)
    new = NewVersion(
        book=read_book(row.document, row.paused),
        starts_at=start_of(wished=row.starts_at, latest=latest, now=now),
        origin=row.origin,
        base_id=row.base_id,
        draft_id=row.id,
        approval_id=approval_id,
        note=row.note,
    )
    with transaction.atomic():
        approvals.use(approval_id=approval_id, kind=PUBLISH, target=review_target(row), now=now)
        [published] = write_versions(seen=seen, versions=[new], principal=principal, now=now)
        closed = DraftRow.objects.filter(id=row.id, state="in_review", revision=row.revision).update(
            state="published", rulebook_id=published.id
        )
        if not closed:
            raise DraftClosed(f"Somebody has taken draft {row.name!r} back or published it this moment")
    live.forget()
    return live.published(rulebook=published)


def review_target(row: DraftRow) -> str:
    """What an approval is for: this draft as it is at this revision."""
    return f"draft:{row.id}:{row.revision}"
