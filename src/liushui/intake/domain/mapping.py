"""A mapping file: how somebody else's columns become our sale. Reference: docs/reference/mapping.md."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from liushui.intake.domain.expressions import (
    Condition,
    Expression,
    columns_of,
    parse_condition,
    parse_expression,
)
from liushui.intake.domain.section import Section, did_you_mean
from liushui.intake.domain.values import NumberFormat, TimeFormat
from liushui.intake.errors import MappingError
from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent
from liushui.kernel.quantity import MEASURE_UNITS
from liushui.orders.contracts import TENDER_TYPES

FORMATS = ("auto", "csv", "excel", "jsonl", "parquet")
ENCODINGS = ("auto", "utf-8", "utf-8-sig", "gb18030", "cp1252", "utf-16")
HEADER_TEXTS = ("store", "channel", "workstation", "operator", "receipt_number", "customer")
LINE_TEXTS = ("code", "name", "category")
LINE_MONEY = ("amount", "regular", "tax", "cost")
ITEM_TEXTS = ("sku", "gtin", "name_zh", "name_en", "brand", "unit")
CREATABLE = ("stores", "items")
ITEMS_PREFIX = "items."


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """How the file is written."""

    format: str
    encoding: str
    delimiter: str  # empty: found by the first line
    sheet: str
    header_row: int
    missing: frozenset[str]
    numbers: NumberFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainForm:
    """Where the sales belong, and what may be created there."""

    code: str
    name_zh: str
    name_en: str
    currency: str
    time_zone: str
    region: str
    create_missing: frozenset[str]
    accept_unknown_items: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Goods sold by measure: one unit, with this much of `unit`."""

    when: Condition
    value: Expression
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountForm:
    """A part of the discount of every line."""

    code: str
    name: str
    amount: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderForm:
    """A way of paying, summed over the rows of a document; `amount` None is what the others leave."""

    type: str
    method: Expression | None
    amount: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsForm:
    """How items are described: in a file of their own, or (`from_sales`) in the sales file's rows."""

    from_sales: bool
    key: str  # column of the items file that equals `sales_key` of the sales file
    sales_key: str
    texts: dict[str, Expression]
    category: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A parsed mapping file."""

    name: str
    title: str
    source: str
    text: str
    file: FileForm
    chain: ChainForm
    id_columns: tuple[str, ...]
    id_separator: str
    differing: frozenset[str]
    completed_at_columns: tuple[str, ...]
    completed_at: TimeFormat
    header: dict[str, Expression]
    line: dict[str, Expression]
    units: Expression | None
    rounds: bool
    returned_when: Condition | None
    measures: tuple[Measure, ...]
    discounts: tuple[DiscountForm, ...]
    tenders: tuple[TenderForm, ...]
    items: ItemsForm | None
    store_names: dict[str, Expression]

    @property
    def sha256(self) -> str:
        """Names this very text of the mapping."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def expressions(self) -> Iterator[Expression]:
        """Every expression over sales rows."""
        yield from self.header.values()
        yield from self.line.values()
        yield from self.store_names.values()
        yield from (measure.value for measure in self.measures)
        yield from (discount.amount for discount in self.discounts)
        for tender in self.tenders:
            yield from (part for part in (tender.method, tender.amount) if part is not None)
        if self.units is not None:
            yield self.units
        if self.items is not None and self.items.from_sales:
            yield from self.items.texts.values()
            yield from self.items.category

    def columns(self) -> frozenset[str]:
        """Every column of the sales rows that is read, those joined from the items file with their prefix."""
        names = {*self.id_columns, *self.completed_at_columns}
        names.update(name for expression in self.expressions() for name in columns_of(expression))
        names.update(measure.when.column for measure in self.measures)
        if self.returned_when is not None:
            names.add(self.returned_when.column)
        return frozenset(names)

    def sales_columns(self) -> frozenset[str]:
        """Columns that the sales file must have."""
        own = {name for name in self.columns() if not name.startswith(ITEMS_PREFIX)}
        return frozenset(own | ({self.items.sales_key} if self.reads_items_file() and self.items else set()))

    def items_columns(self) -> frozenset[str]:
        """Columns that the items file must have."""
        names = {name.removeprefix(ITEMS_PREFIX) for name in self.columns() if name.startswith(ITEMS_PREFIX)}
        if self.items is not None and not self.items.from_sales:
            names.add(self.items.key)
            for expression in (*self.items.texts.values(), *self.items.category):
                names.update(columns_of(expression))
        return frozenset(names)

    def reads_items_file(self) -> bool:
        """Whether a second file with the items has to be given."""
        return self.items is not None and not self.items.from_sales


def parse_mapping(text: str, *, name: str) -> Mapping:
    """A mapping from TOML; raises MappingError with the path of what is wrong and what was likely meant."""
    try:
        root = Section(tomllib.loads(text), "")
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping is not TOML: {error}", remedy="See docs/reference/mapping.md.") from None
    lookups = _lookups(root)
    sale, line = root.section("sale"), root.section("line")
    items = root.section("items") if "items" in root else None
    mapping = Mapping(
        name=root.text("name", name),
        title=root.text("title", name),
        source=root.text("source", name),
        text=text,
        file=_file(root.section("file")),
        chain=_chain(root.section("chain")),
        id_columns=_id_columns(sale),
        id_separator=sale.text("id_separator", "-"),
        differing=_differing(sale),
        **_completed_at(sale),
        header=_expressions(sale, HEADER_TEXTS, lookups, required=("store",)),
        line=_expressions(line, (*LINE_TEXTS, *LINE_MONEY), lookups, required=("code", "amount")),
        units=_optional(line, "units", lookups),
        rounds=line.choice("round", ("refuse", "half-up"), "refuse") == "half-up",
        returned_when=parse_condition(line.get("returned_when"), line.at("returned_when"))
        if "returned_when" in line
        else None,
        measures=tuple(_measure(part, lookups) for part in line.sections("measured")),
        discounts=tuple(_discount(part, lookups) for part in line.sections("discounts")),
        tenders=tuple(_tender(part, lookups) for part in root.sections("tenders")),
        items=_items(items, lookups) if items is not None else None,
        store_names=_expressions(names := root.section("stores"), ("name_zh", "name_en"), lookups),
    )
    for section in (sale, line, names, root):
        section.finish()
    _check_whole(mapping)
    return mapping


def _lookups(root: Section) -> dict[str, dict[str, str]]:
    tables = root.get("lookups", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise root.wrong("lookups", "is not a set of tables", 'Write [lookups.name], then lines such as WX = "wechat".')
    return {name: {str(key): str(value) for key, value in table.items()} for name, table in tables.items()}


def _check_whole(mapping: Mapping) -> None:
    if any(name.startswith(ITEMS_PREFIX) for name in mapping.columns()) and not mapping.reads_items_file():
        raise MappingError(
            "Columns beginning with 'items.' need an [items] table that reads an items file",
            remedy="Add [items] with key, or take the column from the sales file.",
        )
    if sum(tender.amount is None for tender in mapping.tenders) > 1:
        raise MappingError("Only one of [[tenders]] can take the rest", pointer="tenders")
    if mapping.discounts and "regular" not in mapping.line:
        raise MappingError("[[line.discounts]] need line.regular", pointer="line.regular")


def _expressions(
    section: Section, keys: tuple[str, ...], lookups: dict[str, Any], required: tuple[str, ...] = ()
) -> dict[str, Expression]:
    for key in required:
        section.required(key)
    return {key: parse_expression(section.get(key), section.at(key), lookups) for key in keys if key in section}


def _optional(section: Section, key: str, lookups: dict[str, Any]) -> Expression | None:
    return parse_expression(section.get(key), section.at(key), lookups) if key in section else None


def _file(section: Section) -> FileForm:
    numbers = NumberFormat(section.text("decimal_point", "."), section.text("thousands"))
    if len(numbers.decimal_point) != 1 or numbers.decimal_point == numbers.thousands:
        raise section.wrong("decimal_point", "must be one character, other than `thousands`")
    form = FileForm(
        format=section.choice("format", FORMATS, "auto"),
        encoding=section.choice("encoding", ENCODINGS, "auto"),
        delimiter=section.text("delimiter"),
        sheet=section.text("sheet"),
        header_row=section.whole("header_row", 1),
        missing=frozenset(section.texts("missing")),
        numbers=numbers,
    )
    section.finish()
    return form


def _zone(section: Section, key: str, default: str) -> str:
    zone = section.text(key, default)
    if zone and zone not in available_timezones():
        raise section.wrong(
            key, f"{zone!r} is not an IANA time zone", did_you_mean(zone, ["Asia/Shanghai", *available_timezones()])
        )
    return zone if not zone else ZoneInfo(zone).key


def _chain(section: Section) -> ChainForm:
    create = section.texts("create_missing")
    for word in create:
        if word not in CREATABLE:
            raise section.wrong("create_missing", f"{word!r} cannot be created", did_you_mean(word, CREATABLE))
    currency = section.required("currency")
    try:
        exponent(currency)
    except InvalidValue as error:
        raise section.wrong("currency", error.detail, error.remedy) from None
    code = section.text("code")
    form = ChainForm(
        code=code,
        name_zh=section.text("name_zh", section.text("name_en", code)),
        name_en=section.text("name_en", code),
        currency=currency,
        time_zone=_zone(section, "time_zone", "Asia/Shanghai"),
        region=section.text("region", "main"),
        create_missing=frozenset(create),
        accept_unknown_items=section.flag("accept_unknown_items"),
    )
    section.finish()
    return form


def _id_columns(sale: Section) -> tuple[str, ...]:
    raw = sale.required("id")
    columns = (raw,) if isinstance(raw, str) else sale.texts("id")
    if not columns:
        raise sale.wrong("id", "names no column")
    return columns


def _differing(sale: Section) -> frozenset[str]:
    known = ("completed_at", *HEADER_TEXTS)
    for word in sale.texts("differing"):
        if word not in known:
            raise sale.wrong("differing", f"{word!r} is not a field of the sale", did_you_mean(word, known))
    return frozenset(sale.texts("differing"))


def _completed_at(sale: Section) -> dict[str, Any]:
    sale.required("completed_at")
    section = sale.section("completed_at")
    columns = section.texts("columns") if "columns" in section else (section.text("column"),)
    if not all(columns):
        raise section.wrong("column", "is missing", "Name the column with the time of the sale.")
    form = TimeFormat(
        form=section.text("format", "iso"),
        zone=_zone(section, "zone", ""),
        ambiguous=section.choice("ambiguous", ("refuse", "earlier", "later"), "refuse"),
        nonexistent=section.choice("nonexistent", ("refuse", "forward"), "refuse"),
    )
    section.finish()
    return {"completed_at_columns": columns, "completed_at": form}


def _measure(section: Section, lookups: dict[str, Any]) -> Measure:
    measure = Measure(
        when=parse_condition(section.required("when"), section.at("when")),
        value=parse_expression(section.required("value"), section.at("value"), lookups),
        unit=section.choice("unit", tuple(MEASURE_UNITS), ""),
    )
    section.finish()
    return measure


def _discount(section: Section, lookups: dict[str, Any]) -> DiscountForm:
    code = section.text("code")
    if not code:
        raise section.wrong("code", "is missing")
    discount = DiscountForm(
        code=code,
        name=section.text("name", code),
        amount=parse_expression(section.required("amount"), section.at("amount"), lookups),
    )
    section.finish()
    return discount


def _tender(section: Section, lookups: dict[str, Any]) -> TenderForm:
    takes_rest = section.required("amount") == "rest"
    tender = TenderForm(
        type=section.choice("type", TENDER_TYPES, ""),
        method=_optional(section, "method", lookups),
        amount=None if takes_rest else parse_expression(section.get("amount"), section.at("amount"), lookups),
    )
    section.finish()
    return tender


def _items(section: Section, lookups: dict[str, Any]) -> ItemsForm:
    from_sales = section.flag("from_sales")
    key = section.text("key")
    if not key and not from_sales:
        raise section.wrong("key", "is missing", "Name the column of the items file, or set from_sales = true.")
    raw = section.get("category", [])
    if not isinstance(raw, list):
        raise section.wrong("category", "is not a list of expressions", "One for each level, the widest first.")
    form = ItemsForm(
        from_sales=from_sales,
        key=key,
        sales_key=section.text("sales_key", key),
        texts=_expressions(section, ITEM_TEXTS, lookups, required=("sku",)),
        category=tuple(parse_expression(part, f"{section.at('category')}[{i}]", lookups) for i, part in enumerate(raw)),
    )
    section.finish()
    return form
