"""What the rows of an imported file would come to: new, changed, unchanged or wrong. Reads, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from liushui.catalog.actions.change_item import unknown_categories
from liushui.catalog.actions.save_items import known_items, taken_gtins
from liushui.catalog.actions.save_prices import item_ids, key_of, row_of, values_of
from liushui.catalog.contracts import Category, NewItem, NewPrice, RowFault
from liushui.catalog.domain.checks import checked_item, checked_price
from liushui.catalog.domain.import_columns import Columns, Kind
from liushui.catalog.domain.import_values import (
    PriceCells,
    barcode,
    category_path,
    code,
    item_changes,
    price_cells,
)
from liushui.catalog.errors import InvalidItem, InvalidPrice, ItemConflict, UnknownCategory, UnknownItem
from liushui.catalog.models import PriceRow
from liushui.catalog.queries.items import find_items, one_of
from liushui.kernel.errors import LiushuiError
from liushui.runtime.places import ChainPlace, RegionPlace, StorePlace

Row = tuple[int, dict[str, str]]


@dataclass(kw_only=True)
class Judged:
    """A row and what became of it. `item` is set in item files; `price` where the row gives one."""

    line_number: int
    row: dict[str, str]  # by header
    cells: dict[str, str]  # by field
    sku: str = ""
    item: NewItem | None = None
    before: NewItem | None = None
    price: NewPrice | None = None
    price_before: int | None = None
    is_new: bool = False
    price_differs: bool = False
    fault: RowFault | None = None

    @property
    def state(self) -> str:
        """new | changed | unchanged | wrong"""
        if self.fault is not None:
            return "wrong"
        if self.is_new:
            return "new"
        return "changed" if self.price_differs or self.item != self.before else "unchanged"


@dataclass(kw_only=True)
class Judge:
    """Judges the rows of one file, chunk by chunk, remembering what came before in it."""

    kind: Kind
    columns: Columns
    chain: ChainPlace
    regions: Sequence[RegionPlace]
    stores: Sequence[StorePlace]
    zone: ZoneInfo
    now: datetime
    categories: Sequence[Category]
    _paths: dict[str, str] = field(default_factory=dict)
    _lines: dict[Any, int] = field(default_factory=dict)  # line on which a SKU, GTIN or price was given first

    def judge(self, rows: Sequence[Row]) -> list[Judged]:
        """Each row with its outcome. A constant number of queries."""
        fields = {header: name for name, header in self.columns.header_of.items()}
        judged = [
            Judged(line_number=line, row=row, cells={fields[h]: text for h, text in row.items() if h in fields})
            for line, row in rows
        ]
        self._find_skus(judged)
        if self.kind == "items":
            self._judge_items(judged)
        self._judge_prices(judged)
        return judged

    def _refuse(self, judged: Judged, error: LiushuiError) -> None:
        name = {
            "tax_rate_bp": "tax_rate",
            "cost_minor": "cost",
            "floor_price_minor": "floor_price",
            "amount_minor": "price",
        }
        place = (error.pointer or "").lstrip("/")
        judged.fault = RowFault(
            line_number=judged.line_number,
            column=self.columns.header_of.get(name.get(place, place), ""),
            reason=error.detail,
            remedy=error.remedy or "",
            row=judged.row,
        )

    def _find_skus(self, judged: Sequence[Judged]) -> None:
        """The SKU of each row: its own cell, else that of the item with its barcode, else the barcode itself."""
        without = {barcode(each.cells.get("gtin", "")) for each in judged if not code(each.cells.get("sku", ""))}
        known = find_items(chain_id=self.chain.id, codes=without - {""})
        for each in judged:
            number = barcode(each.cells.get("gtin", ""))
            each.sku = code(each.cells.get("sku", ""))
            if not each.sku:
                each.sku = known[number].sku if number in known else number
            if not each.sku:
                self._refuse(each, InvalidItem("The row has neither item code nor barcode", pointer="/sku"))

    def _judge_items(self, judged: Sequence[Judged]) -> None:
        blank = {
            each.sku: NewItem(chain_id=self.chain.id, sku=each.sku, name_zh="", name_en="")
            for each in judged
            if each.fault is None
        }
        known = known_items(list(blank.values())) if blank else {}
        for each in judged:
            if each.fault is None:
                each.before = known.get((self.chain.id, each.sku))
                each.is_new = each.before is None
                try:
                    each.item = self._item(each, each.before or blank[each.sku])
                    self._first_time(("sku", each.sku), each, "item code", "/sku")
                except LiushuiError as error:
                    self._refuse(each, error)
        right = [each for each in judged if each.fault is None and each.item is not None]
        missing = unknown_categories([each.item for each in right if each.item])
        taken = taken_gtins([each.item for each in right if each.item]) if right else {}
        for each in right:
            try:
                self._check_against_others(each, missing, taken)
            except LiushuiError as error:
                self._refuse(each, error)

    def _item(self, judged: Judged, base: NewItem) -> NewItem:
        changes = item_changes(judged.cells, currency=self.chain.currency)
        if changes.get("category"):
            changes["category"] = self._category(changes["category"])
        if "name_zh" in changes and not changes["name_zh"] and "name_en" not in changes:
            raise InvalidItem("The name is empty", pointer="/name_zh", remedy="Give the item a name.")
        return checked_item(replace(base, **changes))

    def _category(self, text: str) -> str:
        if text not in self._paths:
            self._paths[text] = category_path(text, self.categories)
        return self._paths[text]

    def _first_time(self, key: tuple[Any, ...], judged: Judged, what: str, pointer: str) -> None:
        line = self._lines.setdefault(key, judged.line_number)
        if line != judged.line_number:
            raise ItemConflict(
                f"The same {what} stands on line {line} already", pointer=pointer, remedy="Keep one of the two rows."
            )

    def _check_against_others(
        self, judged: Judged, missing: set[tuple[int, str]], taken: Mapping[tuple[int, str], str]
    ) -> None:
        item = judged.item
        assert item is not None  # nosec B101  # for the type checker
        if (item.chain_id, item.category) in missing:
            raise UnknownCategory(f"There is no category {item.category!r}", pointer="/category")
        if item.gtin:
            self._first_time(("gtin", item.gtin), judged, "barcode", "/gtin")
            other = taken.get((item.chain_id, item.gtin))
            if other is not None:
                raise ItemConflict(
                    f"Barcode {item.gtin} belongs to item {other!r}", pointer="/gtin", remedy="Correct one of the two."
                )

    def _judge_prices(self, judged: Sequence[Judged]) -> None:
        if "price" not in self.columns.header_of:
            return
        right = [each for each in judged if each.fault is None]
        ids = item_ids(chain_id=self.chain.id, skus={each.sku for each in right}) if right else {}
        on_record = self._prices_on_record(ids.values())
        for each in right:
            try:
                cells = price_cells(each.cells, currency=self.chain.currency, zone=self.zone)
                if self.kind == "prices":
                    self._check_price_row(each, cells, ids)
                if cells is not None:
                    self._price(each, cells, ids, on_record)
            except LiushuiError as error:
                self._refuse(each, error)

    def _check_price_row(self, judged: Judged, cells: PriceCells | None, ids: Mapping[str, int]) -> None:
        if cells is None:
            raise InvalidPrice("The price is empty", pointer="/price", remedy="Give a price, or take the row out.")
        if judged.sku not in ids:
            raise UnknownItem(
                f"The chain lists no item {judged.sku!r}", pointer="/sku", remedy="Import the item first."
            )

    def _prices_on_record(self, item_ids: Any) -> dict[int, list[PriceRow]]:
        wanted = list(item_ids)
        found: dict[int, list[PriceRow]] = {}
        for row in PriceRow.objects.filter(item_id__in=one_of(wanted)) if wanted else ():
            found.setdefault(row.item_id, []).append(row)
        return found

    def _price(
        self, judged: Judged, cells: PriceCells, ids: Mapping[str, int], on_record: Mapping[int, list[PriceRow]]
    ) -> None:
        region, store = self._place(cells)
        price = checked_price(
            NewPrice(
                chain_id=self.chain.id,
                sku=judged.sku,
                amount_minor=cells.amount_minor,
                starts_at=cells.starts_at or self.now,
                ends_at=cells.ends_at,
                region_id=region,
                store_id=store,
            )
        )
        self._first_time(("price", judged.sku, region, store, cells.starts_at), judged, "price", "/sku")
        judged.price = price
        item_id = ids.get(judged.sku)
        row = row_of(price, item_id=item_id or 0)
        here = [
            known
            for known in on_record.get(row.item_id, ())
            if (known.level, known.place_id) == (row.level, row.place_id)
        ]
        if cells.starts_at is None:
            # "From now on": the same amount in force already, however long, is no change; so a file may be sent again.
            open_now = [p for p in here if p.starts_at <= self.now and (p.ends_at is None or p.ends_at > self.now)]
            before = max(open_now, key=lambda p: p.starts_at, default=None)
        else:
            before = next((p for p in here if key_of(p) == key_of(row)), None)
        judged.price_before = before.amount_minor if before else None
        judged.price_differs = before is None or values_of(before) != values_of(row)
        judged.is_new = judged.is_new or (self.kind == "prices" and before is None)

    def _place(self, cells: PriceCells) -> tuple[int | None, int | None]:
        if cells.region and cells.store:
            raise InvalidPrice("A price is for a region or for a store, not both", pointer="/region")
        if cells.store:
            for store in self.stores:
                if store.code == cells.store:
                    if store.currency != self.chain.currency:
                        raise InvalidPrice(
                            f"Store {store.code} sells in {store.currency}, this file is in {self.chain.currency}",
                            pointer="/store",
                            remedy="Set its prices on the page of the item.",
                        )
                    return None, store.id
            raise InvalidPrice(f"The chain has no store {cells.store!r}", pointer="/store")
        if cells.region:
            for region in self.regions:
                if region.code == cells.region:
                    return region.id, None
            raise InvalidPrice(f"The chain has no region {cells.region!r}", pointer="/region")
        return None, None
