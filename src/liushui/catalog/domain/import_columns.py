"""Which column of a sent file is which field: by its header, in Chinese or English (docs/guides/import-items.md)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["items", "prices"]
KINDS: tuple[Kind, ...] = ("items", "prices")

_SHARED: dict[str, str] = {
    "sku": "sku 商品编码 商品编号 商品代码 货号 编码 编号 自编码 店内码 item_code item_number code product_code",
    "gtin": "gtin 条码 条形码 商品条码 国际条码 国条码 barcode bar_code ean upc ean13",
    "price": "price 售价 零售价 价格 单价 销售价 标价 retail_price unit_price sale_price",
}
_ITEM_ONLY: dict[str, str] = {
    "name_zh": "name_zh 品名 商品名称 名称 商品名 中文名 中文名称 name chinese_name item_name product_name",
    "name_en": "name_en 英文名 英文名称 英文品名 english_name",
    "category": "category 分类 类别 品类 商品分类 商品类别 类目 部门 category_path department",
    "brand": "brand 品牌",
    "unit": "unit 单位 计量单位 销售单位 uom",
    "weighed": "weighed 称重 是否称重 称重商品 计重 by_weight sold_by_weight",
    "tax_rate": "tax_rate 税率 销项税率 增值税率 vat vat_rate",
    "tax_code": "tax_code 税收分类编码 税收编码 税务编码 商品和服务税收分类编码 税收分类代码 tax_classification_code",
    "discountable": "discountable 可打折 允许打折 是否打折 参与促销 可折扣 may_be_discounted",
    "cost": "cost 进价 成本 成本价 进货价 采购价 cost_price purchase_price",
    "tags": "tags 标签 商品标签 标记 tag labels",
    "floor_price": "floor_price 最低限价 最低售价 底价 最低价 限价 lowest_price minimum_price min_price",
    "image_url": "image_url 图片 图片地址 图片链接 image picture",
}
_PRICE_ONLY: dict[str, str] = {
    "region": "region 区域 大区 区域编码 region_code",
    "store": "store 门店 门店编码 门店编号 店号 store_code",
    "starts_at": "starts_at 开始时间 开始日期 生效时间 生效日期 起始日期 start from start_date valid_from",
    "ends_at": "ends_at 结束时间 结束日期 失效时间 失效日期 截止日期 end until end_date valid_to",
}
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "items": ("sku", "gtin", *_ITEM_ONLY, "price"),
    "prices": ("sku", "gtin", "price", *_PRICE_ONLY),
}
CHINESE_HEADERS: Mapping[str, str] = {
    field: words.split()[1] for field, words in {**_SHARED, **_ITEM_ONLY, **_PRICE_ONLY}.items()
}


def _key(header: str) -> str:
    """A header without the differences that mean nothing: capitals, width, blanks, punctuation, (units)."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    plain = re.sub(r"\(.*?\)|\[.*?\]", "", plain)
    return re.sub(r"[\s_\-./:*#]+", "", plain)


_ALIASES: dict[Kind, dict[str, str]] = {
    kind: {
        _key(word): field
        for field, words in {**_SHARED, **(_ITEM_ONLY if kind == "items" else _PRICE_ONLY)}.items()
        for word in words.split()
    }
    for kind in KINDS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the headers came to."""

    header_of: Mapping[str, str]  # by field
    ignored: tuple[str, ...]  # headers that mean nothing to us
    missing: tuple[str, ...]  # what a file must have at least; empty when it can be taken


def match_columns(headers: Iterable[str], *, kind: Kind) -> Columns:
    """The field of each header; the first of two columns for one field counts, the other is ignored."""
    header_of: dict[str, str] = {}
    ignored = []
    for header in headers:
        field = _ALIASES[kind].get(_key(header))
        if field is None or field in header_of:
            ignored.append(header)
        else:
            header_of[field] = header
    missing = [] if header_of.keys() & {"sku", "gtin"} else ["sku"]
    if kind == "prices" and "price" not in header_of:
        missing.append("price")
    if kind == "items" and not header_of.keys() - {"sku", "gtin"}:
        missing.append("name_zh")
    return Columns(header_of=header_of, ignored=tuple(ignored), missing=tuple(missing))
