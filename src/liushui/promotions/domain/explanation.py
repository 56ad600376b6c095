"""Why a price is what it is, in words: what pages of all modules show of an answer (made by `words.explain`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDiscount:
    """What one promotion took off a line, in minor units."""

    promotion: str
    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionWords:
    """What became of one promotion, in a sentence. `amount_minor` is what it gives; 0 for a rejected one."""

    promotion: str
    name: str
    text: str
    amount_minor: int = 0
    reason: str = ""  # code of a rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWords:
    """Something that may be put on the basket and is reduced then."""

    promotion: str
    name: str
    sku: str
    quantity: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An answer in words of one language."""

    lines: Mapping[str, tuple[LineDiscount, ...]]  # by the line's id, only lines that cost less
    shipping: Mapping[str, tuple[LineDiscount, ...]]
    applied: tuple[PromotionWords, ...]  # in order of application
    rejected: tuple[PromotionWords, ...]
    near_misses: tuple[PromotionWords, ...]  # the nearest first
    offers: tuple[OfferWords, ...]
    gained: tuple[str, ...]  # points and coupons
    certificate: str
    is_proven: bool
    rulebook: str  # version
    saved_minor: int
