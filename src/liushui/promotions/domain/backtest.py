"""Receipts of the past under two rulebooks, in time order, with limits and budgets used up on the way.

Receipts hang together only through limits: what one uses up another can't have. So receipts are priced in other
processes with the usage that is *expected* (what is used up at the moment they are handed out), and taken in order by
one: a receipt whose expected usage is not what it really is by then is priced again here. Each receipt is therefore
priced with exactly the usage that a run of one process gives it; the result is the same to the byte (decision 0138).

For that to be quick the usage is told in its *plainest form*: a limit that can't bind on this receipt is left out. A
count binds once it is reached; a budget binds only when less is left of it than the receipt is worth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from liushui.promotions.domain.basket import Usage
from liushui.promotions.domain.rulebook import Limits, Rulebook
from liushui.promotions.domain.trial import NO_USAGE, Head, MakeTry, Row, Side, Trial, Usages, try_receipt

_AHEAD = 3  # chunks under way per process


class Load(Protocol):
    """Makes the receipts of a chunk from what was handed out and from what all chunks share."""

    def __call__(self, payload: Any, shared: Any, /) -> Sequence[Trial]: ...


class Chunk(NamedTuple):
    """Some receipts in the order of time: the head of each, and what `load` makes each of."""

    heads: Sequence[Head]
    payload: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a process must know to price chunks. `load` and `make_try` are functions of modules."""

    live: Rulebook
    draft: Rulebook
    load: Load
    make_try: MakeTry
    shared: Any = None


class Guessed(NamedTuple):
    """Expected usage of the receipts of a chunk, for each rulebook; None: no limit binds on any of them."""

    live: list[Usages] | None
    draft: list[Usages] | None

    def at(self, index: int) -> tuple[Usages, Usages]:
        """What is expected for one receipt."""
        return (self.live[index] if self.live else NO_USAGE, self.draft[index] if self.draft else NO_USAGE)


class Bench:
    """One process's means of pricing: the rulebooks compiled once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.sides = plan.make_try(plan.live, plan.draft)

    def load(self, payload: Any) -> Sequence[Trial]:
        """The receipts of a chunk."""
        return self._plan.load(payload, self._plan.shared)

    def price(self, payload: Any, guessed: Guessed) -> list[Row]:
        """Price a chunk with expected usage."""
        trials = enumerate(self.load(payload))
        return [try_receipt(trial, self.sides, guessed.at(index)) for index, trial in trials]


class Counters:
    """What has been used of one rulebook's limited promotions so far.

    Which limits bind is kept up as they are used, since every receipt asks for it and few of them are ever reached.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._limits = {each.id: each.limits for each in rulebook.promotions if is_limited(each.limits)}
        self._left = {name: limits.budget for name, limits in self._limits.items() if limits.budget}
        self._total = dict.fromkeys(self._limits, 0)
        self._spent = dict.fromkeys(self._limits, 0)
        self._members: dict[tuple[str, str], int] = {}
        self._used_up: Usages = NO_USAGE  # of promotions whose total or budget is used up: the same for every receipt
        self._used_up_by: dict[str, list[str]] = {}  # member: promotions of which he has had all that is for him

    def before(self, head: Head) -> Usages:
        """The usage that a receipt meets, in its plainest form."""
        worth = head.worth
        binding = [name for name, left in self._left.items() if left < worth and self._spent[name]]
        if head.member is not None:
            binding += self._used_up_by.get(head.member, ())
        if not binding:
            return self._used_up
        return {**self._used_up, **{name: self._usage(name, head) for name in binding}}

    def _usage(self, name: str, head: Head) -> Usage:
        limits, total, spent = self._limits[name], self._total[name], self._spent[name]
        member = 0 if head.member is None else self._members.get((name, head.member), 0)
        return Usage(
            total=total if limits.total is not None and total >= limits.total else 0,
            member=member if limits.per_member is not None and member >= limits.per_member else 0,
            spent=spent if limits.budget is not None and limits.budget - spent < head.worth else 0,
        )

    def after(self, head: Head, side: Side) -> None:
        """Count what a receipt has used."""
        for name, amount, _applications in side.applied:
            limits = self._limits.get(name)
            if limits is None:
                continue
            self._total[name] += 1
            self._spent[name] += amount
            if limits.budget is not None:
                self._left[name] = limits.budget - self._spent[name]
            if self._left.get(name, 1) <= 0 or self._total[name] == limits.total:
                self._left.pop(name, None)
                self._used_up = {**self._used_up, name: self._usage(name, Head(None, 1))}
            if limits.per_member is not None and head.member is not None:
                count = self._members[name, head.member] = self._members.get((name, head.member), 0) + 1
                if count == limits.per_member:
                    self._used_up_by.setdefault(head.member, []).append(name)

    def guess(self, heads: Sequence[Head]) -> list[Usages] | None:
        """The usage that receipts would meet if nothing more were used before them."""
        guesses = [self.before(head) for head in heads] if self._limits else []
        return guesses if any(guesses) else None


def is_limited(limits: Limits) -> bool:
    """Whether one receipt can keep another from having this promotion."""
    return not (limits.total is None and limits.per_member is None and limits.budget is None)


class Helpers(Protocol):
    """Other processes that price chunks; see backtest_processes.py."""

    count: int

    def hand_out(self, payload: Any, guessed: Guessed) -> Any:
        """Begin pricing a chunk; answers a ticket for `take`."""

    def take(self, ticket: Any) -> list[Row]:
        """The chunk priced; waits for it."""


def backtest(plan: Plan, chunks: Iterable[Chunk]) -> Iterator[list[Row]]:
    """Every receipt in order, chunk by chunk, priced one after the other in this process."""
    bench = Bench(plan)
    counters = (Counters(plan.live), Counters(plan.draft))
    for chunk in chunks:
        rows = []
        for head, trial in zip(chunk.heads, bench.load(chunk.payload), strict=True):
            row = try_receipt(trial, bench.sides, (counters[0].before(head), counters[1].before(head)))
            _count(counters, head, row)
            rows.append(row)
        yield rows


def backtest_with_helpers(plan: Plan, chunks: Iterable[Chunk], helpers: Helpers) -> Generator[list[Row], None, None]:
    """The same rows, priced by helpers ahead of time and taken in order."""
    taker = _Taker(plan)
    under_way: deque[tuple[Chunk, Guessed, Any]] = deque()
    for chunk in chunks:
        guessed = Guessed(*(counters.guess(chunk.heads) for counters in taker.counters))
        under_way.append((chunk, guessed, helpers.hand_out(chunk.payload, guessed)))
        if len(under_way) >= helpers.count * _AHEAD:
            chunk, guessed, ticket = under_way.popleft()
            yield taker.take(chunk, guessed, helpers.take(ticket))
    while under_way:
        chunk, guessed, ticket = under_way.popleft()
        yield taker.take(chunk, guessed, helpers.take(ticket))


class _Taker:
    """Takes rows in order, and prices those again whose usage was not as expected."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._bench: Bench | None = None  # compiled when first needed
        self.counters = (Counters(plan.live), Counters(plan.draft))

    def take(self, chunk: Chunk, guessed: Guessed, rows: list[Row]) -> list[Row]:
        """The rows as they really are."""
        for index, head in enumerate(chunk.heads):
            usages = (self.counters[0].before(head), self.counters[1].before(head))
            if usages != guessed.at(index):
                self._bench = self._bench or Bench(self._plan)
                [trial] = self._bench.load(chunk.payload[index : index + 1])
                rows[index] = try_receipt(trial, self._bench.sides, usages)
            _count(self.counters, head, rows[index])
        return rows


def _count(counters: tuple[Counters, Counters], head: Head, row: Row) -> None:
    counters[0].after(head, row.live)
    counters[1].after(head, row.draft)
