"""One past receipt priced under two rulebooks: what goes in, what comes out, and how it is worked out.

Amounts are minor units. What a rulebook gives on a receipt is its `given`: cuts of lines and of delivery together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from liushui.kernel.money import round_half_up
from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket, Usage
from liushui.promotions.domain.rulebook import Rulebook

Usages = Mapping[str, Usage]
NO_USAGE: Usages = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A past receipt as a basket without usage, with what is known of its lines' costs and taxes, line by line."""

    receipt: str
    day: str  # business day, 2026-11-22; empty when not known
    basket: Basket
    costs: tuple[int | None, ...] = ()  # of all units of the line, without tax; empty: no cost is known
    tax_bp: tuple[int, ...] = ()  # empty: no tax is within the prices
    paid: int | None = None  # what these lines really came to


class Side(NamedTuple):
    """What one rulebook does to one receipt."""

    given: int  # worth less what is to be paid
    costed_net: int  # of the lines whose cost is known, without tax
    applied: tuple[tuple[str, int, int], ...]  # (promotion, amount, applications), in order of application
    refused: tuple[tuple[str, str], ...]  # (promotion, path of the limit) refused because of a limit
    is_proven: bool


class Row(NamedTuple):
    """One receipt under both rulebooks."""

    receipt: str
    day: str
    at: str  # ISO 8601 with offset; empty when not known
    store: str
    member: str | None
    worth: int  # list prices and delivery charges
    paid: int | None
    lines: int
    lines_costed: int
    cost: int  # of the lines whose cost is known
    live: Side
    draft: Side


class Head(NamedTuple):
    """What limits depend on besides what was used: who buys, and more than which no promotion can give."""

    member: str | None
    worth: int


def worth_of(basket: Basket) -> int:
    """List prices and delivery charges together."""
    lines = sum(line.unit_price * line.quantity for line in basket.lines)
    return lines + sum(charge.amount for charge in basket.shipping)


def head_of(trial: Trial) -> Head:
    """The head of a receipt."""
    member = trial.basket.member
    return Head(member.id if member else None, worth_of(trial.basket))


TrySides = Callable[[Trial, Usages, Usages], tuple[Side, Side]]  # usage under live, and under draft
MakeTry = Callable[[Rulebook, Rulebook], TrySides]  # of live and draft; called once in each process


def try_receipt(trial: Trial, sides: TrySides, usages: tuple[Usages, Usages]) -> Row:
    """Price a receipt under both rulebooks, each with the usage that it has had by then."""
    head, basket = head_of(trial), trial.basket
    known = [cost for cost in trial.costs if cost is not None]
    live, draft = sides(trial, *usages)
    return Row(
        receipt=trial.receipt,
        day=trial.day,
        at=basket.at.isoformat() if basket.at else "",
        store=basket.store or "",
        member=head.member,
        worth=head.worth,
        paid=trial.paid,
        lines=len(basket.lines),
        lines_costed=len(known),
        cost=sum(known),
        live=live,
        draft=draft,
    )


def used(basket: Basket, usage: Usages) -> Basket:
    """The basket with what was used before it."""
    return replace(basket, usage=usage) if usage else basket


def side_of(trial: Trial, answer: PricedBasket) -> Side:
    """What an answer of the engine does to a receipt."""
    applied, refused = [], []
    for outcome in answer.promotions:
        if outcome.status == "applied":
            applied.append((outcome.id, outcome.amount, outcome.applications))
        elif outcome.reason and outcome.reason.get("code") == "limit":
            refused.append((outcome.id, str(outcome.reason.get("path", ""))))
    return Side(
        given=worth_of(trial.basket) - answer.total,
        costed_net=costed_net(trial, [line.net for line in answer.lines]),
        applied=tuple(applied),
        refused=tuple(refused),
        is_proven=answer.certificate.proven,
    )


def costed_net(trial: Trial, nets: Sequence[int]) -> int:
    """What is to be paid for the lines whose cost is known, without tax; nets in the order of the lines."""
    if not trial.costs:
        return 0
    taxes = trial.tax_bp or (0,) * len(nets)
    return sum(
        net - tax_within(net, tax) for net, cost, tax in zip(nets, trial.costs, taxes, strict=True) if cost is not None
    )


def tax_within(amount: int, tax_bp: int) -> int:
    """The tax within an amount that includes it, rounded half up; as orders reckon it."""
    return round_half_up(amount * tax_bp, 10_000 + tax_bp) if tax_bp else 0
