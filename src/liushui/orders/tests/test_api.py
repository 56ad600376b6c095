"""Receipts over HTTP, with tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from liushui.orders import facade
from liushui.orders.tests.examples import NOON, line, sale
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(house, client):
    """The token of a machine that holds a role in the first store."""

    def call(*, scopes=("sale.read",), role="finance"):
        client_id, secret = create_client(
            name="ERP",
            source=f"erp-{uuid4().hex[:6]}",
            grants=[house.grant(role)],
            scopes=list(scopes),
            principal=system_principal(name="tests"),
        )
        answer = client.post(
            "/oauth/token/",
            {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": secret,
                "scope": " ".join(scopes),
            },
        )
        return {"headers": {"Authorization": f"Bearer {answer.json()['access_token']}"}}

    return call


@pytest.fixture
def sold(house):
    place = {"chain_id": house.chain_id, "store_id": house.here.id}
    return facade.record_sales(
        commands=[
            sale("R-1", lines=(line(1, amount=1000, regular=1200), line(2, amount=-300, units=-1)), **place),
            sale("R-2", completed_at=NOON + timedelta(hours=1), local_hour=13, **place),
            sale("R-3", chain_id=house.chain_id, store_id=house.there.id),
        ],
        recorded_at=datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
    )


def test_a_list_is_read_page_by_page(client, caller, sold):
    token = caller()
    first = client.get("/api/v1/orders?limit=1", **token).json()
    second = client.get(f"/api/v1/orders?limit=1&cursor={first['next_cursor']}", **token).json()
    assert [sale["source_id"] for sale in first["sales"] + second["sales"]] == ["R-2", "R-1"]
    assert second["next_cursor"] == ""


def test_filters_narrow_the_list(client, caller, sold):
    token = caller()
    for query in ("returns=true", "amount_max_minor=700", "hour=12", "q=R-1", "sku=S002", "order=amount&hour=12"):
        found = client.get(f"/api/v1/orders?{query}", **token).json()["sales"]
        assert [sale["receipt_number"] for sale in found] == ["R-1"], query


def test_a_receipt_has_lines_discounts_and_tenders(client, caller, sold):
    answer = client.get(f"/api/v1/orders/{sold[0].sale_id}", **caller()).json()
    assert (answer["total_minor"], answer["lines"][0]["discounts"][0]["amount_minor"]) == (700, 200)
    assert answer["tenders"] == [{"type": "cash", "amount_minor": 700, "method": "", "reference": ""}]
    assert answer["completed_at"] == "2026-11-22T04:00:00Z"


def test_what_is_not_yours_is_not_there(client, caller, sold):
    token = caller(scopes=("sale.read", "sale.void"))
    assert client.get(f"/api/v1/orders/{sold[2].sale_id}", **token).status_code == 404
    body = {"data": {"reason": "x"}, "content_type": "application/json"}
    assert client.post(f"/api/v1/orders/{sold[2].sale_id}/void", **body, **token).status_code == 404
    assert client.get("/api/v1/orders?store=SH02", **token).status_code == 404


def test_a_machine_with_the_scope_voids(client, caller, sold):
    body = {"data": {"reason": "test sale"}, "content_type": "application/json"}
    address = f"/api/v1/orders/{sold[0].sale_id}/void"
    assert client.post(address, **body, **caller()).status_code == 403
    answer = client.post(address, **body, **caller(scopes=("sale.void",)))
    assert (answer.status_code, answer.json()["status"], answer.json()["void_reason"]) == (200, "voided", "test sale")


@pytest.mark.parametrize("query", ["cursor=nonsense", "hour=24", "limit=0", "first=tomorrow", "order=colour", "q=%00"])
def test_what_can_not_be_read_is_a_422(client, caller, sold, query):
    answer = client.get(f"/api/v1/orders?{query}", **caller())
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


def test_without_a_token_there_is_nothing(client, sold):
    assert client.get("/api/v1/orders").status_code == 401


@pytest.mark.parametrize(("scopes", "cost"), [(("sale.read",), None), (("sale.read", "report.read"), 640)])
def test_what_goods_cost_is_for_those_who_read_reports(client, caller, house, scopes, cost):
    place = {"chain_id": house.chain_id, "store_id": house.here.id}
    [sold] = facade.record_sales(commands=[sale("C-1", lines=(line(cost_minor=640),), **place)], recorded_at=NOON)
    answer = client.get(f"/api/v1/orders/{sold.sale_id}", **caller(scopes=scopes)).json()
    assert [line["cost_minor"] for line in answer["lines"]] == [cost]
