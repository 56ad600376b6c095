"""Change a draft: every save says which revision it saw, and of two who saw the same one only the first is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from liushui.promotions.access import WRITE, require_whole_chain
from liushui.promotions.actions.closed_draft import draft_closed
from liushui.promotions.actions.create_draft import checked_name
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.books import Book, changes, read_book
from liushui.promotions.domain.rulebook_json import read_promotion, read_rulebook, write_promotion, write_rulebook
from liushui.promotions.errors import DraftChanged, DraftClosed, InvalidDocument, PromotionState
from liushui.promotions.models import DraftRow
from liushui.promotions.queries import draft_row, draft_view
from liushui.runtime import audit
from liushui.runtime.access import Principal

ID_MAX = 64


def save_draft(
    *, draft_id: int, revision: int, document: str | bytes | Mapping[str, Any], principal: Principal, now: datetime
) -> DraftView:
    """Put a whole rulebook in place of the draft's; promotions set aside stay so unless the document holds them.

    Raises InvalidDocument with the path of what is wrong, DraftChanged when the draft is not at `revision`.
    """
    written = write_rulebook(read_rulebook(document))
    for index, each in enumerate(written["promotions"]):
        _check_id(each["id"], pointer=f"promotions[{index}].id")
    running = {each["id"]: each for each in written["promotions"]}

    def changed(book: Book) -> Book:
        aside = {name: each for name, each in book.paused.items() if name not in running}
        return Book(mode=written.get("mode", "best"), promotions=running, paused=aside)

    return _change(draft_id, revision, changed, principal=principal, now=now)


def put_promotion(
    *,
    draft_id: int,
    revision: int,
    promotion: str | bytes | Mapping[str, Any],
    replaces: str | None = None,
    principal: Principal,
    now: datetime,
) -> DraftView:
    """Add a promotion, or put it in place of the one with its id, or of the one that it `replaces` under a new id."""
    written = write_promotion(read_promotion(promotion))
    _check_id(written["id"], pointer="id")

    def changed(book: Book) -> Book:
        if replaces is None or replaces == written["id"]:
            return book.with_promotion(written)
        if book.find(replaces) is None:
            raise PromotionState(f"The draft has no promotion {replaces!r}")
        if book.find(written["id"]) is not None:
            raise PromotionState(f"The draft has a promotion {written['id']!r} already", remedy="Take another id.")
        was_paused = replaces in book.paused
        put = book.without(replaces).with_promotion(written)
        return put.pausing(written["id"]) if was_paused else put

    return _change(draft_id, revision, changed, principal=principal, now=now)


def remove_promotion(
    *, draft_id: int, revision: int, promotion_id: str, principal: Principal, now: datetime
) -> DraftView:
    """Take a promotion out; one that is not there is out already."""
    return _change(draft_id, revision, lambda book: book.without(promotion_id), principal=principal, now=now)


def set_paused(
    *, draft_id: int, revision: int, promotion_id: str, is_paused: bool, principal: Principal, now: datetime
) -> DraftView:
    """Set a promotion of the draft aside, or let it run again; raises PromotionState when it is not there."""

    def changed(book: Book) -> Book:
        if book.find(promotion_id) is None:
            raise PromotionState(f"The draft has no promotion {promotion_id!r}")
        if (promotion_id in book.paused) == is_paused:
            return book
        return book.pausing(promotion_id) if is_paused else book.resuming(promotion_id)

    return _change(draft_id, revision, changed, principal=principal, now=now)


def set_mode(*, draft_id: int, revision: int, mode: str, principal: Principal, now: datetime) -> DraftView:
    """Have the best set searched for, or promotions applied one after another."""
    read_rulebook({"version": "draft", "mode": mode, "promotions": []})
    return _change(draft_id, revision, lambda book: replace(book, mode=mode), principal=principal, now=now)


def rename_draft(*, draft_id: int, revision: int, name: str, principal: Principal, now: datetime) -> DraftView:
    """Give the draft another name."""
    return _change(draft_id, revision, lambda book: book, name=checked_name(name), principal=principal, now=now)


def write_draft(
    row: DraftRow, revision: int, book: Book, *, name: str, principal: Principal, now: datetime, **values: Any
) -> DraftView:
    """Save by one conditional statement. The same save sent again is answered as it was the first time."""
    before = read_book(row.document, row.paused)
    columns = book.columns()
    with transaction.atomic():
        saved = DraftRow.objects.filter(id=row.id, state="open", revision=revision).update(
            **columns, name=name, revision=F("revision") + 1,
            changed_at=max(now, row.created_at), changed_by=principal.subject, changed_by_name=principal.name, **values,
        )  # fmt: skip
        if saved:
            found = changes(before, book)
            audit.record(
                principal=principal, action="promotion.save", target=f"draft:{row.id}", chain_id=row.chain_id,
                before={"name": row.name, "mode": before.mode},
                after={"name": name, "mode": book.mode, "revision": revision + 1}
                | {kind: [each.id for each in found if each.kind == kind] for kind in sorted({c.kind for c in found})},
            )  # fmt: skip
    now_there = DraftRow.objects.get(id=row.id)
    if not saved and not _is_this_save(now_there, revision, columns, name, principal):
        raise _refusal(now_there)
    return draft_view(now_there)


def _check_id(promotion_id: str, *, pointer: str) -> None:
    """Sales name what took something off a line by the promotion's id; there it has so much room."""
    if len(promotion_id) > ID_MAX:
        raise InvalidDocument(
            f"The id has {len(promotion_id)} characters, it may have {ID_MAX}", pointer=pointer,
            remedy="Take a shorter one; the name may be longer.", context={"promotion": promotion_id},
        )  # fmt: skip


def _change(
    draft_id: int,
    revision: int,
    changed: Callable[[Book], Book],
    *,
    principal: Principal,
    now: datetime,
    name: str | None = None,
) -> DraftView:
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.state != "open":
        raise _refusal(row)
    book = changed(read_book(row.document, row.paused))
    return write_draft(row, revision, book, name=row.name if name is None else name, principal=principal, now=now)


def _is_this_save(row: DraftRow, revision: int, columns: Mapping[str, str], name: str, principal: Principal) -> bool:
    there = (row.state, row.revision, {"document": row.document, "paused": row.paused}, row.name, row.changed_by)
    return there == ("open", revision + 1, columns, name, principal.subject)


def _refusal(row: DraftRow) -> DraftChanged | DraftClosed:
    if row.state != "open":
        return draft_closed(row)
    return DraftChanged(
        f"{row.changed_by_name} has saved revision {row.revision} meanwhile",
        remedy="Look at the draft as it is now and make your change again.",
        context={"revision": row.revision, "changed_by": row.changed_by_name},
    )
