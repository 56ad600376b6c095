"""Who may see and change a chain's loyalty programme: it reaches every store, so changing it needs the whole chain."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import NotAllowed
from liushui.loyalty.errors import UnknownProgramme
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Kind, register_kind

READ, WRITE, APPROVE = "member.read", "loyalty.write", "loyalty.approve"
PUBLISH = "loyalty.publish"  # the kind of approval


def register_programme_kind() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    register_kind(Kind(name=PUBLISH, title=_("Publish rules of members"), capability=APPROVE))


def require_whole_chain(principal: Principal, *capabilities: str, chain_id: int) -> None:
    """Raise NotAllowed unless one of these capabilities is held in the whole chain."""
    if not any(chain_id in principal.whole_chains(capability) for capability in capabilities):
        wanted = " or ".join(repr(capability) for capability in capabilities)
        raise NotAllowed(
            f"This needs the right {wanted} in the whole chain",
            remedy="Ask the person who manages access for a role with it.",
        )


def require_seen(principal: Principal, *, chain_id: int, what: str) -> None:
    """Raise UnknownProgramme unless the principal sees this chain's programme: others learn nothing."""
    if not any(chain_id in principal.chains(capability) for capability in (READ, WRITE, APPROVE)):
        raise UnknownProgramme(f"There is no {what}, or it is not yours to see")
