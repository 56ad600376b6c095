"""A small chain with a week of sales, made through the doors of the modules: what whole-product tests stand on.

Chain GREEN has regions EAST (stores E1, E2) and WEST (store W1) and 30 items; chain FAR has one store, F1, that people
of GREEN must never see. Every store sells 20 receipts a day on nine days, up to `now`. Staff sign in with PASSWORD.
Store E1 has four enrolled tills, T1 to T4, at each of which "cashier" is signed in; operators show PINS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from tests.support.world_files import client_and_quarantine, import_items, import_sales
from tests.support.world_goods import save_goods
from tests.support.world_receipts import sold_receipts

from liushui.analytics.handlers import CONSUMERS
from liushui.runtime import operators, tills, worker
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, NewWorkstation, Store

PASSWORD = "quiet-river-runs"
PINS = {"cashier": "4711", "evening": "6174", "manager": "9035", "regional": "8350", "owner": "7092"}
TILLS = ("T1", "T2", "T3", "T4")
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
    item_ids = save_goods(chain=chain, now=now)
    save_goods(chain=far, now=now)
    by_code = {store.code: store for store in stores.stores()}
    sale_ids = {
        code: tuple(sold_receipts(store=store, chain=far if code == "F1" else chain, now=now, system=system))
        for code, store in by_code.items()
    }
    client_id, quarantined_ids = client_and_quarantine(chain=chain, now=now, system=system)
    import_id = import_sales(now=now, system=system)
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
        item_import_id=import_items(chain=chain, now=now, system=system),
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
