"""What pages and other modules see of programmes, tiers and trials: plain values without rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from liushui.loyalty.domain.programme import Programme

VersionState = Literal["scheduled", "live", "ended", "cancelled"]
DraftState = Literal["open", "in_review", "published", "discarded"]
RunStatus = Literal["waiting", "running", "done", "failed", "cancelled"]
Direction = Literal["up", "down", "grace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeVersion:
    """A published version as lists show it; `state` is at the instant asked about."""

    id: int
    chain_id: int
    number: int
    digest: str
    starts_at: datetime
    state: VersionState
    note: str
    published_at: datetime
    published_by_name: str
    draft_id: int
    cancelled_at: datetime | None
    cancelled_by_name: str
    cancel_reason: str
    programme: Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeDraft:
    """A draft. `document` is JSON in normal form, `programme` the same as rules."""

    id: int
    chain_id: int
    name: str
    base_id: int | None
    revision: int
    state: DraftState
    document: str
    programme: Programme
    starts_at: datetime | None
    note: str
    approval_id: UUID | None
    programme_id: int | None
    created_by_name: str
    changed_at: datetime
    changed_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """That a member came from one tier to another; empty codes stand for no tier."""

    member_id: UUID
    cause: str
    tier_before: str
    tier_after: str
    since: date
    spend_minor: int
    programme_number: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProgress:
    """Where a member stands at the end of a business day as it looks now."""

    tier: str
    tier_since: date | None
    tier_until: date | None  # not None: held although the spend is too little by now, to the end of this day
    spend_minor: int  # in the window
    window_first: date
    window_last: date
    next_tier: str  # empty: there is none higher
    next_spend_minor: int
    need_minor: int  # still to be spent for the next tier
    keep_minor: int  # still to be spent to keep the present tier; 0 when the window has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefits:
    """What a cashier may tell a member: his tier, how near the next one is, points and what they are worth."""

    progress: TierProgress
    points: int
    points_worth_minor: int
    points_expiring: int
    points_expire_on: date | None
    birthday: bool  # it is his birthday's time, and the programme has something for it
    birthday_multiplier_bp: int
    birthday_points: int  # still to come with the next purchase
    anniversary: bool
    anniversary_multiplier_bp: int
    anniversary_points: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCount:
    """How many members a tier has now and would have."""

    code: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A draft tried on the members as they are. Figures are None until it is done."""

    id: UUID
    chain_id: int
    draft_id: int
    revision: int
    day: date
    status: RunStatus
    members_total: int
    members_done: int
    ups: int | None
    downs: int | None
    graces: int | None
    tiers: tuple[TierCount, ...]
    points: int | None  # outstanding
    liability_before_minor: int | None  # what they are worth by the programme in force, and by the draft
    liability_after_minor: int | None
    problem: str
    started_by: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunMember:
    """A member whom the draft would move, or whose tier would be due to end."""

    member_id: UUID
    number: str
    tier_before: str
    tier_after: str
    until_after: date | None
    spend_minor: int
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHistory:
    """What a member had elsewhere before: points, a tier, and (day, spend, purchases) of business days."""

    member_id: UUID
    points: int = 0
    tier: str = ""
    tier_since: date | None = None
    days: tuple[tuple[date, int, int], ...] = ()
