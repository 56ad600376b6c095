"""The door of checkout: complete one sale or many, and say what lines would come to."""

from __future__ import annotations

from liushui.checkout.actions.ask_approval import ask_approval, asked_approval, withdraw_approval
from liushui.checkout.actions.complete_sales import complete_sale, complete_sales
from liushui.checkout.actions.quote import quote
from liushui.checkout.actions.quote_sale import quote_sale

__all__ = [
    "ask_approval",
    "asked_approval",
    "complete_sale",
    "complete_sales",
    "quote",
    "quote_sale",
    "withdraw_approval",
]
