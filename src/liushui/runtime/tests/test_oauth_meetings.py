"""Apps, machines, tills and those who end them meet: whatever falls between two statements is answered clearly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, DeviceGrant
from oauth2_provider.models import Grant as Code
from tests.support.between import meetings

from liushui.kernel.errors import LiushuiError
from liushui.runtime import access, app_tokens, enrolment
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import change_client, create_client, create_till_app, revoke_client, rotate_secret
from liushui.runtime.grants import grant, staff_subject
from liushui.runtime.models import StaffUser
from liushui.runtime.oauth_server import DEVICE_GRANT_TYPE
from liushui.runtime.tests.access_world import expand
from liushui.runtime.tests.test_oauth_apps import ADMIN, asked, browser_of, consent, make_app, refresh, token, tokens_of
from liushui.runtime.tidy import tidy

pytestmark = pytest.mark.django_db
YEARS = timedelta(days=800)
PLACE = {"workstation_id": 7, "workstation_code": "T1", "store_id": 100, "chain_id": 1, "name": "Till"}


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """What each could do at this instant: a code, tokens, a secret and a till's code are out."""
    monkeypatch.setattr(access, "_expander", expand)
    mei = StaffUser.objects.create(username="mei", display_name="Mei")
    held = Grant(role="store_manager", chain_id=1, store_id=100)
    grant(subject=staff_subject(mei.pk), grant=held, granted_by=ADMIN)
    app = make_app()
    sends = [Grant(role="integration", chain_id=1, store_id=100)]
    machine, secret = create_client(name="Shop", source="shop", grants=sends, scopes=["sale.write"], principal=ADMIN)
    machine_asks = {"grant_type": "client_credentials", "client_secret": secret}
    code, tokens, browser = consent(mei, app)["code"], tokens_of(mei, app), browser_of(mei)
    given_back = {"token": tokens["refresh_token"], "client_id": app}
    end = partial(revoke_client, principal=ADMIN)
    return {
        "exchange": lambda: token(app, code=code)[0],
        "refresh": lambda: refresh(app, tokens["refresh_token"])[0],
        "give back": lambda: Client().post("/oauth/revoke/", given_back).status_code,
        "machine": lambda: token(machine, **machine_asks)[0],
        "consent": lambda: browser.post("/oauth/authorize/", {"answer": "allow"}, query_params=asked(app)).status_code,
        "rotate": lambda: told(rotate_secret, client_id=machine, principal=ADMIN),
        "change": lambda: told(change_client, client_id=app, scopes=["sale.read"], principal=ADMIN),
        "end app": lambda: told(end, client_id=app),
        "end machine": lambda: told(end, client_id=machine),
        "end person": lambda: told(app_tokens.end_of_person, user_id=mei.pk),
        "tidy": lambda: told(tidy, datetime.now(UTC) + YEARS),
        **device_deeds(mei),
    }


def device_deeds(mei: StaffUser) -> dict[str, Callable[[], Any]]:
    app = create_till_app(name="Till", source="till", chain_id=1, principal=ADMIN)
    device = ask(app).json()
    DeviceGrant.objects.update(last_checked=datetime.now(UTC) - timedelta(minutes=1))
    poll = {"grant_type": DEVICE_GRANT_TYPE, "client_id": app, "device_code": device["device_code"]}
    decision = {"user_code": device["user_code"], "principal": ADMIN, "now": datetime.now(UTC)}
    confirm = partial(enrolment.confirm, user_id=mei.pk, **PLACE, **decision)
    return {
        "ask": lambda: ask(app).status_code,
        "ask as browser": lambda: ask(enrolment.BROWSER_TILL).status_code,
        "poll": lambda: Client().post("/oauth/token/", poll).status_code,
        "confirm": lambda: told(confirm),
        "deny": lambda: told(enrolment.deny, **decision),
        "end till": lambda: told(revoke_client, client_id=app, principal=ADMIN),
    }


def ask(client_id: str) -> Any:
    form = "application/x-www-form-urlencoded"
    return Client().post("/oauth/device_authorization/", f"client_id={client_id}&scope=till.use", content_type=form)


def told(action: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """The status under which the console would tell what came of it."""
    try:
        action(*args, **kwargs)
    except LiushuiError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("deed", "other", "answers"),
    [
        ("exchange", "exchange", {400}),
        ("exchange", "end app", {400, 401}),
        ("exchange", "end person", {400}),
        ("exchange", "tidy", {200}),
        ("refresh", "refresh", {400}),
        ("refresh", "give back", {400}),
        ("refresh", "end app", {400, 401}),
        ("refresh", "end person", {400}),
        ("refresh", "tidy", {200}),
        ("give back", "refresh", {200}),
        ("give back", "give back", {200}),
        ("give back", "end app", {200, 401}),
        ("machine", "rotate", {200, 401}),
        ("machine", "end machine", {200, 400, 401}),
        ("consent", "change", {302}),
        ("consent", "end app", {302, 400}),
        ("rotate", "rotate", {200}),
        ("rotate", "end machine", {409}),
        ("change", "end app", {409}),
        ("end app", "end app", {409}),
        ("end machine", "rotate", {200}),
        ("ask", "end till", {200, 400}),
        ("ask as browser", "ask as browser", {200}),
        ("poll", "poll", {400}),
        ("poll", "confirm", {200}),
        ("poll", "deny", {400}),
        ("poll", "end till", {400}),
        ("poll", "tidy", {400}),
        ("confirm", "confirm", {404}),
        ("confirm", "deny", {404}),
        ("confirm", "tidy", {404}),
        ("deny", "confirm", {404}),
    ],
)
def test_whatever_falls_between_each_is_answered(
    deeds: dict[str, Callable[[], Any]], deed: str, other: str, answers: set[int]
) -> None:
    heard = list(meetings(deeds[deed], deeds[other]))
    assert {answer for _place, answer in heard} == answers, heard


@pytest.mark.parametrize("look", [1, 2, 3, 4])
def test_a_code_taken_between_two_looks_at_it_is_a_replay(monkeypatch: pytest.MonkeyPatch, look: int) -> None:
    """The server reads the code's row several times; before each of them, another exchange may have ended."""
    monkeypatch.setattr(access, "_expander", expand)
    mei, app = StaffUser.objects.create(username="mei", display_name="Mei"), make_app()
    held = Grant(role="store_manager", chain_id=1, store_id=100)
    grant(subject=staff_subject(mei.pk), grant=held, granted_by=ADMIN)
    code = consent(mei, app)["code"]
    looks, taken = 0, False

    def take_before_the_look(execute: Any, sql: str, *args: Any) -> Any:
        nonlocal looks, taken
        if sql.startswith("SELECT") and f'FROM "{Code._meta.db_table}"' in sql and not taken:
            looks += 1
            if looks == look:
                taken = True
                assert token(app, code=code)[0] == 200
        return execute(sql, *args)

    with connection.execute_wrapper(take_before_the_look):
        assert token(app, code=code) == (400, {"error": "invalid_grant"})
    assert taken
    assert not AccessToken.objects.exists()  # what came twice was stolen from somebody
