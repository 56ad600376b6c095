"""Sales with members, points and returned lines sent to the API: strict, and pointing to what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.test import Client
from tests.support import member_shop
from tests.support.member_shop import MemberShop

from liushui.intake.tests.conftest import Till, machine
from liushui.loyalty import facade as loyalty
from liushui.promotions import facade as promotions
from liushui.runtime import oauth

SOLD_AT = datetime.now(UTC).isoformat(timespec="seconds")  # the days of returns count to now


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def member(shop: MemberShop) -> UUID:
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=1_000, principal_minor=5_000)
    return member_id


@pytest.fixture
def web(shop: MemberShop, client: Client) -> Till:
    oauth.tokens.clear()
    return machine(shop, client)  # type: ignore[arg-type]  # asked for its chain only


def sale(name: str, **fields) -> dict[str, object]:
    return {
        "id": name, "store": "SH01", "completed_at": SOLD_AT,
        "lines": [{"code": "MILK", "units": 2}], **fields,
    }  # fmt: skip


def number(member_id: UUID) -> str:
    return loyalty.members(ids=[member_id])[member_id].number


def test_points_and_value_are_spent_and_come_back_with_the_goods(web, member):
    tenders = [
        {"type": "points", "amount": "3.00"},
        {"type": "stored_value", "amount": "7.00"},
        {"type": "mobile", "method": "wechat", "amount": "10.00"},
    ]
    sold = web.post("/sales", sale("one", member=number(member), tenders=tenders))
    assert (sold.status_code, sold.json()["total_minor"]) == (201, 2_000)
    original = {"sale_id": sold.json()["sale_id"], "line": 1}
    line = {"units": -1, "original": original, "reason": "unwanted", "condition": "sealed"}
    back = web.post("/sales", sale("two", lines=[line]))
    assert (back.status_code, back.json()["total_minor"]) == (201, -1_000)
    again = web.post("/sales", sale("two", lines=[line]))
    assert (again.status_code, again.json()) == (200, back.json())
    found = loyalty.balances(member_id=member)
    assert (found.points, found.principal_minor) == (850, 4_650)


@pytest.mark.parametrize(
    ("fields", "status", "kind", "pointer"),
    [
        pytest.param({"member": "M1"}, 422, "member-needed", "/member", id="nobody's number"),
        pytest.param({"member": 7}, 422, "invalid-sale", "/member", id="a number that is none"),
        pytest.param(
            {"tenders": [{"type": "points", "amount": "20.00"}]}, 422, "member-needed", "/tenders/0/type",
            id="points of nobody",
        ),
        pytest.param({"lines": [{"units": 1}]}, 422, "invalid-sale", "/lines/0/code", id="no code"),
        pytest.param(
            {"lines": [{"units": -1, "original": {"sale_id": "x", "line": 1}}]}, 422, "invalid-sale",
            "/lines/0/original/sale_id", id="no id",
        ),
        pytest.param(
            {"lines": [{"units": -1, "original": {"sale_id": str(UUID(int=1)), "line": 1}}]}, 404, "not-found",
            "/lines/0/original", id="a sale that is not there",
        ),
        pytest.param(
            {"lines": [{"code": "MILK", "units": 1, "reason": "whim"}]}, 422, "return-refused",
            "/lines/0/reason", id="a reason for goods that are sold",
        ),
        pytest.param(
            {"lines": [{"code": "MILK", "units": -1, "reason": "unwanted"}]}, 403, "approval-missing",
            "/approval", id="no receipt and nobody's approval",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_to(web, member, fields, status, kind, pointer):
    answer = web.post("/sales", sale("wrong", **fields))
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem.get("pointer")) == (
        status, f"urn:liushui:problem:{kind}", pointer,
    )  # fmt: skip


def test_more_points_than_there_are_is_a_conflict_that_tells_how_many(web, shop):
    [poor] = member_shop.add_members(chain_id=shop.chain.id, count=1, first=9, points=10)
    tenders = [{"type": "points", "amount_minor": 11}, {"type": "cash", "amount_minor": 1_989}]
    answer = web.post("/sales", sale("poor", member=number(poor), tenders=tenders))
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "urn:liushui:problem:not-enough-points")
    assert (problem["have"], problem["need"]) == (10, 11)
