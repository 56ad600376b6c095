"""Merge a member who has value into another one: one person asks, another approves, then it is done once.

The approval is for exactly these two members. What moves is what is there when it is done: both go on buying meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import NotAllowed, NotFound
from liushui.loyalty import ledger
from liushui.loyalty.actions.block_gift_card import checked_reason
from liushui.loyalty.actions.merge import check_mergeable, free_phone, merge_locked
from liushui.loyalty.asked_deeds import settle
from liushui.loyalty.contracts import MergeRequest
from liushui.loyalty.errors import EntryConflict, MergedAlready, MergeRefused, UnknownMember
from liushui.loyalty.merge_stakes import stake_of
from liushui.loyalty.models import MemberRow, MergeRow
from liushui.loyalty.programme_live import live_programme
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

KIND, CAPABILITY, ASKS = "loyalty.merge", "value.approve", "member.write"
_AT_ONCE = 100


def register() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    approvals.register_kind(approvals.Kind(name=KIND, title=_("Merge two members with value"), capability=CAPABILITY))


def request_merge(
    *, merge_id: UUID, keep_id: UUID, drop_id: UUID, reason: str, principal: Principal, now: datetime
) -> Approval:
    """Ask for a merge, which is done as soon as somebody else has approved it; the same id again, or the same two
    members while it waits, answer the same request.

    Raises NotAllowed, UnknownMember, InvalidValue without a reason, MergeRefused as `merge` does and while another
    merge of the member that goes waits, EntryConflict for the same id with other members.
    """
    text = checked_reason(reason)
    known = _known(merge_id, keep_id, drop_id)
    if known is not None:
        return known
    rows = {row.id: row for row in MemberRow.objects.filter(id__in=[keep_id, drop_id])}
    if not {keep_id, drop_id} <= rows.keys():
        raise UnknownMember("There is no such member")
    keep, drop = rows[keep_id], rows[drop_id]
    if keep.chain_id not in principal.chains(ASKS):
        raise NotAllowed(f"This needs the right {ASKS!r}")
    check_mergeable(keep, drop)
    moved = stake_of(member_id=drop.id, programme=live_programme(chain_id=drop.chain_id, at=now)).moved_minor
    try:
        with transaction.atomic():
            asked = approvals.request(
                kind=KIND, target=_target(merge_id), chain_id=keep.chain_id, store_id=None, reason=text,
                principal=principal, now=now, amount_minor=moved or None,
                currency=ledger.currency_of(chain_id=keep.chain_id),
                payload={"keep": str(keep_id), "drop": str(drop_id), "numbers": [keep.number, drop.number]},
            )  # fmt: skip
            MergeRow.objects.create(
                id=merge_id, chain_id=keep.chain_id, keep_id=keep_id, drop_id=drop_id, reason=asked.reason,
                approval_id=asked.id, asked_minor=moved, asked_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody asked at the same instant
        known = _known(merge_id, keep_id, drop_id)
        if known is None:  # and it is over already
            raise MergeRefused("Somebody asked for this member at the same instant", remedy="Try again.") from None
        return known
    return asked


def settle_merges(*, now: datetime) -> int:
    """Do what was approved and close what was not; how many came to their end. Safe to run twice at once."""
    rows = MergeRow.objects.filter(state="waiting").order_by("id")[:_AT_ONCE]
    return sum(settle_merge(merge_id=row.id, now=now) for row in rows)


def settle_merge(*, merge_id: UUID, now: datetime) -> bool:
    """Do one merge if it is approved, close it if it is rejected, withdrawn or expired; whether it ended now."""
    row = MergeRow.objects.get(id=merge_id)
    return settle(row, carry_out=partial(_do, row, now=now), now=now)


def merge_request(*, merge_id: UUID) -> MergeRequest:
    """One request; raises NotFound."""
    row = MergeRow.objects.filter(id=merge_id).first()
    if row is None:
        raise NotFound("There is no such merge, or it is not yours to see")
    return _view(row)


def merges_waiting(*, member_id: UUID) -> tuple[MergeRequest, ...]:
    """Merges that wait with this member on either side, the oldest first."""
    rows = MergeRow.objects.filter(state="waiting")
    found = [*rows.filter(keep_id=member_id)[:_AT_ONCE], *rows.filter(drop_id=member_id)[:_AT_ONCE]]
    return tuple(_view(row) for row in sorted(found, key=lambda row: (row.asked_at, row.id)))


def _known(merge_id: UUID, keep_id: UUID, drop_id: UUID) -> Approval | None:
    row = MergeRow.objects.filter(id=merge_id).first()
    if row is not None and (row.keep_id, row.drop_id) != (keep_id, drop_id):
        raise EntryConflict("Another merge was asked for under this id")
    row = row or MergeRow.objects.filter(drop_id=drop_id, state="waiting").first()
    if row is None:
        return None
    if row.keep_id != keep_id:
        raise MergeRefused("Somebody has asked for this member to go into another one", remedy="Wait for the decision.")
    return approvals.approval(approval_id=row.approval_id)


def _do(row: MergeRow, decided: Approval, now: datetime) -> bool:
    programme = live_programme(chain_id=row.chain_id, at=now)
    with transaction.atomic():
        if not MergeRow.objects.filter(id=row.id, state="waiting").update(state="merged", ended_at=now):
            return False
        approvals.use(approval_id=decided.id, kind=KIND, target=_target(row.id), now=decided.decided_at or now)
        checker = Principal(subject=decided.decided_by, name=decided.decided_by_name, grants=())
        merged = merge_locked(
            keep_id=row.keep_id, drop_id=row.drop_id, reason=row.reason, principal=checker, programme=programme,
            now=now, approved_minor=row.asked_minor,
        )  # fmt: skip
        if merged.was_merged:
            raise MergedAlready("Somebody has merged these two meanwhile")
    if merged.subject_id is not None:
        free_phone(row.drop_id, merged.subject_id, now)
    return True


def _target(merge_id: UUID) -> str:
    """What the inbox leads to the merge's page by."""
    return f"merge:{merge_id}"


def _view(row: MergeRow) -> MergeRequest:
    return MergeRequest(
        id=row.id, chain_id=row.chain_id, keep_id=row.keep_id, drop_id=row.drop_id, reason=row.reason,
        approval_id=row.approval_id, state=row.state, problem=row.problem, asked_minor=row.asked_minor,
        asked_at=row.asked_at, ended_at=row.ended_at,
    )  # fmt: skip
