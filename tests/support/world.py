"""A small chain with a week of sales, made through the doors of the modules: what whole-product tests stand on.

Chain GREEN has regions EAST (stores E1, E2) and WEST (store W1) and 30 items; chain FAR has one store, F1, that people
of GREEN must never see. Every store sells 20 receipts a day on nine days, up to `now`. Staff sign in with PASSWORD.
Store E1 has four enrolled tills, T1 to T4, at each of which "cashier" is signed in; operators show PINS.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from liushui.analytics.handlers import CONSUMERS
from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, SaleRecorded, Tender
from liushui.intake import facade as intake
from liushui.kernel.gtin import check_digit
from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.runtime import operators, tills, worker
from liushui.runtime.access import Grant, Principal
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, NewWorkstation, Store
from liushui.till import facade as till
from liushui.till.contracts import Till

PASSWORD = "quiet-river-runs"
PINS = {"cashier": "4711", "evening": "6174", "manager": "9035", "regional": "8350", "owner": "7092"}
TILLS = ("T1", "T2", "T3", "T4")
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = 9
RECEIPTS_A_DAY = 20
# An ordinary person for each role that staff can hold, in the place named: chain, region EAST or store E1.
STAFF: Mapping[str, tuple[tuple[str, str], ...]] = {
    "owner": (
        ("it_admin", "chain"),
        ("finance", "chain"),
        ("marketer", "chain"),
        ("store_manager", "chain"),
        ("auditor", "chain"),
    ),
    "cashier": (("cashier", "store"),),
    "evening": (("cashier", "store"),),
    "manager": (("store_manager", "store"),),
    "regional": (("store_manager", "region"),),
    "marketer": (("marketer", "chain"),),
    "finance": (("finance", "chain"),),
    "auditor": (("auditor", "chain"),),
    "regulator": (("regulator", "chain"),),
    "admin": (("it_admin", "chain"),),
}
_CATEGORIES = (
    ("fresh", "生鲜", "Fresh food"),
    ("fresh/fruit", "水果", "Fruit"),
    ("dairy", "乳品", "Dairy"),
    ("drinks", "饮料", "Drinks"),
    ("snacks", "休闲食品", "Snacks"),
)
_GOODS = [
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

_TENDERS = (("mobile", "wechat"), ("mobile", "wechat"), ("mobile", "alipay"), ("card", "unionpay"), ("cash", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class TillCookies:
    """What the browser of an enrolled till holds: `liushui_till` and `liushui_operator`."""

    device: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Names of what was made."""

    today: date
    chain: Chain
    far_chain: Chain
    stores: Mapping[str, Store]  # E1, E2, W1 and F1 by code
    item_ids: Mapping[str, int]  # by SKU: SKU-01 … SKU-30
    sale_ids: Mapping[str, tuple[UUID, ...]]  # by store code, in order of time
    staff: Mapping[str, int]  # user id by user name
    client_id: str  # an API client that may send sales for the chain
    quarantined_ids: tuple[UUID, ...]  # receipts of E1 of 52.80 with the unknown item NEW-99
    import_id: UUID  # a file of two receipts, one of them in quarantine
    item_import_id: UUID  # a file of two items, one of them wrong
    tills: Mapping[str, TillCookies]  # of store E1 by workstation: T1 to T4


def build(*, now: datetime | None = None) -> World:
    """Make the chain and its sales up to `now`, and count them."""
    now = now or datetime.now(UTC)
    system = system_principal(name="tests")
    chain, far = _places()
    item_ids = _items(chain=chain, now=now)
    _items(chain=far, now=now)
    by_code = {store.code: store for store in stores.stores()}
    sale_ids = {
        code: tuple(_sell(store=store, chain=far if code == "F1" else chain, now=now, system=system))
        for code, store in by_code.items()
    }
    client_id, quarantined_ids = _client_and_quarantine(chain=chain, now=now, system=system)
    import_id = _import(now=now, system=system)
    count_sales()
    staff = {name: _staff(name, chain=chain, store=by_code["E1"], system=system) for name in STAFF}
    return World(
        today=by_code["E1"].business_date(now),
        chain=chain,
        far_chain=far,
        stores=by_code,
        item_ids=item_ids,
        sale_ids=sale_ids,
        staff=staff,
        client_id=client_id,
        quarantined_ids=quarantined_ids,
        import_id=import_id,
        item_import_id=_item_import(chain=chain, now=now, system=system),
        tills=_tills(store=by_code["E1"], staff=staff, now=now, system=system),
    )


def count_sales() -> None:
    """Let the worker hand every event on until there is none left."""
    worker.run(consumers=CONSUMERS, once=True)


def _places() -> tuple[Chain, Chain]:
    chain = stores.save_chain(code="GREEN", name_zh="绿禾超市", name_en="Green Grain", currency="CNY")
    far = stores.save_chain(code="FAR", name_zh="远方商店", name_en="Far Away", currency="CNY")
    stores.save_region(chain_code="GREEN", code="EAST", name_zh="华东", name_en="East")
    stores.save_region(chain_code="GREEN", code="WEST", name_zh="西南", name_en="West")
    stores.save_region(chain_code="FAR", code="ALL", name_zh="全部", name_en="All")
    names = (
        ("GREEN", "EAST", "E1", "上海人民路店", "Shanghai Renmin Road"),
        ("GREEN", "EAST", "E2", "杭州湖滨店", "Hangzhou Lakeside"),
        ("GREEN", "WEST", "W1", "成都春熙店", "Chengdu Chunxi"),
        ("FAR", "ALL", "F1", "远方一店", "Far One"),
    )
    stores.save_stores(
        stores=[
            NewStore(
                chain_code=chain_code,
                region_code=region,
                code=code,
                name_zh=name_zh,
                name_en=name_en,
                day_starts_at=time(4),
            )
            for chain_code, region, code, name_zh, name_en in names
        ]
    )
    stores.save_workstations(
        workstations=[
            NewWorkstation(chain_code=chain_code, store_code=code, code="T1", name="T1")
            for chain_code, _, code, _, _ in names
        ]
    )
    return chain, far


def _items(*, chain: Chain, now: datetime) -> dict[str, int]:
    catalog.save_categories(
        categories=[
            NewCategory(chain_id=chain.id, path=path, name_zh=name_zh, name_en=name_en)
            for path, name_zh, name_en in _CATEGORIES
        ]
    )
    skus = [f"SKU-{number:02}" for number in range(1, len(_GOODS) + 1)]
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
            for number, (sku, (category, name_zh, name_en, price)) in enumerate(zip(skus, _GOODS, strict=True), start=1)
        ]
    )
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku=sku, amount_minor=int(price), starts_at=now - timedelta(days=400))
            for sku, (_category, _zh, _en, price) in zip(skus, _GOODS, strict=True)
        ]
    )
    found = catalog.find_items(chain_id=chain.id, codes=skus)
    return {sku: found[sku].id for sku in skus}


def _gtin(number: int) -> str:
    body = f"06901234{number:05}"
    return body + str(check_digit(body))


def _sell(*, store: Store, chain: Chain, now: datetime, system: Principal) -> Iterator[UUID]:
    chance = random.Random(store.code)  # the same receipts each time
    today = store.business_date(now)
    commands = []
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        minutes = sorted(chance.choice((*range(600, 1320), *range(1020, 1140))) for _ in range(RECEIPTS_A_DAY))
        for number, minute in enumerate(minutes, start=1):
            at = datetime.combine(day, time(), SHANGHAI) + timedelta(minutes=minute)
            if back == 0:  # as many today, squeezed into what has passed of it, so that no hour finds it empty
                opened = datetime.combine(day, time(4), SHANGHAI)
                at = opened + (now - opened) * (minute - 600) // 720
            commands.append(_receipt(store=store, chain=chain, at=at, number=number, chance=chance))
    for answer in checkout.complete_sales(commands=commands, principal=system, now=now):
        assert isinstance(answer, SaleRecorded), answer
        yield answer.sale_id


def _receipt(*, store: Store, chain: Chain, at: datetime, number: int, chance: random.Random) -> CompleteSale:
    lines = []
    for index in chance.sample(range(len(_GOODS)), chance.choice((1, 2, 2, 3, 3, 4, 6, 9))):
        price, units = int(_GOODS[index][3]), chance.choice((1, 1, 1, 2, 3))
        off = price * units // 10 if chance.random() < 0.2 else 0
        returned = number % 17 == 0 and not lines
        sign = -1 if returned else 1
        lines.append(
            LineCommand(
                code=f"SKU-{index + 1:02}",
                units=sign * units,
                regular_minor=sign * price * units,
                amount_minor=sign * (price * units - off),
                discounts=(Discount(code="TEN", name="九折", amount_minor=sign * off),) if off else (),
            )
        )
    total = sum(line.amount_minor or 0 for line in lines)
    kind, method = chance.choice(
        (("mobile", "wechat"), ("mobile", "wechat"), ("mobile", "alipay"), ("card", "unionpay"), ("cash", ""))
    )
    receipt = f"{store.code}-{at:%Y%m%d}-{number:03}"
    return CompleteSale(
        source="pos",
        source_id=receipt,
        chain=chain.code,
        store=store.code,
        completed_at=at,
        channel="web" if number % 9 == 0 else "pos",
        workstation="T1",
        operator="8001",
        receipt_number=receipt,
        lines=tuple(lines),
        tenders=(Tender(type=kind, method=method, amount_minor=total),),
    )


def _staff(name: str, *, chain: Chain, store: Store, system: Principal) -> int:
    places = {
        "chain": {},
        "region": {"region_id": store.region_id},
        "store": {"store_id": store.id},
    }
    grants = [Grant(role=role, chain_id=chain.id, **places[place]) for role, place in STAFF[name]]
    user_id, _password = create_staff(username=name, display_name=name.title(), grants=grants, principal=system)
    user = StaffUser.objects.get(pk=user_id)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user_id


def _tills(*, store: Store, staff: Mapping[str, int], now: datetime, system: Principal) -> dict[str, TillCookies]:
    """Enrolled tills, the cashier signed in at each, and PINs for those who work there."""
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code="GREEN", store_code=store.code, code=code, name=code) for code in TILLS]
    )
    for name, pin in PINS.items():
        operators.set_pin(user_id=staff[name], pin=pin, principal=system, now=now)
    cashier, made = StaffUser.objects.get(pk=staff["cashier"]), {}
    for workstation in stores.workstations(store_id=store.id):
        device, secret = tills.enrol(
            workstation_id=workstation.id,
            workstation_code=workstation.code,
            store_id=store.id,
            chain_id=store.chain_id,
            name=workstation.name,
            principal=system,
            now=now,
        )
        token = tills.sign_in(device=device, user=cashier, now=now)
        made[workstation.code] = TillCookies(device=secret, operator=token)
    return made


def _client_and_quarantine(*, chain: Chain, now: datetime, system: Principal) -> tuple[str, tuple[UUID, ...]]:
    grants = (Grant(role="integration", chain_id=chain.id),)
    client_id, _secret = create_client(
        name="Tills", source="tills", grants=grants, scopes=("sale.write", "sale.read"), principal=system
    )
    machine = Principal(
        subject=f"client:{client_id}", name="Tills", grants=grants, scopes=frozenset({"sale.write"}), source="tills"
    )
    sales = [
        {
            "id": name,
            "store": "E1",
            "completed_at": now.isoformat(),
            "lines": [{"code": "SKU-01", "amount_minor": 1280}, {"code": "NEW-99", "units": 2, "amount_minor": 4000}],
            "tenders": [{"type": "mobile", "method": "wechat", "amount_minor": 5280}],
        }
        for name in ("Q-1", "Q-2")
    ]
    answers = intake.take_batch(
        body=json.dumps(sales).encode(), content_type="application/json", principal=machine, now=now
    )
    return client_id, tuple(UUID(str((answer.problem or {})["quarantine_id"])) for answer in answers)


_MAPPING = """
name = "till-export"
title = "Till export"
source = "till-export"
[file]
format = "csv"
[chain]
code = "GREEN"
name_en = "Green Grain"
name_zh = "绿禾超市"
currency = "CNY"
time_zone = "Asia/Shanghai"
[sale]
id = "receipt"
store = "store"
completed_at = { column = "at", zone = "Asia/Shanghai" }
[line]
code = "sku"
units = "units"
amount = "amount"
"""


def _import(*, now: datetime, system: Principal) -> UUID:
    day = f"{now - timedelta(days=2):%Y-%m-%d}"
    rows = (
        f"X-1,E2,{day} 11:02:00,SKU-02,2,13.80",
        f"X-1,E2,{day} 11:02:00,SKU-07,1,3.20",
        f"X-2,E2,{day} 11:09:00,OLD-05,1,8.00",
    )
    with tempfile.TemporaryDirectory() as folder:
        file, mapping = Path(folder, "tills.csv"), Path(folder, "till-export.toml")
        file.write_text("\n".join(("receipt,store,at,sku,units,amount", *rows)) + "\n")
        mapping.write_text(_MAPPING)
        run, _is_new = intake.start_import(
            path=file, mapping=intake.load_mapping(str(mapping)), chain="", items=None, principal=system, now=now
        )
        intake.run_import(import_id=run.id, principal=system)
    return run.id


def _item_import(*, chain: Chain, now: datetime, system: Principal) -> UUID:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "items.csv")
        file.write_text("sku,gtin,name_zh,price\nSKU-30,,蛋卷礼盒,19.50\nSKU-31,123,礼盒,8.00\n", encoding="utf-8")
        run = catalog.open_import(
            path=file, file_name="items.csv", kind="items", chain_id=chain.id, principal=system, now=now
        )
        catalog.start_import(run_id=run.id, principal=system)
        catalog.run_import(run_id=run.id)
    return run.id


def open_shift(*, workstation: str, is_training: bool = False) -> Till:
    """Open a shift with a float of 500.00 at a till of E1 for the cashier, unless one is open there."""
    [device] = [
        device
        for device in tills.devices(store_ids=[store.id for store in stores.stores()])
        if device.workstation_code == workstation
    ]
    user = StaffUser.objects.get(username="cashier")
    here = Till(
        device_id=device.id,
        workstation_id=device.workstation_id,
        workstation_code=device.workstation_code,
        store_id=device.store_id,
        chain_id=device.chain_id,
        principal=tills.at_store(user, store_id=device.store_id, chain_id=device.chain_id),
        operator=user.username,
        operator_name=user.display_name,
    )
    if till.current_shift(till=here) is None:
        till.open_shift(till=here, float_minor=50_000, is_training=is_training, now=datetime.now(UTC))
    return here


def sell_at(*, workstation: str) -> UUID:
    """A sale by cash at a till of E1, of three articles; the id of its ticket."""
    here, now = open_shift(workstation=workstation), datetime.now(UTC)
    for code in ("SKU-01", "SKU-16", "SKU-27"):
        ticket = till.scan(till=here, code=code, now=now)
    sold = till.pay_cash(till=here, ticket_id=ticket.id, version=ticket.version, given_minor=10_000, now=now)
    return sold.id


def sell_gift_card_at(*, workstation: str) -> UUID:
    """A gift card of 50.00 sold for cash at a till of E1; the id of that sale of value."""
    here, now = open_shift(workstation=workstation), datetime.now(UTC)
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=here.chain_id, count=1, now=now)
    sold = till.sell_gift_card(
        till=here, value_id=new_id(), code=card.code, paid_minor=5_000, payment=till.Payment(tender="cash"), now=now
    )
    return sold.id
