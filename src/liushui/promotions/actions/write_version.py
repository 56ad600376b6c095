"""Write a published version down: the one place where a chain's rulebooks move on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from liushui.promotions.domain.books import Book, compact
from liushui.promotions.domain.rulebook_json import read_rulebook, write_rulebook
from liushui.promotions.errors import BaseMoved, StartRefused
from liushui.promotions.models import ChainHeadRow, RulebookRow
from liushui.runtime import audit
from liushui.runtime.access import Principal

AHEAD_MAX = timedelta(days=3 * 366)


class NewVersion(NamedTuple):
    """A version to be written."""

    book: Book
    starts_at: datetime
    origin: str
    base_id: int | None
    draft_id: int | None = None
    approval_id: UUID | None = None
    note: str = ""


def head(*, chain_id: int) -> ChainHeadRow:
    """Where the chain stands now; made when it is the first time."""
    found = ChainHeadRow.objects.filter(chain_id=chain_id).first()
    if found is None:
        ChainHeadRow.objects.bulk_create([ChainHeadRow(chain_id=chain_id)], ignore_conflicts=True)
        found = ChainHeadRow.objects.get(chain_id=chain_id)
    return found


def write_versions(
    *, seen: ChainHeadRow, versions: list[NewVersion], principal: Principal, now: datetime
) -> list[RulebookRow]:
    """Write versions under the next numbers, in the caller's transaction.

    One conditional statement moves the chain's head from where it was seen: raises BaseMoved when somebody else has
    published or cancelled since, and then nothing is written.
    """
    rows = [
        _row(seen.chain_id, seen.last_number + position, version, principal=principal, now=now)
        for position, version in enumerate(versions, start=1)
    ]
    with transaction.atomic():
        move_head(seen=seen, last_number=seen.last_number + len(rows))
        for row in rows:
            row.save(force_insert=True)
            audit.record(
                principal=principal, action="promotion.publish", target=f"rulebook:{row.id}", chain_id=row.chain_id,
                after={
                    "version": row.version, "digest": row.digest, "starts_at": row.starts_at.isoformat(),
                    "origin": row.origin, "base": row.base_id, "draft": row.draft_id,
                },
                reason=row.note,
            )  # fmt: skip
        ChainHeadRow.objects.filter(chain_id=seen.chain_id).update(latest_id=rows[-1].id)
    return rows


def move_head(*, seen: ChainHeadRow, **values: Any) -> None:
    """Move the chain on from what was seen, or raise BaseMoved."""
    moved = ChainHeadRow.objects.filter(chain_id=seen.chain_id, serial=seen.serial).update(
        serial=F("serial") + 1, **values
    )
    if not moved:
        raise BaseMoved("Somebody else has published or cancelled a version this moment", remedy="Look and try again.")


def start_of(*, wished: datetime | None, latest: RulebookRow | None, now: datetime) -> datetime:
    """When a version based on the latest one starts: as wished, at once when that has passed; never before the latest.

    Raises StartRefused.
    """
    starts_at = now if wished is None else max(wished, now)
    if starts_at > now + AHEAD_MAX:
        raise StartRefused("A version starts within three years", pointer="/starts_at")
    if latest is not None and starts_at < latest.starts_at:
        raise StartRefused(
            f"Version {latest.number}, which this one is made from, starts at {latest.starts_at.isoformat()}",
            pointer="/starts_at",
            remedy="Start after it, or cancel it first.",
            context={"number": latest.number, "latest_starts_at": latest.starts_at.isoformat()},
        )
    return starts_at


def _row(chain_id: int, number: int, new: NewVersion, *, principal: Principal, now: datetime) -> RulebookRow:
    version = f"{now:%Y-%m-%d}.{number}"
    rulebook = read_rulebook(new.book.document(version=version))
    return RulebookRow(
        chain_id=chain_id,
        number=number,
        version=version,
        digest=rulebook.digest,
        document=compact(write_rulebook(rulebook)),
        paused=new.book.paused_column(),
        starts_at=new.starts_at,
        origin=new.origin,
        base_id=new.base_id,
        draft_id=new.draft_id,
        approval_id=new.approval_id,
        note=new.note,
        published_at=now,
        published_by=principal.subject,
        published_by_name=principal.name,
    )
