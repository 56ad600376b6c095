"""What comes back to the shopper when units of a priced basket are returned (section 9 of the specification).

The same units give the same money in any order and any split, and all of them together give what was paid for them:
what has come back is a function of what is gone, and a refund is the difference of two of its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.refund_clawback import Clawback, basket_of_that_day
from liushui.promotions.domain.refund_lines import Gone, Refund, paid_lines
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.errors import InvalidReturn

__all__ = ["Refund", "claws_back", "refund"]


def refund(
    *,
    answer: Mapping[str, Any],
    returned: Mapping[str, int],
    already: Mapping[str, int],
    rulebook: Rulebook | None,
    basket: Basket | None = None,
    units: Mapping[str, Sequence[int]] | None = None,
    already_units: Mapping[str, Sequence[int]] | None = None,
    already_refunded: Mapping[str, int] | None = None,
    compiled: CompiledRulebook | None = None,
) -> Refund:
    """The refund of `returned` units by line, when `already` units were returned before.

    `answer` is the stored answer. `units` names positions (0 is the first unit) among the returned units of a line,
    `already_units` those named before; unnamed units are the cheapest paid first. With an applied promotion whose
    return_policy is `clawback`, what stays is priced again with the pinned rulebook and the `basket` of that day, and
    `already_refunded` says by line what has come back; left out, it is taken as if all of `already` had come back at
    once. Raises InvalidReturn with what is wrong or missing.
    """
    lines = paid_lines(answer)
    before = Gone(lines, already, already_units or {}, name="already")
    after = before.and_also(returned, units or {})
    if claws_back(answer, rulebook):
        assert rulebook is not None  # nosec B101  # for the type checker
        ready = compiled or compile_rulebook(rulebook)
        of_that_day = basket_of_that_day(answer, lines, basket, ready, rulebook)
        pricing = Clawback(lines, ready, of_that_day)
        came_back = pricing.came_back(before, already_refunded)
        return pricing.refund(before, after, came_back)
    amounts = {
        line.id: after.worth(line) - before.worth(line) for line in lines.values() if returned.get(line.id) is not None
    }
    return Refund(refund=sum(amounts.values()), lines=amounts)


def claws_back(answer: Mapping[str, Any], rulebook: Rulebook | None) -> bool:
    """Whether an applied promotion wants what stays to be priced again."""
    applied = {
        each["id"]
        for each in answer.get("promotions", [])
        if isinstance(each, Mapping) and each.get("status") == "applied" and isinstance(each.get("id"), str)
    }
    if not applied:
        return False
    if rulebook is None:
        raise InvalidReturn(
            "Promotions were applied, and only the rulebook says whether their discount is kept on return",
            pointer="rulebook",
            remedy="Give the rulebook version that the answer names.",
        )
    policies = {promotion.id: promotion.return_policy for promotion in rulebook.promotions}
    unknown = applied - policies.keys()
    if unknown:
        raise InvalidReturn(
            f"The rulebook has no promotion {min(unknown)!r}, which the answer applied",
            pointer="rulebook",
            remedy="Give the rulebook version that the answer names.",
        )
    return any(policies[promotion] == "clawback" for promotion in applied)
