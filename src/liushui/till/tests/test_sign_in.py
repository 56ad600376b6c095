"""At the till's door: no device leads to the enrolment, no PIN leads no further, and nothing leads out of the till."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.support.sign_in import sign_in

from liushui.runtime import believed, operators, tills
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, revoke, staff_subject, system_principal
from liushui.runtime.models import StaffUser, TillSession
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation, Store
from liushui.till.access import DEVICE_COOKIE, OPERATOR_COOKIE
from liushui.till.pages.operators import _next

pytestmark = pytest.mark.django_db
SYSTEM = system_principal(name="test")
PIN = "4711"


@pytest.fixture
def place() -> Store:
    believed.forget_all()
    stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    stores.save_region(chain_code="ACME", code="north", name_zh="北", name_en="North")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="ACME", region_code="north", code="N1", name_zh="N1", name_en="N1")]
    )
    stores.save_workstations(workstations=[NewWorkstation(chain_code="ACME", store_code="N1", code="T1", name="T1")])
    return store


def hire(name: str, place: Store, role: str = "cashier") -> StaffUser:
    user = StaffUser.objects.create(username=name, display_name=name.title())
    held = Grant(role=role, chain_id=place.chain_id, store_id=place.id)
    grant(subject=staff_subject(user.pk), grant=held, granted_by=SYSTEM)
    operators.set_pin(user_id=user.pk, pin=PIN, principal=SYSTEM, now=datetime.now(UTC))
    return user


@pytest.fixture
def mei(place: Store) -> StaffUser:
    return hire("mei", place)


@pytest.fixture
def till(place: Store) -> Client:
    """The browser of an enrolled till at which nobody is signed in."""
    _device, secret = tills.enrol(
        workstation_id=stores.workstations(store_id=place.id)[0].id,
        workstation_code="T1",
        store_id=place.id,
        chain_id=place.chain_id,
        name="Tablet",
        principal=SYSTEM,
        now=datetime.now(UTC),
    )
    browser = Client(headers={"accept-language": "en"})
    browser.cookies[DEVICE_COOKIE] = secret
    return browser


def show(till: Client, username: str = "mei", pin: str = PIN, **fields: str) -> Any:
    return till.post("/till/sign-in/", {"username": username, "pin": pin, **fields})


def test_a_browser_that_is_no_till_is_led_to_the_enrolment(place: Store, mei: StaffUser) -> None:
    stranger = Client()
    assert stranger.get("/till/")["Location"] == "/till/enrol/?next=%2Ftill%2F"
    assert stranger.get("/till/sign-in/")["Location"] == "/till/enrol/"
    assert show(stranger)["Location"] == "/till/enrol/"
    stranger.cookies[DEVICE_COOKIE] = "forged"
    assert show(stranger)["Location"] == "/till/enrol/"
    part = stranger.get("/till/", headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, "/till/enrol/")
    assert not TillSession.objects.exists()


def test_a_console_session_is_nobody_at_the_till(till: Client, place: Store) -> None:
    sign_in(till, hire("boss", place, role="store_manager"))
    assert till.get("/till/")["Location"] == "/till/sign-in/?next=%2Ftill%2F"


def test_a_cashier_signs_in_by_pin_and_comes_to_where_she_wanted(till: Client, mei: StaffUser) -> None:
    assert till.get("/till/receipts/")["Location"] == "/till/sign-in/?next=%2Ftill%2Freceipts%2F"
    answer = show(till, next="/till/receipts/")
    assert (answer.status_code, answer["Location"]) == (302, "/till/receipts/")
    cookie = answer.cookies[OPERATOR_COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/till/")
    assert answer.cookies[DEVICE_COOKIE]["max-age"] == 400 * 86400  # renewed
    assert till.get("/till/").status_code == 200


def test_a_session_before_the_sign_in_is_worth_nothing_after_it(till: Client, mei: StaffUser) -> None:
    till.cookies[OPERATOR_COOKIE] = "planted"
    token = show(till).cookies[OPERATOR_COOKIE].value
    assert token != "planted"
    assert len(token) == 43


@pytest.mark.parametrize(
    "wanted", ["https://evil.test/", "//evil.test", "/settings/tills/", "/\\evil.test", "till/", "/till/../settings/"]
)
def test_a_sign_in_leads_nowhere_out_of_the_till(till: Client, mei: StaffUser, wanted: str) -> None:
    assert show(till, next=wanted)["Location"] == "/till/"


def test_a_badge_signs_in_from_the_field_of_the_name(till: Client, mei: StaffUser) -> None:
    badge = operators.new_badge()
    operators.set_badge(user_id=mei.pk, badge=badge, principal=SYSTEM, now=datetime.now(UTC))
    assert show(till, username=badge.lower(), pin="").status_code == 302
    assert show(till, username=operators.new_badge(), pin="").status_code == 422


def test_what_is_wrong_is_said_in_the_readers_language(till: Client, mei: StaffUser) -> None:
    answer = till.post("/till/sign-in/", {"username": "mei", "pin": "8350"}, headers={"accept-language": "zh-hans"})
    assert answer.status_code == 422
    assert "用户名、PIN 码或工牌有误" in answer.content.decode()
    assert "8350" not in answer.content.decode()
    for _ in range(4):
        show(till, pin="0000")
    assert "Too many wrong PINs" in show(till).content.decode()


def test_who_signs_out_is_out_on_the_server_too(till: Client, mei: StaffUser) -> None:
    token = show(till).cookies[OPERATOR_COOKIE].value
    assert till.get("/till/sign-out/").status_code == 405
    assert till.post("/till/sign-out/")["Location"] == "/till/sign-in/"
    till.cookies[OPERATOR_COOKIE] = token
    assert till.get("/till/")["Location"].startswith("/till/sign-in/")


def test_a_till_that_nobody_touched_goes_on_with_the_pin_of_its_operator(
    till: Client, mei: StaffUser, place: Store
) -> None:
    show(till)
    session = TillSession.objects.get(ended_at=None)
    TillSession.objects.update(touched_at=datetime.now(UTC) - timedelta(minutes=11))
    believed.forget_all()
    assert till.get("/till/")["Location"].startswith("/till/sign-in/")
    page = till.get("/till/sign-in/").content.decode()
    assert "Mei goes on with the PIN" in page
    assert show(till, pin="0000").status_code == 422
    assert show(till).status_code == 302
    assert till.get("/till/").status_code == 200
    assert TillSession.objects.get(ended_at=None) == session  # the same: its ticket stays
    TillSession.objects.update(touched_at=datetime.now(UTC) - timedelta(minutes=11))
    believed.forget_all()
    hire("lin", place)
    assert show(till, username="lin").status_code == 302
    assert TillSession.objects.get(ended_at=None).user.username == "lin"


def test_a_revoked_till_is_a_stranger(till: Client, mei: StaffUser, place: Store) -> None:
    show(till)
    assert till.get("/till/").status_code == 200
    [device] = tills.devices(store_ids={place.id})
    tills.revoke_device(device_id=device.id, principal=SYSTEM, now=datetime.now(UTC))
    assert till.get("/till/")["Location"].startswith("/till/enrol/")


def test_a_cashier_whose_role_here_is_taken_is_out(till: Client, mei: StaffUser, place: Store) -> None:
    show(till)
    grant(subject=staff_subject(mei.pk), grant=Grant(role="marketer", chain_id=place.chain_id), granted_by=SYSTEM)
    held = Grant(role="cashier", chain_id=place.chain_id, store_id=place.id)
    revoke(subject=staff_subject(mei.pk), grant=held, revoked_by=SYSTEM)
    assert till.get("/till/")["Location"].startswith("/till/sign-in/")
    assert show(till).status_code == 422


def test_csrf_is_asked_for_at_the_till_too(till: Client, mei: StaffUser) -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies[DEVICE_COOKIE] = till.cookies[DEVICE_COOKIE].value
    assert show(guarded).status_code == 403
    assert guarded.post("/till/enrol/", {"access_token": "x"}).status_code == 403
    assert not TillSession.objects.exists()


def test_most_requests_of_a_till_ask_the_database_nothing_about_who_it_is(
    till: Client, mei: StaffUser, django_assert_num_queries: Any
) -> None:
    show(till)
    till.get("/till/sign-in/")
    with django_assert_num_queries(1):  # recent operators
        assert till.get("/till/sign-in/").status_code == 200


def test_next_is_tested_by_itself(rf: Any) -> None:
    assert _next(rf.get("/till/sign-in/", {"next": "/till/shift/"})) == "/till/shift/"


def test_a_new_badge_is_shown_once_and_as_a_picture(place: Store, mei: StaffUser) -> None:
    manager = sign_in(Client(headers={"accept-language": "en"}), hire("boss", place, role="store_manager"))
    path = f"/settings/tills/operators/{mei.pk}/"
    text = manager.post(path, {"do": "badge"}).content.decode()
    assert "<svg" in text
    badge = text[text.index(">LSB") + 1 :][:23]
    user = operators.identify(store_id=place.id, badge=badge, now=datetime.now(UTC))
    assert user == mei
    assert badge not in manager.get(path).content.decode()


def test_a_person_changes_his_own_pin_in_the_console(place: Store, mei: StaffUser) -> None:
    browser = sign_in(Client(headers={"accept-language": "en"}), mei)
    assert browser.post("/account/pin/", {"pin": "1234", "pin_again": "1234"}).status_code == 422
    assert browser.post("/account/pin/", {"pin": "9035", "pin_again": "9036"}).status_code == 422
    assert browser.post("/account/pin/", {"pin": "9035", "pin_again": "9035"}).status_code == 302
    assert operators.identify(store_id=place.id, username="mei", pin="9035", now=datetime.now(UTC)) == mei
