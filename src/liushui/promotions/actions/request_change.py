"""Quick changes that need a review like any other: resume or end one promotion, go back to an old version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.db import transaction

from liushui.promotions.access import WRITE, require_seen, require_whole_chain
from liushui.promotions.actions.create_draft import insert_draft
from liushui.promotions.actions.review import submit_for_review
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.books import Book
from liushui.promotions.domain.rulebook_json import read_promotion, write_promotion
from liushui.promotions.errors import NothingChanged, PromotionState
from liushui.promotions.queries import book_of, latest_rulebook, rulebook_row
from liushui.runtime.access import Principal


class _Change(NamedTuple):
    name: str
    origin: str
    book: Book


def resume_promotion(
    *, chain_id: int, promotion_id: str, reason: str, principal: Principal, now: datetime
) -> DraftView:
    """Ask for a promotion that was paused to run again."""
    book = _latest(chain_id, principal)
    if promotion_id not in book.paused:
        raise PromotionState(f"Promotion {promotion_id!r} is not paused", remedy="Look at the list as it is now.")
    change = _Change(f"+ {promotion_id}", "resume", book.resuming(promotion_id))
    return _ask(chain_id, change, reason, None, principal=principal, now=now)


def end_promotion(
    *,
    chain_id: int,
    promotion_id: str,
    reason: str,
    principal: Principal,
    now: datetime,
    ends_at: datetime | None = None,
) -> DraftView:
    """Ask for a promotion to end at an instant, or at once."""
    book = _latest(chain_id, principal)
    promotion = book.find(promotion_id)
    if promotion is None:
        raise PromotionState(f"There is no promotion {promotion_id!r}", remedy="Look at the list as it is now.")
    ends = (ends_at or now).astimezone(UTC).replace(microsecond=0).isoformat()
    ended = write_promotion(read_promotion({**promotion, "ends_at": ends}))
    change = _Change(f"- {promotion_id}", "end", book.with_promotion(ended))
    return _ask(chain_id, change, reason, None, principal=principal, now=now)


def roll_back(
    *, rulebook_id: int, reason: str, principal: Principal, now: datetime, starts_at: datetime | None = None
) -> DraftView:
    """Ask for an old version's promotions to hold again, as a new version under a new number."""
    row = rulebook_row(rulebook_id=rulebook_id, principal=principal)
    _latest(row.chain_id, principal)
    change = _Change(f"= {row.version}", "roll_back", book_of(row))
    return _ask(row.chain_id, change, reason, starts_at, principal=principal, now=now)


def _latest(chain_id: int, principal: Principal) -> Book:
    require_seen(principal, chain_id=chain_id, what=f"chain {chain_id}")
    require_whole_chain(principal, WRITE, chain_id=chain_id)
    return book_of(latest_rulebook(chain_id=chain_id))


def _ask(
    chain_id: int, change: _Change, reason: str, starts_at: datetime | None, *, principal: Principal, now: datetime
) -> DraftView:
    latest = latest_rulebook(chain_id=chain_id)
    if book_of(latest) == change.book:
        raise NothingChanged("The rulebook is so already", remedy="Look at the list as it is now.")
    with transaction.atomic():  # a draft that can't be asked for is not left behind
        row = insert_draft(
            chain_id=chain_id, name=change.name[:200], book=change.book, base_id=latest.id if latest else None,
            origin=change.origin, principal=principal, now=now,
        )  # fmt: skip
        return submit_for_review(
            draft_id=row.id, revision=row.revision, reason=reason, starts_at=starts_at, principal=principal, now=now
        )
