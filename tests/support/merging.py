"""Merge two members as people must: by one person, or by two where the member that goes has value."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.loyalty.errors import MergeNeedsApproval
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal


def merge(*, keep_id: UUID, drop_id: UUID, chain_id: int, now: datetime) -> Member:
    """The member kept. A manager asks, finance approves where that is needed."""
    manager, finance = (_person(role, chain_id) for role in ("store_manager", "finance"))
    deed = {"keep_id": keep_id, "drop_id": drop_id, "reason": "twice", "principal": manager, "now": now}
    try:
        return facade.merge(**deed)  # type: ignore[arg-type]  # as named
    except MergeNeedsApproval:
        asked = facade.request_merge(merge_id=new_id(), **deed)  # type: ignore[arg-type]  # as named
        approvals.decide(approval_id=asked.id, approve=True, principal=finance, now=now)
        facade.settle_merges(now=now)
    return facade.merge(**deed)  # type: ignore[arg-type]  # as named; done before: answers the member kept


def _person(role: str, chain_id: int) -> Principal:
    return Principal(subject=f"staff:{role}", name=role.title(), grants=(Grant(role=role, chain_id=chain_id),))
