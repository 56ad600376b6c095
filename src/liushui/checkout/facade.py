"""The door of checkout: complete one sale or many."""

from __future__ import annotations

from liushui.checkout.actions.complete_sales import complete_sale, complete_sales

__all__ = ["complete_sale", "complete_sales"]
