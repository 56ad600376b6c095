"""A rulebook as drafts and versions hold it: promotions by id, some set aside; what differs between two, and merging.

Everything here compares JSON values in normal form (rulebook_json.write_promotion), so that equal means equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from liushui.promotions.domain.canonical import canonical_bytes

Json = Mapping[str, Any]
ChangeKind = Literal["added", "changed", "removed", "paused", "resumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All promotions of a chain. `paused` ones are kept, but not priced with; an id is in one of both."""

    mode: str = "best"
    promotions: Mapping[str, Json] = field(default_factory=dict)
    paused: Mapping[str, Json] = field(default_factory=dict)

    def document(self, *, version: str) -> dict[str, Any]:
        """The rulebook that the engine reads, `not_with` closed; a mode of `best` is the default and left out."""
        return self._document(version, closed_exclusions(self.promotions))

    def columns(self) -> dict[str, str]:
        """What a draft's row holds: as it is, also `not_with` promotions that are not there, or not there yet."""
        return {"document": compact(self._document("draft", self.promotions)), "paused": self.paused_column()}

    def paused_column(self) -> str:
        """The promotions set aside."""
        return compact([self.paused[name] for name in sorted(self.paused)])

    def _document(self, version: str, promotions: Mapping[str, Json]) -> dict[str, Any]:
        head = {"version": version} if self.mode == "best" else {"version": version, "mode": self.mode}
        return {**head, "promotions": [promotions[name] for name in sorted(promotions)]}

    def find(self, promotion_id: str) -> Json | None:
        """The promotion, running or set aside."""
        return self.promotions.get(promotion_id) or self.paused.get(promotion_id)

    def with_promotion(self, promotion: Json) -> Book:
        """The book with this promotion added or in place of the one with its id; one set aside stays so."""
        if promotion["id"] in self.paused:
            return replace(self, paused={**self.paused, promotion["id"]: promotion})
        return replace(self, promotions={**self.promotions, promotion["id"]: promotion})

    def without(self, promotion_id: str) -> Book:
        """The book with no promotion of this id."""
        return replace(
            self,
            promotions={key: value for key, value in self.promotions.items() if key != promotion_id},
            paused={key: value for key, value in self.paused.items() if key != promotion_id},
        )

    def pausing(self, promotion_id: str) -> Book:
        """The book with this running promotion set aside."""
        promotion = self.promotions[promotion_id]
        return replace(self.without(promotion_id), paused={**self.paused, promotion_id: promotion})

    def resuming(self, promotion_id: str) -> Book:
        """The book with this promotion, which was set aside, running again."""
        promotion = self.paused[promotion_id]
        return replace(self.without(promotion_id), promotions={**self.promotions, promotion_id: promotion})


class Change(NamedTuple):
    """One promotion that differs: its JSON on either side, None where it is not."""

    id: str
    kind: ChangeKind
    before: Json | None
    after: Json | None


class Merged(NamedTuple):
    """Two changed copies of one book put together. `both` are the promotions that each changed in its own way; they
    stand as `ours` has them."""

    book: Book
    both: tuple[str, ...]


def read_book(document: str, paused: str) -> Book:
    """A book from the columns that hold it."""
    read = json.loads(document)
    return Book(
        mode=read.get("mode", "best"),
        promotions={each["id"]: each for each in read["promotions"]},
        paused={each["id"]: each for each in json.loads(paused)},
    )


def compact(value: Any) -> str:
    """JSON as digests are taken of it."""
    return canonical_bytes(value).decode()


def changes(before: Book, after: Book) -> tuple[Change, ...]:
    """What `after` changes against `before`, by id.

    Whom a promotion is `not_with` counts only among those that run on both sides: else removing one would seem to
    change all that named it.
    """
    found = []
    shared = before.promotions.keys() & after.promotions.keys()
    for name in sorted({*before.promotions, *before.paused, *after.promotions, *after.paused}):
        was, now = before.find(name), after.find(name)
        kind: ChangeKind
        if was is None:
            kind = "added"
        elif now is None:
            kind = "removed"
        elif _among(was, shared) != _among(now, shared):
            kind = "changed"
        elif (name in before.paused) != (name in after.paused):
            kind = "paused" if name in after.paused else "resumed"
        else:
            continue
        found.append(Change(name, kind, was, now))
    return tuple(found)


def merge(*, base: Book, ours: Book, theirs: Book, keep_theirs: Iterable[str] = ()) -> Merged:
    """Carry what `ours` changed of `base` over to `theirs`, promotion by promotion."""
    book = theirs
    theirs_changed = {change.id for change in changes(base, theirs)}
    kept = frozenset(keep_theirs)
    both = []
    for change in changes(base, ours):
        if change.id in kept:
            continue
        if change.id in theirs_changed and _state(ours, change.id) != _state(theirs, change.id):
            both.append(change.id)
        book = _put(book, change.id, ours)
    if ours.mode != base.mode:
        book = replace(book, mode=ours.mode)
    return Merged(book, tuple(both))


def closed_exclusions(promotions: Mapping[str, Json]) -> dict[str, Json]:
    """The promotions with `not_with` said on both sides, and only of promotions that are there."""
    pairs: dict[str, set[str]] = {name: set() for name in promotions}
    for name, promotion in promotions.items():
        for other in promotion.get("not_with", ()):
            if other in pairs and other != name:
                pairs[name].add(other)
                pairs[other].add(name)
    closed: dict[str, Json] = {}
    for name, promotion in promotions.items():
        rest = {key: value for key, value in promotion.items() if key != "not_with"}
        closed[name] = {**rest, "not_with": sorted(pairs[name])} if pairs[name] else rest
    return closed


def status_at(promotion: Json, *, at: datetime, is_paused: bool) -> Literal["scheduled", "live", "paused", "ended"]:
    """How a promotion of the live version stands at an instant."""
    starts, ends = promotion.get("starts_at"), promotion.get("ends_at")
    if ends is not None and datetime.fromisoformat(ends) <= at:
        return "ended"
    if is_paused:
        return "paused"
    if starts is not None and datetime.fromisoformat(starts) > at:
        return "scheduled"
    return "live"


def _among(promotion: Json, shared: AbstractSet[str]) -> Json:
    others = [other for other in promotion.get("not_with", ()) if other in shared]
    rest = {key: value for key, value in promotion.items() if key != "not_with"}
    return {**rest, "not_with": others} if others else rest


def _state(book: Book, promotion_id: str) -> tuple[Json | None, bool]:
    return book.find(promotion_id), promotion_id in book.paused


def _put(book: Book, promotion_id: str, source: Book) -> Book:
    rest = book.without(promotion_id)
    promotion, is_paused = _state(source, promotion_id)
    if promotion is None:
        return rest
    if is_paused:
        return replace(rest, paused={**rest.paused, promotion_id: promotion})
    return rest.with_promotion(promotion)
