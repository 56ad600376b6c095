"""Quotes of returns over HTTP, with a token of a machine that sends sales."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from liushui.orders.contracts import Tender
from liushui.returns.tests.conftest import House, line
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal

Ask = Callable[..., Any]


@pytest.fixture
def ask(house: House, client: Client) -> Ask:
    """Send a body to the quote; the answer."""
    client_id, secret = create_client(
        name="Shop", source="shop", grants=[Grant(role="integration", chain_id=house.chain.id)], scopes=["sale.write"],
        principal=system_principal(name="tests"),
    )  # fmt: skip
    token = client.post(
        "/oauth/token/",
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": "sale.write",
        },
    ).json()["access_token"]

    def post(**body: Any) -> Any:
        return client.post(
            "/api/v1/returns/quotes",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return post


def test_a_return_is_worked_out_line_by_line_and_tender_by_tender(house: House, ask: Ask) -> None:
    sale_id = house.sell()
    answer = ask(store="SH02", sale_id=str(sale_id), lines=[{"line_number": 1, "units": 2, "reason": "quality"}])
    assert answer.status_code == 200
    quote = answer.json()
    assert (quote["refund_minor"], quote["tax_minor"], quote["version"], quote["is_full"]) == (666, 54, 0, False)
    [line] = quote["lines"]
    assert line["original"] == {"sale_id": str(sale_id), "line_number": 1, "unit_positions": []}
    assert (line["units"], line["amount_minor"], line["reason"]) == (-2, -666, "quality")
    assert quote["tenders"] == [
        {
            "position": 1, "type": "card", "method": "visa", "reference": "R1", "amount_minor": -666, "points": 0,
            "principal_minor": 0, "gift_minor": 0,
        }
    ]  # fmt: skip


def test_goods_without_a_receipt_need_approval(house: House, ask: Ask) -> None:
    quote = ask(store="SH01", goods=[{"code": "MILK"}]).json()
    assert (quote["sale_id"], quote["refund_minor"], quote["needs_approval"]) == (None, 650, "no_receipt")
    assert quote["approval_whys"] == [{"code": "no_receipt", "found": 650, "limit": 20_000}]
    odd = ask(store="SH01", goods=[{"code": "MILK"}, {"code": "NOTHING"}]).json()
    assert (odd["type"], odd["pointer"]) == ("urn:liushui:problem:not-returnable", "/goods/1/code")


def test_all_reasons_are_said_with_their_numbers_and_parts_as_they_were_asked(house: House, ask: Ask) -> None:
    sale_id = str(
        house.sell(
            at=datetime.now(UTC) - timedelta(days=41),
            lines=(line(1, units=3, amount=60_000),),
            tenders=(Tender(type="cash", amount_minor=60_000),),
        )
    )
    part = {"units": 1, "reason": "quality", "condition": "damaged"}
    lines = [{"line_number": 1, "units": 3, "reason": "size", "condition": "sealed", "parts": [part]}]
    quote = ask(store="SH01", sale_id=sale_id, lines=lines).json()
    assert [(why["code"], why["limit"]) for why in quote["approval_whys"]] == [("late", 30), ("over_limit", 50_000)]
    assert quote["approval_whys"][1]["found"] == 60_000
    assert (quote["needs_approval"], quote["lines"][0]["parts"]) == ("late", [part])


def test_what_is_wrong_is_said_with_its_status(house: House, ask: Ask) -> None:
    sale_id = str(house.sell())
    one = [{"line_number": 1, "units": 1}]
    for status, body in (
        (404, {"store": "SH01", "sale_id": str(UUID(int=1)), "lines": one}),
        (404, {"store": "SH09", "sale_id": sale_id, "lines": one}),
        (409, {"store": "SH01", "sale_id": sale_id, "lines": [{"line_number": 1, "units": 4}]}),
        (409, {"store": "SH01", "sale_id": sale_id, "lines": [{"line_number": 7, "units": 1}]}),
        (422, {"store": "SH01", "sale_id": sale_id, "lines": [{"line_number": 1, "units": 1, "reason": "x"}]}),
        (422, {"store": "SH01", "sale_id": sale_id}),
        (422, {"store": "SH01", "lines": one}),
        (422, {"store": "SH01", "sale_id": sale_id, "lines": one, "goods": [{"code": "MILK"}]}),
        (422, {"store": "SH01", "sale_id": sale_id, "lines": [{"line_number": 1, "units": 1.5}]}),
        (403, {"store": "SH01", "goods": [{"code": "MILK", "units": 40}]}),
    ):
        answer = ask(**body)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), body
