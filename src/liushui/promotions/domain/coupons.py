"""What a coupon is to those who use it: batches, codes found or refused, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from liushui.promotions.domain.basket import Code

BATCH_KINDS = ("unique", "shared", "member")
BatchKind = Literal["unique", "shared", "member"]
SIZE_MAX = 100_000_000  # codes of a batch
TEXT_MAX: dict[str, int] = {
    "batch": 64,
    "name": 200,
    "member": 64,
    "promotion": 128,
    "order_key": 200,
    "issue_key": 200,
    "code": 64,
    "reason": 400,
}
# Why a code is not taken: not known; known by its looks but mistyped; its code or batch was voided; used or reserved
# as often as it may be; outside its validity; another member's; for members only.
Problem = Literal["unknown", "mistyped", "void", "used", "not_started", "expired", "not_yours", "member_needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProblem:
    """A code that is not taken. `batch` is the batch's code where the batch is known."""

    code: str  # as it was given
    problem: Problem
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedCodes:
    """Codes for a basket, in the order given and each once, and those that are not taken.

    A code that no batch knows stands in both: without a batch in `codes`, since a rulebook may name a code of which
    there is no batch, and in `problems` as unknown. It is a problem for people only when no promotion asked for it.
    """

    codes: tuple[Code, ...]
    problems: tuple[CodeProblem, ...]
    found: Mapping[str, FoundCode] = field(default_factory=dict)  # by normal code: what was looked up

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCode:
    """A code that was looked up: its batch's terms, and what happened to it. `uses_max` None: without an end."""

    batch_id: int
    batch: str
    kind: BatchKind
    serial: int
    shared_code: str  # as it was written
    is_void: bool  # the code, or its batch
    valid_from: datetime | None
    valid_until: datetime | None
    member_id: str  # whose it is; empty: whoever has it
    uses: int
    uses_max: int | None
    member_uses: int  # by the member who asks
    uses_per_member_max: int | None
    order_key: str  # of the order that took it last

    def problem(self, *, member_id: str, now: datetime, order_key: str = "") -> Problem | None:
        """Why it cannot be used now by this member; what `order_key` holds itself is no hindrance."""
        if self.is_void:
            return "void"
        if self.valid_until is not None and now >= self.valid_until:
            return "expired"
        if self.valid_from is not None and now < self.valid_from:
            return "not_started"
        if not member_id and (self.kind == "member" or self.member_id or self.uses_per_member_max is not None):
            return "member_needed"
        if (self.member_id or member_id) != member_id:
            return "not_yours"
        own = 1 if order_key and self.order_key == order_key and self.uses else 0
        if self.uses_max is not None and self.uses - own >= self.uses_max:
            return "used"
        if self.uses_per_member_max is not None and self.member_uses - own >= self.uses_per_member_max:
            return "used"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch to be made. `size`: codes that may be handed out; of a shared one it is not asked for."""

    chain_id: int
    code: str
    name_zh: str
    name_en: str
    kind: BatchKind
    size: int = 1
    shared_code: str = ""
    uses_max: int | None = None
    uses_per_member_max: int | None = None
    valid_from: datetime | None = None  # aware, inclusive
    valid_until: datetime | None = None  # aware, exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponBatch:
    """A batch with its numbers now. `left`: uses that are still to be had; None for a shared code without an end."""

    id: int
    chain_id: int
    code: str
    name_zh: str
    name_en: str
    kind: BatchKind
    is_imported: bool
    size: int
    issued: int
    reserved: int
    used: int
    voided: int
    left: int | None
    uses_max: int | None
    uses_per_member_max: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    status: str  # active | void
    shared_code: str  # as it was written; empty for other kinds
    created_at: datetime
    created_by_name: str
    voided_at: datetime | None
    void_reason: str

    def state(self, *, now: datetime) -> str:
        """void, scheduled, ended, used_up, not_issued or live."""
        if self.status == "void":
            return "void"
        if self.valid_until is not None and now >= self.valid_until:
            return "ended"
        if self.valid_from is not None and now < self.valid_from:
            return "scheduled"
        if self.issued == 0:
            return "not_issued"
        return "used_up" if self.left == 0 and self.issued == self.size else "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeState:
    """One code as it stands. `state`: free, reserved, used or void; of a shared code the numbers say it."""

    batch: str
    kind: BatchKind
    serial: int
    state: str
    uses: int
    uses_max: int | None
    member_id: str
    order_key: str  # of the order that took it last
    sale_id: str
    changed_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    batch_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssue:
    """Serials that were handed out together, so that their codes can be made."""

    batch_id: int
    key: str
    first_serial: int
    count: int
    issued_at: datetime
    issued_by_name: str
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCode:
    """A code that belongs to a member, readable."""

    member_id: str
    code: str
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFault:
    """A row that was not taken: empty, too_short, too_long, twice (in the file), or taken (by another batch)."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesImported:
    """What an import came to. `known` codes were in the batch before; `faults` are the first of `wrong`."""

    batch: CouponBatch
    added: int
    known: int
    wrong: int
    faults: tuple[ImportFault, ...]
