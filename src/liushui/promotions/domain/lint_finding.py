"""What the lint says of a rulebook. docs/reference/promotion-lint.md has every code with an example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

# An error stops publishing: the rulebook cannot do what it says. A warning must be acknowledged by the reviewer. A note
# is for reading. The order here is the order in which findings of one severity are shown.
CODES: Mapping[str, Severity] = {
    "never_eligible": "error",
    "gives_nothing": "error",
    "coupon_unknown": "error",
    "circular_exclusion": "warning",
    "group_contradicts": "warning",
    "group_modes_differ": "warning",
    "unknown_reference": "warning",
    "nothing_in_catalogue": "warning",
    "gift_not_in_catalogue": "warning",
    "coupon_unusable": "warning",
    "threshold_unreachable": "warning",
    "dominated": "warning",
    "behind_exclusive": "warning",
    "behind_first": "warning",
    "group_gives_nothing": "warning",
    "identical": "warning",
    "below_cost": "warning",
    "joint_discount": "warning",
    "large_discount": "warning",
    "tier_inversion": "warning",
    "larger_pays_more": "warning",
    "anonymous_refused": "warning",
    "name_missing": "warning",
    "overlap": "note",
    "at_floor": "note",
    "already_ended": "note",
    "no_end": "note",
    "no_budget": "note",
    "sequential_loses": "note",
    "not_proven": "note",
    "not_tried": "note",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with, or worth knowing of, a rulebook, with the basket that shows it.

    `witness` is a basket as JSON and `answer` the engine's answer to it; both are None only where no basket can exist
    or none is needed to see it: then `message_values` name the two parts that contradict or the field that is missing.
    `other_witness` and `other_answer` are the smaller basket or the lower tier where two baskets are compared.
    """

    code: str
    severity: Severity
    promotions: tuple[str, ...]
    message_values: Mapping[str, int | str] = field(default_factory=dict)
    witness: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    other_witness: Mapping[str, Any] | None = None
    other_answer: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as one JSON object, the comparison left out where there is none."""
        document: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "promotions": list(self.promotions),
            "values": dict(self.message_values),
            "witness": self.witness,
            "answer": self.answer,
        }
        if self.other_witness is not None:
            document |= {"other_witness": self.other_witness, "other_answer": self.other_answer}
        return document


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that stop publishing."""
    return tuple(each for each in findings if each.severity == "error")


def to_acknowledge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that the reviewer has to acknowledge before publishing."""
    return tuple(each for each in findings if each.severity == "warning")


def key(finding: Finding) -> str:
    """What an acknowledgement names: the code and the promotions, so that it holds for no other finding."""
    return ":".join((finding.code, *finding.promotions))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gravest first, then as CODES stand, then by promotions and values, so that the same rulebook reads the same."""
    rank = {code: number for number, code in enumerate(CODES)}
    return tuple(
        sorted(
            findings,
            key=lambda each: (
                SEVERITIES.index(each.severity),
                rank[each.code],
                each.promotions,
                sorted((name, str(value)) for name, value in each.message_values.items()),
            ),
        )
    )
