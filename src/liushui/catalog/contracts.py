"""What others see of the items a chain sells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from liushui.runtime.places import StorePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something a chain sells. `category` is a path of codes, `food/snacks/chips`."""

    id: int
    chain_id: int
    sku: str
    gtin: str  # 14 digits, or empty
    name_zh: str
    name_en: str
    category: str
    brand: str
    unit: str  # piece, kg, …: what one unit of quantity is called
    weighed: bool
    tax_rate_bp: int  # basis points; 1300 is 13 %
    tax_code: str  # 税收分类编码, 19 digits, or empty
    discountable: bool
    cost_minor: int | None  # present unit cost, tax excluded, minor units of the chain's currency
    image_url: str
    is_active: bool
    tags: tuple[str, ...]  # short codes, in order
    floor_price_minor: int | None  # what no promotion takes a unit below; tax included, in the chain's currency


class Goods(NamedTuple):
    """What promotions ask of an item. A plain tuple: all items of a chain are asked for at once."""

    sku: str
    category: str
    brand: str
    discountable: bool
    tags: tuple[str, ...]
    floor_unit_price: int  # minor units of the chain's currency; 0 without one, and for what is sold by weight


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedItem:
    """An item as a store sells it at an instant. `unit_price_minor` is None when no price applies there and then."""

    item: Item
    unit_price_minor: int | None  # tax included, as the shopper sees it; per kg for weighed goods
    units: int = 1
    measure_value: int | None = None  # grams read from a weighed-goods barcode
    measure_unit: str | None = None
    extended_minor: int | None = None  # price of the piece, when the barcode carries it or its weight
    floor_unit_price_minor: int = 0  # per kg for weighed goods; 0 too where the store sells in another currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Codes to be priced together: what one sale at one store and instant names."""

    store: StorePlace
    at: datetime
    codes: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to be listed, or brought to these values when (chain, sku) is known."""

    chain_id: int
    sku: str
    name_zh: str
    name_en: str
    gtin: str = ""
    category: str = ""
    brand: str = ""
    unit: str = "piece"
    weighed: bool = False
    tax_rate_bp: int = 0
    tax_code: str = ""
    discountable: bool = True
    cost_minor: int | None = None
    image_url: str = ""
    tags: tuple[str, ...] = ()
    floor_price_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price from an instant on: for the chain, or for one region, or for one store (the narrowest wins)."""

    chain_id: int
    sku: str
    amount_minor: int
    starts_at: datetime
    ends_at: datetime | None = None
    region_id: int | None = None
    store_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCategory:
    """A node of the category tree, or new names for a known one."""

    chain_id: int
    path: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A node of the category tree."""

    id: int
    chain_id: int
    path: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price as it stands in the books: for the chain, or for one region, or for one store."""

    id: int
    item_id: int
    region_id: int | None
    store_id: int | None
    amount_minor: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """A page of found items, best first. `total` stops counting at SEARCH_MAX when a text was searched for."""

    items: tuple[Item, ...]
    total: int
    total_is_capped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a bulk save came to, in rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


SEARCH_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """A row of an import that cannot be taken: where, why, and what to do."""

    line_number: int
    column: str  # the header as it stands in the file; empty when it is the row as a whole
    reason: str
    remedy: str
    row: Mapping[str, str]  # cells by header, as they were sent


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """A row as it would be after the import. `changes` are (field, before, after)."""

    line_number: int
    state: str  # new | changed | unchanged | wrong
    sku: str
    name_zh: str
    name_en: str
    changes: tuple[tuple[str, str, str], ...] = ()
    fault: RowFault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """What an import of a file would begin with. It can be run when `missing` is empty."""

    columns: tuple[tuple[str, str], ...]  # (field, header)
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    encoding: str
    rows: tuple[PreviewRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """An import under way or over."""

    id: UUID
    chain_id: int
    kind: str  # items | prices
    file_name: str
    subject_name: str
    created_at: datetime
    status: str  # preview | waiting | running | done | cancelled | failed
    rows_total: int
    rows_done: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_wrong: int
    failure: str
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status not in ("waiting", "running")
