"""A machine gets a token by its secret, may what scopes and roles both give, and is out soon after it is ended."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from oauth2_provider.models import AccessToken, Application

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access, believed, oauth
from liushui.runtime.access import Grant, Principal
from liushui.runtime.api_clients import clients, create_client, machine_scopes, revoke_client, rotate_secret
from liushui.runtime.grants import revoke
from liushui.runtime.models import AuditEntry, GrantRow
from liushui.runtime.oauth import Bearer, ScopeMissing, TokenRefused
from liushui.runtime.tests.access_world import CHAIN_ADMIN, REGION_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
ADMIN = principal(CHAIN_ADMIN)
WHOLE_CHAIN = Grant(role="integration", chain_id=1)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)
    oauth.tokens.clear()


def make_client(**changed: object) -> tuple[str, str]:
    wanted = {
        "name": "Web shop",
        "source": "webshop",
        "grants": [WHOLE_CHAIN],
        "scopes": ["sale.write", "sale.read"],
        "principal": ADMIN,
    }
    return create_client(**{**wanted, **changed})  # type: ignore[arg-type]


def ask_token(client_id: str, secret: str, **fields: str) -> tuple[int, dict]:
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    answer = Client().post(
        "/oauth/token/", {"grant_type": "client_credentials", **fields}, headers={"Authorization": f"Basic {basic}"}
    )
    return answer.status_code, answer.json()


def speak(token: str | None, capability: str = "sale.write", *, address: str = "10.1.1.1") -> Principal:
    headers = {} if token is None else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return Bearer(capability)(RequestFactory().get("/api/v1/sales", REMOTE_ADDR=address, **headers))


def token_of(client_id: str, secret: str, **fields: str) -> str:
    status, body = ask_token(client_id, secret, **fields)
    assert status == 200, body
    return body["access_token"]


def test_a_client_gets_a_token_for_all_its_scopes_and_speaks_as_its_source() -> None:
    client_id, secret = make_client()
    status, body = ask_token(client_id, secret)

    assert status == 200
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert sorted(body["scope"].split()) == ["sale.read", "sale.write"]
    assert "refresh_token" not in body
    speaker = speak(body["access_token"])
    assert (speaker.subject, speaker.source, speaker.name) == (f"client:{client_id}", "webshop", "Web shop")
    assert speaker.stores("sale.write") == {100, 101, 200}
    assert speaker.address == "10.1.1.1"


def test_a_client_may_ask_for_fewer_scopes() -> None:
    token = token_of(*make_client(), scope="sale.read")
    assert speak(token, "sale.read").scopes == {"sale.read"}
    with pytest.raises(ScopeMissing, match=r"does not carry the scope 'sale\.write'"):
        speak(token, "sale.write")


@pytest.mark.parametrize("scope", ["report.read", "access.manage", "sale.read report.read", "nonsense"])
def test_a_client_never_gets_a_scope_that_it_was_not_registered_with(scope: str) -> None:
    status, body = ask_token(*make_client(), scope=scope)
    assert (status, body["error"]) == (400, "invalid_scope")
    assert not AccessToken.objects.exists()


def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer() -> None:
    client_id, _secret = make_client()
    assert ask_token(client_id, "wrong") == (401, {"error": "invalid_client"})
    assert ask_token("liushui-unknown", "wrong") == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("grant_type", "said"),
    [
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("nonsense", "unsupported_grant_type"),
        ("authorization_code", "unauthorized_client"),
        ("refresh_token", "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:device_code", "invalid_grant"),
    ],
)
def test_no_other_way_to_a_token_is_open_to_a_machine(grant_type: str, said: str) -> None:
    status, body = ask_token(
        *make_client(), grant_type=grant_type, username="a", password="b", code="c", refresh_token="d", device_code="e"
    )
    assert (status, body["error"]) == (400, said)
    assert not AccessToken.objects.exists()


def test_neither_secret_nor_token_is_kept_in_the_clear() -> None:
    client_id, secret = make_client()
    token = token_of(client_id, secret)
    kept = Application.objects.get(client_id=client_id).client_secret
    assert kept.startswith("client_secret$1$")
    assert secret not in kept
    row = AccessToken.objects.get()
    assert (row.token, row.token_checksum) == ("", hashlib.sha256(token.encode()).hexdigest())
    assert token.encode() not in repr(list(oauth.tokens._things)).encode()


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer "])
def test_no_token_is_a_401_that_asks_for_one(header: str | None) -> None:
    headers = {} if header is None else {"HTTP_AUTHORIZATION": header}
    with pytest.raises(TokenRefused) as refused:
        Bearer("sale.write")(RequestFactory().get("/", **headers))
    assert refused.value.status == 401
    assert refused.value.challenge == 'Bearer realm="liushui"'


@pytest.mark.parametrize("token", ["unknown", "Ünbekannt", "x" * 10_000, "a b"])
def test_an_unknown_token_is_a_401_that_says_so(token: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        speak(token)
    assert 'error="invalid_token"' in refused.value.challenge


def test_an_expired_token_is_a_401_also_when_it_was_believed_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(*make_client())
    AccessToken.objects.update(expires=datetime.now(UTC) + timedelta(seconds=5))
    moment = [1000.0]
    monkeypatch.setattr(oauth.time, "monotonic", lambda: moment[0])
    speak(token)
    moment[0] += 4.9
    AccessToken.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    speak(token)  # five seconds were promised
    moment[0] += 0.2
    with pytest.raises(TokenRefused):
        speak(token)


def test_a_role_without_the_capability_is_a_403_that_names_the_scope() -> None:
    GrantRow.objects.all().delete()
    client_id, secret = make_client(scopes=["price.write", "sale.read"])
    with pytest.raises(ScopeMissing) as refused:
        speak(token_of(client_id, secret), "price.write")
    assert refused.value.status == 403
    assert refused.value.challenge == 'Bearer realm="liushui", error="insufficient_scope", scope="price.write"'
    assert "holds no role" in refused.value.detail


def test_a_checked_token_costs_no_query_and_keeps_the_address_of_each_request(django_assert_num_queries) -> None:
    token = token_of(*make_client())
    with django_assert_num_queries(3):
        first = speak(token)
    with django_assert_num_queries(0):
        again, elsewhere = speak(token), speak(token, address="10.2.2.2")
    assert again is first
    assert (elsewhere.address, elsewhere.subject) == ("10.2.2.2", first.subject)


def test_a_revocation_in_another_process_is_felt_when_the_cache_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    client_id, secret = make_client()
    token = token_of(client_id, secret)
    moment = [1000.0]
    monkeypatch.setattr(oauth.time, "monotonic", lambda: moment[0])
    speak(token)
    monkeypatch.setattr(believed, "forget_all", lambda: None)  # this process is not told
    revoke_client(client_id=client_id, principal=ADMIN)

    moment[0] += settings.LIUSHUI.token_cache_seconds - 0.01
    assert speak(token).source == "webshop"
    moment[0] += 0.02
    with pytest.raises(TokenRefused):
        speak(token)


def test_a_revocation_in_this_process_is_felt_at_once_and_for_ever() -> None:
    client_id, secret = make_client()
    token = token_of(client_id, secret)
    speak(token)
    revoke_client(client_id=client_id, principal=ADMIN)
    with pytest.raises(TokenRefused):
        speak(token)
    assert ask_token(client_id, secret) == (401, {"error": "invalid_client"})
    with pytest.raises(Conflict, match="revoked"):
        rotate_secret(client_id=client_id, principal=ADMIN)
    with pytest.raises(Conflict, match="'webshop' belongs to another client"):
        make_client(name="An impostor")


def test_a_new_secret_ends_the_old_one_and_its_tokens() -> None:
    client_id, old = make_client()
    token = token_of(client_id, old)
    speak(token)
    new = rotate_secret(client_id=client_id, principal=ADMIN)
    with pytest.raises(TokenRefused):
        speak(token)
    assert ask_token(client_id, old)[0] == 401
    assert speak(token_of(client_id, new)).source == "webshop"


def test_a_role_taken_away_leaves_the_token_without_it() -> None:
    client_id, secret = make_client(grants=[WHOLE_CHAIN, Grant(role="marketer", chain_id=1)], scopes=["price.write"])
    token = token_of(client_id, secret)
    assert speak(token, "price.write").may("price.write")
    revoke(subject=f"client:{client_id}", grant=Grant(role="marketer", chain_id=1), revoked_by=ADMIN)
    oauth.tokens.clear()
    with pytest.raises(ScopeMissing):
        speak(token, "price.write")


def test_the_cache_forgets_the_oldest_beyond_its_size() -> None:
    cache = believed.Believed[Principal](most=3)
    for number in range(5):
        cache.put(digest=str(number), thing=ADMIN, until=10.0)
    assert [number for number in range(5) if cache.get(digest=str(number), now=1.0)] == [2, 3, 4]
    assert cache.get(digest="4", now=10.0) is None


def test_a_client_is_made_only_in_places_that_one_manages() -> None:
    with pytest.raises(NotAllowed):
        make_client(principal=principal(REGION_ADMIN))
    with pytest.raises(NotAllowed):
        make_client(principal=principal(Grant(role="finance", chain_id=1)))
    assert not Application.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"source": "Web Shop"}, "/source"),
        ({"source": ""}, "/source"),
        ({"name": " "}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["access.manage"]}, "/scopes"),
        ({"grants": []}, "/grants"),
    ],
)
def test_what_a_client_cannot_be_is_said_with_its_place(changed: dict, pointer: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_client(**changed)
    assert refused.value.pointer == pointer
    assert not Application.objects.exists()


def test_a_region_admin_sees_and_touches_only_clients_of_his_region() -> None:
    whole, _ = make_client()
    north, _ = make_client(name="North", source="north", grants=[Grant(role="integration", chain_id=1, region_id=10)])
    region_admin = principal(REGION_ADMIN)
    assert [client.client_id for client in clients(principal=region_admin)] == [north]
    assert {client.client_id for client in clients(principal=ADMIN)} == {whole, north}
    with pytest.raises(NotFound):
        rotate_secret(client_id=whole, principal=region_admin)
    rotate_secret(client_id=north, principal=region_admin)


def test_everything_done_to_a_client_is_in_the_audit_log_without_its_secret() -> None:
    client_id, secret = make_client()
    new = rotate_secret(client_id=client_id, principal=ADMIN)
    revoke_client(client_id=client_id, principal=ADMIN)
    written = list(AuditEntry.objects.order_by("id").values_list("action", "target", "chain_id"))
    target = f"client:{client_id}"
    assert written == [
        ("client.create", target, 1),
        ("access.grant", target, 1),
        ("client.rotate", target, 1),
        ("client.revoke", target, 1),
    ]
    kept = repr(list(AuditEntry.objects.values()))
    assert secret not in kept
    assert new not in kept


def test_no_machine_manages_access() -> None:
    assert "access.manage" not in machine_scopes()
    assert "sale.write" in machine_scopes()
