"""Coupons over HTTP: handed out once however often they are asked for, and looked at."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from liushui.promotions import facade
from liushui.promotions.contracts import NewBatch
from liushui.promotions.models import CouponBatchRow
from liushui.promotions.tests.conftest import Office
from liushui.runtime import oauth
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal

pytestmark = pytest.mark.django_db


def client_of(office: Office, name: str = "partner") -> Client:
    oauth.tokens.clear()
    client_id, _secret = create_client(
        name=name,
        source=name,
        grants=[Grant(role="marketer", chain_id=office.chain_id)],
        scopes=["coupon.issue", "promotion.read"],
        principal=system_principal(name="test"),
    )
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id),
        token="",
        token_checksum=hashlib.sha256(name.encode()).hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),
        scope="coupon.issue promotion.read",
    )
    return Client(headers={"authorization": f"Bearer {name}"})


@pytest.fixture
def partner(office: Office) -> Client:
    for code, kind in (("SPRING", "unique"), ("BIRTHDAY", "member")):
        facade.make_batch(
            batch=NewBatch(chain_id=office.chain_id, code=code, name_zh="券", name_en="", kind=kind, size=5),
            principal=office.ma,
            now=datetime.now(UTC),
        )
    return client_of(office)


def post(client: Client, batch: str, body: Any, status: int = 200) -> Any:
    answer = client.post(f"/api/v1/coupon-batches/{batch}/codes", json.dumps(body), content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_codes_are_handed_out_once_under_each_key(partner, office):
    first = post(partner, "SPRING", {"count": 2, "key": "order 1"})
    assert [code["number"] for code in first["codes"]] == [1, 2]
    assert post(partner, "SPRING", {"count": 2, "key": "order 1"}) == first | {"is_repeat": True}
    second = post(partner, "SPRING", {"count": 3, "key": "order 2"})
    assert [code["number"] for code in second["codes"]] == [3, 4, 5]
    assert post(partner, "SPRING", {"count": 1, "key": "order 3"}, 409)["left"] == 0
    assert post(partner, "SPRING", {"count": 3, "key": "order 1"}, 422)["pointer"] == "/count"
    other = client_of(office, "other")
    assert post(other, "SPRING", {"count": 2, "key": "order 1"}, 409)["title"] == (
        "So many codes are not left to be handed out"
    )  # another client's keys are its own
    assert CouponBatchRow.objects.get(code="SPRING").issued == 5


def test_members_are_given_one_each(partner):
    first = post(partner, "BIRTHDAY", {"members": ["m1", "m2"]})
    again = post(partner, "BIRTHDAY", {"members": ["m2", "m1"]})
    assert [code["member"] for code in again["codes"]] == ["m2", "m1"]
    assert {code["code"] for code in first["codes"]} == {code["code"] for code in again["codes"]}
    assert (first["is_repeat"], again["is_repeat"]) == (False, True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/count"),
        ({"count": 1, "members": ["m"], "key": "k"}, "/count"),
        ({"count": 1}, "/key"),
        ({"count": 0, "key": "k"}, "/count"),
        ({"count": 10_001, "key": "k"}, "/count"),
        ({"count": 1, "key": "k", "surprise": 1}, "/surprise"),
    ],
)
def test_what_is_not_said_well_is_refused_at_its_place(partner, body, pointer):
    assert post(partner, "SPRING", body, 422)["pointer"] == pointer
    assert CouponBatchRow.objects.get(code="SPRING").issued == 0


def test_an_unknown_batch_and_an_unknown_chain(partner):
    assert post(partner, "NONE", {"count": 1, "key": "k"}, 404)["type"].endswith("unknown-coupon-batch")
    answer = partner.get("/api/v1/coupons/ABC?chain=NONE")
    assert answer.status_code == 403


def test_how_a_code_stands(partner):
    [code] = post(partner, "SPRING", {"count": 1, "key": "k"})["codes"]
    found = partner.get(f"/api/v1/coupons/{code['code'].lower()}").json()
    assert (found["batch"], found["number"], found["state"], found["uses"], found["uses_max"]) == (
        "SPRING", 1, "free", 0, 1,
    )  # fmt: skip
    slip = code["code"][:-1] + ("2" if code["code"][-1] != "2" else "3")
    missing = partner.get(f"/api/v1/coupons/{slip}")
    assert (missing.status_code, missing.json()["detail"]) == (404, "The code is mistyped")
