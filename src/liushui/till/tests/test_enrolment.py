"""A device asks for a code, a manager confirms it, and the device is a till; what is forged or repeated makes none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, DeviceGrant, RefreshToken

from liushui.runtime import believed, step_up
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import grant, staff_subject, system_principal
from liushui.runtime.models import AuditEntry, GrantRow, StaffUser, TillDevice, TillEnrolment
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation, Store
from liushui.till.access import DEVICE_COOKIE

pytestmark = pytest.mark.django_db
SYSTEM = system_principal(name="test")
POLL = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def place() -> Store:
    believed.forget_all()
    stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    stores.save_region(chain_code="ACME", code="north", name_zh="北", name_en="North")
    [store, _other] = stores.save_stores(
        stores=[
            NewStore(chain_code="ACME", region_code="north", code=code, name_zh=code, name_en=code)
            for code in ("N1", "N2")
        ]
    )
    stores.save_workstations(workstations=[NewWorkstation(chain_code="ACME", store_code="N1", code="T1", name="T1")])
    return store


@pytest.fixture
def manager(place: Store) -> Client:
    return browser_of("manager", place)


def browser_of(name: str, place: Store, role: str = "store_manager") -> Client:
    """Somebody's browser in the console, who has just shown a password."""
    user = StaffUser.objects.create(username=name, display_name=name.title())
    held = Grant(role=role, chain_id=place.chain_id, store_id=place.id)
    grant(subject=staff_subject(user.pk), grant=held, granted_by=SYSTEM)
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user)
    session = browser.session
    session[step_up.VERIFIED_AT] = int(datetime.now(UTC).timestamp())
    session.save()
    return browser


def ask(**changed: str) -> tuple[int, dict[str, Any]]:
    body = urlencode({"client_id": "liushui-till", "scope": "till.use", **changed})
    kind = "application/x-www-form-urlencoded; charset=UTF-8"  # as browsers send it
    answer = Client().post("/oauth/device_authorization/", body, content_type=kind)
    return answer.status_code, answer.json()


def poll(device_code: str, client_id: str = "liushui-till", *, later: bool = True) -> tuple[int, dict[str, Any]]:
    if later:
        DeviceGrant.objects.update(last_checked=datetime.now(UTC) - timedelta(minutes=1))
    answer = Client().post("/oauth/token/", {"grant_type": POLL, "client_id": client_id, "device_code": device_code})
    return answer.status_code, answer.json()


def workstation_of(place: Store) -> int:
    return stores.workstations(store_id=place.id)[0].id


def confirm(manager: Client, place: Store, user_code: str, **changed: str) -> Any:
    form = {"workstation": f"old:{workstation_of(place)}", "name": "Tablet", "answer": "confirm", **changed}
    return manager.post("/device/", {"user_code": user_code, **form})


def exchange(token: str, browser: Client | None = None) -> Any:
    return (browser or Client()).post("/till/enrol/", {"access_token": token})


def token_for(manager: Client, place: Store) -> str:
    _status, code = ask()
    confirm(manager, place, code["user_code"])
    status, body = poll(code["device_code"])
    assert status == 200, body
    return str(body["access_token"])


def test_a_device_becomes_the_till_of_the_workstation_that_a_manager_picks(place: Store, manager: Client) -> None:
    status, code = ask()
    assert status == 200
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code["user_code"])
    assert code["verification_uri"] == "http://testserver/device/"
    assert code["verification_uri_complete"] == f"http://testserver/device/?user_code={code['user_code']}"
    assert (code["interval"], code["expires_in"]) == (5, 600)
    assert poll(code["device_code"]) == (400, {"error": "authorization_pending"})

    typed = code["user_code"].replace("-", " ").lower()
    page = manager.get("/device/", {"user_code": typed}).content.decode()
    assert code["user_code"] in page
    assert "127.0.0.1" in page
    assert confirm(manager, place, typed).status_code == 302

    status, body = poll(code["device_code"])
    assert (status, body["scope"], body["expires_in"]) == (200, "till.use", 120)
    assert "refresh_token" not in body
    till = Client()
    answer = exchange(body["access_token"], till)
    assert answer["Location"] == "/till/sign-in/"
    cookie = answer.cookies[DEVICE_COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/till/", "")
    row = TillDevice.objects.get()
    assert (row.workstation_id, row.workstation_code, row.store_id, row.name) == (
        workstation_of(place), "T1", place.id, "Tablet"
    )  # fmt: skip
    assert row.enrolled_by_name == "Manager"
    assert till.get("/till/sign-in/").status_code == 200
    actions = AuditEntry.objects.filter(action__startswith="till.").order_by("id").values_list("action", "store_id")
    assert list(actions) == [("till.confirm", place.id), ("till.enrol", place.id)]


def test_a_cookie_is_for_tls_alone_where_there_is_tls(place: Store, manager: Client) -> None:
    answer = Client().post("/till/enrol/", {"access_token": token_for(manager, place)}, secure=True)
    assert answer.cookies[DEVICE_COOKIE]["secure"] is True


def test_a_new_workstation_is_made_on_the_way(place: Store, manager: Client) -> None:
    _status, code = ask()
    confirm(manager, place, code["user_code"], workstation=f"new:{place.id}", new_code="T7")
    assert exchange(poll(code["device_code"])[1]["access_token"]).status_code == 302
    assert TillDevice.objects.get().workstation_code == "T7"
    assert [view.code for view in stores.workstations(store_id=place.id)] == ["T1", "T7"]


def test_no_code_is_asked_about_faster_than_it_may_be(place: Store, manager: Client) -> None:
    _status, code = ask()
    assert poll(code["device_code"], later=False)[1]["error"] == "authorization_pending"
    assert poll(code["device_code"], later=False) == (400, {"error": "slow_down"})
    assert DeviceGrant.objects.get().interval == 10
    assert poll(code["device_code"], later=False) == (400, {"error": "slow_down"})
    assert DeviceGrant.objects.get().interval == 15
    DeviceGrant.objects.update(last_checked=datetime.now(UTC) - timedelta(seconds=14))
    assert poll(code["device_code"], later=False) == (400, {"error": "slow_down"})
    DeviceGrant.objects.update(last_checked=datetime.now(UTC) - timedelta(seconds=21))
    assert poll(code["device_code"], later=False) == (400, {"error": "authorization_pending"})


def test_a_device_code_gives_one_token(place: Store, manager: Client) -> None:
    _status, code = ask()
    confirm(manager, place, code["user_code"])
    assert poll(code["device_code"])[0] == 200
    assert poll(code["device_code"]) == (400, {"error": "expired_token"})
    assert AccessToken.objects.count() == 1
    assert RefreshToken.objects.count() == 0


def test_a_token_makes_one_till(place: Store, manager: Client) -> None:
    token = token_for(manager, place)
    assert exchange(token)["Location"] == "/till/sign-in/"
    assert exchange(token)["Location"] == "/till/enrol/"
    assert TillDevice.objects.count() == 1
    assert not AccessToken.objects.exists()


def test_a_token_of_a_till_opens_nothing_at_the_api(place: Store, manager: Client) -> None:
    token = token_for(manager, place)
    assert Client().get("/api/v1/stores", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_code_that_expired_is_over_for_everyone(place: Store, manager: Client) -> None:
    _status, code = ask()
    DeviceGrant.objects.update(expires=datetime.now(UTC))
    assert confirm(manager, place, code["user_code"]).status_code == 422
    assert poll(code["device_code"]) == (400, {"error": "expired_token"})
    assert not AccessToken.objects.exists()


def test_a_token_that_expired_makes_no_till(place: Store, manager: Client) -> None:
    token = token_for(manager, place)
    AccessToken.objects.update(expires=datetime.now(UTC))
    assert exchange(token)["Location"] == "/till/enrol/"
    assert not TillDevice.objects.exists()


def test_a_device_that_was_turned_away_gets_nothing(place: Store, manager: Client) -> None:
    _status, code = ask()
    assert confirm(manager, place, code["user_code"], answer="deny").status_code == 302
    assert poll(code["device_code"]) == (400, {"error": "access_denied"})
    assert confirm(manager, place, code["user_code"]).status_code == 422
    assert not AccessToken.objects.exists()


def test_a_code_is_confirmed_once(place: Store, manager: Client) -> None:
    _status, code = ask()
    assert confirm(manager, place, code["user_code"]).status_code == 302
    assert confirm(manager, place, code["user_code"], name="Another").status_code == 422
    assert TillEnrolment.objects.get().name == "Tablet"


@pytest.mark.parametrize("forged", ["", "x", "liushui-till", "\x00"])
def test_forged_codes_and_tokens_get_nothing(place: Store, manager: Client, forged: str) -> None:
    ask()
    assert poll(forged)[1]["error"] in ("invalid_grant", "invalid_request")
    assert exchange(forged)["Location"] == "/till/enrol/"
    assert not TillDevice.objects.exists()


def test_codes_are_kept_hashed_and_are_no_other_clients(place: Store, manager: Client) -> None:
    _status, code = ask()
    kept = repr(list(DeviceGrant.objects.values())) + repr(list(TillEnrolment.objects.values()))
    assert code["device_code"] not in kept
    confirm(manager, place, code["user_code"])
    assert poll(code["device_code"], client_id="another")[1]["error"] == "invalid_grant"
    assert poll(DeviceGrant.objects.get().device_code)[1]["error"] == "invalid_grant"


def test_only_till_apps_get_codes_and_only_for_tills(place: Store) -> None:
    machine, _secret = create_client(
        name="Shop",
        source="shop",
        grants=[Grant(role="integration", chain_id=place.chain_id)],
        scopes=["sale.write"],
        principal=SYSTEM,
    )
    assert ask(client_id=machine)[0] == 401
    assert ask(client_id="unknown")[0] == 401 or ask(client_id="unknown")[0] == 400
    assert ask(scope="sale.write") == (400, {"error": "invalid_scope"})
    assert ask(scope="access.manage till.use") == (400, {"error": "invalid_scope"})
    assert not DeviceGrant.objects.exists()


def test_who_enrols_no_tills_confirms_none(place: Store, manager: Client) -> None:
    _status, code = ask()
    cashier = browser_of("cashier", place, role="cashier")
    assert confirm(cashier, place, code["user_code"]).status_code == 403
    elsewhere = stores.stores_by_code()["ACME", "N2"]
    other = browser_of("other", elsewhere)
    assert confirm(other, place, code["user_code"]).status_code == 422
    assert confirm(other, place, code["user_code"], workstation=f"new:{place.id}", new_code="T7").status_code == 422
    assert poll(code["device_code"])[1]["error"] == "authorization_pending"
    assert [view.code for view in stores.workstations(store_id=place.id)] == ["T1"]


def test_a_manager_confirms_with_fresh_proof(place: Store, manager: Client) -> None:
    _status, code = ask()
    session = manager.session
    session[step_up.VERIFIED_AT] = 0
    session.save()
    answer = confirm(manager, place, code["user_code"])
    assert answer.status_code == 302
    assert answer["Location"].startswith("/verify/")
    assert poll(code["device_code"])[1]["error"] == "authorization_pending"


@pytest.mark.parametrize("end", ["account", "right"])
def test_a_manager_who_no_longer_may_makes_no_till(place: Store, manager: Client, end: str) -> None:
    token = token_for(manager, place)
    if end == "account":
        StaffUser.objects.update(is_active=False)
    else:
        GrantRow.objects.all().delete()
    assert exchange(token)["Location"] == "/till/enrol/"
    assert not TillDevice.objects.exists()


def test_codes_are_not_guessed(place: Store, manager: Client) -> None:
    for _ in range(10):
        assert "No device waits" in manager.get("/device/", {"user_code": "BBBB-BBBB"}).content.decode()
    _status, code = ask()
    answer = manager.get("/device/", {"user_code": code["user_code"]})
    assert answer.status_code == 422
    assert "Too many wrong codes" in answer.content.decode()


def test_nobody_floods_the_table_of_codes(place: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liushui.runtime.enrolment._WAITING_MAX", 2)
    assert [ask()[0] for _ in range(3)] == [200, 200, 429]
    assert DeviceGrant.objects.count() == 2


def test_the_picture_leads_to_the_page_of_confirmation_and_to_no_other() -> None:
    picture = Client().get("/till/enrol/qr/", {"user_code": "BCDF-GHJK"})
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")
    for forged in ("", "https://evil.test", "BCDF-GHJK&next=//evil.test", "<svg>"):
        assert Client().get("/till/enrol/qr/", {"user_code": forged}).status_code == 422
