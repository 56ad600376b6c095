"""The second step of signing in, lock-out over both steps, and what opens before it is done: nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client

from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.runtime import second_factor
from liushui.runtime.access import Grant
from liushui.runtime.grants import staff_principal, system_principal
from liushui.runtime.models import AuditEntry, SecondFactor, StaffSession, StaffUser
from liushui.runtime.staff import reset_password

pytestmark = pytest.mark.django_db
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
STEP = "/sign-in/second-step/"
WRONG = "That was not right. Try again."
LOCKED = "Too many wrong tries. Wait 15 minutes, or ask the person who manages access."


@pytest.fixture
def world() -> World:
    return build_world()


def browser() -> Client:
    return Client(headers={"accept-language": "en"})


def add_app(username: str = "admin") -> tuple[str, ...]:
    """An app whose first code was typed long ago, and recovery codes."""
    user, then = StaffUser.objects.get(username=username), datetime.now(UTC) - timedelta(hours=1)
    principal = staff_principal(user)
    code = second_factor.totp_code(key=KEY, now=then)
    second_factor.add_totp(user=user, name="Phone", key=KEY, code=code, principal=principal, now=then)
    return second_factor.new_recovery_codes(user_id=user.pk, principal=principal)


def code_now() -> str:
    return second_factor.totp_code(key=KEY, now=datetime.now(UTC))


def first_step(client: Client, world: World, wanted: str = "/settings/staff/") -> None:
    form = {"username": "admin", "password": world.admin_password, "next": wanted}
    answer = client.post("/sign-in/", form)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, STEP)


def test_with_a_factor_the_password_alone_opens_nothing(world: World) -> None:
    add_app()
    client = browser()
    first_step(client, world)
    assert client.get("/settings/staff/")["Location"].startswith("/sign-in/?")
    assert client.get("/account/security/")["Location"].startswith("/sign-in/?")
    assert not StaffSession.objects.exists()
    assert not AuditEntry.objects.filter(action="staff.sign_in").exists()
    assert StaffUser.objects.get(username="admin").last_login is None


def test_the_code_completes_the_sign_in_under_another_session_key(world: World) -> None:
    add_app()
    client = browser()
    first_step(client, world)
    before = client.cookies["sessionid"].value
    assert "Type the six digits" in client.get(STEP).content.decode()
    answer = client.post(STEP, {"code": code_now(), "next": "/settings/staff/"})
    assert (answer.status_code, answer["Location"]) == (302, "/settings/staff/")
    assert client.get("/settings/staff/").status_code == 200
    assert client.cookies["sessionid"].value != before
    assert StaffSession.objects.get().way == "totp"
    assert AuditEntry.objects.get(action="staff.sign_in").after == {"way": "totp"}


def test_a_code_seen_over_the_shoulder_is_worth_nothing(world: World) -> None:
    add_app()
    code = code_now()
    client, thief = browser(), browser()
    first_step(client, world)
    assert client.post(STEP, {"code": code}).status_code == 302
    first_step(thief, world)
    assert thief.post(STEP, {"code": code}).status_code == 422


def test_a_recovery_code_lets_in_once(world: World) -> None:
    codes = add_app()
    client = browser()
    first_step(client, world)
    assert 'name="recovery"' in client.get(f"{STEP}?way=recovery").content.decode()
    assert client.post(STEP, {"recovery": codes[0]}).status_code == 302
    assert client.get("/settings/staff/").status_code == 200
    again = browser()
    first_step(again, world)
    answer = again.post(STEP, {"recovery": codes[0]})
    assert answer.status_code == 422
    assert WRONG in answer.content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"code": "000000"},
        {"recovery": "aaaaa-aaaaa"},
        {"credential": "{}"},
        {"credential": "x"},
        {},
        {"password": "the right one"},
    ],
)
def test_every_wrong_answer_gets_the_same_words(world: World, form: dict[str, str]) -> None:
    add_app()
    client = browser()
    first_step(client, world)
    answer = client.post(STEP, {**form, **({"password": world.admin_password} if "password" in form else {})})
    assert answer.status_code == 422
    assert WRONG in answer.content.decode()
    assert client.get("/settings/staff/").status_code == 302


def test_without_the_password_there_is_no_second_step(world: World) -> None:
    add_app()
    assert browser().get(STEP)["Location"].startswith("/sign-in/?")
    assert browser().post(STEP, {"code": code_now()})["Location"].startswith("/sign-in/?")


def test_the_second_step_waits_five_minutes(world: World) -> None:
    add_app()
    client = browser()
    first_step(client, world)
    session = client.session
    long_ago = int(datetime.now(UTC).timestamp()) - 301
    session["liushui_pending_sign_in"] = {**session["liushui_pending_sign_in"], "at": long_ago}
    session.save()
    assert client.post(STEP, {"code": code_now()})["Location"].startswith("/sign-in/?")


def test_a_new_password_and_an_ended_account_end_the_second_step(world: World) -> None:
    add_app()
    for change in (
        lambda: reset_password(user_id=world.admin_id, principal=system_principal(name="set-up")),
        lambda: StaffUser.objects.filter(pk=world.admin_id).update(is_active=False),
    ):
        client = browser()
        StaffUser.objects.filter(pk=world.admin_id).update(is_active=True)
        user = StaffUser.objects.get(pk=world.admin_id)
        user.set_password(world.admin_password)
        user.save()
        first_step(client, world)
        change()
        assert client.post(STEP, {"code": code_now()})["Location"].startswith("/sign-in/?")


def test_wrong_passwords_and_wrong_codes_lock_together_and_the_right_ones_do_not_help(world: World) -> None:
    add_app()
    client = browser()
    for _time in range(2):
        client.post("/sign-in/", {"username": "admin", "password": "wrong"})
    first_step(client, world)
    for _time in range(3):
        answer = client.post(STEP, {"code": "000000"})
        assert (answer.status_code, WRONG in answer.content.decode()) == (422, True)
    locked = client.post(STEP, {"code": code_now()})
    assert (locked.status_code, LOCKED in locked.content.decode()) == (429, True)
    answer = browser().post("/sign-in/", {"username": "admin", "password": world.admin_password})
    assert (answer.status_code, LOCKED in answer.content.decode()) == (429, True)
    assert AuditEntry.objects.filter(action="factor.refused").count() == 3
    entry = AuditEntry.objects.get(action="staff.lock")
    assert (entry.target, entry.chain_id) == (f"staff:{world.admin_id}", world.chain_id)
    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=15, seconds=1))  # the clock goes on
    assert client.post(STEP, {"code": code_now()}).status_code == 302


def test_the_password_again_does_not_forget_wrong_codes(world: World) -> None:
    add_app()
    client = browser()
    for _time in range(5):
        first_step(client, world)
        assert client.post(STEP, {"code": "000000"}).status_code == 422
    assert browser().post("/sign-in/", {"username": "admin", "password": world.admin_password}).status_code == 429


def test_a_whole_sign_in_forgets_wrong_tries(world: World) -> None:
    for _time in range(4):
        browser().post("/sign-in/", {"username": "admin", "password": "wrong"})
    signed_in("admin", world.admin_password)
    assert not AccessAttempt.objects.exists()


def test_a_name_that_nobody_has_is_locked_alike(world: World) -> None:
    for _time in range(5):
        assert browser().post("/sign-in/", {"username": "nobody", "password": "wrong"}).status_code == 422
    answer = browser().post("/sign-in/", {"username": "nobody", "password": "wrong"})
    assert (answer.status_code, LOCKED in answer.content.decode()) == (429, True)
    assert AuditEntry.objects.get(action="staff.lock").target == "staff"


def test_an_admin_unlocks_on_the_page_of_the_account(world: World) -> None:
    user_id, password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    admin = signed_in("admin", world.admin_password)
    for _time in range(5):
        browser().post("/sign-in/", {"username": "wang", "password": "wrong"})
    assert "Locked after wrong tries" in admin.get(f"/settings/staff/{user_id}/").content.decode()
    assert admin.post(f"/settings/staff/{user_id}/", {"do": "unlock"}).status_code == 302
    assert "Locked after wrong tries" not in admin.get(f"/settings/staff/{user_id}/").content.decode()
    signed_in("wang", password)


def test_where_a_factor_is_required_nothing_opens_until_there_is_one(world: World, settings: Any) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "required"})
    client = signed_in("admin", world.admin_password)
    for page in ("/settings/staff/", "/", "/approvals/", "/search/?q=a"):
        assert client.get(page)["Location"] == "/account/security/"
    shown = client.get("/account/security/").content.decode()
    assert "Your roles need a second factor." in shown
    assert client.get("/account/security/app/").status_code == 200
    key = second_factor_key(client)
    answer = client.post("/account/security/app/", {"code": second_factor.totp_code(key=key, now=datetime.now(UTC))})
    assert "Each of these codes signs you in once" in answer.content.decode()
    assert client.get("/settings/staff/").status_code == 200


def test_who_does_nothing_grave_needs_none(world: World, settings: Any) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "required"})
    _user_id, password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    assert signed_in("wang", password).get("/approvals/").status_code == 200


def test_somebody_whose_factors_were_reset_enrols_anew(world: World, settings: Any) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "required"})
    user_id, password = hire("second", Grant(role="it_admin", chain_id=world.chain_id))
    add_app("second")
    client = browser()
    client.post("/sign-in/", {"username": "second", "password": password})
    assert client.post(STEP, {"code": code_now()}).status_code == 302
    assert client.get("/settings/staff/").status_code == 200
    add_app()
    admin = browser()
    first_step(admin, world)
    admin.post(STEP, {"code": code_now()})
    assert admin.post(f"/settings/staff/{user_id}/", {"do": "factors"}).status_code == 302
    assert client.get("/settings/staff/")["Location"].startswith("/sign-in/?")  # out at once
    assert signed_in("second", password).get("/settings/staff/")["Location"] == "/account/security/"
    assert admin.post(f"/settings/staff/{world.admin_id}/", {"do": "factors"}).status_code == 403
    assert SecondFactor.objects.filter(user_id=world.admin_id).count() == 1


def second_factor_key(client: Client) -> str:
    """The key that the enrolment page shows."""
    shown = client.get("/account/security/app/").content.decode()
    return shown.split('id="totp-key">')[1].split("<")[0].replace(" ", "")
