"""Apps act in a person's name by code and PKCE; what is forged, replayed, downgraded or expired gets nothing."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from oauth2_provider.models import AccessToken, Application, RefreshToken
from oauth2_provider.models import Grant as Code

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access, believed, enrolment, oauth
from liushui.runtime.access import Grant, Principal
from liushui.runtime.api_clients import change_client, client, clients, create_app, revoke_client, rotate_secret
from liushui.runtime.grants import grant, revoke, staff_subject
from liushui.runtime.models import AuditEntry, OAuthCodeUse, StaffUser, TillEnrolment
from liushui.runtime.oauth import Bearer, ScopeMissing, TokenRefused
from liushui.runtime.staff import reset_password, set_active
from liushui.runtime.tests.access_world import CHAIN_ADMIN, REGION_ADMIN, expand, principal
from liushui.runtime.tidy import tidy

pytestmark = pytest.mark.django_db
ADMIN = principal(CHAIN_ADMIN, subject="staff:901")
BACK = "https://app.example/back"
VERIFIER = "a-verifier-of-at-least-forty-three-letters-0123"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)
    believed.forget_all()


@pytest.fixture
def mei() -> StaffUser:
    user = StaffUser.objects.create(username="mei", display_name="Mei")
    subject = staff_subject(user.pk)
    grant(subject=subject, grant=Grant(role="store_manager", chain_id=1, store_id=100), granted_by=ADMIN)
    return user


@pytest.fixture
def app() -> str:
    return make_app()


def make_app(**changed: Any) -> str:
    wanted = {
        "name": "Figures on the phone",
        "source": "phone",
        "chain_id": 1,
        "scopes": ["report.read", "sale.read"],
        "redirect_uris": [BACK, "http://localhost:8123/back"],
        "principal": ADMIN,
    }
    return create_app(**{**wanted, **changed})


def browser_of(user: StaffUser) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user)
    return browser


def asked(app: str, **changed: str | None) -> dict[str, str]:
    wanted = {
        "response_type": "code",
        "client_id": app,
        "redirect_uri": BACK,
        "scope": "report.read",
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def consent(user: StaffUser, app: str, answer: str = "allow", **changed: str | None) -> dict[str, str]:
    """What the app hears at its own address."""
    query = "&".join(f"{name}={value}" for name, value in asked(app, **changed).items())
    response = browser_of(user).post(f"/oauth/authorize/?{query}", {"answer": answer})
    assert response.status_code == 302, response.content
    parts = urlsplit(response["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == changed.get("redirect_uri", BACK)
    return dict(parse_qsl(parts.query))


def token(app: str, **fields: str) -> tuple[int, dict[str, Any]]:
    wanted = {
        "grant_type": "authorization_code", "client_id": app, "redirect_uri": BACK, "code_verifier": VERIFIER, **fields
    }  # fmt: skip
    response = Client().post("/oauth/token/", {name: value for name, value in wanted.items() if value})
    return response.status_code, response.json()


def tokens_of(user: StaffUser, app: str, **changed: str | None) -> dict[str, Any]:
    status, body = token(app, code=consent(user, app, **changed)["code"])
    assert status == 200, body
    return body


def refresh(app: str, refresh_token: str, **fields: str) -> tuple[int, dict[str, Any]]:
    return token(
        app, grant_type="refresh_token", refresh_token=refresh_token, code_verifier="", redirect_uri="", **fields
    )


def speak(access_token: str, capability: str = "report.read") -> Principal:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {access_token}"}
    return Bearer(capability)(RequestFactory().get("/api/v1/sales", **headers))


def test_a_person_lets_an_app_act_in_her_name_and_it_may_what_she_may_and_was_allowed(mei: StaffUser, app: str) -> None:
    heard = consent(mei, app)
    assert heard["state"] == "xyz"
    assert heard["iss"] == "http://testserver"
    status, body = token(app, code=heard["code"])
    assert (status, body["token_type"], body["scope"], body["expires_in"]) == (200, "Bearer", "report.read", 3600)
    speaker = speak(body["access_token"])
    assert (speaker.subject, speaker.name, speaker.source) == (staff_subject(mei.pk), "Mei", "phone")
    assert speaker.stores("report.read") == {100}
    assert not speaker.may("sale.read")  # registered, hers, but not asked for
    assert not speaker.may("report.export")


def test_a_scope_that_the_person_lacks_gives_nothing(mei: StaffUser) -> None:
    app = make_app(scopes=["price.write"])
    body = tokens_of(mei, app, scope="price.write")
    with pytest.raises(ScopeMissing, match="Mei holds no role"):
        speak(body["access_token"], "price.write")


def test_an_app_of_one_chain_sees_nothing_of_another(mei: StaffUser) -> None:
    far = principal(Grant(role="it_admin", chain_id=2), subject="staff:902")
    grant(subject=staff_subject(mei.pk), grant=Grant(role="store_manager", chain_id=2, store_id=300), granted_by=far)
    app = make_app(chain_id=2, principal=far)
    assert speak(tokens_of(mei, app)["access_token"]).stores("report.read") == {300}


def test_the_page_of_consent_names_app_and_rights_and_lets_the_form_lead_to_the_app_alone(
    mei: StaffUser, app: str
) -> None:
    response = browser_of(mei).get("/oauth/authorize/", asked(app))
    text = response.content.decode()
    assert "Figures on the phone" in text
    assert "See reports" in text
    assert "app.example" in text
    assert "form-action 'self' https://app.example;" in response["Content-Security-Policy"] + ";"
    assert not Code.objects.exists()


def test_nobody_consents_unasked(mei: StaffUser, app: str) -> None:
    response = Client().get("/oauth/authorize/", asked(app))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=%2Foauth%2Fauthorize%2F%3F")
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(mei)
    assert guarded.post("/oauth/authorize/", {"answer": "allow"}, query_params=asked(app)).status_code == 403
    assert not Code.objects.exists()


def test_who_does_not_allow_sends_the_app_away(mei: StaffUser, app: str) -> None:
    heard = consent(mei, app, answer="deny")
    assert (heard["error"], heard["state"], heard["iss"]) == ("access_denied", "xyz", "http://testserver")
    assert "code" not in heard
    assert not Code.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge_method": None},
        {"code_challenge_method": "S512"},
    ],
)
def test_without_pkce_by_s256_no_code_is_given(mei: StaffUser, app: str, changed: dict[str, Any]) -> None:
    heard = consent(mei, app, **changed)
    assert (heard["error"], heard["state"]) == ("invalid_request", "xyz")
    assert not Code.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "access.manage"}, "invalid_scope"),
        ({"scope": "report.read price.write"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
    ],
)
def test_what_the_app_may_not_ask_for_is_told_to_the_app(
    mei: StaffUser, app: str, changed: dict[str, Any], error: str
) -> None:
    assert consent(mei, app, **changed)["error"] == error
    assert not Code.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example/back/",
        "https://app.example/back?x=1",
        "https://app.example/Back",
        "https://app.example:443/back",
        "https://app.example.evil.test/back",
        "https://app.example@evil.test/back",
        "http://app.example/back",
        "http://localhost:8124/back",
        "https://app.example/back#x",
        "javascript:alert(1)",
        "//evil.test/back",
        "https://evil.test/",
    ],
)
def test_an_address_that_is_not_exactly_a_registered_one_is_never_gone_to(
    mei: StaffUser, app: str, address: str
) -> None:
    wanted = asked(app, redirect_uri=address)
    browser = browser_of(mei)
    for response in (
        browser.get("/oauth/authorize/", wanted),
        browser.post("/oauth/authorize/", {"answer": "allow"}, query_params=wanted),
    ):
        assert response.status_code == 400
        assert "Location" not in response
        assert b"asked wrongly" in response.content
    assert not Code.objects.exists()


@pytest.mark.parametrize("client_id", ["liushui-unknown", "", "liushui\x00"])
def test_an_unknown_app_is_told_to_the_person(mei: StaffUser, client_id: str) -> None:
    response = browser_of(mei).get("/oauth/authorize/", asked(client_id))
    assert response.status_code == 400
    assert "Location" not in response


def test_a_registered_local_address_is_taken_as_it_stands(mei: StaffUser, app: str) -> None:
    local = "http://localhost:8123/back"
    code = consent(mei, app, redirect_uri=local)["code"]
    assert token(app, code=code, redirect_uri=BACK)[1]["error"] == "invalid_request"  # not the one of the code
    assert token(app, code=code, redirect_uri=local)[0] == 200


@pytest.mark.parametrize("verifier", ["another-verifier-of-at-least-forty-three-letters", CHALLENGE, "short", ""])
def test_a_wrong_verifier_gets_nothing(mei: StaffUser, app: str, verifier: str) -> None:
    code = consent(mei, app)["code"]
    status, body = token(app, code=code, code_verifier=verifier)
    assert (status, body["error"]) == (400, "invalid_request" if verifier == "" else "invalid_grant")
    assert not AccessToken.objects.exists()


def test_a_code_is_kept_hashed_lives_a_minute_and_is_good_for_its_own_app(mei: StaffUser, app: str) -> None:
    before = datetime.now(UTC)
    code = consent(mei, app)["code"]
    row, minute = Code.objects.get(), timedelta(minutes=1)
    assert row.code == hashlib.sha256(code.encode()).hexdigest()
    assert before + minute <= row.expires <= datetime.now(UTC) + minute
    other = make_app(name="Other", source="other")
    assert token(other, code=code)[1]["error"] == "invalid_grant"
    Code.objects.update(expires=datetime.now(UTC))
    assert token(app, code=code)[1]["error"] == "invalid_grant"
    for forged in ("", "x", row.code):
        assert token(app, code=forged)[0] == 400
    assert not AccessToken.objects.exists()


def test_a_code_that_comes_again_ends_the_tokens_that_came_of_it(mei: StaffUser, app: str) -> None:
    code = consent(mei, app)["code"]
    status, first = token(app, code=code)
    assert status == 200
    elsewhere = tokens_of(mei, app)
    assert speak(first["access_token"]).may("report.read")
    assert token(app, code=code) == (400, {"error": "invalid_grant"})
    believed.forget_all()
    with pytest.raises(TokenRefused):
        speak(first["access_token"])
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert speak(elsewhere["access_token"]).may("report.read")  # what came of another code stays


def test_of_two_exchanges_at_once_one_is_a_replay(mei: StaffUser, app: str) -> None:
    code = consent(mei, app)["code"]
    kept = Code.objects.get()
    token(app, code=code)
    Code.objects.create(  # as the second had read it before the first deleted it
        user=mei, application=kept.application, code=kept.code, expires=kept.expires, redirect_uri=BACK,
        scope=kept.scope, code_challenge=kept.code_challenge, code_challenge_method="S256",
    )  # fmt: skip
    assert token(app, code=code) == (400, {"error": "invalid_grant"})
    assert AccessToken.objects.count() == 0
    assert OAuthCodeUse.objects.count() == 1


def test_a_refresh_token_is_good_for_once_and_an_old_one_ends_its_family(mei: StaffUser, app: str) -> None:
    first = tokens_of(mei, app)
    status, second = refresh(app, first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert speak(second["access_token"]).stores("report.read") == {100}
    with pytest.raises(TokenRefused):
        speak(first["access_token"])
    status, third = refresh(app, second["refresh_token"])
    assert status == 200
    assert refresh(app, first["refresh_token"]) == (400, {"error": "invalid_grant"})  # stolen, or lost on the way
    believed.forget_all()
    with pytest.raises(TokenRefused):
        speak(third["access_token"])
    assert refresh(app, third["refresh_token"]) == (400, {"error": "invalid_grant"})


def test_a_refresh_widens_nothing_and_serves_no_other_app(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app)
    assert refresh(app, body["refresh_token"], scope="report.read sale.read")[1]["error"] == "invalid_scope"
    other = make_app(name="Other", source="other")
    assert refresh(other, body["refresh_token"])[1]["error"] == "invalid_grant"
    assert refresh(app, body["refresh_token"])[0] == 200


def test_a_refresh_token_that_nobody_used_for_long_is_over(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app)
    days = timedelta(days=settings.LIUSHUI.refresh_token_days)
    AccessToken.objects.update(expires=datetime.now(UTC) - days + timedelta(minutes=1))
    assert refresh(app, body["refresh_token"])[0] == 200
    body = tokens_of(mei, app)
    AccessToken.objects.update(expires=datetime.now(UTC) - days)
    assert refresh(app, body["refresh_token"])[1]["error"] == "invalid_grant"


def test_neither_token_is_kept_in_the_clear(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app)
    kept = repr(list(AccessToken.objects.values())) + repr(list(RefreshToken.objects.values()))
    kept += repr(list(AuditEntry.objects.values()))
    assert body["access_token"] not in kept
    assert body["refresh_token"] not in kept


def _end_account(mei: StaffUser, app: str, body: dict[str, Any]) -> None:
    set_active(user_id=mei.pk, is_active=False, principal=ADMIN)


def _new_password(mei: StaffUser, app: str, body: dict[str, Any]) -> None:
    reset_password(user_id=mei.pk, principal=ADMIN)


def _end_app(mei: StaffUser, app: str, body: dict[str, Any]) -> None:
    revoke_client(client_id=app, principal=ADMIN)


def _revoke_access(mei: StaffUser, app: str, body: dict[str, Any]) -> None:
    assert Client().post("/oauth/revoke/", {"client_id": app, "token": body["access_token"]}).status_code == 200


def _revoke_refresh(mei: StaffUser, app: str, body: dict[str, Any]) -> None:
    assert Client().post("/oauth/revoke/", {"client_id": app, "token": body["refresh_token"]}).status_code == 200


ENDINGS = (_end_account, _new_password, _end_app, _revoke_access, _revoke_refresh)


@pytest.mark.parametrize("end", ENDINGS)
def test_what_ends_an_app_here_ends_it_at_once(mei: StaffUser, app: str, end: Any) -> None:
    body = tokens_of(mei, app)
    assert speak(body["access_token"]).may("report.read")
    end(mei, app, body)
    with pytest.raises(TokenRefused):
        speak(body["access_token"])
    status, said = refresh(app, body["refresh_token"])
    assert status in (400, 401)
    assert said["error"] in ("invalid_grant", "invalid_client")


@pytest.mark.parametrize("end", ENDINGS)
def test_what_ends_an_app_elsewhere_ends_it_here_within_the_believed_seconds(
    mei: StaffUser, app: str, end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = tokens_of(mei, app)
    moment = [1000.0]
    monkeypatch.setattr(oauth.time, "monotonic", lambda: moment[0])
    speak(body["access_token"])
    with monkeypatch.context() as another_process:
        another_process.setattr(oauth.tokens, "clear", lambda: None)
        end(mei, app, body)
    moment[0] += settings.LIUSHUI.token_cache_seconds - 0.01
    assert speak(body["access_token"]).may("report.read")
    moment[0] += 0.02
    with pytest.raises(TokenRefused):
        speak(body["access_token"])


def test_a_code_of_somebody_whose_account_ended_gets_nothing(mei: StaffUser, app: str) -> None:
    code = consent(mei, app)["code"]
    StaffUser.objects.update(is_active=False)
    assert token(app, code=code)[1]["error"] == "invalid_grant"
    assert not AccessToken.objects.exists()


def test_no_app_ends_the_tokens_of_another(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app)
    other = make_app(name="Other", source="other")
    for client_id in (other, "liushui-unknown", ""):
        Client().post("/oauth/revoke/", {"client_id": client_id, "token": body["access_token"]})
    believed.forget_all()
    assert speak(body["access_token"]).may("report.read")


def test_a_role_taken_away_leaves_the_app_without_it(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app)
    subject = staff_subject(mei.pk)
    speak(body["access_token"])
    grant(subject=subject, grant=Grant(role="cashier", chain_id=1, store_id=100), granted_by=ADMIN)
    revoke(subject=subject, grant=Grant(role="store_manager", chain_id=1, store_id=100), revoked_by=ADMIN)
    with pytest.raises(ScopeMissing):
        speak(body["access_token"])


def test_a_scope_taken_from_the_app_is_gone_from_its_tokens_at_once(mei: StaffUser, app: str) -> None:
    body = tokens_of(mei, app, scope="report.read sale.read")
    assert speak(body["access_token"], "sale.read").may("sale.read")
    change_client(client_id=app, scopes=["report.read"], principal=ADMIN)
    with pytest.raises(ScopeMissing):
        speak(body["access_token"], "sale.read")
    assert speak(body["access_token"]).may("report.read")


def test_no_token_of_a_person_carries_what_needs_the_person(mei: StaffUser) -> None:
    for scope in ("access.manage", "till.use", "till.approve", "till.enrol"):
        with pytest.raises(InvalidValue):
            make_app(scopes=[scope])


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/back",
        "https://*.example/back",
        "https://app.example/back#part",
        "https://user@app.example/back",
        "javascript:alert(1)",
        "app.example/back",
        "https://",
        "https://[::1",
        "https://app.example:port/",
        "https://app.example/ä",
        "custom:/back",
    ],
)
def test_an_address_that_no_app_should_have_is_refused(address: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_app(redirect_uris=[address])
    assert refused.value.pointer == "/redirect_uris"
    assert not Application.objects.exists()


def test_only_who_manages_access_in_the_whole_chain_has_apps(app: str) -> None:
    region_admin = principal(REGION_ADMIN, subject="staff:903")
    with pytest.raises(NotAllowed):
        make_app(source="another", principal=region_admin)
    assert clients(principal=region_admin) == ()
    for act in (
        lambda: client(client_id=app, principal=region_admin),
        lambda: change_client(client_id=app, scopes=["report.read"], principal=region_admin),
        lambda: revoke_client(client_id=app, principal=region_admin),
    ):
        with pytest.raises(NotFound):
            act()
    [view] = clients(principal=ADMIN)
    assert (view.client_id, view.kind, view.redirect_uris) == (app, "app", (BACK, "http://localhost:8123/back"))


def test_an_app_has_no_secret_and_no_token_of_its_own(app: str) -> None:
    with pytest.raises(Conflict):
        rotate_secret(client_id=app, principal=ADMIN)
    assert token(app, grant_type="client_credentials")[1]["error"] in ("invalid_client", "unauthorized_client")
    assert not AccessToken.objects.exists()


def test_what_is_done_to_an_app_is_in_the_audit_log(mei: StaffUser, app: str) -> None:
    consent(mei, app)
    change_client(client_id=app, scopes=["sale.read"], redirect_uris=[BACK], principal=ADMIN)
    change_client(client_id=app, scopes=["sale.read"], redirect_uris=[BACK], principal=ADMIN)
    revoke_client(client_id=app, principal=ADMIN)
    lines = AuditEntry.objects.filter(target=f"client:{app}").order_by("id")
    assert list(lines.values_list("action", "subject", "chain_id")) == [
        ("client.create", "staff:901", 1),
        ("app.consent", staff_subject(mei.pk), 1),
        ("client.change", "staff:901", 1),
        ("client.revoke", "staff:901", 1),
    ]
    change = lines.get(action="client.change")
    assert change.before == {
        "scopes": ["report.read", "sale.read"],
        "redirect_uris": [BACK, "http://localhost:8123/back"],
    }
    assert change.after == {"scopes": ["sale.read"], "redirect_uris": [BACK]}


def test_the_server_says_what_it_can_do() -> None:
    said = Client().get("/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == "http://testserver"
    assert said["authorization_endpoint"] == "http://testserver/oauth/authorize/"
    assert said["token_endpoint"] == "http://testserver/oauth/token/"
    assert said["revocation_endpoint"] == "http://testserver/oauth/revoke/"
    assert said["device_authorization_endpoint"] == "http://testserver/oauth/device_authorization/"
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["response_types_supported"] == ["code"]
    assert "password" not in said["grant_types_supported"]


def test_codes_that_nobody_can_use_any_more_are_tidied_away() -> None:
    now = datetime.now(UTC)
    for digest, age in (("old", timedelta(days=31)), ("new", timedelta(days=29))):
        OAuthCodeUse.objects.create(code_sha256=digest, used_at=now - age)
    for code, age in (("BCDF-GHJK", timedelta(hours=25)), ("LMNP-QRST", timedelta(hours=23))):
        enrolment.ask(
            client_id="liushui-till", scope="till.use", device_code=code, user_code=code, seconds=600, address="",
            user_agent="", now=now - age,
        )  # fmt: skip
    tidy(now)
    assert list(OAuthCodeUse.objects.values_list("code_sha256", flat=True)) == ["new"]
    assert list(TillEnrolment.objects.values_list("user_code", flat=True)) == ["LMNP-QRST"]
