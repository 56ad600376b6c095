"""Begin a draft: a copy of the chain's latest rulebook that can be changed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.promotions.access import WRITE, require_whole_chain
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.books import Book
from liushui.promotions.models import DraftRow
from liushui.promotions.queries import book_of, draft_view, latest_rulebook
from liushui.runtime import audit
from liushui.runtime.access import Principal

NAME_MAX = 200


def create_draft(*, chain_id: int, name: str, principal: Principal, now: datetime) -> DraftView:
    """A copy of the latest version, live or scheduled, under a name; empty in a chain that has none."""
    require_whole_chain(principal, WRITE, chain_id=chain_id)
    latest = latest_rulebook(chain_id=chain_id)
    row = insert_draft(
        chain_id=chain_id,
        name=checked_name(name),
        book=book_of(latest),
        base_id=latest.id if latest else None,
        origin="draft",
        principal=principal,
        now=now,
    )
    return draft_view(row)


def insert_draft(
    *, chain_id: int, name: str, book: Book, base_id: int | None, origin: str, principal: Principal, now: datetime
) -> DraftRow:
    """Write a new draft and say so in the audit log; whoever calls has checked that he may."""
    with transaction.atomic():
        row = DraftRow.objects.create(
            chain_id=chain_id, name=name, base_id=base_id, origin=origin,
            **book.columns(),
            created_at=now, created_by=principal.subject, created_by_name=principal.name,
            changed_at=now, changed_by=principal.subject, changed_by_name=principal.name,
        )  # fmt: skip
        audit.record(
            principal=principal, action="promotion.draft", target=f"draft:{row.id}", chain_id=chain_id,
            after={"name": name, "base": base_id, "origin": origin},
        )  # fmt: skip
    return row


def checked_name(name: str) -> str:
    """A draft's name as it is kept; raises InvalidValue."""
    text = name.strip()
    if not text or len(text) > NAME_MAX or not text.isprintable():
        raise InvalidValue(f"Give the draft a name of 1 to {NAME_MAX} characters", pointer="/name")
    return text
