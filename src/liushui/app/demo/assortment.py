"""What the demo chain sells: about 5,000 items composed from `assortment.toml`, the same ones on every machine."""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liushui.app.demo.chain import demo_gtin
from liushui.kernel.money import round_half_up

_SOURCE = Path(__file__).with_name("assortment.toml")
_PACKAGED_ITEMS_A_CATEGORY = 85
_SEED = 20_260_101
_PRICE_LEVEL = 0.86  # brings the median price of a sold line to about ¥9.9
_COUNTED = re.compile(r"(\d+)(?:个|包|条|枚|片|杯)")
_PACKED = re.compile(r"(\d+|[两三四五六十])(?:瓶|罐|支|件|个|连)(?:装|包)")
_NUMERALS = {"两": "2", "三": "3", "四": "4", "五": "5", "六": "6", "十": "10"}
_SIZES = {"小号": "small", "中号": "medium", "大号": "large", "桶装": "cup", "一份": "portion"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCategory:
    """A node of the tree. Leaves carry what baskets need; departments have a share of 0."""

    path: str
    name_zh: str
    name_en: str
    share: float = 0.0
    peak_month: int = 1
    swing: float = 0.0  # 0.3: thirty per cent more at the peak, thirty less half a year later


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoItem:
    """An item with its shelf price (fen, tax included) and its share of its category's demand."""

    sku: str
    gtin: str
    name_zh: str
    name_en: str
    category: str
    brand: str
    unit: str
    weighed: bool
    tax_rate_bp: int
    tax_code: str
    price_minor: int
    cost_minor: int
    popularity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assortment:
    """The tree and its items."""

    categories: tuple[DemoCategory, ...]
    items: tuple[DemoItem, ...]


def demo_assortment(*, packaged_items_a_category: int = _PACKAGED_ITEMS_A_CATEGORY) -> Assortment:
    """Compose the assortment; fewer items a category make a small one for tests."""
    source = tomllib.loads(_SOURCE.read_text(encoding="utf-8"))
    brands = {department: _pairs(text) for department, text in source["brands"].items()}
    categories = [
        DemoCategory(path=code, name_zh=names.split("|")[0], name_en=names.split("|")[1])
        for code, names in source["departments"].items()
    ]
    items: list[DemoItem] = []
    for number, entry in enumerate(source["category"], start=1):
        zh, en = entry["names"].split("|")
        month, swing = entry.get("peak", "1 0").split()
        categories.append(
            DemoCategory(
                path=entry["path"],
                name_zh=zh,
                name_en=en,
                share=float(entry["share"]),
                peak_month=int(month),
                swing=int(swing) / 100,
            )
        )
        rng = np.random.default_rng([_SEED, number])
        limit = None if entry.get("weighed") else packaged_items_a_category
        items += _category_items(entry, number, brands[entry["path"].split("/")[0]], limit, rng)
    return Assortment(categories=tuple(categories), items=tuple(items))


def _category_items(
    entry: dict[str, Any], number: int, brands: list[tuple[str, str]], limit: int | None, rng: np.random.Generator
) -> Iterator[DemoItem]:
    weighed = bool(entry.get("weighed"))
    sizes = ["500g*1"] if weighed else [size.strip() for size in entry["sizes"].split(";")]
    combinations = list(
        itertools.product(
            brands if not weighed else [("", "")],
            _pairs(entry["variants"]),
            _pairs(entry["products"]),
            range(len(sizes)),
        )
    )
    order = rng.permutation(len(combinations))[:limit]
    for rank, chosen in enumerate(order, start=1):
        brand, variant, product, size_index = combinations[chosen]
        label, _, factor = sizes[size_index].rpartition("*")
        serial = number * 1000 + rank
        relative = float(factor) * math.exp(rng.normal(0.0, 0.30))
        price = _shelf_price(float(entry["price"]) * relative * _PRICE_LEVEL)
        margin = min(0.6, max(0.03, entry["margin"] / 100 + rng.normal(0.0, 0.03)))
        tax_rate_bp = entry["tax"] * 100
        untaxed = round_half_up(price * 10_000, 10_000 + tax_rate_bp)
        yield DemoItem(
            sku=f"{10_000 + serial % 90_000:05d}" if weighed else f"{100_000 + serial}",
            gtin="" if weighed else demo_gtin(serial),
            name_zh=" ".join(part for part in (brand[0], variant[0] + product[0], "" if weighed else label) if part),
            name_en=" ".join(
                part for part in (brand[1], variant[1], product[1], "" if weighed else size_in_english(label)) if part
            ),
            category=entry["path"],
            brand=brand[0],
            unit="kg" if weighed else "piece",
            weighed=weighed,
            tax_rate_bp=tax_rate_bp,
            tax_code=f"1{number:02d}{rank:04d}".ljust(19, "0"),
            price_minor=price,
            cost_minor=round(untaxed * (1 - margin)),
            popularity=rank**-0.9 * relative**-0.3,  # Zipf's law; cheap sizes sell more
        )


def _shelf_price(yuan: float) -> int:
    """The nearest price a shop would print, in fen: ending in .9 or .5 below ¥30, in .9 above."""
    if yuan < 30:
        base = math.floor(yuan)
        return min(
            (base * 100 + ending for ending in (-10, 50, 90) if base * 100 + ending > 0),
            key=lambda fen: abs(fen - yuan * 100),
        )
    return max(1, round(yuan)) * 100 - 10


def size_in_english(label: str) -> str:
    """A size as its English name has it: 500g, 6 pcs, 2-pack, single."""
    if label.startswith("单"):
        return "single"
    if packed := _PACKED.fullmatch(label):
        return f"{_NUMERALS.get(packed[1], packed[1])}-pack"
    if counted := _COUNTED.fullmatch(label):
        return f"{counted[1]} pcs"
    return _SIZES.get(label, label)


def _pairs(text: str) -> list[tuple[str, str]]:
    """The "中|en; 中|en" lists of the source file."""
    return [(zh.strip(), en.strip()) for zh, en in (pair.split("|") for pair in text.split(";"))]
