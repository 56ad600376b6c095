"""The approval of a void over HTTP, by a machine that may void."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from liushui.orders import facade
from liushui.orders.tests.examples import NOON, line, sale
from liushui.runtime import approvals, believed, oauth
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import ApprovalRow

pytestmark = pytest.mark.django_db
TOKEN = "token-of-the-office"  # of a test


@pytest.fixture
def office(house, client):
    oauth.tokens.clear()
    grant = Grant(role="finance", chain_id=house.chain_id, store_id=house.here.id)
    principal = Principal(subject="client:office", name="Office", grants=(grant,), scopes=frozenset({"sale.void"}))
    oauth.tokens.put(digest=believed.digest_of(TOKEN), thing=principal, until=time.monotonic() + 3600)

    def ask(method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body) if body is not None else ""
        return client.generic(
            method,
            f"/api/v1/orders/{path}",
            data,
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {TOKEN}",
        )

    return ask


def sold(house, name: str, amount: int):
    command = sale(name, chain_id=house.chain_id, store_id=house.here.id, lines=(line(amount=amount),))
    [answer] = facade.record_sales(commands=[command], recorded_at=NOON)
    return answer.sale_id


def test_a_large_void_is_refused_asked_for_agreed_to_and_done(house, office):
    large, why = sold(house, "large", 50_001), {"reason": "rung up twice"}
    refused = office("POST", f"{large}/void", why)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:liushui:problem:approval-missing")
    assert (refused.json()["amount_minor"], refused.json()["limit_minor"]) == (50_001, 50_000)
    assert office("GET", f"{large}/void/approval").status_code == 404
    asked = office("POST", f"{large}/void/approval", why)
    assert (asked.status_code, asked.json()["state"], asked.json()["amount_minor"]) == (201, "pending", 50_001)
    assert office("POST", f"{large}/void/approval", why).status_code == 200
    row = ApprovalRow.objects.get()
    boss = Principal(subject="staff:boss", name="Mia", grants=house.principal().grants)
    approvals.decide(approval_id=row.id, approve=True, principal=boss, now=row.requested_at)
    found = office("GET", f"{large}/void/approval").json()
    assert (found["state"], found["decided_by"]) == ("approved", "Mia")
    done = office("POST", f"{large}/void", why)
    assert (done.status_code, done.json()["status"], done.json()["void_approved_by"]) == (200, "voided", "Mia")
    assert office("GET", f"{large}/void/approval").json()["state"] == "used"
    assert office("POST", f"{large}/void", why).json() == done.json()


def test_what_nobody_has_to_agree_to_is_not_asked_for(house, office):
    small = sold(house, "small", 50_000)
    answer = office("POST", f"{small}/void/approval", {"reason": "x"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:liushui:problem:approval-not-needed")
    assert office("POST", f"{small}/void/approval", {"reason": ""}).status_code == 422
    assert ApprovalRow.objects.count() == 0
