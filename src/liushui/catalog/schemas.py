"""Bodies and answers of the catalogue's API. Money is in minor units of the chain's currency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

from liushui.catalog.contracts import Item, NewItem

Count = Annotated[int, Field(ge=0, le=10**15)]
Text = Annotated[str, Field(max_length=200)]


class ItemBody(Schema):
    """The values of an item; those that are left out get what stands here."""

    model_config = ConfigDict(extra="forbid")

    name_zh: Text = ""
    name_en: Text = ""
    gtin: str = Field("", max_length=14, description="GTIN-8, -12, -13 or -14, with its check digit.")
    category: str = Field("", max_length=200, description="Path of codes, food/snacks; it must exist.")
    brand: str = Field("", max_length=128)
    unit: str = Field("piece", min_length=1, max_length=32)
    weighed: bool = False
    tax_rate_bp: int = Field(0, ge=0, le=10_000, description="Basis points: 1300 is 13 %.")
    tax_code: str = Field("", max_length=19, description="税收分类编码, 19 digits.")
    discountable: bool = True
    cost_minor: Count | None = None
    image_url: str = Field("", max_length=400)
    is_active: bool = True
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=[], max_length=64, description="Short codes for rules and searches: up to 16 of 1 to 32 characters."
    )
    floor_price_minor: Count | None = Field(
        None, description="No promotion takes a unit (a kilogram of weighed goods) below it. Tax included."
    )

    def new_item(self, *, chain_id: int, sku: str) -> NewItem:
        """The body as a command."""
        values = self.model_dump(exclude={"is_active", "sku", "tags"})
        return NewItem(chain_id=chain_id, sku=sku, tags=tuple(self.tags), **values)


class BatchItem(ItemBody):
    """An item of a batch."""

    sku: str = Field(min_length=1, max_length=64)


class BatchBody(Schema):
    """Up to 1,000 items."""

    items: list[BatchItem] = Field(min_length=1, max_length=1000)


class ItemAnswer(Schema):
    """An item."""

    sku: str
    gtin: str = Field(description="14 digits, or empty.")
    name_zh: str
    name_en: str
    category: str
    brand: str
    unit: str
    weighed: bool
    tax_rate_bp: int
    tax_code: str
    discountable: bool
    cost_minor: int | None = Field(
        description="None when unknown, and to readers without report.read or catalog.write."
    )
    image_url: str
    is_active: bool
    tags: list[str] = Field(description="In the order of the alphabet, in small letters.")
    floor_price_minor: int | None


class ItemsAnswer(Schema):
    """A page of items, best first when a text was searched for."""

    items: list[ItemAnswer]
    total: int
    total_is_capped: bool = Field(description="Whether there are more than `total`, which then stops counting.")


class ResultAnswer(Schema):
    """What became of one entry of a batch, in the order sent."""

    sku: str
    status: int
    problem: dict[str, object] | None = None


class ResultsAnswer(Schema):
    """What became of a batch."""

    results: list[ResultAnswer]


class PriceBody(Schema):
    """A price: of the chain, or of one region, or of one store."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(min_length=1, max_length=64)
    amount_minor: Count
    starts_at: datetime = Field(description="With offset.")
    ends_at: datetime | None = Field(None, description="With offset; the price applies up to but without it.")
    region: str = Field("", description="Code of the region.")
    store: str = Field("", description="Code of the store.")


class PricesBody(Schema):
    """Up to 1,000 prices."""

    prices: list[PriceBody] = Field(min_length=1, max_length=1000)


class PriceAnswer(Schema):
    """A price as it stands in the books."""

    amount_minor: int
    starts_at: datetime
    ends_at: datetime | None
    region: str
    store: str


class PricesAnswer(Schema):
    """The prices of an item in all places, the latest start first."""

    prices: list[PriceAnswer]


def item_answer(item: Item, *, with_cost: bool) -> ItemAnswer:
    """An item as the API shows it."""
    values = {name: getattr(item, name) for name in ItemAnswer.model_fields}
    return ItemAnswer(**values | ({} if with_cost else {"cost_minor": None}))
