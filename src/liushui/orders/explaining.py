"""Who puts the stored explanation of a price into words: promotions, beside which orders stand; checkout, which knows
both, says so once at start."""

from __future__ import annotations

from collections.abc import Callable

from liushui.orders.contracts import ExplainedPrice, PriceExplanation, SaleSummary

Explainer = Callable[[int, SaleSummary, PriceExplanation], ExplainedPrice]  # chain, sale, what is stored

_explainer: Explainer | None = None


def set_explainer(explainer: Explainer) -> None:
    """Say who knows the words."""
    global _explainer
    _explainer = explainer


def explained(*, chain_id: int, sale: SaleSummary, stored: PriceExplanation | None) -> ExplainedPrice | None:
    """The words of a stored explanation."""
    return _explainer(chain_id, sale, stored) if _explainer is not None and stored is not None else None
