"""A basket priced by promotions that nobody has published: what the try-it page asks. It writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from liushui.promotions import live
from liushui.promotions.contracts import Basket, PricedBasket, Rulebook
from liushui.promotions.domain.books import closed_exclusions
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A basket under promotions, with the rulebook that explains its answer."""

    answer: PricedBasket
    rulebook: Rulebook


def try_basket(
    *,
    document: str | Mapping[str, Any],
    promotion: Mapping[str, Any] | None = None,
    alone: bool = False,
    basket: Basket,
) -> Tried:
    """The basket under a rulebook's JSON, with `promotion` in place of the one with its id; or that one `alone`.

    Raises InvalidDocument. Nothing counts as used but what the basket says.
    """
    given = json.loads(document) if isinstance(document, str) else document
    promotions = {} if alone else {each["id"]: each for each in given.get("promotions", ())}
    if promotion is not None:
        promotions[str(promotion["id"])] = promotion
    head = {"version": given.get("version", "draft"), "mode": given.get("mode", "best")}
    rulebook = read_rulebook({**head, "promotions": list(closed_exclusions(promotions).values())})
    own = [rulebook_promotion.id for rulebook_promotion in rulebook.promotions]
    usage = {name: used for name, used in basket.usage.items() if name in own}
    answer = price(compile_rulebook(rulebook), replace(basket, usage=usage))
    return Tried(answer=answer, rulebook=rulebook)


def try_live(*, chain_id: int, basket: Basket) -> Tried | None:
    """The same basket under the rulebook that is live at its time; None when there is none."""
    if basket.at is None:
        return None
    published = live.live_rulebook(chain_id=chain_id, at=basket.at)
    if published is None:
        return None
    return Tried(answer=price(published.compiled, replace(basket, usage={})), rulebook=published.rulebook)
