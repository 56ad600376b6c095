"""What others see of promotions."""

from __future__ import annotations

from liushui.promotions.domain.answer import Allocation, Certificate, Outcome, PricedBasket, PricedLine, PricedShipping
from liushui.promotions.domain.basket import Basket, Code, Line, Member, Shipping, Usage
from liushui.promotions.domain.rulebook import Promotion, Rulebook

__all__ = [
    "Allocation",
    "Basket",
    "Certificate",
    "Code",
    "Line",
    "Member",
    "Outcome",
    "PricedBasket",
    "PricedLine",
    "PricedShipping",
    "Promotion",
    "Rulebook",
    "Shipping",
    "Usage",
]
