"""The demo chain goes the way of every chain's data, and its figures are what its receipts add up to."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liushui.analytics import facade as analytics
from liushui.analytics.contracts import Filter
from liushui.app.consumers import CONSUMERS
from liushui.app.demo.accounts import ensure_accounts, read_accounts
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import Baskets
from liushui.app.demo.chain import DemoStore, demo_stores
from liushui.app.demo.load import Loaded, load_catalogue, load_places, load_sales
from liushui.checkout.contracts import CompleteSale
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.runtime import worker
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)  # six in the evening in Shanghai
TODAY = date(2026, 11, 22)
SHOPS = demo_stores()[:2]
SMALL = demo_assortment(packaged_items_a_category=3)
BASKETS = Baskets(assortment=SMALL, tickets=6)


def load(*, now: datetime = NOW, baskets: Baskets = BASKETS) -> tuple[Chain, Loaded]:
    stores.forget()
    chain = load_places(demo_stores=SHOPS)
    load_catalogue(chain=chain, assortment=SMALL)
    loaded = load_sales(baskets=baskets, demo_stores=SHOPS, days=3, now=now, principal=system_principal(name="demo"))
    return chain, loaded


def receipts(*, store: DemoStore, day: date, now: datetime = NOW) -> list[CompleteSale]:
    return BASKETS.day(store=store, day=day, until=now)


def figures_of(store_code: str, day: date) -> tuple[int, int, int, int]:
    """Net, discount, tickets and items as the home page has them."""
    [store] = [known for known in stores.stores() if known.code == store_code]
    scope = Filter(store_ids=frozenset({store.id}), currency="CNY", first=day, last=day)
    figures = analytics.home(scope=scope, stores=[store], now=NOW).figures
    net = figures.gross_minor - figures.discount_minor - figures.refund_minor
    return net, figures.discount_minor, figures.tickets, figures.items


def straight_sums(sales: list[CompleteSale]) -> tuple[int, int, int, int]:
    """The same, added up from the receipts as the generator made them."""
    net = discount = tickets = items = 0
    for sale in sales:
        tickets += any(line.units > 0 for line in sale.lines)
        for line in sale.lines:
            assert line.amount_minor is not None and line.regular_minor is not None
            net += line.amount_minor
            if line.units > 0:
                discount += line.regular_minor - line.amount_minor
                items += line.units
    return net, discount, tickets, items


def at_list_prices(sale: CompleteSale) -> CompleteSale:
    """As today's receipts are sold: by our prices, which no promotion of this chain brings down; returns stay."""
    if any(line.units < 0 for line in sale.lines):
        return sale
    return replace(sale, lines=tuple(replace(line, amount_minor=line.regular_minor) for line in sale.lines))


def recorded() -> int:
    found = orders.list_totals(query=SaleQuery(store_ids=frozenset(store.id for store in stores.stores())))
    return sum(total.sales for total in found)


def test_the_days_figures_are_the_straight_sums_of_its_receipts() -> None:
    _, loaded = load()
    days = [date(2026, 11, 20), date(2026, 11, 21), TODAY]
    expected = {(store.code, day): receipts(store=store, day=day) for store in SHOPS for day in days}
    assert loaded.sales == sum(len(sales) for sales in expected.values()) == recorded()
    assert loaded.voids == 0
    for (code, day), sales in expected.items():
        sold = [at_list_prices(sale) for sale in sales] if day == TODAY else sales
        assert figures_of(code, day) == straight_sums(sold), (code, day)


def test_a_second_run_an_hour_later_adds_that_hour_and_nothing_twice() -> None:
    load()
    before = recorded()
    later = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    load(now=later)
    hour = sum(
        len(receipts(store=store, day=TODAY, now=later)) - len(receipts(store=store, day=TODAY)) for store in SHOPS
    )
    assert hour > 0
    assert recorded() == before + hour


def test_a_run_with_another_volume_leaves_what_is_recorded_as_it_is() -> None:
    load()
    before = figures_of("S001", TODAY)
    _, again = load(baskets=Baskets(assortment=SMALL, tickets=2))
    assert again.first == date(2026, 11, 21)
    assert figures_of("S001", TODAY)[2] >= before[2]


def test_figures_kept_up_to_date_are_those_of_a_rebuild_and_of_the_orders() -> None:
    load()
    worker.run(consumers=CONSUMERS, once=True)
    found = analytics.verify()
    assert found.difference_count == 0
    assert found.pending == 0
    assert found.sales == recorded()


def test_log_ins_are_made_once_and_kept_for_their_owner_only(tmp_path) -> None:  # type: ignore[no-untyped-def]
    chain, _ = load()
    principal = system_principal(name="demo")
    first = ensure_accounts(chain=chain, folder=tmp_path, principal=principal)
    assert ensure_accounts(chain=chain, folder=tmp_path, principal=principal) == first == read_accounts(folder=tmp_path)
    assert [login.username for login in first.logins] == [
        "boss", "manager", "east", "cashier", "cashier2", "marketer", "finance", "auditor", "regulator", "it",
    ]  # fmt: skip
    assert (tmp_path / "demo-accounts.json").stat().st_mode & 0o777 == 0o600
