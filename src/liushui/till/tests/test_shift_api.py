"""Shifts and days by API: what machines with shift.read get, in their stores."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from liushui.runtime import oauth
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore
from liushui.till import facade
from liushui.till.tests.conftest import NOON


def speaker(store, *scopes: str) -> Client:
    """A machine of the finance department of this store."""
    here = Grant(role="finance", chain_id=store.chain_id, store_id=store.id)
    client_id, _secret = create_client(
        name="Books",
        source=f"books-{store.code.lower()}-{len(scopes)}",
        grants=[here],
        scopes=["shift.read", "sale.read"],
        principal=system_principal(name="t"),
    )
    token = f"token-{store.code}-{len(scopes)}"
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id),
        token="",
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),
        scope=" ".join(scopes),
    )
    return Client(headers={"authorization": f"Bearer {token}"})


@pytest.fixture
def machine(shop):
    oauth.tokens.clear()
    yield speaker(shop.store, "shift.read")
    oauth.tokens.clear()


@pytest.fixture
def closed(shop):
    """A shift with a sale of 16.50, of which 1.50 is missing, and a day that is closed on it."""
    opened = facade.open_shift(till=shop.till, float_minor=10_000, now=NOON)
    shop.sell("MILK", "TEA", given=2000)
    facade.paid_in(till=shop.till, amount_minor=500, reason="coins", now=NOON)
    facade.count_shift(till=shop.till, count={50: 240}, now=NOON)
    approval = shop.approval("till.difference", f"shift:{opened.id}", amount=-150)
    facade.finish_count(till=shop.till, shift_id=opened.id, approval_id=approval, now=NOON)
    facade.close_day(store_id=shop.store.id, business_date=opened.business_date, principal=shop.manager, now=NOON)
    return opened


def test_shifts_are_listed_with_what_was_counted(machine, closed):
    [shift] = machine.get("/api/v1/shifts?first=2026-11-22&last=2026-11-22&state=closed").json()["shifts"]
    assert shift["id"] == str(closed.id)
    assert (shift["store"], shift["workstation_code"], shift["number"]) == ("S01", "T1", 1)
    assert (shift["expected_minor"], shift["counted_minor"], shift["difference_minor"]) == (12150, 12000, -150)
    assert shift["difference_approved_by"] == "Mia"
    assert "store_id" not in shift
    assert machine.get("/api/v1/shifts?state=open").json() == {"shifts": []}
    assert machine.get("/api/v1/shifts?first=2026-11-23").json() == {"shifts": []}


def test_an_open_shift_tells_no_expected_cash_in_the_list(machine, selling):
    [shift] = machine.get("/api/v1/shifts").json()["shifts"]
    assert (shift["state"], shift["expected_minor"], shift["counted_minor"]) == ("open", None, None)


def test_one_shift_has_tenders_and_its_drawer(machine, closed):
    report = machine.get(f"/api/v1/shifts/{closed.id}").json()
    [cash] = [tender for tender in report["tenders"] if tender["type"] == "cash"]
    assert cash["expected_minor"] == 10_000 + 2_000 - 350 + 500
    assert (cash["sales_minor"], cash["change_minor"], cash["paid_in_minor"]) == (2000, 350, 500)
    assert [(entry["kind"], entry["amount_minor"], entry["reason"]) for entry in report["entries"]] == [
        ("paid_in", 500, "coins")
    ]
    assert report["by_operator"] == [{"operator": "ann", "operator_name": "Ann", "tickets": 1, "total_minor": 1650}]


def test_a_day_is_found_by_store_and_date(machine, closed):
    day = machine.get("/api/v1/days/S01/2026-11-22?chain=HM").json()
    assert (day["z_number"], day["store"], day["total_minor"], day["difference_minor"]) == (1, "S01", 1650, -150)
    assert [each["shift"]["number"] for each in day["shifts"]] == [1]
    assert machine.get("/api/v1/days/S01/2026-11-23").status_code == 404
    assert machine.get("/api/v1/days/S99/2026-11-22").status_code == 404
    assert machine.get("/api/v1/days/S01/yesterday").status_code == 422


def test_other_stores_and_tokens_without_the_scope_get_nothing(machine, closed):
    [far] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S02", name_zh="二店", name_en="Second")]
    )
    stranger = speaker(far, "shift.read", "sale.read")
    assert stranger.get("/api/v1/shifts").json() == {"shifts": []}
    assert stranger.get(f"/api/v1/shifts/{closed.id}").status_code == 404
    assert stranger.get("/api/v1/days/S01/2026-11-22").status_code == 404
    without = speaker(far)
    assert without.get("/api/v1/shifts").status_code == 403
    assert Client().get("/api/v1/shifts").status_code == 401
