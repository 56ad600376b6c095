"""Signing in: one answer to every mistake, only local addresses afterwards, a fresh session, out at once when ended."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.runtime.staff import reset_password, set_active

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world()


def test_the_right_password_leads_to_the_page_that_was_asked_for(world: World) -> None:
    browser = Client()
    asked = browser.get("/settings/staff/?q=li")
    assert (asked.status_code, asked["Location"]) == (302, "/sign-in/?next=%2Fsettings%2Fstaff%2F%3Fq%3Dli")
    answer = browser.post(
        asked["Location"], {"username": "admin", "password": world.admin_password, "next": "/settings/staff/?q=li"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/settings/staff/?q=li")
    assert browser.get("/settings/staff/?q=li").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "https:evil.example", "\\\\evil.example", ""],
)
def test_nobody_is_sent_to_another_site(world: World, elsewhere: str) -> None:
    form = {"username": "admin", "password": world.admin_password, "next": elsewhere}
    assert Client().post("/sign-in/", form)["Location"] == "/"


def test_a_wrong_name_a_wrong_password_and_an_ended_account_get_the_same_words(world: World) -> None:
    user_id, password = hire("gone", Grant(role="cashier", chain_id=world.chain_id))
    set_active(user_id=user_id, is_active=False, principal=system_principal(name="set-up"))
    for username, word in (("nobody", "x"), ("admin", "wrong"), ("gone", password)):
        answer = Client(headers={"accept-language": "en"}).post("/sign-in/", {"username": username, "password": word})
        assert answer.status_code == 422
        assert "User name or password is wrong, or the account has been ended." in answer.content.decode()
    assert not AuditEntry.objects.filter(action="staff.sign_in").exists()


def test_the_page_speaks_chinese_and_english(world: World) -> None:
    assert '<html lang="zh-hans"' in Client(headers={"accept-language": "zh-CN"}).get("/sign-in/").content.decode()
    assert "Sign in to Liushui" in Client(headers={"accept-language": "en"}).get("/sign-in/").content.decode()


def test_signing_in_gives_a_new_session_key(world: World) -> None:
    browser = Client()
    browser.session["planted"] = "yes"
    session = browser.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    browser.cookies["sessionid"] = before
    browser.post("/sign-in/", {"username": "admin", "password": world.admin_password})
    assert browser.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(world: World) -> None:
    cookie = signed_in("admin", world.admin_password).cookies["sessionid"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


def test_a_sign_in_is_written_in_the_audit_log(world: World) -> None:
    signed_in("admin", world.admin_password)
    entry = AuditEntry.objects.get(action="staff.sign_in")
    assert (entry.subject, entry.chain_id, entry.address) == (f"staff:{world.admin_id}", world.chain_id, "127.0.0.1")


def test_signing_out_ends_the_session_on_the_server_and_takes_a_post(world: World) -> None:
    browser = signed_in("admin", world.admin_password)
    key = browser.cookies["sessionid"].value
    assert browser.get("/sign-out/").status_code == 405
    assert Session.objects.filter(session_key=key).exists()
    answer = browser.post("/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert not Session.objects.filter(session_key=key).exists()


def test_an_ended_account_is_out_with_its_next_request(world: World) -> None:
    user_id, password = hire("second", Grant(role="it_admin", chain_id=world.chain_id))
    browser = signed_in("second", password)
    assert browser.get("/settings/staff/").status_code == 200
    set_active(user_id=user_id, is_active=False, principal=system_principal(name="set-up"))
    assert browser.get("/settings/staff/").status_code == 302


def test_a_new_password_ends_the_sessions_of_the_old_one(world: World) -> None:
    user_id, password = hire("second", Grant(role="it_admin", chain_id=world.chain_id))
    browser = signed_in("second", password)
    reset_password(user_id=user_id, principal=system_principal(name="set-up"))
    assert browser.get("/settings/staff/").status_code == 302


def test_a_form_without_its_token_is_refused(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/sign-in/", {"username": "admin", "password": world.admin_password})
    assert answer.status_code == 403
    assert StaffUser.objects.get(username="admin").last_login is None


def test_who_is_signed_in_already_goes_on(world: World) -> None:
    answer = signed_in("admin", world.admin_password).get("/sign-in/?next=/settings/audit/")
    assert (answer.status_code, answer["Location"]) == (302, "/settings/audit/")
