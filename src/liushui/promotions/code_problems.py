"""Whether a coupon code can count at all, whatever is on the basket: what a till asks when a code is entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from liushui.promotions.coupon_use_queries import resolve_codes
from liushui.promotions.domain.uses import coupon_leaves
from liushui.promotions.live import live_rulebook


def code_problems(
    *, chain_id: int, codes: Sequence[str], member_id: str | None, at: datetime, order_key: str = ""
) -> Mapping[str, str]:
    """By code as given: a Problem of `domain.coupons`. A code that no batch knows is good when the rulebook in force
    names it; where none is in force, no code counts. One statement, and that of the rulebook."""
    book = live_rulebook(chain_id=chain_id, at=at)
    if book is None:
        return dict.fromkeys(codes, "unknown")
    resolved = resolve_codes(chain_id=chain_id, codes=codes, member_id=member_id, now=at, order_key=order_key)
    found = {each.code: str(each.problem) for each in resolved.problems}
    if "unknown" in found.values():
        named = {leaf.code for each in book.rulebook.promotions for leaf in coupon_leaves(each.when)}
        found = {code: why for code, why in found.items() if why != "unknown" or code.strip() not in named}
    return found
