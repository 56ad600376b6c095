"""Take a version back before it starts; its draft is open again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from liushui.promotions import live
from liushui.promotions.access import APPROVE, require_whole_chain
from liushui.promotions.actions.pause_promotion import cancelled, checked_reason
from liushui.promotions.actions.write_version import head, move_head
from liushui.promotions.contracts import VersionView
from liushui.promotions.errors import AlreadyStarted
from liushui.promotions.models import CancelledRulebookRow, DraftRow
from liushui.promotions.queries import rulebook_row, standing_from, version
from liushui.runtime import audit
from liushui.runtime.access import Principal

# Other processes look again after a second: what starts sooner may price a basket there already.
SETTLED = timedelta(seconds=2 * live.KEPT_SECONDS)


def cancel_version(*, rulebook_id: int, reason: str, principal: Principal, now: datetime) -> VersionView:
    """Cancel a scheduled version, and with it those that were made from it. One person who may approve is enough: what
    is live stays live.

    Their drafts are open again, to be changed, carried over to the latest version, and handed in anew.
    Raises AlreadyStarted for one that has started, starts within two seconds or was cancelled by another.
    """
    row = rulebook_row(rulebook_id=rulebook_id, principal=principal)
    require_whole_chain(principal, APPROVE, chain_id=row.chain_id)
    note = checked_reason(reason)
    seen = head(chain_id=row.chain_id)
    mine = CancelledRulebookRow.objects.filter(rulebook_id=row.id).first()
    if mine is not None and mine.cancelled_by == principal.subject:
        return version(rulebook_id=row.id, principal=principal, at=now)
    if mine is not None or row.starts_at <= now + SETTLED:
        raise AlreadyStarted(f"Version {row.number} has started, is about to, or was cancelled")
    below, taken = standing_from(chain_id=row.chain_id, number=row.number)
    with transaction.atomic():
        move_head(seen=seen, latest_id=below.id if below else None)
        CancelledRulebookRow.objects.bulk_create(cancelled(taken, note, principal=principal, now=now))
        DraftRow.objects.filter(id__in=[each.draft_id for each in taken if each.draft_id], state="published").update(
            state="open", revision=F("revision") + 1, rulebook_id=None
        )  # under the next revision, so that no approval of the last one fits
        for each in taken:
            audit.record(
                principal=principal, action="promotion.cancel", target=f"rulebook:{each.id}", chain_id=row.chain_id,
                after={"version": each.version, "starts_at": each.starts_at.isoformat(), "draft": each.draft_id},
                reason=note,
            )  # fmt: skip
    live.forget()
    return version(rulebook_id=row.id, principal=principal, at=now)
