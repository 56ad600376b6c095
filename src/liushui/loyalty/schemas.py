"""HTTP forms of gift cards: what the API takes and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

from liushui.loyalty.contracts import GIFT_CARDS_MAX, TEXT_MAX, VALUE_MAX_MINOR

CODES_AT_ONCE = 5_000
Key = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]+$")]
Text = Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Field(min_length=1, max_length=TEXT_MAX["reason"], pattern=r"^[^\x00]+$")]


class _Body(Schema):
    model_config = ConfigDict(extra="forbid")


class GiftCardIssueBody(_Body):
    """Gift cards to be made."""

    key: Key = Field(
        description="Your own id of this batch: sent again, the same batch is answered and no card is made twice."
    )
    count: Annotated[int, Field(strict=True, ge=1, le=GIFT_CARDS_MAX)]
    amount_minor: Annotated[int, Field(strict=True, ge=1, le=VALUE_MAX_MINOR)] | None = Field(
        None, description="What a card has to be sold for, in minor units; none: whatever is paid at the till."
    )
    note: Annotated[str, Field(max_length=TEXT_MAX["batch_note"])] = Field(
        "", description="What the cards are for. No personal data."
    )


class GiftCardBatchAnswer(Schema):
    """A batch of gift cards."""

    id: UUID
    state: Literal["making", "done", "stopped"]
    note: str
    count: int = Field(description="Asked for.")
    made: int
    amount_minor: int | None
    currency: str
    issued_at: datetime
    ended_at: datetime | None
    codes_told_at: datetime | None = Field(description="When the codes were taken out, by whomever.")
    blocked: int = Field(description="Cards that are blocked with the batch.")


class GiftCardCodesBody(_Body):
    """One taking out of codes."""

    request_id: UUID = Field(
        description="A random UUID that you keep to yourself until you have all codes: sent again within a day, the "
        "same codes are answered; any other is refused."
    )
    after: Annotated[int, Field(strict=True, ge=-1, le=2_000_000_000)] = Field(
        -1, description="Go on behind this place: `next` of the answer before."
    )
    limit: Annotated[int, Field(strict=True, ge=1, le=CODES_AT_ONCE)] = CODES_AT_ONCE


class GiftCardCode(Schema):
    """A card with its secret code, as it is printed."""

    number: str
    code: str


class GiftCardCodesAnswer(Schema):
    """Codes in the order in which the cards were made."""

    cards: list[GiftCardCode]
    next: int | None = Field(description="Where to go on; null at the end.")


class GiftCardBlockBody(_Body):
    """A block, or an unblocking to be asked for."""

    id: UUID = Field(description="Made by you: sent again, nothing is done twice.")
    reason: Reason = Field(description="It stands in the audit log. No personal data.")


class GiftCardBatchBlockAnswer(Schema):
    """How far the block of a batch has come."""

    id: UUID
    state: Literal["running", "done", "overtaken"]
    done: int = Field(description="Places that were looked at.")
    of: int
    blocked: int = Field(description="Cards that this block has blocked.")


class GiftCardApprovalAnswer(Schema):
    """What another person has to approve in the console."""

    approval_id: UUID
    state: Literal["pending", "approved", "rejected", "withdrawn", "expired"]
    expires_at: datetime


class GiftCardAnswer(Schema):
    """A gift card."""

    number: str
    state: Literal["issued", "active", "blocked", "expired"]
    currency: str
    balance_minor: int = Field(description="With what open orders hold.")
    held_minor: int
    activated_at: datetime | None
    ends_on: date | None = Field(description="The first day without it.")
