"""The door of returns: what other modules may ask. What comes back to a shopper for goods that come back."""

from __future__ import annotations

from liushui.returns.actions.apply_returns import apply_returns
from liushui.returns.actions.quote_return import quote_return
from liushui.returns.actions.quote_unreceipted import quote_unreceipted
from liushui.returns.actions.record_return_details import record_return_details
from liushui.returns.actions.restore_uses import restore_uses, take_uses_again
from liushui.returns.lists import return_details, return_sums, returns
from liushui.returns.policies import policy, policy_view, return_codes, save_policy

__all__ = [
    "apply_returns",
    "policy",
    "policy_view",
    "quote_return",
    "quote_unreceipted",
    "record_return_details",
    "restore_uses",
    "return_codes",
    "return_details",
    "return_sums",
    "returns",
    "save_policy",
    "take_uses_again",
]
