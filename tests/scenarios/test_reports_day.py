"""A manager looks at the day: the figures are right to the fen, compare like with like, and lead to their receipts."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from django.test import Client

from liushui.analytics import facade as analytics
from liushui.analytics import filters
from liushui.analytics.handlers import CONSUMERS
from liushui.analytics.tests.sales import line, sale
from liushui.kernel.clock import FixedClock
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale, SaleFact, Tender
from liushui.runtime import worker
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 8)  # a Friday
NOW = datetime(2026, 5, 8, 7, 20, tzinfo=UTC)  # 15:20 in Shanghai: the hours up to 15:00 are over
YESTERDAY, LAST_WEEK = TODAY - timedelta(days=1), TODAY - timedelta(days=7)


@pytest.fixture
def shops(monkeypatch: pytest.MonkeyPatch) -> tuple[Store, ...]:
    """Two stores in Shanghai at 15:20."""
    monkeypatch.setattr(filters, "CLOCK", FixedClock(NOW))
    stores.forget()
    stores.save_chain(code="G", name_zh="绿叶", name_en="Green", currency="CNY")
    stores.save_region(chain_code="G", code="E", name_zh="东区", name_en="East")
    names = (("S1", "一店", "First"), ("S2", "二店", "Second"))
    return stores.save_stores(
        stores=[NewStore(chain_code="G", region_code="E", code=c, name_zh=z, name_en=e) for c, z, e in names]
    )


def signed_in(store: Store, *, role: str = "store_manager", whole_chain: bool = True) -> Client:
    user = StaffUser.objects.create_user(username=f"{role}-{whole_chain}", password="x" * 12, language="en")
    grant(
        subject=f"staff:{user.pk}",
        grant=Grant(role=role, chain_id=store.chain_id, store_id=None if whole_chain else store.id),
        granted_by=system_principal(name="test"),
    )
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def sell(shop: Store, *facts: SaleFact) -> list[UUID]:
    """Record sales in a store, and let the worker pass the news on."""
    commands = [
        RecordSale(
            body_sha256=sha256(fact.source_id.encode()).hexdigest(),
            **{
                name: {"store_id": shop.id, "store_code": shop.code, "chain_id": shop.chain_id}.get(
                    name, getattr(fact, name)
                )
                for name in SaleFact.__slots__
                if name != "sale_id"
            },
        )
        for fact in facts
    ]
    recorded = orders.record_sales(commands=commands, recorded_at=NOW)
    worker.run(consumers=CONSUMERS, once=True)
    return [each.sale_id for each in recorded]


def a_day(shops: tuple[Store, ...]) -> None:
    """Sold, discounted, returned, voided; known and unknown cost; two tenders, two channels; days before."""
    first, second = shops
    split = (Tender(type="cash", amount_minor=1000), Tender(type="mobile", method="alipay", amount_minor=3080))
    milk = line("MILK", units=2, regular=1200, discount=120, tax=89, cost=700, category="food/dairy")
    mug = line("MUG", regular=3000, tax=345, category="home")
    sell(first, sale(milk, mug, tenders=split, day=TODAY, hour=10))
    exchange = (
        line("MILK", units=-1, regular=-600, discount=-60, tax=-45, cost=-350, category="food/dairy"),
        line("BREAD", regular=800, tax=66, cost=420, category="food/bakery"),
    )
    sell(second, sale(*exchange, day=TODAY, hour=15, channel="app"))  # in the hour that is not over
    [mistake] = sell(first, sale(line("MUG", units=5, regular=15000), day=TODAY, hour=11))
    manager = Principal(subject="staff:1", name="M", grants=(Grant(role="store_manager", chain_id=first.chain_id),))
    orders.void_sale(sale_id=mistake, reason="typed twice", principal=manager, now=NOW)
    sell(
        first,
        sale(line("MUG", regular=2000), day=YESTERDAY, hour=10),
        sale(line("MUG", regular=500), day=YESTERDAY, hour=20),
    )
    sell(second, sale(line("MUG", regular=8160), day=LAST_WEEK, hour=14))


def tiles(client: Client, address: str = "/") -> dict[str, object]:
    return {tile.metric.key: tile for tile in client.get(address).context["tiles"]}


def test_the_home_page_has_the_day_to_the_fen(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    found = tiles(signed_in(shops[0]))
    assert {key: tile.value for key, tile in found.items()} == {
        "net": 4340,  # 4080 in the first store, 260 in the second; what was voided is gone
        "tickets": 2,
        "average_ticket": 2170,
        "items_per_ticket": 2000,
        "discount": 120,
        "refund": 540,
        "margin": 460,
    }


def test_a_running_day_is_compared_up_to_the_last_full_hour(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])
    yesterday, last_week = tiles(client)["net"].changes
    assert yesterday[:2] == (4080, 2000)  # yesterday's sale at eight in the evening is still to come today
    assert last_week[:2] == (4080, 8160)
    assert "changes compare up to 15:00" in client.get("/").content.decode()
    whole = tiles(client, "/?period=yesterday")["net"]
    assert whole.value == 2500
    assert whole.changes[0][:2] == (2500, 0)


def test_the_curve_stops_at_now_and_keeps_the_days_behind_it(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    curve = signed_in(shops[0]).get("/").context["curve"]
    by_name = {
        series["name"]: dict(zip(curve["categories"], series["values"], strict=True)) for series in curve["series"]
    }
    assert by_name["This day"]["10"] == 4080
    assert by_name["This day"]["12"] == 0  # an hour gone by without a sale
    assert by_name["This day"]["15"] == 260
    assert by_name["This day"]["16"] is None  # still to come
    assert by_name["Day before"]["20"] == 500
    assert by_name["Same weekday last week"]["14"] == 8160


def test_a_store_of_its_own_sees_itself_alone(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[1], whole_chain=False)
    assert tiles(client)["net"].value == 260
    assert client.get("/?store=S1").status_code == 404
    assert client.get("/reports/stores/?store=S1").status_code == 404


def test_channels_and_stores_stay_in_the_address_and_lead_to_the_receipts(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])
    tile = tiles(client, "/?store=S2&channel=app")["net"]
    assert tile.value == 260
    assert tile.url == "/orders/?status=completed&store=S2&channel=app&from=2026-05-08&to=2026-05-08"
    receipts = client.get(tile.url)
    assert receipts.status_code == 200
    assert "2.60" in receipts.content.decode()


def test_every_report_comes_to_the_same_net_sales(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])
    for name in ("sales", "stores", "hours", "items", "categories", "cashiers"):
        context = client.get(f"/reports/{name}/?period=today").context
        assert {term.key: value for term, value in context["total"]}["net"] == 4340, name
    payments = client.get("/reports/payments/?period=today").context
    assert {row["key"]: {t.key: v for t, v in row["cells"]}["amount"] for row in payments["rows"]} == {
        "cash": 1000 + 260,
        "mobile/alipay": 3080,
    }


def test_items_can_be_searched_sorted_and_added_up_by_month(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])

    def keys(query: str) -> list[str]:
        return [
            row["key"] for row in client.get(f"/reports/items/?from=2026-04-01&to=2026-05-31&{query}").context["rows"]
        ]

    assert keys("") == ["MUG", "BREAD", "MILK"]
    assert keys("sort=net") == ["MILK", "BREAD", "MUG"]
    assert keys("q=item+b") == ["BREAD"]
    assert keys("q=100%25") == []
    assert keys("category=food") == ["BREAD", "MILK"]
    by_stores = client.get("/reports/items/?from=2026-04-01&to=2026-05-31&store=S1").context["total"]
    assert {term.key: value for term, value in by_stores}["net"] == 4080 + 2500


def test_categories_open_one_level_down(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])
    top = client.get("/reports/categories/?period=today").context["rows"]
    assert [(row["key"], bool(row["url"])) for row in top] == [("home", False), ("food", True)]
    below = client.get("/reports/categories/?period=today&category=food").context["rows"]
    assert [(row["key"], {t.key: v for t, v in row["cells"]}["net"]) for row in below] == [
        ("food/bakery", 800),
        ("food/dairy", 540),
    ]


def test_a_file_says_what_the_page_says(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    answer = signed_in(shops[0]).get("/reports/stores/export/?period=today&format=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:3] == ["Store", "Name", "Net sales (CNY)"]
    assert [row[:3] for row in rows[1:]] == [["S1", "First", "40.80"], ["S2", "Second", "2.60"], ["Total", "", "43.40"]]


def test_live_updates_answer_only_when_something_has_changed(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0])
    state = client.get("/").context["state"]
    assert client.get(f"/?part=figures&state={state}").status_code == 204
    sell(shops[0], sale(line("MUG", regular=100), day=TODAY, hour=15))
    changed = client.get(f"/?part=figures&state={state}")
    assert changed.status_code == 200
    assert "44.40" in changed.content.decode()


def test_a_store_gone_silent_is_pointed_out(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    alerts = signed_in(shops[0]).get("/").context["alerts"]
    assert [alert.title for alert in alerts] == []  # the second store has just sold by app
    last_week = [sale(line("MUG", regular=100), day=LAST_WEEK, hour=hour) for hour in (12, 14, 18)]
    sell(shops[0], *last_week[:2])
    assert signed_in(shops[0], role="auditor").get("/").context["alerts"] == []  # last week it had closed by now
    sell(shops[0], last_week[2], sale(line("MUG", regular=100), day=LAST_WEEK, hour=13))
    alerts = signed_in(shops[0], role="finance").get("/").context["alerts"]
    assert [alert.title for alert in alerts] == ["First S1: no sales for 4 full hours"]


def test_unlike_currencies_are_never_added(shops: tuple[Store, ...]) -> None:
    [hong_kong] = stores.save_stores(
        stores=[NewStore(chain_code="G", region_code="E", code="H1", name_zh="港店", name_en="HK", currency="HKD")]
    )
    a_day(shops)
    sell(hong_kong, sale(line("MUG", regular=700), day=TODAY, hour=9, currency="HKD"))
    client = signed_in(shops[0])
    assert tiles(client)["net"].value == 4340
    assert tiles(client, "/?currency=HKD")["net"].value == 700
    assert "currency=HKD" in tiles(client, "/?currency=HKD")["net"].url
    assert [row["place"].name_en for row in client.get("/?currency=HKD").context["stores"]] == ["HK"]


def test_before_the_first_sale_the_page_says_what_to_do(shops: tuple[Store, ...]) -> None:
    page = signed_in(shops[0]).get("/").content.decode()
    assert "No sales yet" in page
    assert "make demo" in page


def test_a_day_without_sales_leads_to_the_last_one_that_had_some(shops: tuple[Store, ...]) -> None:
    sell(shops[0], sale(line("MUG", regular=100), day=date(2025, 12, 24), hour=14))
    page = signed_in(shops[0]).get("/").content.decode()
    assert "The last day with sales is 2025-12-24" in page
    assert "from=2025-12-24&amp;to=2025-12-24" in page


def test_a_cashier_gets_a_page_without_figures(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    client = signed_in(shops[0], role="cashier")
    page = client.get("/")
    assert page.status_code == 200
    assert "43.40" not in page.content.decode()
    assert client.get("/reports/sales/").status_code == 403


@pytest.mark.parametrize(
    "address", ["/?from=soon", "/?period=ever", "/reports/sales/?grain=hour", "/reports/items/?sort=x"]
)
def test_an_address_that_makes_no_sense_is_explained(shops: tuple[Store, ...], address: str) -> None:
    a_day(shops)
    assert signed_in(shops[0]).get(address).status_code == 422


def test_the_terminal_and_the_page_give_the_same_table(shops: tuple[Store, ...]) -> None:
    a_day(shops)
    table = analytics.report_rows(
        name="sales",
        parameters={"store": "S1", "from": "2026-05-07", "to": "2026-05-08"},
        principal=system_principal(name="cli"),
        now=NOW,
    )
    assert [str(column.title) for column in table.columns[:3]] == ["Business day", "Name", "Net sales (CNY)"]
    assert [row[:3] for row in table.rows] == [
        ["2026-05-08", "2026-05-08", 4080],
        ["2026-05-07", "2026-05-07", 2500],
        ["Total", "", 6580],
    ]
    assert json.dumps(table.rows)
