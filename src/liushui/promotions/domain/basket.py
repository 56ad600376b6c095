"""The basket that the engine prices, with its parts."""

from __future__ import annotations

from liushui.promotions.domain.basket_json import Basket
from liushui.promotions.domain.basket_parts import Code, Line, Member, Shipping, Usage

__all__ = ["Basket", "Code", "Line", "Member", "Shipping", "Usage"]
