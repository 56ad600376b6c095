"""Search in 100,000 items as the till and the console do it, beside `LIKE '%…%'` over the same names."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from django.db import connection

from bench import shop
from bench.tables import show
from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.stores import facade as stores

ITEMS, CHUNK, TIMES, PAGE = 100_000, 10_000, 60, 20
LIMIT_MS = 50.0
BRANDS = [
    "蒙牛",
    "伊利",
    "光明",
    "康师傅",
    "统一",
    "农夫山泉",
    "可口可乐",
    "旺旺",
    "三只松鼠",
    "良品铺子",
    "海天",
    "李锦记",
    "金龙鱼",
    "福临门",
    "蓝月亮",
    "立白",
]
KINDS = [
    "纯牛奶",
    "酸奶",
    "方便面",
    "矿泉水",
    "可乐",
    "雪饼",
    "坚果",
    "牛肉干",
    "酱油",
    "蚝油",
    "食用油",
    "大米",
    "洗衣液",
    "洗洁精",
    "牙膏",
    "毛巾",
]
FLAVOURS = ["原味", "草莓味", "香辣", "红烧", "柠檬", "低糖", "无糖", "加钙", "家庭装", "礼盒", "浓香", "清新"]


def main() -> None:
    chain_id = fill()
    chance = random.Random(7)
    kinds: dict[str, list[str]] = {
        "Chinese word": KINDS,
        "two words": [f"{brand} {kind}" for brand in BRANDS for kind in KINDS],
        "pinyin initials": ["cnn", "mnsn", "kskl", "hsfbm", "nfsq", "jly"],
        "article number": [f"A{number:06}" for number in chance.sample(range(ITEMS), TIMES)],
        "barcode": [f"69{number:010}" for number in chance.sample(range(ITEMS), TIMES)],
        "finds nothing": ["没有这样的商品", "zzzzqq", "榴莲披萨"],
    }
    rows, worst = [], 0.0
    for name, texts in kinds.items():
        chosen = [texts[number % len(texts)] for number in range(TIMES)]
        ours = milliseconds(
            lambda text: catalog.search_items(chain_ids=[chain_id], text=text, limit=PAGE, offset=0), chosen
        )
        plain = milliseconds(lambda text: like(chain_id, text), chosen)
        worst = max(worst, ours[1])
        rows.append(
            [name, *(f"{value:.1f}" for value in (*ours, *plain)), f"{plain[0] / ours[0]:.1f}"],
        )
    print(f"  {ITEMS:,} items, a page of {PAGE}, {TIMES} searches of each kind")
    show(("looked for", "p50 ms", "p99 ms", "LIKE p50", "LIKE p99", "times faster"), rows)
    print(f"  slowest p99 {worst:.1f} ms; allowed {LIMIT_MS:.0f} ms{'' if worst <= LIMIT_MS else ': MISSED'}")


def fill() -> int:
    """The items; returns the chain's id."""
    shop.migrate()
    chain = stores.save_chain(code=shop.CHAIN, name_zh="测试", name_en="Bench", currency="CNY")
    begun = time.perf_counter()
    for first in range(0, ITEMS, CHUNK):
        catalog.save_items(items=[item(chain.id, number) for number in range(first, first + CHUNK)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"  listed in {time.perf_counter() - begun:.0f} s")
    return chain.id


def item(chain_id: int, number: int) -> NewItem:
    """An item whose name is put together of words that shoppers know."""
    brand, kind = BRANDS[number % len(BRANDS)], KINDS[number // 16 % len(KINDS)]
    flavour, grams = FLAVOURS[number // 256 % len(FLAVOURS)], number // 3072 * 10 + 50
    digits = f"69{number:010}"
    odd, even = sum(map(int, digits[-1::-2])), sum(map(int, digits[-2::-2]))
    return NewItem(
        chain_id=chain_id,
        sku=f"A{number:06}",
        gtin=f"{digits}{-(3 * odd + even) % 10}",
        name_zh=f"{brand}{kind}{flavour}{grams}g",
        name_en=f"Item {number}",
        tax_rate_bp=1300,
    )


def like(chain_id: int, text: str) -> None:
    """What a user would write: every word anywhere in the name or the codes, the first page."""
    words = text.split()
    holds = " AND ".join(["(name_zh LIKE %s OR name_en LIKE %s OR sku LIKE %s OR gtin LIKE %s)"] * len(words))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, sku, gtin, name_zh, name_en, COUNT(*) OVER () FROM catalog_item "
            f"WHERE chain_id = %s AND {holds} ORDER BY name_zh LIMIT {PAGE}",
            [chain_id, *(f"%{word}%" for word in words for _ in range(4))],
        )
        cursor.fetchall()


def milliseconds(search: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Median and p99 of the wall clock, after one of each to warm up."""
    for text in texts[:3]:
        search(text)
    spent = []
    for text in texts:
        begun = time.perf_counter()
        search(text)
        spent.append((time.perf_counter() - begun) * 1000)
    spent.sort()
    return spent[len(spent) // 2], spent[min(len(spent) - 1, int(len(spent) * 0.99))]


if __name__ == "__main__":
    main()
