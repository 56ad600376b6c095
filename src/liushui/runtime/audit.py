"""The audit log: who did what to which thing, from where, and what it was before and after. Rows never change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from liushui.kernel.errors import InvalidValue
from liushui.kernel.ids import new_id
from liushui.runtime.access import Principal
from liushui.runtime.models import AuditEntry
from liushui.runtime.scrub import without_people

REASON_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log. `before` and `after` hold the changed values only."""

    id: UUID
    at: datetime
    subject: str
    subject_name: str
    action: str
    target: str
    chain_id: int | None
    store_id: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str
    reason: str


def record(
    *,
    principal: Principal,
    action: str,
    target: str,
    chain_id: int | None = None,
    store_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one line, in the transaction of the change it tells, so that neither is there without the other.

    A change in one store names `store_id`, any other change in a chain `chain_id`: their auditors read the line.

    `action` is a noun and a verb (sale.void), `target` a kind and an id (sale:0199…). Values are JSON; when both
    sides are given, those that are equal on both are left out.
    """
    if len(reason) > REASON_MAX:
        raise InvalidValue(f"The reason is longer than {REASON_MAX} characters", pointer="/reason")
    if before is not None and after is not None:
        same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
        before = {name: value for name, value in before.items() if name not in same}
        after = {name: value for name, value in after.items() if name not in same}
    AuditEntry.objects.create(
        id=new_id(),
        at=datetime.now(UTC),
        subject=principal.subject,
        subject_name=principal.name,
        action=action,
        target=target,
        chain_id=chain_id,
        store_id=store_id,
        before=before,
        after=after,
        address=principal.address,
        reason=without_people(reason, longest=REASON_MAX),
    )


def entries(
    *,
    store_ids: Collection[int] | None = None,
    chain_ids: Collection[int] = (),
    subject: str = "",
    action: str = "",
    target: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[Entry, ...]:
    """The newest lines first, at most `limit`; the next page is `before` the last id of this one.

    `store_ids` None is the whole log; otherwise only lines of these stores, of these whole chains and, for readers of
    any whole chain, of no place at all (an installation's own affairs).
    `subject` and `target` match whole, `action` whole or as its first part ("sale" finds "sale.void").
    `since` is included, `until` is not.
    """
    rows = AuditEntry.objects.all()
    if store_ids is not None:
        rows = rows.filter(_within(store_ids=store_ids, chain_ids=chain_ids))
    if subject:
        rows = rows.filter(subject=subject)
    if target:
        rows = rows.filter(target=target)
    if action:
        rows = rows.filter(action=action) | rows.filter(action__startswith=f"{action}.")
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return tuple(Entry(**row) for row in rows.order_by("-id").values()[:limit])


def _within(*, store_ids: Collection[int], chain_ids: Collection[int]) -> Q:
    place = Q(store_id__in=store_ids)
    if chain_ids:
        place |= Q(store_id=None, chain_id__in=chain_ids) | Q(store_id=None, chain_id=None)
    return place
