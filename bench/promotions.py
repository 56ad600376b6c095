"""The pricing engine: flat in what does not match, in lines and in quantity, and how often the best set is proven.

One process, one core, CPU time: what else runs on the machine makes little difference. Ratios are of medians of the
same run, taken in turns.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Sequence

from bench.promotion_corpus import basket, goods_categories, mixed_rulebook, overlapping_case
from bench.tables import show
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Rulebook

BASKETS, ROUNDS, TOUCHING = 150, 4, 10
MEDIAN_MS, P99_MS, FLAT, LINES_RATIO, PROVEN = 1.0, 5.0, 1.5, 10.0, 99.0
CASES, NODES = 300, 20_000
WIDE, WIDE_NODES = 8, 2_000


class Work:
    """A rulebook and baskets for it, and the times that pricing them took."""

    def __init__(
        self, name: str, promotions: int, *, lines: int = 20, spread: int = 20, quantity: int | None = None
    ) -> None:
        self.name = name
        self.promotions = promotions
        categories = goods_categories(promotions, TOUCHING)
        chance = random.Random(7)
        self.documents = [
            basket(chance, lines=lines, categories=categories, spread=spread, quantity=quantity) for _ in range(BASKETS)
        ]
        self.baskets = [Basket.from_json(document) for document in self.documents]
        self.compiled = compiled(promotions)
        self.seconds: list[float] = []

    def once(self, node_limit: int = NODES) -> None:
        """Price every basket once."""
        for each in self.baskets:
            begun = time.thread_time()
            price(self.compiled, each, node_limit=node_limit)
            self.seconds.append(time.thread_time() - begun)

    def milliseconds(self, share: float) -> float:
        """A quantile of the times."""
        return quantile(self.seconds, share) * 1000

    def row(self) -> list[object]:
        """What is shown of it."""
        answers = [price(self.compiled, each) for each in self.baskets]
        touching = sum(len(self.compiled.touching(each)) for each in self.baskets) / BASKETS
        applied = sum(one.status == "applied" for answer in answers for one in answer.promotions) / BASKETS
        proven = 100 * sum(answer.certificate.proven for answer in answers) / BASKETS
        times = [f"{self.milliseconds(share):.2f}" for share in (0.5, 0.99)]
        return [self.name, f"{touching:.1f}", f"{applied:.1f}", *times, f"{proven:.1f}"]


_compiled: dict[int, CompiledRulebook] = {}


def compiled(promotions: int) -> CompiledRulebook:
    """The mixed rulebook of that size, read and compiled once."""
    if promotions not in _compiled:
        begun = time.thread_time()
        document = mixed_rulebook(promotions, touching=TOUCHING)
        rulebook = Rulebook.from_json(document)
        read = time.thread_time()
        _compiled[promotions] = compile_rulebook(rulebook)
        done = time.thread_time()
        print(f"  {promotions:,} promotions: read in {read - begun:.2f} s, compiled in {done - read:.2f} s", flush=True)
    return _compiled[promotions]


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    plain, few = Work("20 lines, 1,000 promotions", 1000), Work("20 lines, 100 promotions", 100)
    many, long = Work("20 lines, 10,000 promotions", 10_000), Work("200 lines, 1,000 promotions", 1000, lines=200)
    one, heap = (Work(f"20 lines, a quantity of {quantity:,}", 1000, quantity=quantity) for quantity in (1, 10_000))
    works = (plain, few, many, long, one, heap)
    gc.collect()
    for each in works:  # once to warm up
        each.once()
        each.seconds.clear()
    for _round in range(ROUNDS):
        for each in works:
            each.once()
    show(("", "can touch", "applied", "p50 ms", "p99 ms", "proven %"), [each.row() for each in works])
    print()
    goal("median of 20 lines, ms", plain.milliseconds(0.5), MEDIAN_MS)
    goal("p99 of 20 lines, ms", plain.milliseconds(0.99), P99_MS)
    goal("10,000 promotions to 100", many.milliseconds(0.5) / few.milliseconds(0.5), FLAT)
    goal("200 lines to 20", long.milliseconds(0.5) / plain.milliseconds(0.5), LINES_RATIO)
    goal("quantity 10,000 to 1", heap.milliseconds(0.5) / one.milliseconds(0.5), 1.2)
    around(plain)
    wide()
    search()


def wide() -> None:
    """200 lines of as many categories, which eight times as many promotions can touch: no goal, but what happens."""
    work = Work("", 1000, lines=200, spread=200)
    work.baskets = work.baskets[:WIDE]
    work.once(WIDE_NODES)
    answers = [price(work.compiled, each, node_limit=WIDE_NODES) for each in work.baskets]
    touching = sum(len(work.compiled.touching(each)) for each in work.baskets) / WIDE
    proven = sum(answer.certificate.proven for answer in answers)
    gap = max(answer.certificate.gap / answer.total for answer in answers)
    print(
        f"  200 lines that {touching:.0f} promotions can touch: p50 {work.milliseconds(0.5):,.0f} ms; "
        f"{proven} of {WIDE} proven within {WIDE_NODES:,} nodes, the others within {100 * gap:.2f} % of the best",
        flush=True,
    )


def goal(name: str, measured: float, most: float) -> None:
    """Print a number beside what it may be at most."""
    print(f"  {name:28} {measured:6.2f}   allowed {most:g}{'' if measured <= most else ': MISSED'}", flush=True)


def around(work: Work) -> None:
    """Reading the basket and writing the answer, beside the pricing itself."""
    answers = [price(work.compiled, each) for each in work.baskets]
    read = median([lambda document=document: Basket.from_json(document) for document in work.documents])
    written = median([answer.to_json for answer in answers])
    print(
        f"  reading such a basket {read * 1000:.2f} ms, its answer as JSON values {written * 1000:.2f} ms", flush=True
    )


def median(calls: Sequence[Callable[[], object]]) -> float:
    """Seconds of a call."""
    seconds = []
    for call in calls:
        begun = time.thread_time()
        call()
        seconds.append(time.thread_time() - begun)
    return quantile(seconds, 0.5)


def search() -> None:
    """Ten promotions that all meet the same goods: how often the best set is proven, and what search is worth."""
    proven, gained, seconds, nodes = 0, 0, [], []
    for seed in range(CASES):
        rules, document = overlapping_case(seed)
        asked = Basket.from_json(document)
        best = compile_rulebook(Rulebook.from_json(rules))
        in_order = compile_rulebook(Rulebook.from_json(rules | {"mode": "sequential"}))
        begun = time.thread_time()
        answer = price(best, asked, node_limit=NODES)
        seconds.append(time.thread_time() - begun)
        proven += answer.certificate.proven
        nodes.append(float(answer.certificate.nodes))
        gained += answer.total < price(in_order, asked).total
    share = 100 * proven / CASES
    print(
        f"\n  ten overlapping promotions, {CASES} cases: proven within {NODES:,} nodes {share:.1f} %"
        f" (at least {PROVEN:g}{'' if share >= PROVEN else ': MISSED'})"
    )
    print(
        f"  nodes p50 {quantile(nodes, 0.5):,.0f}, p99 {quantile(nodes, 0.99):,.0f}; "
        f"ms p50 {quantile(seconds, 0.5) * 1000:.1f}, p99 {quantile(seconds, 0.99) * 1000:.1f}; "
        f"cheaper than one after the other in {100 * gained / CASES:.0f} % of the cases"
    )


if __name__ == "__main__":
    main()
