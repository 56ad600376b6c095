"""Regions and stores of the demo chain. Cities and districts are real; the chain and its numbers are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from stdnum.cn import uscc

from liushui.kernel.gtin import check_digit

CHAIN_CODE = "liushui-mart"
CHAIN_NAME_ZH = "流水超市"
CHAIN_NAME_EN = "Liushui Mart"
CURRENCY = "CNY"
WEIGHED_PATTERN = "2pppppwwwwwwc"  # five digits of item number, six of grams
DAY_STARTS_AT = time(4, 0)
TILLS = 4

# GS1 sets prefix 952 aside for demonstrations and examples: these numbers can never belong to a real product or place.
GS1_PREFIX = "952"

REGIONS = (
    ("east", "华东区", "East China"),
    ("north", "华北区", "North China"),
    ("south", "华南区", "South China"),
    ("west", "西南区", "South-west China"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStore:
    """A store of the demo chain. `size` scales its sales: 1.0 is an average store."""

    index: int
    code: str
    region: str
    name_zh: str
    name_en: str
    size: float
    gln: str
    uscc: str


_PLACES = (
    # region, city zh, city en, district zh, district en, administrative division code (GB/T 2260), size
    ("east", "上海", "Shanghai", "浦东", "Pudong", "310115", 1.75),
    ("east", "上海", "Shanghai", "徐汇", "Xuhui", "310104", 1.40),
    ("east", "上海", "Shanghai", "闵行", "Minhang", "310112", 1.15),
    ("east", "杭州", "Hangzhou", "西湖", "Xihu", "330106", 1.20),
    ("east", "苏州", "Suzhou", "姑苏", "Gusu", "320508", 0.95),
    ("east", "南京", "Nanjing", "鼓楼", "Gulou", "320106", 0.90),
    ("north", "北京", "Beijing", "朝阳", "Chaoyang", "110105", 1.60),
    ("north", "北京", "Beijing", "海淀", "Haidian", "110108", 1.35),
    ("north", "天津", "Tianjin", "和平", "Heping", "120101", 0.80),
    ("north", "济南", "Jinan", "历下", "Lixia", "370102", 0.75),
    ("north", "青岛", "Qingdao", "市南", "Shinan", "370202", 0.85),
    ("south", "广州", "Guangzhou", "天河", "Tianhe", "440106", 1.45),
    ("south", "深圳", "Shenzhen", "南山", "Nanshan", "440305", 1.50),
    ("south", "深圳", "Shenzhen", "福田", "Futian", "440304", 1.10),
    ("south", "佛山", "Foshan", "禅城", "Chancheng", "440604", 0.65),
    ("south", "厦门", "Xiamen", "思明", "Siming", "350203", 0.70),
    ("west", "成都", "Chengdu", "锦江", "Jinjiang", "510104", 1.05),
    ("west", "成都", "Chengdu", "武侯", "Wuhou", "510107", 0.90),
    ("west", "重庆", "Chongqing", "渝中", "Yuzhong", "500103", 0.85),
    ("west", "昆明", "Kunming", "五华", "Wuhua", "530102", 0.50),
)


def demo_stores() -> tuple[DemoStore, ...]:
    """All stores, in the order of their codes S001, S002, …"""
    return tuple(
        DemoStore(
            index=index,
            code=f"S{index:03d}",
            region=region,
            name_zh=f"{city_zh}{district_zh}店",
            name_en=f"{city_en} {district_en}",
            size=size,
            gln=demo_gln(index),
            uscc=demo_uscc(division, index),
        )
        for index, (region, city_zh, city_en, district_zh, district_en, division, size) in enumerate(_PLACES, start=1)
    )


def demo_gtin(number: int) -> str:
    """GTIN-13 of the demo's n-th item."""
    body = f"{GS1_PREFIX}0{number:08d}"
    return f"{body}{check_digit(body)}"


def demo_gln(number: int) -> str:
    """GLN of the demo's n-th store (GS1 General Specifications: 13 digits, the check digit of a GTIN)."""
    body = f"{GS1_PREFIX}9{number:08d}"
    return f"{body}{check_digit(body)}"


def demo_uscc(division: str, number: int) -> str:
    """A 统一社会信用代码 of the right form (GB 32100-2015): 93, division, organisation code, check character."""
    body = f"93{division}{organisation_code(f'DEM{number:05d}')}"
    return body + str(uscc.calc_check_digit(body))


def organisation_code(body: str) -> str:
    """Eight characters and their check character (GB 11714-1997): weights 3 7 9 10 5 8 4 2, modulo 11, X for ten."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(
        alphabet.index(character) * weight for character, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    return body + "0123456789X0"[11 - total % 11]
