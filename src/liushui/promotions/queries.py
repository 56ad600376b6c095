"""Reads of rulebooks: versions, drafts, what they change, and how each promotion stands."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from django.db.models import Exists, OuterRef, QuerySet

from liushui.promotions.access import require_seen
from liushui.promotions.contracts import (
    DraftView,
    MemberTier,
    PromotionChange,
    PromotionView,
    RulebookChanges,
    VersionView,
)
from liushui.promotions.domain.books import Book, Json, changes, compact, read_book, status_at
from liushui.promotions.errors import UnknownRulebook
from liushui.promotions.models import CancelledRulebookRow, ChainHeadRow, DraftRow, MemberTierRow, RulebookRow
from liushui.runtime.access import Principal

LIST_MAX = 500


def member_tiers(*, chain_id: int) -> tuple[MemberTier, ...]:
    """The tiers of a chain, the lowest first; one query."""
    rows = MemberTierRow.objects.filter(chain_id=chain_id).order_by("position", "code")
    return tuple(
        MemberTier(
            chain_id=row.chain_id, code=row.code, name_zh=row.name_zh, name_en=row.name_en, position=row.position
        )
        for row in rows
    )


def latest_rulebook(*, chain_id: int) -> RulebookRow | None:
    """The newest version that was not cancelled, live or scheduled: what drafts are made from."""
    latest = ChainHeadRow.objects.filter(chain_id=chain_id).values("latest_id")[:1]
    return RulebookRow.objects.filter(id__in=latest).first()


def live_row(*, chain_id: int, at: datetime) -> RulebookRow | None:
    """The version in force at an instant."""
    return _standing(chain_id).filter(starts_at__lte=at).order_by("-number").first()


def scheduled_rows(*, chain_id: int, after: datetime) -> list[RulebookRow]:
    """Versions that start later and were not cancelled, in order."""
    return list(_standing(chain_id).filter(starts_at__gt=after).order_by("number"))


def standing_from(*, chain_id: int, number: int) -> tuple[RulebookRow | None, list[RulebookRow]]:
    """Versions that were not cancelled: the last one below a number, and those from it on."""
    below = _standing(chain_id).filter(number__lt=number).order_by("-number").first()
    return below, list(_standing(chain_id).filter(number__gte=number).order_by("number"))


def book_of(row: RulebookRow | None) -> Book:
    """The promotions of a version; none at all where there is no version."""
    return read_book(row.document, row.paused) if row is not None else Book()


def rulebook_row(*, rulebook_id: int, principal: Principal) -> RulebookRow:
    """A version that the principal may see; raises UnknownRulebook."""
    row = RulebookRow.objects.filter(id=rulebook_id).first()
    if row is None:
        raise UnknownRulebook(f"There is no version {rulebook_id}, or it is not yours to see")
    require_seen(principal, chain_id=row.chain_id, what=f"version {rulebook_id}")
    return row


def draft_row(*, draft_id: int, principal: Principal) -> DraftRow:
    """A draft that the principal may see; raises UnknownRulebook."""
    row = DraftRow.objects.filter(id=draft_id).first()
    if row is None:
        raise UnknownRulebook(f"There is no draft {draft_id}, or it is not yours to see")
    require_seen(principal, chain_id=row.chain_id, what=f"draft {draft_id}")
    return row


def draft(*, draft_id: int, principal: Principal) -> DraftView:
    """One draft; raises UnknownRulebook."""
    return draft_view(draft_row(draft_id=draft_id, principal=principal))


def drafts(*, chain_ids: Collection[int], states: Iterable[str] = ("open", "in_review")) -> tuple[DraftView, ...]:
    """The drafts of these chains in these states, the latest changed first."""
    rows = DraftRow.objects.filter(chain_id__in=chain_ids, state__in=list(states)).order_by("-changed_at", "-id")
    return tuple(draft_view(row) for row in rows[:LIST_MAX])


def draft_changes(*, draft_id: int, principal: Principal) -> RulebookChanges:
    """What a draft changes against the version it was made from."""
    row = draft_row(draft_id=draft_id, principal=principal)
    base = RulebookRow.objects.filter(id=row.base_id or 0).first()
    return _changes(book_of(base), read_book(row.document, row.paused))


def version_changes(*, rulebook_id: int, principal: Principal, against_id: int | None = None) -> RulebookChanges:
    """What a version changes against another, or against the one it was made from."""
    row = rulebook_row(rulebook_id=rulebook_id, principal=principal)
    other = RulebookRow.objects.filter(id=against_id or row.base_id or 0, chain_id=row.chain_id).first()
    return _changes(book_of(other), book_of(row))


def version(*, rulebook_id: int, principal: Principal, at: datetime) -> VersionView:
    """One version; raises UnknownRulebook."""
    row = rulebook_row(rulebook_id=rulebook_id, principal=principal)
    return _version_views([row], at=at)[0]


def version_document(*, rulebook_id: int, principal: Principal) -> str:
    """The rulebook of a version as JSON in normal form; raises UnknownRulebook."""
    return rulebook_row(rulebook_id=rulebook_id, principal=principal).document


def versions(*, chain_id: int, at: datetime, before: int | None = None, limit: int = 50) -> tuple[VersionView, ...]:
    """Versions of a chain, the highest number first; the next page is `before` the last number of this one."""
    rows = RulebookRow.objects.filter(chain_id=chain_id)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return tuple(_version_views(list(rows.order_by("-number")[:limit]), at=at))


def promotions(*, chain_id: int, at: datetime) -> tuple[PromotionView, ...]:
    """Every promotion of a chain with its status at an instant, by id.

    Those of the live version; those that only a scheduled version holds; those that only an open draft holds; and those
    that stood in the version before the live one and were taken out of it (ended).
    """
    live = live_row(chain_id=chain_id, at=at)
    found: dict[str, PromotionView] = {}
    for row in ([live] if live else []) + scheduled_rows(chain_id=chain_id, after=at):
        book = book_of(row)
        for name, document in {**book.promotions, **book.paused}.items():
            if name not in found:
                status = status_at(document, at=at, is_paused=name in book.paused)
                later = status == "live" and row.starts_at > at
                found[name] = _promotion(document, "scheduled" if later else status, row=row)
    for draft_of in DraftRow.objects.filter(chain_id=chain_id, state__in=["open", "in_review"]).order_by("-id"):
        for name, document in read_book(draft_of.document, draft_of.paused).promotions.items():
            if name not in found:
                found[name] = _promotion(document, "draft", draft_id=draft_of.id)
    if live is not None and live.base_id is not None:
        before = RulebookRow.objects.get(id=live.base_id)
        for name, document in book_of(before).promotions.items():
            if name not in found or found[name].status == "draft":
                found[name] = _promotion(document, "ended", row=before)
    return tuple(found[name] for name in sorted(found))


def draft_view(row: DraftRow) -> DraftView:
    """A draft as others see it; two queries."""
    numbers = dict(
        RulebookRow.objects.filter(chain_id=row.chain_id, id__in=[row.base_id or 0]).values_list("id", "number")
    )
    latest_id = ChainHeadRow.objects.filter(chain_id=row.chain_id).values_list("latest_id", flat=True).first()
    book = read_book(row.document, row.paused)
    return DraftView(
        id=row.id,
        chain_id=row.chain_id,
        name=row.name,
        state=row.state,  # type: ignore[arg-type]  # the table's constraint says which
        origin=row.origin,
        revision=row.revision,
        base_id=row.base_id,
        base_number=numbers.get(row.base_id) if row.base_id is not None else None,
        is_base_latest=row.base_id == latest_id,
        document=compact(book.document(version="draft")),
        paused=row.paused,
        promotion_count=len(book.promotions),
        starts_at=row.starts_at,
        note=row.note,
        approval_id=row.approval_id,
        rulebook_id=row.rulebook_id,
        created_at=row.created_at,
        created_by=row.created_by,
        created_by_name=row.created_by_name,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        changed_by_name=row.changed_by_name,
    )


def _standing(chain_id: int) -> QuerySet[RulebookRow]:
    cancelled = CancelledRulebookRow.objects.filter(rulebook_id=OuterRef("id"))
    return RulebookRow.objects.filter(~Exists(cancelled), chain_id=chain_id)


def _changes(before: Book, after: Book) -> RulebookChanges:
    return RulebookChanges(
        changes=tuple(
            PromotionChange(id=each.id, kind=each.kind, before=each.before, after=each.after)
            for each in changes(before, after)
        ),
        mode=(before.mode, after.mode) if before.mode != after.mode else None,
    )


def _version_views(rows: list[RulebookRow], *, at: datetime) -> list[VersionView]:
    if not rows:
        return []
    chain_id = rows[0].chain_id
    cancelled = dict(
        CancelledRulebookRow.objects.filter(rulebook_id__in=[row.id for row in rows]).values_list(
            "rulebook_id", "cancelled_at"
        )
    )
    live = live_row(chain_id=chain_id, at=at)
    bases = RulebookRow.objects.filter(id__in=[row.base_id for row in rows if row.base_id is not None])
    numbers = dict(bases.values_list("id", "number"))
    views = []
    for row in rows:
        state: Literal["scheduled", "live", "past", "cancelled"] = "past"
        if row.id in cancelled:
            state = "cancelled"
        elif row.starts_at > at:
            state = "scheduled"
        elif live is not None and row.id == live.id:
            state = "live"
        views.append(
            VersionView(
                id=row.id,
                chain_id=row.chain_id,
                number=row.number,
                version=row.version,
                digest=row.digest,
                starts_at=row.starts_at,
                origin=row.origin,
                base_number=numbers.get(row.base_id) if row.base_id is not None else None,
                draft_id=row.draft_id,
                note=row.note,
                promotion_count=len(json.loads(row.document)["promotions"]),
                paused_count=len(json.loads(row.paused)),
                published_at=row.published_at,
                published_by=row.published_by,
                published_by_name=row.published_by_name,
                cancelled_at=cancelled.get(row.id),
                state=state,
            )
        )
    return views


def _promotion(
    document: Json,
    status: Literal["draft", "scheduled", "live", "paused", "ended"],
    *,
    row: RulebookRow | None = None,
    draft_id: int | None = None,
) -> PromotionView:
    name = document.get("name", {})
    return PromotionView(
        id=document["id"],
        name_zh=name.get("zh", ""),
        name_en=name.get("en", ""),
        status=status,
        starts_at=document.get("starts_at"),
        ends_at=document.get("ends_at"),
        document=document,
        rulebook_id=row.id if row else None,
        rulebook_number=row.number if row else None,
        draft_id=draft_id,
    )
