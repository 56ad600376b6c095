"""Who may see and change a chain's promotions: they reach every store, so changing needs the whole chain."""

from __future__ import annotations

from liushui.kernel.errors import NotAllowed
from liushui.promotions.errors import UnknownRulebook
from liushui.runtime.access import Principal

READ, WRITE, APPROVE = "promotion.read", "promotion.write", "promotion.approve"


def require_whole_chain(principal: Principal, *capabilities: str, chain_id: int) -> None:
    """Raise NotAllowed unless one of these capabilities is held in the whole chain."""
    if not any(chain_id in principal.whole_chains(capability) for capability in capabilities):
        wanted = " or ".join(repr(capability) for capability in capabilities)
        raise NotAllowed(
            f"This needs the right {wanted} in the whole chain",
            remedy="Ask the person who manages access for a role with it.",
        )


def require_seen(principal: Principal, *, chain_id: int, what: str) -> None:
    """Raise UnknownRulebook unless the principal sees this chain's promotions: others learn nothing."""
    if chain_id not in principal.chains(READ):
        raise UnknownRulebook(f"There is no {what}, or it is not yours to see")
