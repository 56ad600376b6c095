"""Tokens and sessions that are forged, cut, replayed, expired, revoked or of another installation open nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client, override_settings
from oauth2_provider.models import AccessToken, Application
from tests.security.conftest import SYSTEM

from liushui.runtime import api_clients, oauth
from liushui.runtime.staff import reset_password, set_active

READ = "/api/v1/orders"


def b64(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(good: str) -> Iterator[str]:
    """Everything one would try who has seen a token, or knows that others use JWTs."""
    claims = {"sub": "staff:1", "scope": "sale.read access.manage", "exp": 4102444800, "client_id": "liushui"}
    for algorithm in ("none", "None", "NONE", "HS256", "RS256"):
        head = b64({"alg": algorithm, "typ": "JWT"})
        body = b64(claims)
        signature = b64(hmac.new(b"", f"{head}.{body}".encode(), hashlib.sha256).digest())
        yield from (f"{head}.{body}.", f"{head}.{body}.{signature}")
    yield from (
        good[:-1],
        good[1:],
        good + "x",
        good + "\x00",
        good.upper(),
        good[::-1],
        good * 2,
        " ",
        "null",
        "*",
        "%",
    )
    yield hashlib.sha256(good.encode()).hexdigest()  # what the database holds
    yield "x" * 100_000
    yield "' OR '1'='1"


def status(token: str, *, scheme: str = "Bearer") -> int:
    return Client().get(READ, headers={"authorization": f"{scheme} {token}"}).status_code


@pytest.fixture
def good(world: Any) -> str:
    """A token that opens READ, as a check that the others fail for the right reason."""
    token = str(world.tokens["machine", "store"])
    assert status(token) == 200
    return token


def test_no_forged_token_opens_anything(good: str) -> None:
    accepted = [token for token in forged(good) if status(token) != 401]
    assert accepted == []


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer bearer", "Digest", ""])
def test_a_good_token_under_another_scheme_is_none(good: str, scheme: str) -> None:
    assert status(good, scheme=scheme) == 401


def test_a_token_is_taken_from_the_header_only(good: str) -> None:
    """RFC 6750 allows the query and the body too; both end in logs."""
    assert Client().get(READ, {"access_token": good}).status_code == 401
    assert Client().post("/api/v1/sales", {"access_token": good}).status_code == 401


def test_an_expired_token_opens_nothing(good: str) -> None:
    AccessToken.objects.filter(token_checksum=hashlib.sha256(good.encode()).hexdigest()).update(
        expires=datetime.now(UTC) - timedelta(seconds=1)
    )
    oauth.tokens.clear()  # what another process would know at once, and this one within token_cache_seconds
    assert status(good) == 401


def test_a_token_is_not_believed_beyond_its_own_end(good: str) -> None:
    """The seconds for which it is believed unasked never reach past its expiry."""
    AccessToken.objects.filter(token_checksum=hashlib.sha256(good.encode()).hexdigest()).update(
        expires=datetime.now(UTC) + timedelta(seconds=2)
    )
    oauth.tokens.clear()
    assert status(good) == 200
    [(_principal, until)] = oauth.tokens._things.values()
    assert until - time.monotonic() < 2.01


def test_a_revoked_client_s_token_opens_nothing_at_once(good: str) -> None:
    client_id = AccessToken.objects.get(token_checksum=hashlib.sha256(good.encode()).hexdigest()).application.client_id
    api_clients.revoke_client(client_id=client_id, principal=SYSTEM)
    assert status(good) == 401


def test_a_new_secret_ends_the_tokens_of_the_old_one(good: str) -> None:
    client_id = AccessToken.objects.get(token_checksum=hashlib.sha256(good.encode()).hexdigest()).application.client_id
    api_clients.rotate_secret(client_id=client_id, principal=SYSTEM)
    assert status(good) == 401


def test_the_tokens_of_machines_open_no_page(good: str, world: Any) -> None:
    answer = Client().get("/orders/", headers={"authorization": f"Bearer {good}"})
    assert (answer.status_code, answer["location"].split("?")[0]) == (302, "/sign-in/")


def test_the_session_of_staff_opens_no_api(world: Any) -> None:
    assert world.browser(subject="store_manager", scope="chain").get(READ).status_code == 401


def test_the_token_address_gives_nothing_to_guesses(world: Any) -> None:
    """Wrong secrets, secrets of others, other grants, wider scopes than registered."""
    application = Application.objects.get(client_id=world.words["own"]["client_id"])
    secret = api_clients.rotate_secret(client_id=application.client_id, principal=SYSTEM)
    other = api_clients.rotate_secret(client_id=world.words["other_chain"]["client_id"], principal=SYSTEM)

    def ask(**body: str) -> tuple[int, dict[str, Any]]:
        answer = Client().post("/oauth/token/", {"client_id": application.client_id} | body)
        return answer.status_code, answer.json()

    machine = {"grant_type": "client_credentials"}
    assert ask(**machine, client_secret=secret)[0] == 200
    for wrong in (other, secret[:-1], secret + "x", "", "' OR 1=1 --", application.client_secret):
        assert ask(**machine, client_secret=wrong) == (401, {"error": "invalid_client"}), wrong
    for grant in ("password", "implicit", "token", "urn:ietf:params:oauth:grant-type:jwt-bearer", "none", ""):
        status_code, answer = ask(grant_type=grant, client_secret=secret, username="it_admin-store", password="x")
        assert status_code in (400, 401), grant
        assert "access_token" not in answer
    status_code, answer = ask(**machine, client_secret=secret, scope="sale.write access.manage")
    assert (status_code, answer["error"]) == (400, "invalid_scope")
    status_code, answer = ask(**machine, client_secret=secret, scope="sale.write")
    assert (status_code, answer["scope"]) == (200, "sale.write")


def session_of(world: Any, subject: str = "store_manager") -> str:
    return str(world.sessions[subject, "store"])


def is_in(session: str) -> bool:
    browser = Client()
    browser.cookies["sessionid"] = session
    return browser.get("/stores/").status_code == 200


def test_no_forged_session_is_anybody(world: Any) -> None:
    good = session_of(world)
    assert is_in(good)
    tries = [good[:-1], good[::-1], good.upper(), "", "0" * 32, "../../etc/passwd", "' OR '1'='1", good + "\x00"]
    tries.append(signing.dumps({SESSION_KEY: "1"}, salt="django.contrib.sessions.backends.signed_cookies"))
    assert [session for session in tries if is_in(session)] == []


def test_the_session_of_another_installation_is_nobody_s(world: Any) -> None:
    """The same row under another secret key: a copied database makes no session good."""
    good = session_of(world)
    with override_settings(SECRET_KEY="another installation's key, fifty characters long…", SECRET_KEY_FALLBACKS=[]):
        assert not is_in(good)


def test_a_session_ends_with_sign_out_on_the_server_too(world: Any) -> None:
    good = session_of(world)
    browser = Client()
    browser.cookies["sessionid"] = good
    assert browser.post("/sign-out/").status_code == 302
    assert not Session.objects.filter(session_key=good).exists()
    assert not is_in(good)


def test_a_session_ends_when_its_time_is_over(world: Any) -> None:
    good = session_of(world)
    Session.objects.filter(session_key=good).update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
    assert not is_in(good)


@pytest.mark.parametrize("how", ["ended", "new password"])
def test_a_session_ends_with_its_account_and_its_password(world: Any, staff_user: Callable[..., Any], how: str) -> None:
    good, user = session_of(world), staff_user("store_manager")
    assert is_in(good)
    if how == "ended":
        set_active(user_id=user.pk, is_active=False, principal=SYSTEM)
    else:
        reset_password(user_id=user.pk, principal=SYSTEM)
    assert not is_in(good)


def test_signing_in_gives_a_key_that_nobody_knew_before(world: Any) -> None:
    """Session fixation: a session planted in the browser is not the one that is signed in."""
    user = get_user_model().objects.get(username="marketer-store")
    user.set_password("river-stone-lamp")
    user.save()
    browser = Client()
    planted = browser.session
    planted["planted"] = "by somebody else"
    planted.save()
    browser.cookies["sessionid"] = planted.session_key
    form = {"username": "marketer-store", "password": "river-stone-lamp"}
    assert browser.post("/sign-in/", form).status_code == 302
    assert browser.cookies["sessionid"].value not in ("", planted.session_key)
    assert not is_in(str(planted.session_key))


def test_a_replayed_sign_in_form_needs_its_own_browser(world: Any) -> None:
    """The form's token goes with the cookie of the browser that asked for it, and is another after signing in."""
    user = get_user_model().objects.get(username="marketer-store")
    user.set_password("river-stone-lamp")
    user.save()
    browser, thief = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    page = browser.get("/sign-in/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": "marketer-store", "password": "river-stone-lamp", "csrfmiddlewaretoken": token}
    assert thief.post("/sign-in/", form).status_code == 403
    assert browser.post("/sign-in/", form).status_code == 302
    assert browser.post("/sign-out/", {"csrfmiddlewaretoken": token}).status_code == 403
