"""What a basket comes to, and why: the engine's answer (docs/reference/promotions.md, "Answer")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liushui.promotions.domain.basket_json import Basket, write_basket
from liushui.promotions.domain.canonical import digest
from liushui.promotions.domain.units import Run, paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The part of a promotion's amount that fell on one line, minor units."""

    promotion: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """One line priced. `runs` are its units with what is paid for each, as units.py holds them."""

    id: str
    gross: int
    discount: int
    net: int
    runs: tuple[Run, ...]
    allocations: tuple[Allocation, ...]

    def units(self) -> list[int]:
        """The paid values unit by unit, in order."""
        return [value for value, count in paid(self.runs) for _ in range(count)]

    def to_json(self) -> dict[str, Any]:
        """As in the answer's `lines`."""
        return {
            "id": self.id,
            "gross": self.gross,
            "discount": self.discount,
            "net": self.net,
            "units": self.units(),
            "allocations": [{"promotion": each.promotion, "amount": each.amount} for each in self.allocations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedShipping:
    """One delivery charge priced."""

    id: str
    amount: int
    discount: int
    allocations: tuple[Allocation, ...]

    def to_json(self) -> dict[str, Any]:
        """As in the answer's `shipping_lines`."""
        return {
            "id": self.id,
            "amount": self.amount,
            "discount": self.discount,
            "net": self.amount - self.discount,
            "allocations": [{"promotion": each.promotion, "amount": each.amount} for each in self.allocations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one promotion: applied with an amount, or rejected with a reason (a JSON object)."""

    id: str
    status: str  # applied | rejected
    amount: int = 0
    applications: int = 0
    unused: int = 0  # minor units that floors and caps kept from being given
    reason: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As in the answer's `promotions`."""
        if self.status != "applied":
            return {"id": self.id, "status": self.status, "reason": dict(self.reason or {})}
        document: dict[str, Any] = {
            "id": self.id,
            "status": self.status,
            "amount": self.amount,
            "applications": self.applications,
        }
        return document | ({"unused": self.unused} if self.unused else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """How sure it is that no set of promotions is better. `gap` is total - lower_bound; `nodes` the work done."""

    mode: str  # best | sequential
    proven: bool
    lower_bound: int
    gap: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedBasket:
    """The answer. gross and discount are of the lines; shipping is what is left to pay of it; total = both together."""

    currency: str
    total: int
    gross: int
    discount: int
    shipping: int
    lines: tuple[PricedLine, ...]
    shipping_lines: tuple[PricedShipping, ...]
    promotions: tuple[Outcome, ...]
    near_misses: tuple[Mapping[str, Any], ...]  # {"id", "reason": {"path", "have", "need"}}
    offers: tuple[Mapping[str, Any], ...]  # {"promotion", "sku", "qty", "percent"}: gifts that may be put on the basket
    issued: tuple[Mapping[str, Any], ...]  # {"promotion", "batch", "for"}
    points_multiply: int  # basis points
    points_add: int
    certificate: Certificate
    rulebook_version: str
    rulebook_digest: str
    basket: Basket

    @property
    def basket_digest(self) -> str:
        """sha256:… of the basket in normal form."""
        return digest(write_basket(self.basket))

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values, keys in the order of the reference."""
        return {
            "total": self.total,
            "gross": self.gross,
            "discount": self.discount,
            "shipping": self.shipping,
            "currency": self.currency,
            "lines": [line.to_json() for line in self.lines],
            "shipping_lines": [line.to_json() for line in self.shipping_lines],
            "promotions": [each.to_json() for each in self.promotions],
            "near_misses": [dict(each) for each in self.near_misses],
            "offers": [dict(each) for each in self.offers],
            "issued": [dict(each) for each in self.issued],
            "points": {"multiply": self.points_multiply, "add": self.points_add},
            "certificate": {
                "mode": self.certificate.mode,
                "proven": self.certificate.proven,
                "lower_bound": self.certificate.lower_bound,
                "gap": self.certificate.gap,
                "nodes": self.certificate.nodes,
            },
            "rulebook": {"version": self.rulebook_version, "digest": self.rulebook_digest},
            "basket_digest": self.basket_digest,
        }
