"""Which version prices a basket: found by business time, kept in process for a second, compiled once a process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from liushui.promotions.contracts import PublishedRulebook
from liushui.promotions.domain.birthdays import birthday_spans
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.models import RulebookRow

KEPT_SECONDS = 1.0
_BACK = timedelta(hours=1)  # a kept timeline reaches so far back: tills ask about this moment, give or take
_COMPILED_MAX = 32

# The version in force at the timeline's beginning and all that start later; documents only where they are not known.
_TIMELINE = """
    SELECT id, number, version, digest, starts_at, CASE WHEN digest IN (%s) THEN NULL ELSE document END
    FROM promotions_rulebook AS r
    WHERE chain_id = %%s
      AND NOT EXISTS (SELECT 1 FROM promotions_cancelled_rulebook AS c WHERE c.rulebook_id = r.id)
      AND number >= COALESCE((
        SELECT MAX(number) FROM promotions_rulebook AS f
        WHERE f.chain_id = %%s AND f.starts_at <= %%s
          AND NOT EXISTS (SELECT 1 FROM promotions_cancelled_rulebook AS c WHERE c.rulebook_id = f.id)), 0)
    ORDER BY number DESC"""


class _Compiled(NamedTuple):
    document: str
    rulebook: Rulebook
    compiled: CompiledRulebook
    limited: frozenset[str]
    birthday_spans: tuple[int, ...]


class _Version(NamedTuple):
    id: int
    number: int
    version: str
    digest: str
    starts_at: datetime


@dataclass(slots=True)
class _Timeline:
    read_at: float  # monotonic
    since: datetime
    versions: tuple[_Version, ...]  # the highest number first


_lock = threading.Lock()
_timelines: dict[int, _Timeline] = {}  # by chain, read outside of transactions
_own = threading.local()  # what was read inside a transaction may be rolled back: kept for that transaction alone
_compiled: OrderedDict[str, _Compiled] = OrderedDict()  # by digest, which names the content


def live_rulebook(*, chain_id: int, at: datetime) -> PublishedRulebook | None:
    """The version in force at an instant: the highest number of those that have started and were not cancelled.

    One SQL statement, or none where the chain was asked about less than a second ago. None: no version had started.
    """
    [found] = live_rulebooks(chain_id=chain_id, instants=[at])
    return found


def live_rulebooks(*, chain_id: int, instants: Sequence[datetime]) -> list[PublishedRulebook | None]:
    """What live_rulebook answers, for many instants at once: one statement at most."""
    if not instants:
        return []
    versions = _timeline(chain_id, min(instants)).versions
    found: dict[int, PublishedRulebook] = {}
    answers: list[PublishedRulebook | None] = []
    for at in instants:
        version = next((each for each in versions if each.starts_at <= at), None)
        if version is not None and version.id not in found:
            found[version.id] = _published(chain_id, version)
        answers.append(found[version.id] if version is not None else None)
    return answers


def published_rulebook(*, chain_id: int, digest: str) -> PublishedRulebook | None:
    """The version of this digest: what a stored answer was priced by. One statement, or none for one kept in hand."""
    kept = _kept(chain_id)
    version = next((each for each in kept.versions if each.digest == digest), None) if kept is not None else None
    if version is not None:
        return _published(chain_id, version)
    rows = _read(
        "SELECT id, number, version, digest, starts_at, document FROM promotions_rulebook"
        " WHERE chain_id = %s AND digest = %s ORDER BY number LIMIT 1",
        [chain_id, digest],
    )
    return _published(chain_id, rows[0]) if rows else None


def published(*, rulebook: RulebookRow) -> PublishedRulebook:
    """A version that was just written."""
    return _published(
        rulebook.chain_id,
        _Version(rulebook.id, rulebook.number, rulebook.version, rulebook.digest, rulebook.starts_at),
    )


def forget() -> None:
    """Drop what this process and thread keep; after publishing here, and for tests."""
    with _lock:
        _timelines.clear()
    _own.kept = None


def _timeline(chain_id: int, at: datetime) -> _Timeline:
    kept, now = _kept(chain_id), time.monotonic()
    if kept is not None and now - kept.read_at < KEPT_SECONDS and kept.since <= at:
        return kept
    since = at - _BACK
    with _lock:
        known = list(_compiled)
    marks = ", ".join(["%s"] * len(known)) or "''"
    versions = _read(_TIMELINE % marks, [*known, chain_id, chain_id, _stored(since)])
    kept = _Timeline(read_at=now, since=since, versions=tuple(versions))
    block = _block()
    if block is None:
        with _lock:
            _timelines[chain_id] = kept
    else:
        _own_timelines(block)[chain_id] = kept
    return kept


def _block() -> object | None:
    """The outermost transaction; None outside of any."""
    return connection.atomic_blocks[0] if connection.atomic_blocks else None


def _kept(chain_id: int) -> _Timeline | None:
    block = _block()
    return _timelines.get(chain_id) if block is None else _own_timelines(block).get(chain_id)


def _own_timelines(block: object) -> dict[int, _Timeline]:
    kept: tuple[object, dict[int, _Timeline]] | None = getattr(_own, "kept", None)
    if kept is None or kept[0] is not block:
        kept = _own.kept = (block, {})
    return kept[1]


def _read(sql: str, parameters: list[Any]) -> list[_Version]:
    """Versions as rows; their documents, where they came along, are compiled and kept."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    versions = []
    for identity, number, version, digest, starts_at, document in rows:
        versions.append(_Version(identity, number, version, digest, _time(starts_at)))
        if document is not None and digest not in _compiled:
            rulebook = read_rulebook(document)
            _keep(digest, _made(document, rulebook))
    return versions


def _made(document: str, rulebook: Rulebook) -> _Compiled:
    spans = birthday_spans(rulebook.promotions)
    return _Compiled(document, rulebook, compile_rulebook(rulebook), _limited(rulebook), spans)


def _limited(rulebook: Rulebook) -> frozenset[str]:
    return frozenset(
        promotion.id
        for promotion in rulebook.promotions
        if (promotion.limits.total, promotion.limits.per_member, promotion.limits.budget) != (None, None, None)
    )


def _keep(digest: str, compiled: _Compiled) -> None:
    with _lock:
        _compiled[digest] = compiled
        while len(_compiled) > _COMPILED_MAX:
            _compiled.popitem(last=False)


def _published(chain_id: int, version: _Version) -> PublishedRulebook:
    kept = _compiled.get(version.digest)
    if kept is None:  # pushed out by more versions than are kept
        _read(
            "SELECT id, number, version, digest, starts_at, document FROM promotions_rulebook WHERE id = %s",
            [version.id],
        )
        kept = _compiled[version.digest]
    return PublishedRulebook(
        id=version.id,
        chain_id=chain_id,
        number=version.number,
        version=version.version,
        digest=version.digest,
        starts_at=version.starts_at,
        document=kept.document,
        rulebook=kept.rulebook,
        compiled=kept.compiled,
        limited=kept.limited,
        birthday_spans=kept.birthday_spans,
    )


def _stored(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _time(value: datetime | str) -> datetime:
    """SQLite keeps times without a zone, in UTC."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
