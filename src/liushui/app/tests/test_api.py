"""The API as a whole: every error is a problem (RFC 9457) that says where and what, and nothing of our insides."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from liushui.app.api import api, json_pointer
from liushui.kernel.errors import LiushuiError
from liushui.runtime import oauth
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client, machine_scopes
from liushui.runtime.grants import MACHINE_ROLES, system_principal
from liushui.stores import facade as stores

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Client:
    """A machine that may everything that machines may, in a chain of its own."""
    oauth.tokens.clear()
    chain = stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    client_id, _secret = create_client(
        name="Caller",
        source="caller",
        grants=[Grant(role=role, chain_id=chain.id) for role in sorted(MACHINE_ROLES)],
        scopes=machine_scopes(),
        principal=system_principal(name="tests"),
    )
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id),
        token="",
        token_checksum=hashlib.sha256(b"the-token").hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),
        scope=" ".join(machine_scopes()),
    )
    return Client(headers={"authorization": "Bearer the-token"}, raise_request_exception=False)


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert set(document) >= {"type", "title", "status", "detail"}
    return document


@pytest.mark.parametrize("body", ["{", "nonsense", '{"items": [', b"\xff\xfe", "[" * 10_000])
def test_a_body_that_is_not_json_is_a_400(caller: Client, body: Any) -> None:
    answer = caller.generic("POST", "/api/v1/items/batch", body, content_type="application/json")
    assert problem(answer, 400)["type"] == "urn:liushui:problem:unreadable"


def test_wrong_values_are_a_422_that_points_at_all_of_them(caller: Client) -> None:
    body = {"items": [{"sku": "A", "name_zh": "茶", "tax_rate_bp": -1}, {"sku": "B", "surprise": 1}]}
    document = problem(caller.post("/api/v1/items/batch", body, content_type="application/json"), 422)
    assert document["type"] == "urn:liushui:problem:invalid-value"
    assert [(error["in"], error["pointer"]) for error in document["errors"]] == [
        ("body", "/items/0/tax_rate_bp"),
        ("body", "/items/1/surprise"),
    ]
    assert document["pointer"] == "/items/0/tax_rate_bp"


def test_a_wrong_query_is_a_422_that_names_the_parameter(caller: Client) -> None:
    document = problem(caller.get("/api/v1/items?limit=0"), 422)
    assert [(error["in"], error["pointer"]) for error in document["errors"]] == [("query", "/limit")]


def test_json_pointers_are_escaped_as_rfc_6901_says() -> None:
    assert json_pointer(("lines", 0, "a/b~c")) == "/lines/0/a~1b~0c"


def test_an_address_that_is_not_there_is_a_404_problem(caller: Client) -> None:
    assert problem(caller.get("/api/v1/nothing"), 404)["detail"] == "There is nothing at /api/v1/nothing"
    assert problem(caller.get("/api/v2/"), 404)["type"] == "urn:liushui:problem:not-found"


def test_a_body_that_is_too_large_is_a_413(caller: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = json.dumps({"items": [{"sku": "A" * 2000}]})
    document = problem(caller.post("/api/v1/items/batch", body, content_type="application/json"), 413)
    assert document["remedy"] == "Send fewer things at a time."


def test_no_token_is_a_401_that_asks_for_one() -> None:
    answer = Client().get("/api/v1/stores")
    assert problem(answer, 401)["type"] == "urn:liushui:problem:not-signed-in"
    assert answer["WWW-Authenticate"] == 'Bearer realm="liushui"'
    wrong = Client(headers={"authorization": "Bearer wrong"}).get("/api/v1/stores")
    assert 'error="invalid_token"' in wrong["WWW-Authenticate"]


def test_an_expired_token_is_a_401(caller: Client) -> None:
    AccessToken.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert problem(caller.get("/api/v1/stores"), 401)["detail"] == "The access token is unknown, expired or revoked"


def test_a_missing_scope_is_a_403_that_names_it(caller: Client) -> None:
    AccessToken.objects.update(scope="sale.write")
    answer = caller.get("/api/v1/stores")
    assert problem(answer, 403)["scope"] == "store.read"
    assert answer["WWW-Authenticate"] == 'Bearer realm="liushui", error="insufficient_scope", scope="store.read"'


def test_a_signed_in_person_is_not_a_machine(caller: Client, django_user_model: Any) -> None:
    browser = Client()
    browser.force_login(django_user_model.objects.create_user(username="li", password="a long password"))
    assert browser.get("/api/v1/stores").status_code == 401


def test_a_bug_is_a_500_with_the_request_id_and_nothing_of_our_insides(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_arguments: object) -> None:
        raise RuntimeError("the secret word is 芝麻")

    monkeypatch.setattr(stores, "stores", broken)
    answer = caller.get("/api/v1/stores", headers={"X-Request-ID": "request-42"})
    assert problem(answer, 500)["request_id"] == "request-42"
    assert "芝麻" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_the_openapi_document_is_for_everybody_and_documents_every_problem() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    flows = document["components"]["securitySchemes"]["Bearer"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "/oauth/token/"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert {"400", "401", "403", "404", "409", "413", "422", "500", "503"} <= set(operation["responses"]), where
            [needed] = [entry["Bearer"] for entry in operation["security"]]
            assert len(needed) == 1, where
            assert operation["summary"], where
    ids = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_is_under_one_roof() -> None:
    paths = set(api.get_openapi_schema()["paths"])
    assert {"/api/v1/sales", "/api/v1/orders", "/api/v1/items", "/api/v1/stores", "/api/v1/reports"} <= paths


def test_every_named_error_has_a_status_and_a_title() -> None:
    def kinds(error: type[LiushuiError]) -> list[type[LiushuiError]]:
        return [error, *(deeper for kind in error.__subclasses__() for deeper in kinds(kind))]

    for kind in kinds(LiushuiError)[1:]:
        assert 400 <= kind.status <= 599, kind
        assert kind.__doc__, f"{kind.__name__} needs a docstring: it is its title"
        assert kind.type != "internal" or kind.status == 500, kind
