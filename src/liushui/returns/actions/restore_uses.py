"""Give a shopper's coupons and limits back once all of a sale has come back, where the chain wants that; and take them
again when such a return is voided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from liushui.kernel.errors import NotFound
from liushui.orders import facade as orders
from liushui.orders.contracts import ForReturn
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import order_key
from liushui.returns.policies import policy


def restore_uses(*, originals: Sequence[tuple[int, UUID]], now: datetime) -> int:
    """For these (chain, sale) of which something came back; returns for how many anything was given back. Safe to
    repeat. Coupons that the sale handed out are void again, whatever the chain wants of those that it used, but for
    those that were used meanwhile."""
    restored = 0
    for chain_id, sale_id in originals:
        try:
            found = orders.for_return(sale_id=sale_id, chain_id=chain_id)
        except NotFound:
            continue
        if is_all_back(found):
            summary = found.sale.summary
            key = order_key(source=summary.source, source_id=summary.source_id)
            is_restored = policy(chain_id=chain_id).coupons_back == "full_return"
            give_back = promotions.return_uses if is_restored else promotions.void_issued
            restored += give_back(order_key=key, now=now)
    return restored


def take_uses_again(*, originals: Sequence[tuple[int, UUID]], now: datetime) -> int:
    """For these (chain, sale) of which a return was voided: what that return had given back is used again, unless all
    came back meanwhile; for how many there was anything. Safe to repeat."""
    taken = 0
    for chain_id, sale_id in originals:
        found = orders.for_return(sale_id=sale_id, chain_id=chain_id)
        summary = found.sale.summary
        key = order_key(source=summary.source, source_id=summary.source_id)
        if summary.status != "completed" or is_all_back(found):
            continue
        taken += promotions.take_again(order_key=key, sale_id=sale_id, now=now)
        if orders.for_return(sale_id=sale_id, chain_id=chain_id).sale.summary.status != "completed":
            promotions.return_uses(order_key=key, now=now)  # voided meanwhile, before there was anything to give back
    return taken


def is_all_back(found: ForReturn) -> bool:
    """Whether every unit that the sale sold has come back."""
    back = found.so_far.lines
    return all(
        line.line_number in back and back[line.line_number].units == line.units
        for line in found.sale.lines
        if not line.is_return
    )
