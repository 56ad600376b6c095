"""The door of returns: what other modules may ask. What comes back to a shopper for goods that come back."""

from __future__ import annotations

from liushui.returns.actions.quote_return import quote_return
from liushui.returns.actions.quote_unreceipted import quote_unreceipted
from liushui.returns.policies import policy, policy_view, return_codes, save_policy

__all__ = [
    "policy",
    "policy_view",
    "quote_return",
    "quote_unreceipted",
    "return_codes",
    "save_policy",
]
