"""Answers as the engine gives them, cut down to what the life of a use looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from liushui.promotions import facade
from liushui.promotions.contracts import Basket, Certificate, Code, NewBatch, Outcome, PricedBasket, Promotion, Rulebook
from liushui.promotions.domain.rulebook import Effect, Leaf, Limits
from liushui.promotions.domain.uses import Reservation

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=15)
CHAIN = 7


def promotion(id: str, *, code: str | None = None, batch: str | None = None, **limits: Any) -> Promotion:
    """A promotion with these limits, which asks for a code when one is named."""
    when = (Leaf(type="coupon", code=code, batch=batch),) if code or batch else ()
    effect = Effect(type="amount_off", amount=100, level="order")
    return Promotion(id=id, effects=(effect,), when=when, limits=Limits(**limits))


def answer(**amounts: int) -> PricedBasket:
    """An answer in which these promotions were applied with these amounts; underscores stand for hyphens."""
    applied = tuple(
        Outcome(id=id.replace("_", "-"), status="applied", amount=amount, applications=1)
        for id, amount in amounts.items()
    )
    total = sum(amounts.values())
    return PricedBasket(
        currency="CNY",
        total=100_000 - total,
        gross=100_000,
        discount=total,
        shipping=0,
        lines=(),
        shipping_lines=(),
        promotions=applied,
        near_misses=(),
        offers=(),
        issued=(),
        points_multiply=10_000,
        points_add=0,
        certificate=Certificate(mode="best", proven=True, lower_bound=0, gap=0, nodes=1),
        rulebook_version="1",
        rulebook_digest="sha256:x",
        basket=Basket(currency="CNY", lines=()),
    )


def reserve(
    order: str,
    priced: PricedBasket,
    *promotions: Promotion,
    member: str | None = None,
    codes: tuple[Code, ...] = (),
    expires_at: datetime = LATER,
    now: datetime = NOON,
) -> Reservation:
    """Reserve for an order of the chain."""
    return facade.reserve(
        chain_id=CHAIN,
        order_key=order,
        answer=priced,
        rulebook=Rulebook(version="1", promotions=promotions),
        member_id=member,
        codes=codes,
        expires_at=expires_at,
        now=now,
    )


def unique_batch(code: str = "SPRING", *, size: int = 10, **terms: Any) -> NewBatch:
    """A batch of single codes."""
    return NewBatch(chain_id=CHAIN, code=code, name_zh="春季券", name_en="Spring", kind="unique", size=size, **terms)


def shared_batch(code: str = "OPENING", *, shared_code: str = "OPEN-10", **terms: Any) -> NewBatch:
    """A batch of one shared code."""
    return NewBatch(
        chain_id=CHAIN, code=code, name_zh="开业券", name_en="Opening", kind="shared", shared_code=shared_code, **terms
    )


def member_batch(code: str = "BIRTHDAY", *, size: int = 10, **terms: Any) -> NewBatch:
    """A batch of codes for members one by one."""
    return NewBatch(chain_id=CHAIN, code=code, name_zh="生日券", name_en="Birthday", kind="member", size=size, **terms)
