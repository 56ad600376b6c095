"""What others see of portal. The shopper's own pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from liushui.loyalty.contracts import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """A member who is signed in on the portal. `subject_id` leads to the personal data, by way of privacy."""

    session_id: UUID
    member: Member
    subject_id: UUID
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A place where a member is signed in."""

    id: UUID
    begun_at: datetime
    expires_at: datetime
    agent: str
    is_this: bool
