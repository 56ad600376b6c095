"""Who puts the stored explanation of a price into words: promotions, beside which orders stand; checkout, which knows
both, says so once at start."""

from __future__ import annotations

from collections.abc import Callable

from liushui.orders.contracts import ExplainedPrice, PriceExplanation

Explainer = Callable[[int, str, PriceExplanation], ExplainedPrice]  # chain, currency, what is stored

_explainer: Explainer | None = None


def set_explainer(explainer: Explainer) -> None:
    """Say who knows the words."""
    global _explainer
    _explainer = explainer


def explained(*, chain_id: int, currency: str, stored: PriceExplanation | None) -> ExplainedPrice | None:
    """The words of a stored explanation."""
    return _explainer(chain_id, currency, stored) if _explainer is not None and stored is not None else None
