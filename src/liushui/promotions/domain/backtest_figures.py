"""What a backtest comes to: rows added up into one JSON document. Integers only; the same rows give the same bytes.

    {"receipts", "members", "worth", "lines", "lines_costed", "cost", "paid", "first", "last",
     "live":  {"version", "digest", "receipts_touched", "members_touched", "given", "net", "costed_net", "margin",
               "receipts_not_proven"}, "draft": {…},
     "changed": {"cheaper": {"receipts", "amount"}, "dearer": {…}},     # draft beside live, as the shopper pays
     "promotions": [{"id", "name", "state": same|changed|added|removed,
                     "live":  {"receipts", "applications", "amount", "receipts_refused"}, "draft": {…},
                     "displaced": {"receipts", "amount"}, "gained": {"receipts", "amount"}}],
     "limits": [{"promotion", "name", "side": live|draft, "limits", "used", "spent", "receipts_refused", "ran_out_on",
                 "days": [[day, spent]]}],
     "days": [{"day", "receipts", "worth", "live", "draft"}], "stores": [{"store", …}],
     "winners": [{"receipt", "day", "at", "store", "member", "worth", "live", "draft",
                  "live_promotions": [[id, amount]], "draft_promotions"}], "losers": […],
     "not_proven": [receipt, …]}

`displaced`: receipts on which the promotion applied under live and not under draft, and what it gave there; `gained`
the other way round. A limit has run out on the first day on which it kept a receipt from the promotion, or on which
nothing was left.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from liushui.promotions.domain.backtest import is_limited
from liushui.promotions.domain.rulebook import Limits, Promotion, Rulebook
from liushui.promotions.domain.trial import Row, Side

EXAMPLES = 20
_NOT_PROVEN_SHOWN = 20
SideName = Literal["live", "draft"]


@dataclass(slots=True)
class _Side:
    """Sums of one rulebook."""

    receipts: int = 0
    members: set[str] = field(default_factory=set)
    given: int = 0
    costed_net: int = 0
    not_proven: int = 0

    def add(self, row: Row, side: Side) -> None:
        if side.applied:
            self.receipts += 1
            if row.member is not None:
                self.members.add(row.member)
        self.given += side.given
        self.costed_net += side.costed_net
        self.not_proven += not side.is_proven


@dataclass(slots=True)
class _Use:
    """What became of one promotion under one rulebook."""

    receipts: int = 0
    applications: int = 0
    amount: int = 0
    refused: int = 0
    ran_out_on: str = ""
    days: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Pair:
    """Receipts and an amount."""

    receipts: int = 0
    amount: int = 0

    def add(self, amount: int) -> None:
        self.receipts += 1
        self.amount += amount

    def document(self) -> dict[str, int]:
        return {"receipts": self.receipts, "amount": self.amount}


@dataclass(slots=True)
class _Series:
    """Sums of one day or one store."""

    receipts: int = 0
    worth: int = 0
    live: int = 0
    draft: int = 0

    def add(self, row: Row) -> None:
        self.receipts += 1
        self.worth += row.worth
        self.live += row.live.given
        self.draft += row.draft.given

    def document(self) -> dict[str, int]:
        return {"receipts": self.receipts, "worth": self.worth, "live": self.live, "draft": self.draft}


class _Best:
    """The rows with the largest numbers; of equal ones those that came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Row]] = []

    def offer(self, number: int, place: int, row: Row) -> None:
        entry = (number, -place, row)
        if len(self._heap) < EXAMPLES:
            heapq.heappush(self._heap, entry)
        elif entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def rows(self) -> list[Row]:
        return [row for _number, _place, row in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


class Figures:
    """Adds rows up, in the order of time."""

    def __init__(self, *, live: Rulebook, draft: Rulebook) -> None:
        self._books: Mapping[SideName, Rulebook] = {"live": live, "draft": draft}
        self._sides: Mapping[SideName, _Side] = {"live": _Side(), "draft": _Side()}
        self._uses: Mapping[SideName, dict[str, _Use]] = {
            side: {each.id: _Use() for each in book.promotions} for side, book in self._books.items()
        }
        self._limits: Mapping[SideName, dict[str, Limits]] = {
            side: {each.id: each.limits for each in book.promotions if is_limited(each.limits)}
            for side, book in self._books.items()
        }
        self._displaced: dict[str, _Pair] = {}
        self._gained: dict[str, _Pair] = {}
        self._days: dict[str, _Series] = {}
        self._stores: dict[str, _Series] = {}
        self._members: set[str] = set()
        self._cheaper, self._dearer = _Pair(), _Pair()
        self._winners, self._losers = _Best(), _Best()
        self._not_proven: list[str] = []
        self._first = self._last = ""
        self._worth = self._paid = self._lines = self._lines_costed = self._cost = 0
        self.receipts = 0

    def add(self, rows: Iterable[Row]) -> None:
        """The next rows."""
        for row in rows:
            self._add(row)

    def _add(self, row: Row) -> None:
        self.receipts += 1
        if row.member is not None:
            self._members.add(row.member)
        self._worth += row.worth
        self._paid += row.worth if row.paid is None else row.paid
        self._lines += row.lines
        self._lines_costed += row.lines_costed
        self._cost += row.cost
        if row.day:
            self._first = min(self._first or row.day, row.day)
            self._last = max(self._last, row.day)
        self._days.setdefault(row.day, _Series()).add(row)
        self._stores.setdefault(row.store, _Series()).add(row)
        self._add_side("live", row, row.live)
        self._add_side("draft", row, row.draft)
        if row.live != row.draft:
            self._compare(row)

    def _add_side(self, name: SideName, row: Row, side: Side) -> None:
        self._sides[name].add(row, side)
        limits, uses = self._limits[name], self._uses[name]
        for promotion, amount, applications in side.applied:
            use = uses[promotion]
            use.receipts += 1
            use.applications += applications
            use.amount += amount
            if promotion in limits:
                use.days[row.day] = use.days.get(row.day, 0) + amount
                if not use.ran_out_on and _is_used_up(limits[promotion], use):
                    use.ran_out_on = row.day
        for promotion, path in side.refused:
            use = uses[promotion]
            use.refused += 1
            if not use.ran_out_on and path.endswith(("total", "budget")):
                use.ran_out_on = row.day
        if (
            not side.is_proven
            and len(self._not_proven) < _NOT_PROVEN_SHOWN
            and row.receipt not in self._not_proven[-1:]
        ):
            self._not_proven.append(row.receipt)

    def _compare(self, row: Row) -> None:
        before = {promotion: amount for promotion, amount, _times in row.live.applied}
        after = {promotion: amount for promotion, amount, _times in row.draft.applied}
        for promotion in before.keys() - after.keys():
            self._displaced.setdefault(promotion, _Pair()).add(before[promotion])
        for promotion in after.keys() - before.keys():
            self._gained.setdefault(promotion, _Pair()).add(after[promotion])
        gain = row.draft.given - row.live.given
        if gain > 0:
            self._cheaper.add(gain)
            self._winners.offer(gain, self.receipts, row)
        elif gain < 0:
            self._dearer.add(-gain)
            self._losers.offer(-gain, self.receipts, row)

    def document(self) -> dict[str, Any]:
        """The figures so far."""
        return {
            "receipts": self.receipts,
            "members": len(self._members),
            "first": self._first,
            "last": self._last,
            "worth": self._worth,
            "paid": self._paid,
            "lines": self._lines,
            "lines_costed": self._lines_costed,
            "cost": self._cost,
            "live": self._side("live"),
            "draft": self._side("draft"),
            "changed": {"cheaper": self._cheaper.document(), "dearer": self._dearer.document()},
            "promotions": self._promotions(),
            "limits": [*self._limit_rows("live"), *self._limit_rows("draft")],
            "days": [{"day": day, **self._days[day].document()} for day in sorted(self._days)],
            "stores": [{"store": store, **self._stores[store].document()} for store in sorted(self._stores)],
            "winners": [_example(row) for row in self._winners.rows()],
            "losers": [_example(row) for row in self._losers.rows()],
            "not_proven": self._not_proven,
        }

    def _side(self, name: SideName) -> dict[str, Any]:
        side, book = self._sides[name], self._books[name]
        return {
            "version": book.version,
            "digest": book.digest,
            "promotions": len(book.promotions),
            "receipts_touched": side.receipts,
            "members_touched": len(side.members),
            "given": side.given,
            "net": self._worth - side.given,
            "costed_net": side.costed_net,
            "margin": side.costed_net - self._cost if self._lines_costed else None,
            "receipts_not_proven": side.not_proven,
        }

    def _promotions(self) -> list[dict[str, Any]]:
        books = {side: {each.id: each for each in book.promotions} for side, book in self._books.items()}
        rows = []
        for promotion in sorted(books["live"].keys() | books["draft"].keys()):
            live, draft = books["live"].get(promotion), books["draft"].get(promotion)
            rows.append(
                {
                    "id": promotion,
                    "name": dict((draft or live or _nothing(promotion)).name),
                    "state": _state(live, draft),
                    "live": _use(self._uses["live"].get(promotion)),
                    "draft": _use(self._uses["draft"].get(promotion)),
                    "displaced": self._displaced.get(promotion, _Pair()).document(),
                    "gained": self._gained.get(promotion, _Pair()).document(),
                }
            )
        return rows

    def _limit_rows(self, name: SideName) -> Iterable[dict[str, Any]]:
        names = {each.id: each.name for each in self._books[name].promotions}
        for promotion, limits in sorted(self._limits[name].items()):
            use = self._uses[name][promotion]
            yield {
                "promotion": promotion,
                "name": dict(names[promotion]),
                "side": name,
                "limits": {
                    key: value
                    for key in ("total", "per_member", "budget")
                    if (value := getattr(limits, key)) is not None
                },
                "used": use.receipts,
                "spent": use.amount,
                "receipts_refused": use.refused,
                "ran_out_on": use.ran_out_on,
                "days": [[day, use.days[day]] for day in sorted(use.days)],
            }


def _is_used_up(limits: Limits, use: _Use) -> bool:
    return (limits.budget is not None and use.amount >= limits.budget) or (
        limits.total is not None and use.receipts >= limits.total
    )


def _nothing(promotion: str) -> Promotion:
    return Promotion(id=promotion, effects=())


def _state(live: Promotion | None, draft: Promotion | None) -> str:
    if live is None:
        return "added"
    if draft is None:
        return "removed"
    return "same" if live == draft else "changed"


def _use(use: _Use | None) -> dict[str, int] | None:
    if use is None:
        return None
    return {
        "receipts": use.receipts,
        "applications": use.applications,
        "amount": use.amount,
        "receipts_refused": use.refused,
    }


def _example(row: Row) -> dict[str, Any]:
    return {
        "receipt": row.receipt,
        "day": row.day,
        "at": row.at,
        "store": row.store,
        "member": row.member,
        "worth": row.worth,
        "live": row.live.given,
        "draft": row.draft.given,
        "live_promotions": [[promotion, amount] for promotion, amount, _times in row.live.applied],
        "draft_promotions": [[promotion, amount] for promotion, amount, _times in row.draft.applied],
    }
