"""The little world of the access matrix: two stores in two regions of one chain, a store of another chain, and in each
of the three a sale, a quarantined sale, an import, a cashier and an API client; in each chain an item."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings
from django.test.client import ClientHandler
from oauth2_provider.models import AccessToken, Application
from tests.architecture.coupon_things import coupon_things
from tests.architecture.member_things import member_things
from tests.architecture.payment_things import payment_things
from tests.architecture.promotion_things import promotion_things
from tests.architecture.till_things import till_things
from tests.support.backtests import finished_backtest
from tests.support.sign_in import sign_in

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.intake import facade as intake
from liushui.runtime import approvals, believed, enrolment, oauth, tills
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client, machine_scopes
from liushui.runtime.grants import MACHINE_ROLES, STAFF_ROLES, staff_principal, system_principal
from liushui.runtime.models import ApiClient, StaffUser
from liushui.runtime.staff import create_staff
from liushui.runtime.tills import Device
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation, Store, Workstation

approvals.register_kind(approvals.Kind(name="matrix.void", title="Void", capability="till.approve"))
SCOPES = ("store", "chain")  # where the role is held: in the own store alone, or in the whole chain of it
_SYSTEM = system_principal(name="access matrix")
_SOLD_AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass(slots=True)
class World:
    """`words` fill the braces of paths and bodies, by target; `headers` and `cookies` speak as a subject."""

    words: dict[str, dict[str, str]] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Any] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    tills: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # cookies of device and operator
    handler: ClientHandler = field(default_factory=lambda: ClientHandler(enforce_csrf_checks=False))  # made once

    def browser(self, *, subject: str, scope: str) -> Client:
        """A client that speaks as this subject, fresh for every request."""
        browser = Client(headers={"accept-language": "en"}, raise_request_exception=False)
        browser.handler = self.handler  # a handler makes its middleware anew, a fifth of a request's time
        if (subject, scope) in self.sessions:
            browser.cookies["sessionid"] = self.sessions[subject, scope]
        if (subject, scope) in self.tills:
            browser.cookies["liushui_till"], browser.cookies["liushui_operator"] = self.tills[subject, scope]
        if (subject, scope) in self.tokens:
            browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[subject, scope]}"
        return browser

    def fill(self, text: str, *, target: str) -> str:
        """The text with every {word} replaced by what it is at this target."""
        for name, value in self.words[target].items():
            text = text.replace("{" + name + "}", value)
        return text


def _places() -> dict[str, Store]:
    stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    stores.save_chain(code="RIVAL", name_zh="对手", name_en="Rival", currency="CNY")
    made = {}
    for target, chain, region, code in (
        ("own", "ACME", "north", "N1"),
        ("other_region", "ACME", "south", "S1"),
        ("other_chain", "RIVAL", "east", "R1"),
    ):
        stores.save_region(chain_code=chain, code=region, name_zh=region, name_en=region)
        [made[target]] = stores.save_stores(
            stores=[NewStore(chain_code=chain, region_code=region, code=code, name_zh=code, name_en=code)]
        )
    return made


def _items(places: dict[str, Store]) -> dict[int, str]:
    chains = {store.chain_id for store in places.values()}
    catalog.save_items(
        items=[NewItem(chain_id=chain, sku="TEA", name_zh="茶", name_en="Tea", tax_rate_bp=1300) for chain in chains]
    )
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(
        prices=[NewPrice(chain_id=chain, sku="TEA", amount_minor=990, starts_at=starts) for chain in chains]
    )
    return {chain: str(catalog.find_items(chain_id=chain, codes=["TEA"])["TEA"].id) for chain in chains}


def _sale(store: Store, sale_id: str, code: str = "TEA") -> bytes:
    line = {"code": code, "units": 1, "amount": "9.90"}
    return json.dumps(
        {"id": sale_id, "store": store.code, "completed_at": _SOLD_AT.isoformat(), "lines": [line]}
    ).encode()


def _things_of(target: str, store: Store, item_id: str) -> dict[str, str]:
    """What stands in braces for this target: the ids of what it has."""
    here = Grant(role="integration", chain_id=store.chain_id, store_id=store.id)
    client_id, _secret = create_client(
        name=target, source=f"source-{target}", grants=[here], scopes=["sale.write"], principal=_SYSTEM
    )
    row = ApiClient.objects.get(client_id=client_id)
    sender = oauth.machine_principal(client=row, scopes=["sale.write"], address="10.0.0.1")
    kind = "application/json"
    sold = intake.take_sale(body=_sale(store, "sold"), content_type=kind, principal=sender, now=_SOLD_AT)
    odd = intake.take_sale(body=_sale(store, "odd", code="UNKNOWN"), content_type=kind, principal=sender, now=_SOLD_AT)
    assert sold.recorded is not None
    assert odd.problem is not None
    user_id, _password = create_staff(
        username=f"cashier-{target}",
        display_name=target,
        grants=[Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)],
        principal=_SYSTEM,
    )
    asked = approvals.request(
        kind="matrix.void", target="sale:1", chain_id=store.chain_id, store_id=store.id, reason="asked",
        principal=staff_principal(StaffUser.objects.get(pk=user_id)), now=datetime.now(UTC),
    )  # fmt: skip
    region = next(region for region in stores.regions() if region.id == store.region_id)
    chain = next(chain for chain in stores.chains() if chain.id == store.chain_id)
    return {
        "chain": chain.code,
        "chain_id": str(chain.id),
        "region": region.code,
        "store": store.code,
        "store_id": str(store.id),
        "item_id": item_id,
        "sku": "TEA",
        "sale_id": str(sold.recorded.sale_id),
        "source": f"source-{target}",
        "quarantine_id": str(odd.problem["quarantine_id"]),
        "user_id": str(user_id),
        "client_id": client_id,
        "approval_id": str(asked.id),
        "sold_on": _SOLD_AT.date().isoformat(),
        "sale_body": _sale(store, "another").decode(),
    }


def _imports(target: str, store: Store, folder: Path) -> dict[str, str]:
    """An import of sales and one of items, both waiting."""
    [chain] = [chain for chain in stores.chains() if chain.id == store.chain_id]
    sales, items = folder / f"{target}.csv", folder / f"{target}-items.csv"
    sales.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        f"{target},TEA,Tea,1,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
    )
    items.write_text("sku,name_zh\nCUP,杯\n")
    run, _is_new = intake.start_import(
        path=sales,
        mapping=intake.load_mapping("online-retail"),
        chain=chain.code,
        items=None,
        principal=_SYSTEM,
        now=_SOLD_AT,
    )
    view = catalog.open_import(
        path=items, file_name=items.name, kind="items", chain_id=chain.id, principal=_SYSTEM, now=_SOLD_AT
    )
    return {"import_id": str(run.id), "catalog_import_id": str(view.id)}


def _token_of(client_id: str, scopes: list[str]) -> str:
    """A token as the token endpoint would give it; how that works is tested in runtime."""
    token = f"token-{client_id}-{len(scopes)}"
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id),
        token="",
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),
        scope=" ".join(scopes),
    )
    return token


def _speakers(world: World, own: Store) -> None:
    for scope in SCOPES:
        store_id = own.id if scope == "store" else None
        for role in sorted(STAFF_ROLES):
            user_id, _password = create_staff(
                username=f"{role}-{scope}",
                display_name=role,
                grants=[Grant(role=role, chain_id=own.chain_id, store_id=store_id)],
                principal=_SYSTEM,
            )
            browser = Client()
            sign_in(browser, StaffUser.objects.get(pk=user_id))
            world.sessions[role, scope] = browser.cookies["sessionid"].value
        roles = [Grant(role=role, chain_id=own.chain_id, store_id=store_id) for role in sorted(MACHINE_ROLES)]
        client_id, _secret = create_client(
            name=scope, source=f"machine-{scope}", grants=roles, scopes=machine_scopes(), principal=_SYSTEM
        )
        world.tokens["machine", scope] = _token_of(client_id, list(machine_scopes()))
        world.tokens["machine_unscoped", scope] = _token_of(client_id, [])


def build_world(folder: Path) -> World:
    """Make it all; `folder` takes the files that are imported."""
    made, places = World(), _places()
    items = _items(places)
    for target, store in places.items():
        made.words[target] = _things_of(target, store, items[store.chain_id]) | _imports(target, store, folder)
        made.words[target] |= _till_of(target, store)
        made.words[target] |= payment_things(store)
        made.words[target] |= coupon_things(store)
        made.words[target] |= promotion_things(store)
        made.words[target] |= member_things(store)
        made.words[target] |= _backtest_of(store)
        made.words[target] |= till_things(store=store, workstation=_workstation(store, "T8"))
    _speakers(made, places["own"])
    _till_speakers(made, places["own"])
    return made


def _backtest_of(store: Store) -> dict[str, str]:
    day = store.business_date(_SOLD_AT)
    made = finished_backtest(
        chain_id=store.chain_id, store_ids=[store.id], first=day, last=day, principal=_SYSTEM
    )  # fmt: skip
    return {"backtest_id": str(made)}


def _workstation(store: Store, code: str) -> Workstation:
    [chain] = [chain for chain in stores.chains() if chain.id == store.chain_id]
    new = NewWorkstation(chain_code=chain.code, store_code=store.code, code=code, name=code)
    [made] = stores.save_workstations(workstations=[new])
    return made


def _enrol(store: Store, code: str) -> tuple[Device, str]:
    workstation = _workstation(store, code)
    return tills.enrol(
        workstation_id=workstation.id,
        workstation_code=code,
        store_id=store.id,
        chain_id=store.chain_id,
        name=code,
        principal=_SYSTEM,
        now=datetime.now(UTC),
    )


def _till_of(target: str, store: Store) -> dict[str, str]:
    """A till of this store, and a device that waits for a manager under a code."""
    device, _secret = _enrol(store, "T1")
    now = datetime.now(UTC)
    code = {"own": "BCDF-GHJK", "other_region": "LMNP-QRST", "other_chain": "VWXZ-BCDF"}[target]
    enrolment.ask(
        client_id=enrolment.BROWSER_TILL,
        scope="till.use",
        device_code=target,
        user_code=code,
        seconds=600,
        address="10.0.0.9",
        user_agent="",
        now=now,
    )
    free = _workstation(store, "T9")
    return {"device_id": str(device.id), "user_code": code, "workstation_id": str(free.id)}


def _till_speakers(world: World, own: Store) -> None:
    """A cashier and a manager, each at a till of the own store, whose role is held there or in the whole chain."""
    for scope in SCOPES:
        for role in ("cashier", "store_manager"):
            device, secret = _enrol(own, f"{role[:1].upper()}-{scope}")
            user = StaffUser.objects.get(username=f"{role}-{scope}")
            token = tills.sign_in(device=device, user=user, now=datetime.now(UTC))
            subject = "till_cashier" if role == "cashier" else "till_manager"
            world.tills[subject, scope] = (secret, token)


@contextmanager
def standing(folder: Path, blocker: Any) -> Iterator[World]:
    """The world, in a transaction around a whole file of tests, taken back at its end; requests are not logged."""
    liushui = settings.LIUSHUI.model_copy(update={"portal_chain": "ACME"})
    with blocker.unblock(), override_settings(LIUSHUI=liushui):
        outer = transaction.atomic()
        outer._from_testcase = True  # type: ignore[attr-defined]  # durable blocks may stand inside of it
        outer.__enter__()
        logging.disable(logging.ERROR)
        believed.forget_all()
        yield build_world(folder)
        believed.forget_all()
        transaction.set_rollback(True)
        logging.disable(logging.NOTSET)
        outer.__exit__(None, None, None)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Made once for a file; what a test changes is taken back after it."""
    with standing(tmp_path_factory.mktemp("imports"), django_db_blocker) as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks the world asks the database."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "world" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)
