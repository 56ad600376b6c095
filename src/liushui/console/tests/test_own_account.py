"""One's own account: password, factors, sign-ins; confirming again before what is grave; sign-ins end by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from liushui.console.pages.security import browser_name
from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.console.tests.test_second_step import add_app, code_now, second_factor_key
from liushui.runtime import second_factor
from liushui.runtime.access import Grant
from liushui.runtime.grants import held_grants
from liushui.runtime.models import AuditEntry, SecondFactor, StaffSession, StaffUser
from liushui.runtime.step_up import VERIFIED_AT

pytestmark = pytest.mark.django_db
PAGE = "/account/security/"
NEW = "a calm river bends"


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def admin(world: World) -> Client:
    return signed_in("admin", world.admin_password)


def move_session(client: Client, **ago: int) -> None:
    """Make what the session remembers as old as so many seconds."""
    session = client.session
    for name, seconds in ago.items():
        session[f"liushui_{name}"] = int(datetime.now(UTC).timestamp()) - seconds
    session.save()


def make_stale(client: Client) -> None:
    move_session(client, verified_at=601)


def change_password(client: Client, old: str, new: str = NEW, repeated: str | None = None) -> Any:
    form = {"do": "password", "password": old, "new_password": new, "repeated": new if repeated is None else repeated}
    return client.post(PAGE, form)


def test_a_new_password_of_ones_own_ends_the_other_sign_ins_and_keeps_this_one(world: World, admin: Client) -> None:
    other = signed_in("admin", world.admin_password)
    before = admin.cookies["sessionid"].value
    assert change_password(admin, world.admin_password).status_code == 302
    assert admin.get(PAGE).status_code == 200
    assert admin.cookies["sessionid"].value != before
    assert other.get(PAGE).status_code == 302
    assert StaffSession.objects.count() == 1
    signed_in("admin", NEW)
    entry = AuditEntry.objects.get(action="staff.own_password")
    assert entry.subject == entry.target == f"staff:{world.admin_id}"
    assert NEW not in repr(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("old", "new", "repeated", "words"),
    [
        ("wrong", NEW, None, "That was not right."),
        (None, NEW, "another", "The two are not the same."),
        (None, "short", None, "This password is too short."),
        (None, "12345678901234", None, "entirely numeric"),
        (None, "password123", None, "too common"),
        (None, None, None, "This is the present password."),
    ],
)
def test_a_password_that_will_not_do_is_refused_beside_its_field(
    world: World, admin: Client, old: str | None, new: str | None, repeated: str | None, words: str
) -> None:
    answer = change_password(admin, old or world.admin_password, new or world.admin_password, repeated)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    signed_in("admin", world.admin_password)


def test_guessing_the_present_password_is_locked_too(world: World, admin: Client) -> None:
    for _time in range(5):
        assert change_password(admin, "wrong").status_code == 422
    assert change_password(admin, world.admin_password).status_code == 429
    assert StaffUser.objects.get(username="admin").check_password(world.admin_password)


def test_a_password_that_somebody_else_made_is_changed_first(world: World, admin: Client) -> None:
    made = admin.post(
        "/settings/staff/new/",
        {"username": "wang", "display_name": "王芳", "role": "it_admin", "place": "Whole chain · ACME · Acme"},
    )
    password = made.content.decode().split('id="new-password" value="')[1].split('"')[0]
    wang = signed_in("wang", password)
    for page in ("/settings/staff/", "/", "/approvals/"):
        assert wang.get(page)["Location"] == PAGE
    assert "Somebody else made your password." in wang.get(PAGE).content.decode()
    assert wang.post("/settings/staff/new/", {})["Location"] == PAGE
    assert change_password(wang, password).status_code == 302
    assert wang.get("/settings/staff/").status_code == 200


def test_a_factor_is_added_and_removed_after_fresh_proof_only(world: World, admin: Client) -> None:
    make_stale(admin)
    assert admin.get(f"{PAGE}app/")["Location"] == "/verify/?next=%2Faccount%2Fsecurity%2Fapp%2F"
    assert admin.get(f"{PAGE}passkey/").status_code == 302
    assert (
        admin.post("/verify/", {"password": world.admin_password, "next": f"{PAGE}app/"})["Location"] == f"{PAGE}app/"
    )
    key = second_factor_key(admin)
    assert second_factor_key(admin) == key  # the same one until it is taken
    assert admin.post(f"{PAGE}app/", {"code": "000000"}).status_code == 422
    code = second_factor.totp_code(key=key, now=datetime.now(UTC))
    assert admin.post(f"{PAGE}app/", {"code": code, "name": "Phone"}).status_code == 200
    factor = SecondFactor.objects.get()
    make_stale(admin)
    assert admin.post(PAGE, {"do": "remove", "factor": str(factor.id)})["Location"].startswith("/verify/")
    assert admin.post(PAGE, {"do": "recovery_codes"})["Location"].startswith("/verify/")
    assert SecondFactor.objects.exists()
    assert second_factor.recovery_codes_left(user_id=world.admin_id) == 10


def test_what_a_form_held_is_offered_again_after_the_proof(world: World, admin: Client) -> None:
    user_id, _password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    page = f"/settings/staff/{user_id}/"
    make_stale(admin)
    form = {"do": "grant", "role": "finance", "place": "Whole chain · ACME · Acme", "until": "2099-01-31"}
    assert admin.post(page, form)["Location"] == f"/verify/?next=%2Fsettings%2Fstaff%2F{user_id}%2F"
    assert len(held_grants(subject=f"staff:{user_id}")) == 1

    offered = admin.post("/verify/", {"password": world.admin_password, "next": page})
    shown = offered.content.decode()
    assert offered.status_code == 200
    assert f'action="{page}"' in shown
    for name, value in form.items():
        assert f'name="{name}" value="{value}"' in shown
    assert len(held_grants(subject=f"staff:{user_id}")) == 1  # nothing is done unasked
    assert admin.post(page, form).status_code == 302
    assert len(held_grants(subject=f"staff:{user_id}")) == 2


def test_a_form_with_a_secret_is_not_kept(world: World, admin: Client) -> None:
    make_stale(admin)
    admin.post(f"{PAGE}passkey/", {"credential": "{}", "name": "x"})
    assert "liushui_kept_form" not in admin.session
    assert admin.post("/verify/", {"password": world.admin_password, "next": PAGE})["Location"] == PAGE


def test_a_part_of_a_page_sends_the_whole_page_to_the_proof(world: World, admin: Client) -> None:
    user_id, _password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    make_stale(admin)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/staff/?q=wang"}
    answer = admin.post(f"/settings/staff/{user_id}/", {"do": "password"}, headers=headers)
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/verify/?next=%2Fsettings%2Fstaff%2F%3Fq%3Dwang"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
    answer = admin.post(f"/settings/staff/{user_id}/", {"do": "password"}, headers=elsewhere)
    assert answer["HX-Redirect"] == f"/verify/?next=%2Fsettings%2Fstaff%2F{user_id}%2F"


def test_proof_is_the_factor_of_one_who_has_one_and_a_wrong_one_counts(world: World, admin: Client) -> None:
    codes = add_app()
    make_stale(admin)
    assert 'name="password"' not in admin.get("/verify/").content.decode()
    assert admin.post("/verify/", {"password": world.admin_password, "next": "/"}).status_code == 422
    assert admin.post("/verify/", {"code": code_now(), "next": "/settings/staff/new/"}).status_code == 302
    assert admin.get("/settings/staff/new/").status_code == 200
    make_stale(admin)
    assert admin.post("/verify/", {"recovery": codes[0], "next": "/"}).status_code == 302
    assert [one.after for one in AuditEntry.objects.filter(action="staff.verify").order_by("id")] == [
        {"way": "totp"},
        {"way": "recovery"},
    ]
    make_stale(admin)
    for _time in range(4):
        assert admin.post("/verify/", {"code": "wrong"}).status_code == 422
    assert admin.post("/verify/", {"recovery": codes[1]}).status_code == 429


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_proof_leads_to_no_other_site(world: World, admin: Client, elsewhere: str) -> None:
    assert admin.post("/verify/", {"password": world.admin_password, "next": elsewhere})["Location"] == "/"


def test_one_sees_and_ends_ones_own_sign_ins(world: World, admin: Client) -> None:
    other = signed_in("admin", world.admin_password)
    _user_id, password = hire("wang", Grant(role="it_admin", chain_id=world.chain_id))
    wang = signed_in("wang", password)
    shown = admin.get(PAGE).content.decode()
    assert shown.count('name="sign_in"') == 1
    assert other.cookies["sessionid"].value not in shown
    sign_in_id = str(StaffSession.objects.get(session_key=other.cookies["sessionid"].value).id)
    assert wang.post(PAGE, {"do": "end", "sign_in": sign_in_id}).status_code == 404
    assert other.get(PAGE).status_code == 200
    assert admin.post(PAGE, {"do": "end", "sign_in": sign_in_id}).status_code == 302
    assert other.get(PAGE).status_code == 302
    assert admin.post(PAGE, {"do": "end", "sign_in": "nonsense"}).status_code == 404


def test_all_others_end_at_once_also_those_that_no_list_knows(world: World, admin: Client) -> None:
    unlisted = Client()
    unlisted.force_login(StaffUser.objects.get(username="admin"))
    assert unlisted.get(PAGE).status_code == 200
    assert admin.post(PAGE, {"do": "end_others"}).status_code == 302
    assert unlisted.get(PAGE).status_code == 302
    assert admin.get(PAGE).status_code == 200
    assert AuditEntry.objects.filter(action="staff.end_sessions").count() == 1


def test_a_sign_in_ends_after_an_hour_without_a_page(admin: Client) -> None:
    move_session(admin, seen_at=3540)  # a busy machine takes some seconds
    assert admin.get(PAGE).status_code == 200
    move_session(admin, seen_at=3600)
    assert admin.get(PAGE).status_code == 302
    assert not StaffSession.objects.exists()


def test_a_page_that_asks_by_itself_keeps_no_sign_in_alive(admin: Client) -> None:
    move_session(admin, seen_at=3590)
    seen_at = admin.session["liushui_seen_at"]
    assert admin.get("/approvals/", headers={"HX-Request": "true"}).status_code == 200
    assert admin.session["liushui_seen_at"] == seen_at
    assert admin.get("/approvals/").status_code == 200
    assert admin.session["liushui_seen_at"] >= seen_at + 3590


def test_a_sign_in_ends_after_twelve_hours_whatever_is_done(admin: Client) -> None:
    move_session(admin, begun_at=12 * 3600 - 60)
    assert admin.get(PAGE).status_code == 200
    move_session(admin, begun_at=12 * 3600)
    assert admin.get(PAGE).status_code == 302


def test_signing_in_counts_as_fresh_proof(admin: Client) -> None:
    assert 0 <= int(datetime.now(UTC).timestamp()) - admin.session[VERIFIED_AT] <= 60
    assert admin.get("/settings/staff/new/").status_code == 200


def test_a_role_is_given_until_a_day_and_the_page_says_who_gave_it(world: World, admin: Client) -> None:
    user_id, _password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    page, day = f"/settings/staff/{user_id}/", (datetime.now(UTC) + timedelta(days=30)).date()
    form = {"do": "grant", "role": "marketer", "place": "Whole chain · ACME · Acme"}
    assert admin.post(page, {**form, "until": "2020-01-01"}).status_code == 422
    assert admin.post(page, {**form, "until": day.isoformat()}).status_code == 302
    shown = admin.get(page).content.decode()
    assert day.isoformat() in shown
    assert "Admin <small>" in shown
    answer = admin.post(page, {"do": "grant", "role": "auditor", "place": "Whole chain · ACME · Acme"})
    assert answer.status_code == 422
    assert "Who audits does not do the work that is audited" in answer.content.decode()


def test_duties_that_should_not_meet_are_named_on_the_page(world: World, admin: Client) -> None:
    user_id, _password = hire(
        "wang",
        Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id),
        Grant(role="finance", chain_id=world.chain_id),
    )
    assert (
        "Cashier and Finance: who takes money does not settle its differences."
        in admin.get(f"/settings/staff/{user_id}/").content.decode()
    )


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome · Linux"),  # noqa: E501
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),  # noqa: E501
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1", "Safari · iPhone"),  # noqa: E501
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_people_call_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name
