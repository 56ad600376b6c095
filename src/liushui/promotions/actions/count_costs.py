"""Count what promotions took off, from the events of recorded sales."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.promotions.domain.coupons import TEXT_MAX
from liushui.promotions.domain.uses import SoldWith
from liushui.runtime import bulk


def count_costs(*, sales: Sequence[SoldWith]) -> None:
    """Add these sales to the sums by chain and promotion, in one statement. Call it once for each event."""
    bulk.add_to_totals(
        table="promotions_cost",
        keys=("chain_id", "promotion_id"),
        sums=("receipts", "amount_minor"),
        rows=[
            (sale.chain_id, promotion_id, sale.receipts(amount), sale.sign * amount)
            for sale in sales
            for promotion_id, amount in sale.amounts.items()
            if amount and len(promotion_id) <= TEXT_MAX["promotion"]
        ],
    )
