"""Who speaks when somebody acts on his own data: for the audit log."""

from __future__ import annotations

from uuid import UUID

from liushui.kernel.errors import NotAllowed
from liushui.privacy.errors import ReasonMissing, UnknownSubject
from liushui.runtime.access import Principal
from liushui.runtime.scrub import scrubbed

REASON_MAX = 400


def actor(principal: Principal | None, *, subject_id: UUID) -> Principal:
    """The principal, or the person himself where there is none."""
    return principal or Principal(subject=f"subject:{subject_id}", name="", grants=())


def require(principal: Principal | None, capability: str, *, chain_id: int) -> None:
    """Raise unless this is the person himself, or somebody with the capability anywhere in the person's chain."""
    if principal is None:
        return
    principal.require(capability)
    if chain_id not in principal.chains(capability):
        raise UnknownSubject("There is no such person in your chains")


def require_capability(principal: Principal, capability: str, *, chain_id: int) -> None:
    """As `require`, for a capability over a whole chain."""
    principal.require(capability)
    if chain_id not in principal.whole_chains(capability):
        raise NotAllowed(f"This needs the right {capability!r} in the whole chain")


def checked_reason(reason: str) -> str:
    """A reason as it may be kept: phone numbers and addresses that somebody typed into it are hidden."""
    text = " ".join(str(scrubbed(reason)).split())
    if len(text) < 2 or len(text) > REASON_MAX:
        raise ReasonMissing(f"A reason has 2 to {REASON_MAX} characters", pointer="/reason")
    return text
