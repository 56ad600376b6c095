"""Looks a rulebook over before it is published, and shows each finding on a basket that the engine has priced.

docs/reference/promotion-lint.md says what each finding means; decision 0135 how baskets are found and work is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from liushui.promotions.domain import (
    lint_careful,
    lint_coupons,
    lint_dominated,
    lint_exclusion,
    lint_inversion,
    lint_joint,
    lint_never,
)
from liushui.promotions.domain.lint_bench import Bench
from liushui.promotions.domain.lint_catalogue import Batch, Catalogue, Goods, Item, Knowledge
from liushui.promotions.domain.lint_exclusion import written_exclusions
from liushui.promotions.domain.lint_finding import (
    CODES,
    SEVERITIES,
    Finding,
    Severity,
    blocking,
    in_order,
    key,
    to_acknowledge,
)
from liushui.promotions.domain.rulebook import Rulebook

__all__ = [
    "CODES",
    "SEVERITIES",
    "Batch",
    "Catalogue",
    "Finding",
    "Item",
    "Severity",
    "blocking",
    "key",
    "lint",
    "to_acknowledge",
    "written_exclusions",
]
SAME_CODE_MAX = 200


def lint(
    rulebook: Rulebook,
    *,
    catalogue: Catalogue | None = None,
    costs: Mapping[str, int] | None = None,
    batches: Mapping[str, Batch] | None = None,
    max_discount_bp: int = 5000,
    written: Mapping[str, Collection[str]] | None = None,
    at: datetime,
) -> tuple[Finding, ...]:
    """What is wrong with a rulebook, gravest first, each with the basket that shows it.

    `written` is whom each promotion excludes as its writer wrote it (`written_exclusions`): a rulebook that was read
    says each exclusion on both sides, which hides circles.

    `costs` are minor units by SKU, of the same kind as prices (tax included or not); `batches` the coupon batches by
    id, None when not known; `max_discount_bp` the share of the list value from which discounts together are too
    deep; `at` the instant from which the rulebook is to hold, in the offset in which weekdays and hours are read.
    The same arguments give the same findings: baskets are built in a fixed order, and work is counted.
    """
    knowledge = Knowledge(
        goods=Goods(catalogue=catalogue, costs=costs),
        at=at,
        max_discount_bp=max_discount_bp,
        costs=costs,
        batches=batches,
    )
    bench = Bench(rulebook=rulebook, knowledge=knowledge)
    possible = lint_never.check(bench)
    lint_exclusion.check(bench, possible, written)
    lint_coupons.check(bench, possible)
    lint_careful.identical(bench, possible)
    crowds = lint_joint.crowds(bench, possible)
    lint_joint.check(bench, crowds)
    lint_dominated.check(bench, possible)
    lint_inversion.check(bench, possible)
    lint_careful.check(bench, possible, crowds)
    if not bench.has_work_left():
        bench.say("not_tried", [], values={"reason": "work", "prices": bench.prices})
    return _cut(in_order(bench.findings))


def _cut(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """At most SAME_CODE_MAX of a code, and how many more there were."""
    kept: list[Finding] = []
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.code] = counts.get(each.code, 0) + 1
        if counts[each.code] <= SAME_CODE_MAX:
            kept.append(each)
    more = [
        Finding(
            code="not_tried",
            severity="note",
            promotions=(),
            message_values={"reason": "more", "code": code, "count": count - SAME_CODE_MAX},
        )
        for code, count in counts.items()
        if count > SAME_CODE_MAX
    ]
    return in_order([*kept, *more])
