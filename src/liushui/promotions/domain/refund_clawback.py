"""What comes back when a promotion is clawed back: what stays is priced again as on the day of the sale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liushui.kernel.strict_json import shown
from liushui.promotions.domain.allocation import fair_shares
from liushui.promotions.domain.basket import Basket, Line
from liushui.promotions.domain.basket_json import write_basket
from liushui.promotions.domain.canonical import digest
from liushui.promotions.domain.compiled import CompiledRulebook
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.refund_lines import Gone, PaidLine, Refund
from liushui.promotions.domain.rulebook import Combined, Condition, Promotion, Rulebook, Scope
from liushui.promotions.errors import InvalidReturn

_OF_PRICES = frozenset(
    {"subtotal_at_least", "discounted_subtotal_at_least", "quantity_at_least", "line_quantity_at_least"}
)
_OF_OTHER_THINGS = frozenset({"gift_unit", "shipping_percent_off", "shipping_amount_off"})


class Clawback:
    """Prices what stays. What comes back is what was paid less that, never less than came back before."""

    def __init__(self, lines: Mapping[str, PaidLine], compiled: CompiledRulebook, basket: Basket) -> None:
        self.lines = lines
        self.compiled = compiled
        self.basket = basket
        self.paid = sum(line.paid for line in lines.values())

    def came_back(self, before: Gone, told: Mapping[str, int] | None) -> dict[str, int]:
        """What has come back by line: as told, or as if all had come back at once."""
        if told is not None:
            for line_id, amount in told.items():
                line = self.lines.get(line_id)
                strict.integer(amount, at=f"already_refunded.{line_id}", high=line.paid if line else 0)
            return dict(told)
        if not before.counts:
            return {}
        nothing = Gone(self.lines, {}, {})
        return dict(self.refund(nothing, before, {}).lines)

    def refund(self, before: Gone, after: Gone, came_back: Mapping[str, int]) -> Refund:
        """Over the returned lines by what their returned units were paid; then over what else is left of lines."""
        stays = after.stays(self.basket)
        repriced = price(self.compiled, stays) if stays.lines else None
        worth = 0 if repriced is None else repriced.gross - repriced.discount
        amount = max(0, self.paid - worth - sum(came_back.values()))
        ids = list(self.lines)
        left = [self.lines[line_id].paid - came_back.get(line_id, 0) for line_id in ids]
        if repriced is None:
            shares = left
        else:
            weights = [max(0, after.worth(line) - before.worth(line)) for line in self.lines.values()]
            shares = fair_shares(amount, weights, left)
            rest = amount - sum(shares)
            if rest:
                open_ = [most - share for most, share in zip(left, shares, strict=True)]
                more = fair_shares(rest, open_, open_)
                shares = [share + extra for share, extra in zip(shares, more, strict=True)]
        returned = {line_id for line_id in after.counts if after.counts[line_id] > before.counts.get(line_id, 0)}
        lines = {line_id: share for line_id, share in zip(ids, shares, strict=True) if share or line_id in returned}
        return Refund(refund=sum(lines.values()), lines=lines)


def basket_of_that_day(
    answer: Mapping[str, Any],
    lines: Mapping[str, PaidLine],
    basket: Basket | None,
    compiled: CompiledRulebook,
    rulebook: Rulebook,
) -> Basket:
    """The basket that was priced, checked against the answer.

    Left out, a basket of the answer's lines alone stands for it where no rule looks at more than prices and
    quantities and pricing it gives the same answer. Otherwise it has to be given.
    """
    pinned = answer.get("rulebook")
    if isinstance(pinned, Mapping) and pinned.get("digest") not in (None, rulebook.digest):
        raise InvalidReturn(
            "This is not the rulebook that the answer was priced with",
            pointer="rulebook",
            remedy=f"Give {shown(pinned.get('version'))}, {shown(pinned['digest'])}.",
        )
    if basket is not None:
        if answer.get("basket_digest") not in (None, digest(write_basket(basket))):
            raise InvalidReturn("This is not the basket that the answer was priced for", pointer="basket")
        return basket
    rebuilt = _rebuilt(answer, lines) if not _looks_beyond_prices(rulebook) else None
    if rebuilt is None or not _same_prices(price(compiled, rebuilt).to_json(), answer):
        raise InvalidReturn(
            "A promotion with return_policy clawback was applied: what stays is priced again, "
            "which takes the basket of that day",
            pointer="basket",
            remedy="Give the basket that the answer was priced for.",
        )
    return rebuilt


def _looks_beyond_prices(rulebook: Rulebook) -> bool:
    """Whether any promotion asks what an answer does not tell: goods, shopper, place, time, codes, use before."""
    return not all(_of_prices(promotion) for promotion in rulebook.promotions)


def _of_prices(promotion: Promotion) -> bool:
    limits = promotion.limits
    timed = (promotion.starts_at, promotion.ends_at, promotion.weekdays, promotion.hours)
    if any(each is not None for each in (*timed, limits.total, limits.per_member, limits.budget)):
        return False
    scopes = [
        scope
        for effect in promotion.effects
        for scope in (effect.scope, effect.buy_scope, effect.get_scope, effect.basis_scope)
        if scope is not None
    ]
    return (
        all(_of_prices_alone(condition) for condition in promotion.when)
        and all(_any_goods(scope) for scope in scopes)
        and not any(
            effect.type in _OF_OTHER_THINGS or effect.level == "order_and_shipping" for effect in promotion.effects
        )
    )


def _of_prices_alone(condition: Condition) -> bool:
    if isinstance(condition, Combined):
        return all(_of_prices_alone(part) for part in condition.parts)
    return condition.type in _OF_PRICES and _any_goods(condition.scope)


def _any_goods(scope: Scope) -> bool:
    narrowing = (scope.sku_in, scope.sku_not_in, scope.category_in, scope.category_not_in, scope.brand_in, scope.tag_in)
    return all(each is None for each in narrowing)


def _rebuilt(answer: Mapping[str, Any], lines: Mapping[str, PaidLine]) -> Basket | None:
    given = []
    for each in answer["lines"]:
        line = lines[each["id"]]
        gross, quantity = each.get("gross"), len(line.units)
        if type(gross) is not int or gross < 0 or gross % quantity:
            return None
        given.append(Line(id=line.id, sku=line.id, unit_price=gross // quantity, quantity=quantity))
    currency = answer.get("currency")
    return Basket(currency=currency, lines=tuple(given)) if isinstance(currency, str) else None


def _same_prices(repriced: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    def prices(document: Mapping[str, Any]) -> Any:
        applied = {
            each["id"]: each.get("amount")
            for each in document.get("promotions", [])
            if isinstance(each, Mapping) and each.get("status") == "applied"
        }
        return [(each["id"], each["units"]) for each in document["lines"]], applied

    return bool(prices(repriced) == prices(answer))
