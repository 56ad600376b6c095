"""The lint's bench: builds baskets that promotions apply to, has the engine price them, and counts the work.

Work is bounded by counts of baskets priced and of search nodes, never by time, so that a rulebook has the same findings
on a busy machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from liushui.promotions.domain.answer import Outcome, PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.basket_json import write_basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.lint_catalogue import DEFAULT_PRICE, Knowledge
from liushui.promotions.domain.lint_conditions import SHIPPING_EFFECTS, Literal, Need, Way, all_needs, ways
from liushui.promotions.domain.lint_finding import CODES, Finding
from liushui.promotions.domain.lint_goods import lines_for
from liushui.promotions.domain.lint_shopper import Clash, goods_clash, shopper_for
from liushui.promotions.domain.lint_times import common_instant
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Promotion, Rulebook, Scope

PRICES_MAX = 8_000
EFFORT_MAX = 20_000_000  # nodes searched, each times the promotions that the basket meets
NODES_ONCE_MAX = 400  # of one witness; the certificate's own question is asked with the engine's limit
SCALES = (1, 2, 5)
PRICES = (DEFAULT_PRICE, 100, 1_000_000)  # what made-up goods cost; the first that works is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A basket that a promotion applies to when it is alone, how it was made, and what it then gives."""

    promotion: Promotion
    way: Way
    basket: Basket
    alone: PricedBasket
    amount: int


@dataclass(slots=True, kw_only=True)
class Bench:
    """What the checks of one lint share."""

    rulebook: Rulebook
    knowledge: Knowledge
    prices: int = 0
    effort: int = 0
    findings: list[Finding] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    answers: dict[str, PricedBasket] = field(default_factory=dict)  # to the witnesses, with the whole rulebook
    by_id: dict[str, Promotion] = field(default_factory=dict)
    compiled: CompiledRulebook = field(init=False)
    _alone: dict[str, CompiledRulebook] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.compiled = compile_rulebook(self.rulebook)
        self.by_id = {each.id: each for each in self.rulebook.promotions}

    def has_work_left(self) -> bool:
        """Whether more baskets may be priced."""
        return self.prices < PRICES_MAX and self.effort < EFFORT_MAX

    def count(self, answer: PricedBasket) -> None:
        """Count the work that an answer was."""
        self.prices += 1
        self.effort += answer.certificate.nodes * (len(answer.promotions) + 10)

    def price(self, basket: Basket, *, node_limit: int = NODES_ONCE_MAX) -> PricedBasket:
        """The engine's answer with the whole rulebook."""
        answer = price(self.compiled, basket, node_limit=node_limit)
        self.count(answer)
        return answer

    def alone(self, basket: Basket, promotion_id: str) -> PricedBasket | None:
        """The engine's answer with no promotion but this one; None when it does not apply then."""
        self.prices += 1
        if promotion_id not in self._alone:
            book = replace(self.rulebook, promotions=(self.by_id[promotion_id],))
            self._alone[promotion_id] = compile_rulebook(book)
        answer = price(self._alone[promotion_id], basket)
        return answer if promotion_id in applied(answer) else None

    def basket(
        self,
        *,
        parts: Sequence[tuple[Promotion, Way]],
        also: Sequence[Literal] = (),
        without: Sequence[Promotion] = (),
        scale: int = 1,
        price: int = DEFAULT_PRICE,
        first_effect_only: bool = False,
        needs: Sequence[Need] = (),
        inside: Sequence[Scope] = (),
        outside: Sequence[Scope] = (),
    ) -> Basket | None:
        """A basket that should meet all these promotions, each in its way, and the literals besides.

        `without` names promotions that must not be in force at its instant; `needs` are goods wanted besides;
        all goods are to be `inside` of those scopes and `outside` of these.
        """
        promotions = [promotion for promotion, _way in parts]
        instant = common_instant(promotions=promotions, at=self.knowledge.at, without=without)
        literals = [literal for _promotion, way in parts for literal in way.literals] + list(also)
        if instant is None or goods_clash(literals=literals) is not None:
            return None
        limited = any(promotion.limits.per_member is not None for promotion in promotions)
        shopper = shopper_for(
            literals=literals,
            at=instant,
            member_path="limits.per_member" if limited else None,
            methods=[methods for promotion in promotions for methods in _methods(promotion)],
        )
        if isinstance(shopper, Clash):
            return None
        wanted = list(needs) + [
            replace(
                need,
                scopes=(*need.scopes, *inside),
                quantity=need.quantity * scale,
                amount=need.amount * scale,
            )
            for promotion, way in parts
            for need in all_needs(way=way, effects=promotion.effects[: 1 if first_effect_only else None])
        ]
        lines = lines_for(needs=wanted, literals=literals, goods=self.knowledge.goods, price=price, avoid=outside)
        if lines is None:
            return None
        return Basket(
            currency=self.knowledge.goods.currency,
            lines=lines,
            channel=shopper.channel,
            store=shopper.store,
            region=shopper.region,
            at=instant,
            shipping=shopper.shipping,
            payment_method=shopper.payment_method,
            codes=shopper.codes,
            member=shopper.member,
        )

    def find_witness(self, promotion: Promotion) -> Witness | None:
        """The first basket of a few to which the promotion applies when it is alone; kept for other checks."""
        for basket, way in self._attempts(promotion):
            alone = self.alone(basket, promotion.id)
            if alone is None:
                continue
            made = Witness(
                promotion=promotion, way=way, basket=basket, alone=alone, amount=amount_of(alone, promotion.id)
            )
            self.witnesses[promotion.id] = made
            return made
        return None

    def _attempts(self, promotion: Promotion) -> Iterable[tuple[Basket, Way]]:
        seen: list[Basket] = []
        for way in ways(promotion=promotion)[0][:4]:
            for scale, price_, first_only in (
                (SCALES[0], PRICES[0], False),
                (SCALES[0], PRICES[0], True),
                (SCALES[1], PRICES[0], False),
                (SCALES[0], PRICES[1], False),
                (SCALES[0], PRICES[2], False),
                (SCALES[2], PRICES[0], False),
            ):
                basket = self.basket(parts=[(promotion, way)], scale=scale, price=price_, first_effect_only=first_only)
                if basket is not None and basket not in seen:
                    seen.append(basket)
                    yield basket, way

    def answer_to(self, witness: Witness) -> PricedBasket:
        """The engine's answer to a witness with the whole rulebook, priced once."""
        if witness.promotion.id not in self.answers:
            self.answers[witness.promotion.id] = self.price(witness.basket)
        return self.answers[witness.promotion.id]

    def shown(self, witness: Witness) -> tuple[Basket, PricedBasket] | None:
        """A witness with its answer; None when it is not priced yet and no work is left."""
        if witness.promotion.id not in self.answers and not self.has_work_left():
            return None
        return witness.basket, self.answer_to(witness)

    def say(
        self,
        code: str,
        promotions: Iterable[str],
        *,
        values: Mapping[str, int | str] | None = None,
        shown: tuple[Basket, PricedBasket] | None = None,
        beside: tuple[Basket, PricedBasket] | None = None,
    ) -> None:
        """Take a finding down."""
        self.findings.append(
            Finding(
                code=code,
                severity=CODES[code],
                promotions=tuple(promotions),
                message_values=values or {},
                witness=_basket_json(shown),
                answer=shown[1].to_json() if shown else None,
                other_witness=_basket_json(beside),
                other_answer=beside[1].to_json() if beside else None,
            )
        )


def _basket_json(shown: tuple[Basket, PricedBasket] | None) -> dict[str, Any] | None:
    return write_basket(shown[0]) if shown else None


def _methods(promotion: Promotion) -> list[frozenset[str]]:
    return [
        effect.methods or frozenset()
        for effect in promotion.effects
        if effect.type in SHIPPING_EFFECTS or effect.level == "order_and_shipping"
    ]


def outcome_of(answer: PricedBasket, promotion_id: str) -> Outcome | None:
    """What an answer says of one promotion."""
    return next((each for each in answer.promotions if each.id == promotion_id), None)


def amount_of(answer: PricedBasket, promotion_id: str) -> int:
    """What a promotion gives in an answer, minor units; 0 when it was not applied."""
    outcome = outcome_of(answer, promotion_id)
    return outcome.amount if outcome is not None and outcome.status == "applied" else 0


def applied(answer: PricedBasket) -> tuple[str, ...]:
    """The promotions applied, in order of application."""
    return tuple(each.id for each in answer.promotions if each.status == "applied")


def share_bp(discount: int, gross: int) -> int:
    """A discount as a share of the list value, basis points, rounded down."""
    return discount * 10_000 // gross if gross else 0
