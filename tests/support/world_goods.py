"""The goods of the small chain of world.py, with codes, costs and prices."""

from __future__ import annotations

from datetime import datetime, timedelta

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.kernel.gtin import check_digit
from liushui.stores.contracts import Chain

_CATEGORIES = (
    ("fresh", "生鲜", "Fresh food"),
    ("fresh/fruit", "水果", "Fruit"),
    ("dairy", "乳品", "Dairy"),
    ("drinks", "饮料", "Drinks"),
    ("snacks", "休闲食品", "Snacks"),
)
GOODS = [
    tuple(line.split("|"))
    for line in """\
fresh/fruit|红富士苹果|Fuji apples|1280
fresh/fruit|香蕉|Bananas|690
fresh/fruit|脐橙|Navel oranges|990
fresh/fruit|蓝莓 125 克|Blueberries 125 g|1590
fresh|上海青|Pak choi|350
fresh|西红柿|Tomatoes|580
dairy|纯牛奶 250 毫升|Milk 250 ml|320
dairy|原味酸奶|Plain yoghurt|690
dairy|儿童奶酪棒|Cheese sticks|1990
dairy|黄油 200 克|Butter 200 g|2680
dairy|鲜奶 1 升|Fresh milk 1 l|1550
dairy|马苏里拉奶酪|Mozzarella|2290
drinks|矿泉水 550 毫升|Mineral water 550 ml|200
drinks|无糖乌龙茶|Oolong tea, no sugar|550
drinks|橙汁 1 升|Orange juice 1 l|1290
drinks|苏打水|Soda water|450
drinks|美式咖啡|Black coffee|1290
drinks|可乐 330 毫升|Cola 330 ml|300
drinks|椰子水|Coconut water|890
drinks|酸梅汤|Sour plum drink|650
snacks|原味薯片|Potato crisps|790
snacks|海苔|Seaweed snack|1190
snacks|每日坚果|Daily nuts|2990
snacks|苏打饼干|Soda crackers|890
snacks|黑巧克力|Dark chocolate|1590
snacks|话梅|Dried plums|1250
snacks|牛肉干|Beef jerky|3290
snacks|山楂片|Hawthorn slices|480
snacks|锅巴|Rice crust|650
snacks|蛋卷|Egg rolls|1850
""".splitlines()
]  # category, names, price in fen


def save_goods(*, chain: Chain, now: datetime) -> dict[str, int]:
    """Categories, thirty items with codes and costs, and their prices; ids by SKU."""
    catalog.save_categories(
        categories=[
            NewCategory(chain_id=chain.id, path=path, name_zh=name_zh, name_en=name_en)
            for path, name_zh, name_en in _CATEGORIES
        ]
    )
    skus = [f"SKU-{number:02}" for number in range(1, len(GOODS) + 1)]
    catalog.save_items(
        items=[
            NewItem(
                chain_id=chain.id,
                sku=sku,
                gtin=_gtin(number),
                name_zh=name_zh,
                name_en=name_en,
                category=category,
                brand="绿禾",
                tax_rate_bp=900 if category.startswith("fresh") else 1300,
                cost_minor=int(price) * 7 // 10,
            )
            for number, (sku, (category, name_zh, name_en, price)) in enumerate(zip(skus, GOODS, strict=True), start=1)
        ]
    )
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku=sku, amount_minor=int(price), starts_at=now - timedelta(days=400))
            for sku, (_category, _zh, _en, price) in zip(skus, GOODS, strict=True)
        ]
    )
    found = catalog.find_items(chain_id=chain.id, codes=skus)
    return {sku: found[sku].id for sku in skus}


def _gtin(number: int) -> str:
    body = f"06901234{number:05}"
    return body + str(check_digit(body))
