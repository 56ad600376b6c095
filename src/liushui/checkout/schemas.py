"""The quote as JSON. Amounts are minor units of the store's currency."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Discriminator, Field, Tag

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]
Value = Annotated[int, Field(ge=-(10**15), le=10**15)] | Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class _Body(Schema):
    model_config = ConfigDict(extra="forbid", strict=True)


class QuoteLine(_Body):
    """One line of the basket."""

    code: Name = Field(description="A SKU, a GTIN or a scanned barcode.")
    units: int = Field(1, ge=1, le=1_000_000)
    measure_value: int | None = Field(None, ge=0, le=10**9, description="For weighed goods.")
    measure_unit: Annotated[str, Field(pattern="^(g|ml|mm)$")] | None = None
    is_gift: bool = Field(False, description="Put on the basket because a promotion offers it.")


class QuoteMember(_Body):
    """The shopper as known to whoever asks."""

    id: Name
    tier: Name | None = None
    groups: list[Name] = Field(default_factory=list, max_length=100)
    birthday: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")] | None = Field(
        None, description="MM-DD"
    )
    completed_orders: int = Field(0, ge=0, le=10**9, description="Orders that were not cancelled, this one excluded.")
    attributes: dict[str, Value] = Field(default_factory=dict, max_length=100)


def _kind_of_shopper(stated: object) -> str:
    return "#number" if isinstance(stated, str) else "#shopper"


# The tags name the way that was taken; errors leave them out of the pointer (app/api.py).
QuoteShopper = Annotated[
    Annotated[QuoteMember, Tag("#shopper")]
    | Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[^\x00]+$"), Tag("#number")],
    Discriminator(_kind_of_shopper),
]


class QuoteShipping(_Body):
    """A delivery charge."""

    id: Name
    method: Name
    amount_minor: int = Field(ge=0, le=10**12)


class QuoteBody(_Body):
    """What is asked: a basket at a store, at this moment."""

    store: Name = Field(description="Code of the store.")
    chain: Text = Field("", description="Code of the chain; needed only by a client of several.")
    channel: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[^\x00]+$")] = "web"
    lines: list[QuoteLine] = Field(min_length=1, max_length=1000)
    codes: list[Name] = Field(default_factory=list, max_length=50, description="Coupon codes that the shopper gave.")
    member: QuoteShopper | None = Field(
        None, description="The number of a member here, or the shopper as the asker knows him; null: nobody."
    )
    shipping: list[QuoteShipping] = Field(default_factory=list, max_length=20)
    payment_method: Name | None = None


class QuotedDiscount(Schema):
    """What one promotion takes off a line."""

    promotion: str
    name: str
    amount_minor: int


class QuotedLineAnswer(Schema):
    """A line as it would be sold."""

    line_number: int = Field(description="1, 2, … in the order sent; `answer` names the line so.")
    code: str
    sku: str
    name_zh: str
    name_en: str
    units: int
    regular_minor: int
    discount_minor: int
    amount_minor: int
    tax_minor: int = Field(description="The tax within the amount.")
    discounts: list[QuotedDiscount]


class CodeProblemAnswer(Schema):
    """A code that does not count, and why."""

    code: str
    problem: str


class QuoteAnswer(Schema):
    """What the basket comes to at this moment, and why. Nothing is held: the sale is priced again when it is sent."""

    store: str
    currency: str
    lines: list[QuotedLineAnswer]
    regular_minor: int
    discount_minor: int
    shipping_minor: int = Field(description="What remains to be paid of the delivery charges.")
    total_minor: int = Field(description="Lines and delivery.")
    tax_minor: int
    code_problems: list[CodeProblemAnswer]
    answer: dict[str, Any] | None = Field(
        description="The promotion engine's answer with certificate and reasons (docs/reference/promotions.md); None "
        "where no rulebook is in force."
    )
