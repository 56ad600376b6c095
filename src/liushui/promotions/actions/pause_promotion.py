"""Stop a promotion at once: the one change that a single person may make, because it stops a loss (decision 0124)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.promotions import live
from liushui.promotions.access import APPROVE, WRITE, require_seen, require_whole_chain
from liushui.promotions.actions.write_version import NewVersion, head, write_versions
from liushui.promotions.contracts import PublishedRulebook
from liushui.promotions.domain.books import Book
from liushui.promotions.errors import PromotionState
from liushui.promotions.models import CancelledRulebookRow, RulebookRow
from liushui.promotions.queries import book_of, live_row, scheduled_rows
from liushui.runtime.access import Principal

REASON_MAX = 400


def pause_promotion(
    *, chain_id: int, promotion_id: str, reason: str, principal: Principal, now: datetime
) -> PublishedRulebook:
    """Set a running promotion aside in a version that starts now, and in every scheduled one: these are cancelled and
    published anew without it. Orders of before keep naming the version that priced them.

    Raises PromotionState when it is not running: a second press of the button stops nothing more.
    """
    require_seen(principal, chain_id=chain_id, what=f"chain {chain_id}")
    require_whole_chain(principal, WRITE, APPROVE, chain_id=chain_id)
    note = checked_reason(reason)
    seen = head(chain_id=chain_id)
    standing = live_row(chain_id=chain_id, at=now)
    scheduled = scheduled_rows(chain_id=chain_id, after=now)
    if not any(promotion_id in book_of(row).promotions for row in ([standing] if standing else []) + scheduled):
        raise PromotionState(f"Promotion {promotion_id!r} is not running", remedy="Look at the list as it is now.")
    rows = [(standing, now), *((row, row.starts_at) for row in scheduled)] if standing else [
        (row, row.starts_at) for row in scheduled
    ]  # fmt: skip
    new = [
        NewVersion(
            book=_paused(book_of(row), promotion_id), starts_at=starts_at, origin="pause", base_id=row.id, note=note
        )
        for row, starts_at in rows
    ]
    with transaction.atomic():
        published = write_versions(seen=seen, versions=new, principal=principal, now=now)
        CancelledRulebookRow.objects.bulk_create(cancelled(scheduled, note, principal=principal, now=now))
    live.forget()
    return live.published(rulebook=published[0])


def cancelled(
    rows: list[RulebookRow], reason: str, *, principal: Principal, now: datetime
) -> list[CancelledRulebookRow]:
    """Rows that take these versions back."""
    return [
        CancelledRulebookRow(
            rulebook_id=row.id, chain_id=row.chain_id, cancelled_at=now, cancelled_by=principal.subject,
            cancelled_by_name=principal.name, reason=reason,
        )
        for row in rows
    ]  # fmt: skip


def checked_reason(reason: str) -> str:
    """A reason as it is kept; raises InvalidValue."""
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        raise InvalidValue(f"Give a reason of 1 to {REASON_MAX} characters", pointer="/reason")
    return text


def _paused(book: Book, promotion_id: str) -> Book:
    return book.pausing(promotion_id) if promotion_id in book.promotions else book
