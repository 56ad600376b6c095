"""The forms that the fields of items, prices and categories take. Each function returns the normal form or raises."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.catalog.domain.tags import checked_tags
from liushui.catalog.errors import InvalidItem, InvalidPrice
from liushui.kernel.errors import InvalidValue
from liushui.kernel.gtin import normal_gtin

_TAX_CODE = re.compile(r"\d{19}", re.ASCII)
_IMAGE = re.compile(r"(https://[^\s/]+)?/\S*")
AMOUNT_MINOR_MAX = 10**15


def checked_item(item: NewItem) -> NewItem:
    """The item with every field in its normal form; raises InvalidItem, whose pointer names the field.

    A name that is missing in one language is taken from the other. The GTIN comes out with 14 digits.
    """
    name_zh, name_en = item.name_zh.strip(), item.name_en.strip()
    if not (name_zh or name_en):
        raise InvalidItem("The item has no name", pointer="/name_zh", remedy="Give a Chinese or an English name.")
    _within(item.tax_rate_bp, 0, 10_000, "tax_rate_bp", "A tax rate lies between 0 and 10000 basis points")
    if item.cost_minor is not None:
        _within(item.cost_minor, 0, AMOUNT_MINOR_MAX, "cost_minor", "A cost is not negative")
    if item.floor_price_minor is not None:
        _within(item.floor_price_minor, 0, AMOUNT_MINOR_MAX, "floor_price_minor", "A floor price is zero or more")
    if item.tax_code and not _TAX_CODE.fullmatch(item.tax_code):
        raise InvalidItem(
            f"{item.tax_code!r} is not a 税收分类编码",
            pointer="/tax_code",
            remedy="It has 19 digits; fill up with zeros at the right.",
        )
    if item.image_url and not _IMAGE.fullmatch(item.image_url):
        raise InvalidItem(
            f"{item.image_url!r} is not the address of an image",
            pointer="/image_url",
            remedy="Give an https:// address, or a path that begins with a slash.",
        )
    return replace(
        item,
        sku=_text(item.sku, "sku", shortest=1, longest=64),
        gtin=_gtin(item.gtin),
        name_zh=_text(name_zh or name_en, "name_zh", shortest=1, longest=200),
        name_en=_text(name_en or name_zh, "name_en", shortest=1, longest=200),
        category=checked_path(item.category) if item.category else "",
        brand=_text(item.brand, "brand", shortest=0, longest=128),
        unit=_text(item.unit, "unit", shortest=1, longest=32),
        image_url=_text(item.image_url, "image_url", shortest=0, longest=400),
        tags=checked_tags(item.tags),
    )


def checked_path(text: str) -> str:
    """A category path: codes of 1 to 64 characters with slashes between, 200 characters at most."""
    codes = [code.strip() for code in text.strip().strip("/").split("/")]
    path = "/".join(codes)
    if len(path) > 200 or any(not 1 <= len(code) <= 64 for code in codes):
        raise InvalidItem(
            f"{text!r} is not a category path", pointer="/category", remedy="Write codes with slashes, as food/snacks."
        )
    return _text(path, "category", shortest=1, longest=200)


def checked_category(category: NewCategory) -> NewCategory:
    """The category with every field in its normal form; a missing name is taken from the other language."""
    path = checked_path(category.path)
    name_zh, name_en = category.name_zh.strip(), category.name_en.strip()
    last = path.rsplit("/", 1)[-1]
    return replace(
        category,
        path=path,
        name_zh=_text(name_zh or name_en or last, "name_zh", shortest=1, longest=128),
        name_en=_text(name_en or name_zh or last, "name_en", shortest=1, longest=128),
    )


def checked_price(price: NewPrice) -> NewPrice:
    """The price, when it can be; raises InvalidPrice, whose pointer names the field."""
    if type(price.amount_minor) is not int or not 0 <= price.amount_minor <= AMOUNT_MINOR_MAX:
        raise InvalidPrice(
            f"{price.amount_minor!r} is not a price", pointer="/amount_minor", remedy="Give zero or more."
        )
    if price.starts_at.tzinfo is None or (price.ends_at is not None and price.ends_at.tzinfo is None):
        raise InvalidPrice("The time has no zone", pointer="/starts_at", remedy="Give an offset, such as +08:00.")
    if price.ends_at is not None and price.ends_at <= price.starts_at:
        raise InvalidPrice("The price ends before it starts", pointer="/ends_at")
    if price.region_id is not None and price.store_id is not None:
        raise InvalidPrice("A price is for a region or for a store, not both", pointer="/region_id")
    return replace(price, sku=price.sku.strip())


def _gtin(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return normal_gtin(text)
    except InvalidValue as error:
        raise InvalidItem(error.detail, pointer="/gtin", remedy=error.remedy) from None


def _text(text: str, field: str, *, shortest: int, longest: int) -> str:
    plain = _plain(text)
    if not shortest <= len(plain) <= longest:
        raise InvalidItem(f"{field} has {shortest} to {longest} characters, not {len(plain)}", pointer=f"/{field}")
    return plain


def _plain(text: str) -> str:
    """Text on one line: control characters and runs of blanks come from broken sources and become one blank."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


def _within(number: int, lowest: int, highest: int, field: str, detail: str) -> None:
    if type(number) is not int or not lowest <= number <= highest:
        raise InvalidItem(f"{detail}; {number!r} was given", pointer=f"/{field}")
