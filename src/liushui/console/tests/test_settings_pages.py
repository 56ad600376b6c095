"""Settings: accounts, roles, API clients and the audit log, each only within the places that one manages."""

from __future__ import annotations

import base64
import csv
import io
import re

import pytest
from django.test import Client

from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.runtime import audit
from liushui.runtime.access import Grant
from liushui.runtime.grants import held_grants, system_principal
from liushui.runtime.models import ApiClient, GrantRow, StaffUser

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def admin(world: World) -> Client:
    return signed_in("admin", world.admin_password)


@pytest.fixture
def north_admin(world: World) -> Client:
    _user_id, password = hire("north", Grant(role="it_admin", chain_id=world.chain_id, region_id=world.north_id))
    return signed_in("north", password)


def shown(page: bytes, element: str) -> str:
    """The value of a secret that a page shows."""
    found = re.search(rf'id="{element}" value="([^"]+)"', page.decode())
    assert found is not None, page.decode()
    return found[1]


NEW_CASHIER = {"username": "wang", "display_name": "王芳", "role": "cashier", "place": "ACME · Store · N1 · Store N1"}


def test_a_new_account_is_made_with_a_password_that_is_shown_once(world: World, admin: Client) -> None:
    answer = admin.post("/settings/staff/new/", NEW_CASHIER)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    password = shown(answer.content, "new-password")
    user = StaffUser.objects.get(username="wang")
    assert held_grants(subject=f"staff:{user.pk}") == (
        Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id),
    )
    signed_in("wang", password)
    assert password not in admin.get(f"/settings/staff/{user.pk}/").content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"place": "RIVAL · Store · R1 · Store R1"}, "Pick one of the places offered while you type."),
        ({"place": "nonsense"}, "Pick one of the places offered while you type."),
        ({"username": "admin"}, "The user name &#x27;admin&#x27; is taken"),
        ({"username": "two words"}, "Use letters, digits and @ . + - _ only."),
        ({"role": "integration"}, "Select a valid choice."),
        ({"display_name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_beside_the_field(
    world: World, admin: Client, changed: dict[str, str], words: str
) -> None:
    answer = admin.post("/settings/staff/new/", {**NEW_CASHIER, **changed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not StaffUser.objects.filter(username="wang").exists()


def test_a_region_admin_is_offered_only_places_of_his_region(world: World, north_admin: Client) -> None:
    offered = re.findall(r'<option value="([^"]+)"></option>', north_admin.get("/settings/staff/new/").content.decode())
    assert offered == ["ACME · Region · north · North", "ACME · Store · N1 · Store N1", "ACME · Store · N2 · Store N2"]


def test_a_region_admin_makes_no_admins(world: World, north_admin: Client) -> None:
    answer = north_admin.post("/settings/staff/new/", {**NEW_CASHIER, "role": "it_admin"})
    assert answer.status_code == 422
    assert "manage the role" in answer.content.decode()
    assert not StaffUser.objects.filter(username="wang").exists()


def test_roles_are_given_and_taken_away_on_the_page_of_the_account(world: World, admin: Client) -> None:
    user_id, _password = hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    page = f"/settings/staff/{user_id}/"
    form = {"do": "grant", "role": "finance", "place": "Whole chain · ACME · Acme"}
    assert admin.post(page, form).status_code == 302
    assert admin.post(page, form).status_code == 422  # held already
    cashier = f"cashier:{world.chain_id}::{world.n1.id}"
    assert admin.post(page, {"do": "revoke", "grant": cashier}).status_code == 302
    assert held_grants(subject=f"staff:{user_id}") == (Grant(role="finance", chain_id=world.chain_id),)
    assert admin.post(page, {"do": "revoke", "grant": f"finance:{world.chain_id}::"}).status_code == 409


def test_nobody_changes_his_own_account(world: World, admin: Client) -> None:
    page = f"/settings/staff/{world.admin_id}/"
    assert admin.post(page, {"do": "deactivate"}).status_code == 403
    assert admin.post(page, {"do": "password"}).status_code == 403
    form = {"do": "grant", "role": "finance", "place": "Whole chain · ACME · Acme"}
    assert admin.post(page, form).status_code == 422
    assert held_grants(subject=f"staff:{world.admin_id}") == (Grant(role="it_admin", chain_id=world.chain_id),)
    assert "Give a role" not in admin.get(page).content.decode()


def test_an_account_elsewhere_is_not_there_for_a_region_admin(world: World, north_admin: Client) -> None:
    south, _ = hire("south", Grant(role="cashier", chain_id=world.chain_id, store_id=world.s1.id))
    assert "south" not in re.findall(r"<td[^>]*>(\w+)</td>", north_admin.get("/settings/staff/").content.decode())
    assert north_admin.get(f"/settings/staff/{south}/").status_code == 404
    for do in ("deactivate", "password", "grant", "revoke", "nonsense"):
        assert north_admin.post(f"/settings/staff/{south}/", {"do": do}).status_code == 404
    assert StaffUser.objects.get(pk=south).is_active


def test_who_works_here_and_elsewhere_keeps_the_roles_elsewhere(world: World, north_admin: Client) -> None:
    both, _ = hire(
        "both",
        Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id),
        Grant(role="cashier", chain_id=world.chain_id, store_id=world.s1.id),
    )
    page = f"/settings/staff/{both}/"
    there = f"cashier:{world.chain_id}::{world.s1.id}"
    assert north_admin.post(page, {"do": "revoke", "grant": there}).status_code == 403
    assert north_admin.post(page, {"do": "password"}).status_code == 403
    assert GrantRow.objects.filter(subject=f"staff:{both}").count() == 2


def test_the_list_finds_people_by_name_and_state(world: World, admin: Client) -> None:
    hire("wang", Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id))
    names = re.compile(r'<td data-label="User name">(\w+)</td>')
    assert names.findall(admin.get("/settings/staff/").content.decode()) == ["admin", "wang"]
    assert names.findall(admin.get("/settings/staff/?q=WAN").content.decode()) == ["wang"]
    assert names.findall(admin.get("/settings/staff/?state=ended").content.decode()) == []


NEW_CLIENT = {
    "name": "Web shop",
    "source": "webshop",
    "role": "integration",
    "place": "ACME · Region · north · North",
    "scopes": ["sale.write", "sale.read"],
}


def test_a_client_is_made_with_a_secret_that_is_shown_once_and_opens_the_api(world: World, admin: Client) -> None:
    answer = admin.post("/settings/api-clients/new/", NEW_CLIENT)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    client_id, secret = shown(answer.content, "client-id"), shown(answer.content, "client-secret")
    assert f"curl -u &#x27;{client_id}:{secret}&#x27;" in answer.content.decode().replace("'", "&#x27;")
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    token = Client().post(
        "/oauth/token/", {"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
    )
    assert token.status_code == 200
    page = f"/settings/api-clients/{client_id}/"
    assert secret not in admin.get(page).content.decode()

    rotated = shown(admin.post(page, {"do": "rotate"}).content, "client-secret")
    assert rotated != secret
    assert admin.post(page, {"do": "revoke"}).status_code == 302
    assert ApiClient.objects.get().revoked_at is not None
    assert admin.post(page, {"do": "rotate"}).status_code == 409


def test_a_client_of_the_whole_chain_is_not_there_for_a_region_admin(
    world: World, admin: Client, north_admin: Client
) -> None:
    admin.post("/settings/api-clients/new/", {**NEW_CLIENT, "place": "Whole chain · ACME · Acme"})
    page = f"/settings/api-clients/{ApiClient.objects.get().client_id}/"
    assert north_admin.get(page).status_code == 404
    assert north_admin.post(page, {"do": "rotate"}).status_code == 404
    assert "Web shop" not in north_admin.get("/settings/api-clients/").content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"source": "Web Shop"}, "Use small letters, digits, dots and hyphens, such as webshop."),
        ({"scopes": ["access.manage"]}, "Select a valid choice."),
        ({"scopes": []}, "This field is required."),
        ({"role": "it_admin"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_with_a_new_client_is_said_beside_the_field(
    world: World, admin: Client, changed: dict[str, object], words: str
) -> None:
    answer = admin.post("/settings/api-clients/new/", {**NEW_CLIENT, **changed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ApiClient.objects.exists()


def note(world: World, target: str, **where: int) -> None:
    audit.record(
        principal=system_principal(name="set-up"),
        action="item.change",
        target=target,
        before={"name": "茶", "price": 100},
        after={"name": "绿茶", "price": 100},
        **where,
    )


def test_auditors_read_the_lines_of_their_places_only(world: World) -> None:
    GrantRow.objects.all().delete()
    note(world, "item:here", store_id=world.n1.id)
    note(world, "item:south", store_id=world.s1.id)
    note(world, "item:chain", chain_id=world.chain_id)
    note(world, "item:rival", chain_id=world.other.chain_id)
    note(world, "item:rival-store", store_id=world.other.id)
    note(world, "item:installation")
    _, password = hire("whole", Grant(role="auditor", chain_id=world.chain_id))
    _, local = hire("local", Grant(role="auditor", chain_id=world.chain_id, region_id=world.north_id))
    targets = re.compile(r"target=item%3A([\w-]+)")

    seen = targets.findall(signed_in("whole", password).get("/settings/audit/?action=item").content.decode())
    assert seen == ["installation", "chain", "south", "here"]
    assert targets.findall(signed_in("local", local).get("/settings/audit/?action=item").content.decode()) == ["here"]


def test_the_log_shows_what_changed_and_is_filtered_and_paged(world: World, admin: Client) -> None:
    for number in range(60):
        note(world, f"item:{number}", chain_id=world.chain_id)
    first = admin.get("/settings/audit/?action=item").content.decode()
    assert "<del>茶</del> → <ins>绿茶</ins>" in first
    assert "price" not in first  # it did not change
    targets = re.compile(r"target=item%3A(\d+)")
    assert targets.findall(first) == [str(number) for number in range(59, 9, -1)]
    cursor = re.search(r'after=([0-9a-f-]{36})" rel="next"', first)
    assert cursor is not None
    second = admin.get(f"/settings/audit/?action=item&after={cursor[1]}").content.decode()
    assert targets.findall(second) == [str(number) for number in range(9, -1, -1)]
    shown_things = re.compile(r">item:(\d+)</a>")
    assert shown_things.findall(admin.get("/settings/audit/?target=item:7").content.decode()) == ["7"]
    assert shown_things.findall(admin.get("/settings/audit/?action=item&last=2001-01-01").content.decode()) == []


@pytest.mark.parametrize(
    "query", ["first=nonsense", "last=9999-12-31", "after=nonsense", "who=%00", "first=0001-01-01"]
)
def test_a_filter_that_makes_no_sense_is_left_out(world: World, admin: Client, query: str) -> None:
    assert admin.get(f"/settings/audit/?{query}").status_code == 200


def test_the_export_holds_the_same_lines_and_no_formulas(world: World, admin: Client) -> None:
    audit.record(
        principal=system_principal(name="=cmd|'/c calc'!A1"),
        action="item.change",
        target="item:1",
        chain_id=world.chain_id,
        after={"name": "@SUM(A1)"},
    )
    answer = admin.get("/settings/audit/export/?action=item")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    assert rows[0][:5] == ["When", "Who", "Name", "What", "Thing"]
    assert [row[2:8] for row in rows[1:]] == [["'=cmd|'/c calc'!A1", "item.change", "item:1", "name", "–", "'@SUM(A1)"]]
