"""HTTP forms of coupons: what the API takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from liushui.promotions.domain.coupons import TEXT_MAX

Text = Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
MemberNumber = Annotated[str, Field(min_length=1, max_length=TEXT_MAX["member"], pattern=r"^[^\x00]+$")]
CODES_AT_ONCE = 10_000


class IssueCommand(Schema):
    """Either `count` codes under a `key`, or one code for each of `members`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    key: Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")] = Field(
        "", description="Your own id of this handing out: sent again, the same codes are answered and none is added."
    )
    count: Annotated[int, Field(ge=1, le=CODES_AT_ONCE)] | None = None
    members: list[MemberNumber] | None = Field(None, min_length=1, max_length=CODES_AT_ONCE)


class IssuedCode(Schema):
    """A code handed out; it is not kept."""

    code: str
    number: int | None = Field(None, description="Its place in the batch; of codes that belong to nobody.")
    member: str | None = None


class IssueAnswer(Schema):
    """Codes handed out. `is_repeat`: all of them had been handed out before."""

    batch: str
    is_repeat: bool
    codes: list[IssuedCode]


class CodeAnswer(Schema):
    """How one code stands."""

    batch: str
    kind: Literal["unique", "shared", "member"]
    number: int
    state: Literal["free", "reserved", "used", "void"]
    uses: int = Field(description="Reserved and used.")
    uses_max: int | None = Field(description="None: without an end.")
    member: str
    order: str = Field(description="The order that has it.")
    sale_id: str
    valid_from: datetime | None
    valid_until: datetime | None
    batch_status: Literal["active", "void"]
