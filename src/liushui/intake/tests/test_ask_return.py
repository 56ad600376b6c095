"""A return that needs another person, over HTTP: asked for, polled, sent with its approval; wrong input too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests.support import member_shop
from tests.support.member_shop import MemberShop

from liushui.intake.tests.conftest import Till, machine
from liushui.promotions import facade as promotions
from liushui.runtime import approvals, oauth
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import ApprovalRow

SOLD_AT = datetime.now(UTC).isoformat(timespec="seconds")  # the days of returns count to now


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def web(shop: MemberShop, client: Client) -> Till:
    oauth.tokens.clear()
    return machine(shop, client)  # type: ignore[arg-type]  # asked for its chain only


@pytest.fixture
def back(web: Till) -> dict[str, Any]:
    """A return of goods for 600.00, which the chain wants two people for; operator 7 does it."""
    dear = web.post("/sales", sale("dear", lines=[{"code": "MILK", "units": 60}]))
    original = {"sale_id": dear.json()["sale_id"], "line": 1}
    line = {"units": -60, "original": original, "reason": "unwanted", "condition": "sealed"}
    return sale("back", lines=[line], operator="7")


def sale(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name, "store": "SH01", "completed_at": SOLD_AT,
        "lines": [{"code": "MILK", "units": 2}], **fields,
    }  # fmt: skip


def decide(shop: MemberShop, approval_id: str, *, approve: bool = True, reason: str = "") -> None:
    boss = Principal(subject="staff:boss", name="Mia", grants=(Grant(role="store_manager", chain_id=shop.chain.id),))
    now = ApprovalRow.objects.get(id=approval_id).requested_at
    approvals.decide(approval_id=UUID(approval_id), approve=approve, principal=boss, now=now, reason=reason)


def test_a_return_is_refused_asked_for_agreed_to_and_sent(web, shop, back) -> None:
    refused = web.post("/sales", back)
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (403, "urn:liushui:problem:approval-missing")
    assert (problem["approval_problem"], problem["refund_minor"], problem["whys"]) == (
        "missing", 60_000, [{"code": "over_limit", "found": 60_000, "limit": 50_000}],
    )  # fmt: skip
    assert problem["remedy"] == "Ask for one: POST /api/v1/returns/approvals with this sale and a reason."

    asked = web.post("/returns/approvals", {"sale": back, "reason": "Customer moved, call 13800138000"})
    request = asked.json()
    assert asked.status_code == 201
    assert (request["state"], request["sale"], request["refund_minor"], request["currency"], request["decided_by"]) == (
        "pending", "back", 60_000, "CNY", "",
    )  # fmt: skip
    assert "13800138000" not in asked.content.decode()
    again = web.post("/returns/approvals", {"sale": back, "reason": "Customer moved"})
    assert (again.status_code, again.json()["id"]) == (200, request["id"])

    address = f"/returns/approvals/{request['id']}"
    early = web.post("/sales", back | {"approval": request["id"]}).json()
    assert (early["approval_problem"], early["remedy"]) == (
        "pending", "Ask again later: GET /api/v1/returns/approvals/{id}.",
    )  # fmt: skip
    decide(shop, request["id"])
    decided = web.get(address).json()
    assert (decided["state"], decided["decided_by"]) == ("approved", "Mia")
    sent = web.post("/sales", back | {"approval": request["id"]})
    assert (sent.status_code, sent.json()["total_minor"]) == (201, -60_000)
    assert web.get(address).json()["state"] == "used"
    late = web.post("/returns/approvals", {"sale": back, "reason": "again"})
    assert (late.status_code, late.json()["type"]) == (409, "urn:liushui:problem:approval-not-needed")


def test_what_was_rejected_says_why_and_what_is_taken_back_waits_no_longer(web, shop, back) -> None:
    first = web.post("/returns/approvals", {"sale": back, "reason": "x"}).json()["id"]
    decide(shop, first, approve=False, reason="Ask the customer for a photo")
    answer = web.get(f"/returns/approvals/{first}").json()
    assert (answer["state"], answer["decision_reason"]) == ("rejected", "Ask the customer for a photo")
    second = web.post("/returns/approvals", {"sale": back, "reason": "With a photo"}).json()["id"]
    assert second != first
    for _ in range(2):
        assert web.delete(f"/returns/approvals/{second}").json()["state"] == "withdrawn"
    assert web.delete(f"/returns/approvals/{first}").json()["state"] == "rejected"


def test_nobody_sees_what_another_asked_for(web, shop, back, client) -> None:
    asked = web.post("/returns/approvals", {"sale": back, "reason": "x"}).json()["id"]
    other = machine(shop, client, source="till-2")  # type: ignore[arg-type]
    assert other.get(f"/returns/approvals/{asked}").status_code == 404
    assert other.delete(f"/returns/approvals/{asked}").status_code == 404
    theirs = other.post("/sales", back | {"approval": asked}).json()
    assert theirs["approval_problem"] == "unknown"  # the same id of another source is another sale
    assert web.get(f"/returns/approvals/{asked}").json()["state"] == "pending"


@pytest.mark.parametrize(
    ("change", "status", "kind", "pointer"),
    [
        pytest.param({"reason": ""}, 422, "invalid-sale", "/reason", id="no reason"),
        pytest.param({"reason": " "}, 422, "invalid-value", "/reason", id="an empty one"),
        pytest.param({"more": 1}, 422, "invalid-sale", "", id="something else"),
        pytest.param({"sale": {"id": "x"}}, 422, "invalid-sale", "/sale", id="half a sale"),
        pytest.param({"sale": sale("x", store="SH09")}, 422, "store-unknown", "/sale/store", id="no such store"),
        pytest.param({"sale": sale("x")}, 409, "approval-not-needed", None, id="nothing comes back"),
        pytest.param(
            {"sale": sale("x", lines=[{"units": -1, "original": {"sale_id": str(UUID(int=1)), "line": 1}}])}, 404,
            "not-found", "/sale/lines/0/original", id="of a sale that is not there",
        ),
        pytest.param(
            {"sale": sale("x", completed_at="1960-01-01T00:00:00Z")}, 422, "time-refused", "/sale/completed_at",
            id="before all time",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_to_and_nothing_is_asked(web, back, change, status, kind, pointer) -> None:
    answer = web.post("/returns/approvals", {"sale": back, "reason": "x"} | change)
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem.get("pointer")) == (
        status, f"urn:liushui:problem:{kind}", pointer,
    )  # fmt: skip
    assert not ApprovalRow.objects.filter(kind="returns.refund").exists()


def test_a_return_that_is_told_of_is_taken_as_it_is(web) -> None:
    told = sale(
        "told", completed_at="2026-01-05T12:00:00+08:00",
        lines=[{"code": "MILK", "units": -90, "amount": "-900.00"}],
        tenders=[{"type": "cash", "amount": "-900.00"}],
    )  # fmt: skip
    answer = web.post("/sales", told)
    assert (answer.status_code, answer.json()["total_minor"]) == (201, -90_000)


def test_units_in_another_condition_come_back_as_parts(web) -> None:
    sold = web.post("/sales", sale("sold", lines=[{"code": "MILK", "units": 3}])).json()["sale_id"]
    part = {"units": 1, "reason": "quality", "condition": "damaged"}
    line = {"units": -3, "original": {"sale_id": sold, "line": 1}, "reason": "unwanted", "parts": [part]}
    assert web.post("/sales", sale("back", lines=[line])).status_code == 201
    assert web.post("/sales", sale("back", lines=[line | {"parts": []}])).status_code == 409
    quote = web.post(
        "/returns/quotes",
        {"store": "SH01", "sale_id": sold, "lines": [{"line_number": 1, "units": 3, "parts": [part]}]},
    )
    assert (quote.status_code, quote.json()["type"]) == (409, "urn:liushui:problem:too-much-returned")
    bad = web.post("/sales", sale("bad", lines=[line | {"parts": [part | {"units": 0}]}])).json()
    assert (bad["type"], bad["pointer"]) == ("urn:liushui:problem:invalid-sale", "/lines/0/parts/0/units")
