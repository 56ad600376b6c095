"""Carry a draft over to the latest version, when another was published since it was begun."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from liushui.promotions.access import WRITE, require_whole_chain
from liushui.promotions.actions.closed_draft import draft_closed
from liushui.promotions.actions.save_draft import write_draft
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.books import merge, read_book
from liushui.promotions.errors import BaseMoved
from liushui.promotions.models import DraftRow, RulebookRow
from liushui.promotions.queries import book_of, draft_row, draft_view, latest_rulebook
from liushui.runtime.access import Principal


def rebase_draft(
    *,
    draft_id: int,
    revision: int,
    keep_ours: Collection[str] = (),
    keep_theirs: Collection[str] = (),
    principal: Principal,
    now: datetime,
) -> DraftView:
    """Put what the draft changes on top of the latest version, promotion by promotion.

    Raises BaseMoved, whose context names them, for promotions that both sides changed in different ways, unless each of
    them stands in `keep_ours` or `keep_theirs`.
    """
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.state != "open":
        raise draft_closed(row)
    latest = latest_rulebook(chain_id=row.chain_id)
    if latest is None or latest.id == row.base_id:
        return draft_view(row)
    merged = merge(
        base=book_of(base_of(row)),
        ours=read_book(row.document, row.paused),
        theirs=book_of(latest),
        keep_theirs=keep_theirs,
    )
    if open_questions := [name for name in merged.both if name not in keep_ours]:
        raise moved(latest, open_questions)
    return write_draft(row, revision, merged.book, name=row.name, principal=principal, now=now, base_id=latest.id)


def check_base(row: DraftRow, latest: RulebookRow | None) -> None:
    """Raise BaseMoved unless the draft was made from the latest version; it names what both sides changed."""
    if row.base_id == (latest.id if latest else None):
        return
    merged = merge(base=book_of(base_of(row)), ours=read_book(row.document, row.paused), theirs=book_of(latest))
    raise moved(latest, merged.both)


def base_of(row: DraftRow) -> RulebookRow | None:
    """The version that the draft was made from."""
    return RulebookRow.objects.get(id=row.base_id) if row.base_id is not None else None


def moved(latest: RulebookRow | None, both: Collection[str]) -> BaseMoved:
    """What to tell when a draft's base is not the latest version any more."""
    what = f"Version {latest.number}" if latest else "A version that was cancelled"
    return BaseMoved(
        f"{what} has changed the rulebook since this draft was begun; both change {', '.join(both)}"
        if both
        else f"{what} has changed the rulebook since this draft was begun",
        remedy="Carry the draft over to the latest version and look at it again.",
        context={"promotions": list(both), "number": latest.number if latest else None},
    )
