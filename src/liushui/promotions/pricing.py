"""Price baskets by the rulebook in force: finds the version, fills in codes and usage, asks the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from liushui.promotions.contracts import BasketToPrice, PublishedRulebook, Quotation
from liushui.promotions.coupon_use_queries import resolve_codes, usage
from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.birthdays import with_coarse_birthday
from liushui.promotions.domain.coupons import ResolvedCodes
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.uses import coupon_leaves
from liushui.promotions.errors import UnknownRulebook
from liushui.promotions.live import live_rulebooks, published_rulebook

Explain = Literal["touching", "all"]


def quote(*, chain_id: int, basket: Basket, at: datetime) -> PricedBasket | None:
    """The basket's price at an instant and why; None in a chain that had no rulebook then. Writes nothing."""
    found = quotation(wanted=BasketToPrice(chain_id=chain_id, at=at, basket=basket))
    return found.answer if found is not None else None


def quote_many(*, chain_id: int, baskets: Sequence[Basket], at: datetime) -> list[PricedBasket | None]:
    """What quote answers, for many baskets at one instant."""
    wanted = [BasketToPrice(chain_id=chain_id, at=at, basket=basket) for basket in baskets]
    return [found.answer if found is not None else None for found in quotations(wanted=wanted)]


def quotation(*, wanted: BasketToPrice, explain: Explain = "touching") -> Quotation | None:
    """What quotations answers, for one basket."""
    [found] = quotations(wanted=[wanted], explain=explain)
    return found


def quotations(*, wanted: Sequence[BasketToPrice], explain: Explain = "touching") -> list[Quotation | None]:
    """Each basket priced by the version in force in its chain at its instant, with all that the answer depends on.

    One statement a chain where it was not asked about within a second; one more for a basket that brings codes, and one
    for a basket that a promotion with limits may touch.
    """
    books: dict[int, PublishedRulebook | None] = {}
    by_chain: dict[int, list[int]] = {}
    for index, each in enumerate(wanted):
        by_chain.setdefault(each.chain_id, []).append(index)
    for chain_id, indexes in by_chain.items():
        found = live_rulebooks(chain_id=chain_id, instants=[wanted[index].at for index in indexes])
        books.update(zip(indexes, found, strict=True))
    return [
        _quotation(each, book, explain) if (book := books[index]) is not None else None
        for index, each in enumerate(wanted)
    ]


def replay(*, chain_id: int, digest: str, basket: str) -> Quotation:
    """What a basket that was kept (Quotation.basket_text) came to by the version of this digest, to the same bytes: it
    holds codes' batches and usage of its moment, so nothing is looked up but the version. Raises UnknownRulebook."""
    book = published_rulebook(chain_id=chain_id, digest=digest)
    if book is None:
        raise UnknownRulebook(f"The chain has published no rulebook {digest}")
    kept = read_basket(basket)
    return Quotation(basket=kept, answer=price(book.compiled, kept), rulebook=book, code_problems={})


def _quotation(wanted: BasketToPrice, book: PublishedRulebook, explain: Explain) -> Quotation:
    basket, resolved = _with_batches(wanted)
    basket = with_coarse_birthday(basket, spans=book.birthday_spans)
    problems = {each.code: each.problem for each in resolved.problems} if resolved is not None else {}
    basket = _with_usage(wanted, basket, book)
    answer = price(book.compiled, basket, explain=explain)
    if problems:
        asked = _codes_asked_for(answer, book)
        problems = {code: why for code, why in problems.items() if why != "unknown" or code.strip() not in asked}
    return Quotation(
        basket=basket, answer=answer, rulebook=book, code_problems=problems,
        found_codes=resolved.found if resolved is not None else None,
    )  # fmt: skip


def _codes_asked_for(answer: PricedBasket, book: PublishedRulebook) -> set[str]:
    """The codes that promotions name themselves, without a batch, among those that may touch the basket."""
    told = (book.compiled.by_id[each.id].promotion for each in answer.promotions)
    return {leaf.code for promotion in told for leaf in coupon_leaves(promotion.when) if leaf.code is not None}


def _with_batches(wanted: BasketToPrice) -> tuple[Basket, ResolvedCodes | None]:
    basket = wanted.basket
    if not any(code.batch is None for code in basket.codes):
        return basket, None
    known = tuple(code for code in basket.codes if code.batch is not None)
    resolved = resolve_codes(
        chain_id=wanted.chain_id,
        codes=[code.code for code in basket.codes if code.batch is None],
        member_id=basket.member.id if basket.member else None,
        now=wanted.at,
        order_key=wanted.order_key,
    )
    return replace(basket, codes=(*known, *resolved.codes)), resolved


def _with_usage(wanted: BasketToPrice, basket: Basket, book: PublishedRulebook) -> Basket:
    if not book.limited or basket.usage:
        return basket
    touching = {each.id for each in book.compiled.touching(basket)} & book.limited
    if not touching:
        return basket
    used = usage(
        chain_id=wanted.chain_id,
        promotion_ids=sorted(touching),
        member_id=basket.member.id if basket.member else None,
        order_key=wanted.order_key,
    )
    return replace(basket, usage=dict(used))
