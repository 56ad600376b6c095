"""What the cells of an imported row mean. Every function raises InvalidItem or InvalidPrice that names the field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from liushui.catalog.contracts import Category
from liushui.catalog.domain.tags import split_tags
from liushui.catalog.errors import InvalidItem, InvalidPrice, UnknownCategory
from liushui.kernel.errors import InvalidValue
from liushui.kernel.gtin import check_digit
from liushui.kernel.money import parse_minor

_YES = frozenset(["1", "y", "yes", "true", "t", "是", "对", "√", "✓", "真", "有"])
_NO = frozenset(["", *["0", "n", "no", "false", "f", "否", "不", "×", "x", "假", "无"]])
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


def plain(text: str) -> str:
    """A cell with full-width letters and digits made plain, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def money(text: str, *, currency: str, field: str) -> int:
    """Minor units of "12.5", "¥1,234.50" or "１２．５"."""
    digits = plain(text).strip("¥$€£元 ")
    if _THOUSANDS.fullmatch(digits):
        digits = digits.replace(",", "")
    try:
        return parse_minor(digits, currency)
    except InvalidValue as error:
        raise InvalidItem(error.detail, pointer=f"/{field}", remedy=error.remedy) from None


def tax_rate_bp(text: str) -> int:
    """Basis points of "13%", "13", "0.13" or "1300bp": a number below one is a fraction, any other a percentage."""
    cell = plain(text).casefold()
    if not cell:
        return 0
    try:
        if cell.endswith("bp"):
            rate = Decimal(cell[:-2])
        else:
            number = Decimal(cell.rstrip("% "))
            rate = number * (10_000 if number < 1 and not cell.endswith("%") else 100)
    except InvalidOperation:
        rate = Decimal("NaN")
    if rate.is_nan() or rate != rate.to_integral_value() or not 0 <= rate <= 10_000:
        raise InvalidItem(f"{text!r} is not a tax rate", pointer="/tax_rate", remedy="Write 13%, 13 or 0.13.")
    return int(rate)


def flag(text: str, *, field: str) -> bool:
    """A yes or no in the words that people use; empty is no."""
    cell = plain(text).casefold()
    if cell in _YES:
        return True
    if cell in _NO:
        return False
    raise InvalidItem(f"{text!r} is neither yes nor no", pointer=f"/{field}", remedy="Write 是 or 否, yes or no.")


def code(text: str) -> str:
    """A SKU as it was sent: Excel's ".0" behind a number is taken off."""
    cell = plain(text)
    return cell[:-2] if cell.endswith(".0") and cell[:-2].isdigit() else cell


def barcode(text: str) -> str:
    """A GTIN whose leading zeros a spreadsheet may have eaten: they are put back when the check digit says so."""
    cell = code(text).replace(" ", "").replace("-", "")
    if cell.isascii() and cell.isdigit() and 6 <= len(cell) < 14 and len(cell) not in (8, 12, 13):
        wanted = 8 if len(cell) < 8 else 12
        if check_digit(cell[:-1]) == int(cell[-1]):
            return cell.rjust(wanted, "0")
    return cell


def instant(text: str, *, zone: ZoneInfo, field: str, is_end: bool = False) -> datetime | None:
    """A date or a time; without an offset it is on the wall clock of `zone`. Empty is None.

    A date starts with its first moment; as an end it counts whole, so the end is the next midnight.
    """
    cell = plain(text)
    if not cell:
        return None
    match = _DATE.match(cell)
    try:
        if match is None:
            raise ValueError
        day = date(*(int(part) for part in match.groups()))
        rest = cell[match.end() :].strip().lstrip("T").strip()
        at = datetime.fromisoformat(f"{day.isoformat()}T{rest or '00:00'}")
    except ValueError:
        raise InvalidPrice(
            f"{text!r} is not a date or time", pointer=f"/{field}", remedy="Write 2026-12-31 or 2026-12-31 08:00."
        ) from None
    if is_end and (not rest or rest in ("00:00", "00:00:00")) and at.tzinfo is None:
        at = datetime.combine(day + timedelta(days=1), time(0))
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def item_changes(row: Mapping[str, str], *, currency: str) -> dict[str, Any]:
    """The fields of a NewItem that a row gives; `row` holds the cells by field, absent columns being absent.

    An empty cell empties the field; an empty cost is an unknown one, an empty floor price none.
    """
    changes: dict[str, Any] = {}
    for field in ("name_zh", "name_en", "category", "brand", "tax_code", "image_url"):
        if field in row:
            changes[field] = row[field].strip()
    if "gtin" in row:
        changes["gtin"] = barcode(row["gtin"])
    if row.get("unit", "").strip():
        changes["unit"] = row["unit"].strip()
    if "weighed" in row:
        changes["weighed"] = flag(row["weighed"], field="weighed")
    if plain(row.get("discountable", "")):
        changes["discountable"] = flag(row["discountable"], field="discountable")
    if "tax_rate" in row:
        changes["tax_rate_bp"] = tax_rate_bp(row["tax_rate"])
    if "tags" in row:
        changes["tags"] = split_tags(row["tags"])
    for field in ("cost", "floor_price"):
        if field in row:
            amount = money(row[field], currency=currency, field=field) if plain(row[field]) else None
            changes[f"{field}_minor"] = amount
    return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCells:
    """What a row says of a price. `starts_at` None: from now on."""

    amount_minor: int
    region: str
    store: str
    starts_at: datetime | None
    ends_at: datetime | None


def price_cells(row: Mapping[str, str], *, currency: str, zone: ZoneInfo) -> PriceCells | None:
    """The price that a row gives; None for an empty cell."""
    if not plain(row.get("price", "")):
        return None
    return PriceCells(
        amount_minor=money(row["price"], currency=currency, field="price"),
        region=code(row.get("region", "")),
        store=code(row.get("store", "")),
        starts_at=instant(row.get("starts_at", ""), zone=zone, field="starts_at"),
        ends_at=instant(row.get("ends_at", ""), zone=zone, field="ends_at", is_end=True),
    )


def category_path(text: str, categories: Sequence[Category]) -> str:
    """The path of codes of a category given by it, by its path of names, or by a name that stands once in the tree."""
    wanted = "/".join(part.strip() for part in text.replace(">", "/").strip("/").split("/"))
    if any(node.path == wanted for node in categories):
        return wanted
    full_names: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for node in categories:
        above = node.path.rpartition("/")[0]
        for names, name in zip(full_names, (node.name_zh, node.name_en), strict=True):
            names[node.path] = f"{names.get(above, '')}/{name}".strip("/")
    found = {
        path
        for names in full_names
        for path, full in names.items()
        if wanted.casefold() in (full.casefold(), full.rpartition("/")[2].casefold())
    }
    if len(found) == 1:
        return found.pop()
    detail = f"{text!r} names {len(found)} categories" if found else f"There is no category {text!r}"
    remedy = "Write its whole path." if found else "Choose one of the category tree, or add it there first."
    raise UnknownCategory(detail, pointer="/category", remedy=remedy)
