"""One person asks, another decides: the one mechanism by which maker and checker are never the same (职责分离).

A module registers a kind with the capability that its checker needs. `request` writes it down, `decide` ends it by one
conditional statement, so that of two checkers at once one decides and the other is told who did; `use` takes what was
approved, once, in the transaction of the deed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.kernel.ids import new_id
from liushui.runtime import audit
from liushui.runtime.access import CAPABILITIES, Principal
from liushui.runtime.models import ApprovalRow
from liushui.runtime.scrub import without_people

Outcome = Literal["pending", "approved", "rejected", "withdrawn", "expired", "used"]
STATES = ("pending", "approved", "rejected", "withdrawn")
WAITS = timedelta(hours=24)
REASON_MAX = 400
_SAID = {
    "pending": "pending", "approved": "approved", "rejected": "rejected", "withdrawn": "withdrawn",
    "expired": "expired",
}  # fmt: skip


class SamePerson(NotAllowed):
    """Nobody approves what he asked for himself."""

    type = "same-person"


class AlreadyDecided(Conflict):
    """Somebody else has decided this already."""

    type = "already-decided"


class ApprovalMissing(NotAllowed):
    """This needs the approval of another person."""

    type = "approval-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that whoever decides should know of a request, in his language. A receipt that is named leads to it,
    for those who see the receipts of its store."""

    label: str
    text: str
    sale_id: UUID | None = None
    store_id: int | None = None


def _no_facts(asked: Approval) -> Sequence[Fact]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of request. `title` is what people read; `capability` what its checker must hold in the place; `facts`
    tells from the request what it is about, the gist first."""

    name: str
    title: Any  # lazy translation
    capability: str
    facts: Callable[[Approval], Sequence[Fact]] = _no_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request and, once there is one, its decision. Times are aware; `payload` is the module's own JSON."""

    id: UUID
    kind: str
    target: str
    chain_id: int
    store_id: int | None
    payload: dict[str, Any] = field(default_factory=dict)
    amount_minor: int | None
    currency: str
    reason: str
    requested_by: str
    requested_by_name: str
    requested_at: datetime
    expires_at: datetime
    state: str  # pending | approved | rejected | withdrawn
    decided_by: str
    decided_by_name: str
    decided_at: datetime | None
    decision_reason: str
    used_at: datetime | None

    def state_at(self, now: datetime) -> str:
        """The state as people see it: a request that nobody decided in time is expired."""
        return _end(self.state, self.expires_at, now)

    def outcome_at(self, now: datetime) -> Outcome:
        """The state as the program that asked sees it: `used` once it has served, `expired` when it never can."""
        if self.used_at is not None:
            return "used"
        waits = self.state in ("pending", "approved")
        return "expired" if waits and self.expires_at <= now else self.state  # type: ignore[return-value]  # as stored


_kinds: dict[str, Kind] = {}
_FIELDS = tuple(Approval.__dataclass_fields__)


def register_kind(kind: Kind) -> None:
    """Make a kind known; modules do so when they are loaded."""
    if kind.capability not in CAPABILITIES:
        raise ValueError(f"no such capability: {kind.capability}")
    _kinds[kind.name] = kind


def kind(name: str) -> Kind:
    """A registered kind; raises KeyError."""
    return _kinds[name]


def request(
    *,
    kind: str,
    target: str,
    chain_id: int,
    store_id: int | None,
    reason: str,
    principal: Principal,
    now: datetime,
    payload: dict[str, Any] | None = None,
    amount_minor: int | None = None,
    currency: str = "",
    waits: timedelta = WAITS,
) -> Approval:
    """Ask. The same person asking the same thing again, while it waits, gets the request that waits."""
    known = _kinds[kind]
    text = _checked_reason(reason)
    with transaction.atomic():
        waiting = _pending(now).filter(kind=kind, target=target, requested_by=principal.subject)
        row = waiting.order_by("-id").first()
        if row is not None and row.payload == (payload or {}) and row.amount_minor == amount_minor:
            return _view(row)
        row = ApprovalRow.objects.create(
            id=new_id(), kind=known.name, target=target, chain_id=chain_id, store_id=store_id, payload=payload or {},
            amount_minor=amount_minor, currency=currency, reason=text, requested_by=principal.subject,
            requested_by_name=principal.name, requested_at=now, expires_at=now + waits,
        )  # fmt: skip
        audit.record(
            principal=principal, action="approval.request", target=target, chain_id=chain_id, store_id=store_id,
            after={"kind": kind, "approval": str(row.id), "amount_minor": amount_minor}, reason=text,
        )  # fmt: skip
    return _view(row)


def decide(*, approval_id: UUID, approve: bool, principal: Principal, now: datetime, reason: str = "") -> Approval:
    """Approve or reject what waits.

    Raises NotFound for one outside the places where the principal holds the kind's capability, SamePerson for one's
    own, AlreadyDecided, naming who did, when it no longer waits. Deciding again what one decided so answers the same.
    """
    before = ApprovalRow.objects.filter(id=approval_id).first()
    if before is None or not _may_decide(before, principal):
        raise NotFound("There is no such request, or it is not yours to decide")
    if before.requested_by == principal.subject:
        raise SamePerson("You asked for this yourself", remedy="Ask another person who may approve it.")
    state = "approved" if approve else "rejected"
    text = without_people(reason.strip(), longest=REASON_MAX)
    with transaction.atomic():
        changed = (
            _pending(now)
            .filter(id=approval_id)
            .update(
                state=state,
                decided_by=principal.subject,
                decided_by_name=principal.name,
                decided_at=now,
                decision_reason=text,
            )
        )
        if changed:
            audit.record(
                principal=principal, action=f"approval.{state}", target=before.target, chain_id=before.chain_id,
                store_id=before.store_id, after={"kind": before.kind, "approval": str(before.id)}, reason=text,
            )  # fmt: skip
    row = ApprovalRow.objects.get(id=approval_id)
    if not changed and (row.decided_by, row.state) != (principal.subject, state):
        end = _end(row.state, row.expires_at, now)
        if not row.decided_by:
            raise AlreadyDecided(f"This request is {_SAID[end]}")
        name = row.decided_by_name
        raise AlreadyDecided(f"{name} has approved this" if row.state == "approved" else f"{name} has rejected this")
    return _view(row)


def withdraw(*, approval_id: UUID, principal: Principal, now: datetime) -> bool:
    """Take one's own request back while it waits; whether it did. Afterwards nothing happens."""
    with transaction.atomic():
        waiting = _pending(now).filter(id=approval_id, requested_by=principal.subject)
        changed = waiting.update(state="withdrawn", decided_at=now)
        if changed:
            row = ApprovalRow.objects.get(id=approval_id)
            audit.record(
                principal=principal, action="approval.withdrawn", target=row.target, chain_id=row.chain_id,
                store_id=row.store_id, after={"kind": row.kind, "approval": str(row.id)},
            )  # fmt: skip
    return changed > 0


def use(*, approval_id: UUID, kind: str, target: str, now: datetime) -> Approval:
    """Take an approval for the deed it is for, once: call it in the deed's transaction. Raises ApprovalMissing."""
    changed = ApprovalRow.objects.filter(
        id=approval_id, kind=kind, target=target, state="approved", used_at=None, expires_at__gt=now
    ).update(used_at=now)
    if not changed:
        raise ApprovalMissing("There is no approval for this that is still good", remedy="Ask for one.")
    return _view(ApprovalRow.objects.get(id=approval_id))


def approval(*, approval_id: UUID) -> Approval:
    """One request, for the module that made it; raises NotFound."""
    row = ApprovalRow.objects.filter(id=approval_id).first()
    if row is None:
        raise NotFound(f"There is no request {approval_id}")
    return _view(row)


def shown(*, approval_id: UUID, principal: Principal) -> Approval:
    """One request, to those who asked for it or may decide it; raises NotFound to others."""
    row = ApprovalRow.objects.filter(id=approval_id).first()
    if row is None or not (row.requested_by == principal.subject or _may_decide(row, principal)):
        raise NotFound("There is no such request, or it is not yours to see")
    return _view(row)


def facts(asked: Approval) -> Sequence[Fact]:
    """What whoever decides should know of it, by the module that made its kind; nothing of a kind that is gone."""
    known = _kinds.get(asked.kind)
    return known.facts(asked) if known is not None else ()


def still_good(
    *, kind: str, target: str, chain_id: int, store_id: int | None, principal: Principal, now: datetime
) -> tuple[Approval, ...]:
    """What this person asked for one thing in one place and what still waits or may still be used, the newest first."""
    rows = ApprovalRow.objects.filter(
        state__in=["pending", "approved"], chain_id=chain_id, store_id=store_id, kind=kind, target=target,
        requested_by=principal.subject, used_at=None, expires_at__gt=now,
    )  # fmt: skip
    return tuple(_view(row) for row in rows.order_by("-id")[:50])


def last_of(*, kind: str, target: str, chain_id: int, principal: Principal) -> Approval:
    """What this person asked last for one thing, whatever became of it; raises NotFound."""
    rows = ApprovalRow.objects.filter(
        state__in=STATES, chain_id=chain_id, kind=kind, target=target, requested_by=principal.subject
    )
    row = rows.order_by("-id").first()
    if row is None:
        raise NotFound("You asked for nothing of this kind")
    return _view(row)


def waiting(*, principal: Principal, now: datetime) -> tuple[Approval, ...]:
    """What waits for this person's decision, the oldest first; one's own requests are not among it. One query."""
    rows = _waiting_for(principal, now).order_by("id")[:500]
    return tuple(_view(row) for row in rows)


def waiting_count(*, principal: Principal, now: datetime) -> int:
    """How much waits for this person's decision; no query for those who decide nothing."""
    if not any(principal.may(kind.capability) for kind in _kinds.values()):
        return 0
    return _waiting_for(principal, now).count()


def asked(*, principal: Principal, now: datetime) -> tuple[Approval, ...]:
    """What this person asked for and nobody has decided yet, the newest first."""
    rows = _pending(now).filter(requested_by=principal.subject).order_by("-id")[:500]
    return tuple(_view(row) for row in rows)


def history(
    *,
    principal: Principal,
    now: datetime | None = None,
    state: str = "",
    kind: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[Approval, ...]:
    """What was asked by this person or is decided by those who hold its capability there, the newest first.

    `state` is pending, approved, rejected, withdrawn or, with `now`, expired; empty is all.
    """
    rows = ApprovalRow.objects.filter(_decidable(principal) | Q(requested_by=principal.subject))
    if before is not None:
        rows = rows.filter(id__lt=before)
    if kind:
        rows = rows.filter(kind=kind)
    if state == "expired":
        rows = rows.filter(state="pending", expires_at__lte=now or datetime.now(UTC))
    elif state == "pending":
        rows = rows.filter(state="pending", expires_at__gt=now or datetime.now(UTC))
    elif state:
        rows = rows.filter(state=state)
    return tuple(_view(row) for row in rows.order_by("-id")[:limit])


def kinds() -> tuple[Kind, ...]:
    """All registered kinds, by name."""
    return tuple(_kinds[name] for name in sorted(_kinds))


def _waiting_for(principal: Principal, now: datetime) -> QuerySet[ApprovalRow]:
    return _pending(now).filter(_decidable(principal)).exclude(requested_by=principal.subject)


def _pending(now: datetime) -> QuerySet[ApprovalRow]:
    return ApprovalRow.objects.filter(state="pending", expires_at__gt=now)


def _decidable(principal: Principal) -> Q:
    """Rows of kinds and places where the principal holds the capability; nothing for one who holds none."""
    found = Q(pk__in=[])
    for kind in _kinds.values():
        if principal.may(kind.capability):
            found |= Q(kind=kind.name, store_id__in=principal.stores(kind.capability))
            found |= Q(kind=kind.name, store_id=None, chain_id__in=principal.whole_chains(kind.capability))
    return found


def _may_decide(row: ApprovalRow, principal: Principal) -> bool:
    known = _kinds.get(row.kind)
    if known is None:
        return False
    if row.store_id is None:
        return row.chain_id in principal.whole_chains(known.capability)
    return row.store_id in principal.stores(known.capability)


def _end(state: str, expires_at: datetime, now: datetime) -> str:
    return "expired" if state == "pending" and expires_at <= now else state


def _checked_reason(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > REASON_MAX or "\0" in text:
        raise InvalidValue(f"Give a reason of 1 to {REASON_MAX} characters", pointer="/reason")
    return without_people(text, longest=REASON_MAX)


def _view(row: ApprovalRow) -> Approval:
    return Approval(**{name: getattr(row, name) for name in _FIELDS})
