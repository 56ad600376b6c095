"""Another program reads the figures: the same ones as on the page, of its own stores only."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from liushui.analytics import facade as analytics
from liushui.analytics.tests.sales import line, sale
from liushui.runtime import oauth
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 8)


@pytest.fixture
def shops() -> tuple[Store, ...]:
    stores.forget()
    stores.save_chain(code="G", name_zh="绿叶", name_en="Green", currency="CNY")
    stores.save_region(chain_code="G", code="E", name_zh="东区", name_en="East")
    return stores.save_stores(
        stores=[NewStore(chain_code="G", region_code="E", code=c, name_zh=c, name_en=c) for c in ("S1", "S2")]
    )


def caller(store: Store) -> Client:
    """A client of one store."""
    oauth.tokens.clear()
    client_id, _secret = create_client(
        name="Board",
        source="board",
        grants=[Grant(role="integration", chain_id=store.chain_id, store_id=store.id)],
        scopes=frozenset({"report.read"}),
        principal=system_principal(name="tests"),
    )
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id),
        token="",
        token_checksum=hashlib.sha256(b"the-token").hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),
        scope="report.read",
    )
    return Client(headers={"authorization": "Bearer the-token"})


def test_a_client_reads_the_report_of_its_own_store(shops: tuple[Store, ...]) -> None:
    own, other = (
        sale(line("TEA", regular=price), store_id=shop.id) for price, shop in zip((1299, 5000), shops, strict=True)
    )
    analytics.apply_sales(completed=[own, other], voided=[])
    answer = caller(shops[0]).get("/api/v1/reports/stores?from=2026-05-08&to=2026-05-08").json()
    assert (answer["currency"], answer["first"], answer["row_count"]) == ("CNY", "2026-05-08", 1)
    assert answer["rows"][0]["key"] == "S1"
    assert (
        answer["rows"][0]["values"] | {"net": 1299, "tickets": 1, "average_ticket": 1299} == answer["rows"][0]["values"]
    )
    assert answer["total"]["net"] == 1299
    assert answer["columns"][0]["name_zh"] == "净销售额"


def test_the_dictionary_is_part_of_the_api(shops: tuple[Store, ...]) -> None:
    answer = caller(shops[0]).get("/api/v1/reports").json()
    names = {column["key"]: column["name_en"] for column in answer["columns"]}
    assert names["items_per_ticket"] == "Items per ticket"
    assert set(answer["reports"]["sales"]) <= set(names)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("reports/weather", 404),
        ("reports/stores?store=S2", 404),
        ("reports/stores?sort=weather", 422),
        ("reports/sales?from=2026-13-01", 422),
        ("reports/sales?from=2019-01-01&to=2026-01-01", 422),
        ("reports/sales?limit=100000", 422),
        ("reports/sales?period=tomorrow", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(shops: tuple[Store, ...], address: str, status: int) -> None:
    answer = caller(shops[0]).get(f"/api/v1/{address}")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
