"""Have a draft reviewed by a second person, take it back, or throw it away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.promotions.access import WRITE, require_whole_chain
from liushui.promotions.actions.closed_draft import draft_closed
from liushui.promotions.actions.publish import publish_approved, review_target
from liushui.promotions.actions.rebase_draft import base_of, check_base
from liushui.promotions.actions.write_version import start_of
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.books import changes, read_book
from liushui.promotions.errors import DraftChanged, DraftClosed, NothingChanged
from liushui.promotions.kinds import PUBLISH
from liushui.promotions.lint_queries import lint_row, refuse_errors, refuse_unseen
from liushui.promotions.models import DraftRow
from liushui.promotions.queries import book_of, draft_row, draft_view, latest_rulebook
from liushui.runtime import approvals, audit
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

WAITS = timedelta(days=7)
_NAMED_MAX = 50
_logger = structlog.get_logger(__name__)


def submit_for_review(
    *, draft_id: int, revision: int, reason: str, principal: Principal, now: datetime, starts_at: datetime | None = None
) -> DraftView:
    """Ask a second person to approve the draft as it is; from here on it can't be changed unless it is taken back.

    `starts_at` None: as soon as it is approved. Raises NothingChanged, BaseMoved, StartRefused, DraftChanged, and
    LintRefused when the lint finds what stops publishing.
    """
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.state == "in_review" and row.revision == revision and row.starts_at == starts_at:
        return draft_view(row)  # asked again
    latest = latest_rulebook(chain_id=row.chain_id)
    check_base(row, latest)
    start_of(wished=starts_at, latest=latest, now=now)
    report = lint_row(row, at=max(starts_at or now, now))
    refuse_errors(report)
    payload = _payload(row, starts_at) | {"warnings": len(report.warnings)}
    with transaction.atomic():
        moved = DraftRow.objects.filter(id=row.id, state="open", revision=revision).update(
            state="in_review", starts_at=starts_at, note=reason.strip()[:400]
        )
        if not moved:
            _refuse(row.id)
        asked = approvals.request(
            kind=PUBLISH, target=review_target(row), chain_id=row.chain_id, store_id=None, reason=reason,
            principal=principal, now=now, payload=payload, waits=WAITS,
        )  # fmt: skip
        DraftRow.objects.filter(id=row.id).update(approval_id=asked.id)
    return draft_view(DraftRow.objects.get(id=row.id))


def take_back(*, draft_id: int, principal: Principal, now: datetime) -> DraftView:
    """Take one's own draft back from review, so that it can be changed again."""
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.approval_id is None or row.state != "in_review":
        raise DraftClosed(f"Draft {row.name!r} is not in review", context={"state": row.state})
    asked = approvals.approval(approval_id=row.approval_id)
    if asked.requested_by != principal.subject:
        raise NotAllowed(f"{asked.requested_by_name} asked for this review", remedy="Ask that person to take it back.")
    with transaction.atomic():
        approvals.withdraw(approval_id=asked.id, principal=principal, now=now)
        _reopen(row, principal=principal, reason="")
    return draft_view(DraftRow.objects.get(id=row.id))


def decide_review(
    *,
    draft_id: int,
    approve: bool,
    principal: Principal,
    now: datetime,
    reason: str = "",
    acknowledged: Collection[str] | None = None,
) -> DraftView:
    """Approve, which publishes at once (to start when the review says), or reject, which gives the draft back.

    `acknowledged` names the lint's warnings that the reviewer was shown and has ticked; None where none were shown.
    Raises SamePerson for one's own, BaseMoved when another version came first: the approval is then worth nothing;
    NotAcknowledged when a warning is not ticked.
    """
    row = draft_row(draft_id=draft_id, principal=principal)
    if row.approval_id is None:
        raise DraftClosed(f"Draft {row.name!r} is not in review", context={"state": row.state})
    if approve and acknowledged is not None and row.state == "in_review":
        report = lint_row(row, at=now)
        refuse_errors(report)
        refuse_unseen(report, acknowledged=acknowledged)
    decided = approvals.decide(
        approval_id=row.approval_id, approve=approve, principal=principal, now=now, reason=reason
    )
    if row.state == "in_review":
        _settle(row, decided, principal=principal, now=now)
    return draft_view(DraftRow.objects.get(id=row.id))


def settle_reviews(*, now: datetime) -> int:
    """Carry out what was decided elsewhere, such as in the inbox; how many drafts were moved. Safe to run twice."""
    moved = 0
    for row in DraftRow.objects.filter(state="in_review").order_by("id")[:20]:
        if row.approval_id is None:
            continue
        found = approvals.approval(approval_id=row.approval_id)
        if found.state_at(now) == "pending":
            continue
        by = Principal(subject=found.decided_by or "system", name=found.decided_by_name or "system", grants=())
        try:
            _settle(row, found, principal=by, now=now)
        except LiushuiError as error:  # another version came first: whoever drafted it sees why
            _logger.info("review_not_carried_out", draft=row.id, problem=error.type)
            _reopen(row, principal=by, reason=error.detail[:400])
        moved += 1
    return moved


def discard_draft(*, draft_id: int, principal: Principal, now: datetime) -> DraftView:
    """Throw an open draft away; it stays to be looked at. The second time changes nothing."""
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    with transaction.atomic():
        if DraftRow.objects.filter(id=row.id, state="open").update(state="discarded"):
            audit.record(
                principal=principal, action="promotion.discard", target=f"draft:{row.id}", chain_id=row.chain_id,
                before={"state": "open"}, after={"state": "discarded"},
            )  # fmt: skip
    there = DraftRow.objects.get(id=row.id)
    if there.state != "discarded":
        raise draft_closed(there)
    return draft_view(there)


def _payload(row: DraftRow, starts_at: datetime | None) -> dict[str, object]:
    """What the reviewer is asked about, short enough for the inbox; the whole of it is on the draft's page."""
    before, after = book_of(base_of(row)), read_book(row.document, row.paused)
    found = changes(before, after)
    if not found and before.mode == after.mode:
        raise NothingChanged("The draft changes nothing", remedy="Change something, or discard it.")
    kinds: dict[str, list[str]] = {}
    for each in found:
        kinds.setdefault(each.kind, []).append(each.id)
    return {
        "draft": row.id,
        "revision": row.revision,
        "content": hashlib.sha256(f"{row.document}{row.paused}".encode()).hexdigest(),
        "starts_at": starts_at.astimezone(UTC).isoformat() if starts_at else None,
        "count": len(found),
        **{kind: names[:_NAMED_MAX] for kind, names in kinds.items()},
    }


def _settle(row: DraftRow, decided: Approval, *, principal: Principal, now: datetime) -> None:
    if decided.state == "approved":
        publish_approved(row, decided.id, principal=principal, now=now)
    else:
        _reopen(row, principal=principal, reason=decided.decision_reason)


def _reopen(row: DraftRow, *, principal: Principal, reason: str) -> None:
    """Give a draft back under the next revision, so that no approval of the last one fits it."""
    with transaction.atomic():
        moved = DraftRow.objects.filter(id=row.id, state="in_review", revision=row.revision).update(
            state="open", revision=F("revision") + 1
        )
        if moved:
            audit.record(
                principal=principal, action="promotion.reopen", target=f"draft:{row.id}", chain_id=row.chain_id,
                before={"state": "in_review"}, after={"state": "open"}, reason=reason,
            )  # fmt: skip


def _refuse(draft_id: int) -> None:
    row = DraftRow.objects.get(id=draft_id)
    if row.state != "open":
        raise draft_closed(row)
    raise DraftChanged(
        f"{row.changed_by_name} has saved revision {row.revision} meanwhile",
        remedy="Look at the draft as it is now and ask again.",
        context={"revision": row.revision, "changed_by": row.changed_by_name},
    )
