"""Counting in the database: once each, the same after a rebuild, the same as the orders say."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.analytics import facade
from liushui.analytics.actions.build_generation import build_generation
from liushui.analytics.domain.projection import CUBES
from liushui.analytics.handlers import CONSUMERS
from liushui.analytics.models import HourTotal, ItemLabel, ItemTotal, ReadModel
from liushui.analytics.tests.test_projection import BASKET, EXCHANGE, MISTAKE, RETURN, sales_
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale, SaleFact
from liushui.runtime import inbox, relay
from liushui.runtime.access import Grant, Principal

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 8, 12, tzinfo=UTC)
BOTH_STORES = frozenset({1, 2})
WHO = Principal(
    subject="staff:1",
    name="Manager",
    grants=(Grant(role="store_manager", chain_id=1),),
    _places={"sale.void": BOTH_STORES, "sale.read": BOTH_STORES},
)


def record(*facts: SaleFact) -> list[UUID]:
    """Record sales through orders, as checkout does."""
    commands = [
        RecordSale(
            body_sha256=sha256(fact.source_id.encode()).hexdigest(),
            **{name: getattr(fact, name) for name in SaleFact.__slots__ if name != "sale_id"},
        )
        for fact in facts
    ]
    return [recorded.sale_id for recorded in orders.record_sales(commands=commands, recorded_at=NOW)]


def void(sale_id: UUID) -> None:
    orders.void_sale(sale_id=sale_id, reason="typed twice", principal=WHO, now=NOW)


def read_events() -> None:
    while relay.publish_pending(limit=3):
        pass
    while inbox.deliver(consumer=CONSUMERS[0], limit=2):
        pass


def net_by_hour() -> dict[tuple[str, int], int]:
    live = ReadModel.objects.get(id=1).live
    return {
        (row.channel, row.local_hour): row.gross_minor - row.discount_minor - row.refund_minor
        for row in HourTotal.objects.filter(generation=live)
    }


def test_events_of_sales_and_voids_are_counted_once_each() -> None:
    *_, mistake = record(BASKET, EXCHANGE, RETURN, MISTAKE)
    void(mistake)
    read_events()
    expected = {("pos", 10): 4080, ("app", 18): 260, ("pos", 18): -3000}
    assert net_by_hour() == expected
    inbox.rewind(consumer=CONSUMERS[0])  # every event comes a second time
    read_events()
    assert net_by_hour() == expected
    assert sum(row.voids for row in HourTotal.objects.all()) == 1


def test_items_are_named_as_on_the_receipt() -> None:
    record(BASKET)
    read_events()
    assert set(ItemLabel.objects.values_list("chain_id", "sku", "name", "category")) == {
        (1, "MILK", "Item MILK", "food/dairy"),
        (1, "MUG", "Item MUG", "home"),
    }


def test_a_rebuild_makes_the_same_figures_and_leaves_nothing_behind() -> None:
    *_, mistake = record(BASKET, EXCHANGE, RETURN, MISTAKE)
    void(mistake)
    read_events()
    before = net_by_hour()
    assert facade.rebuild() == 4
    assert net_by_hour() == before
    assert ReadModel.objects.get(id=1).building is None
    assert HourTotal.objects.values_list("generation").distinct().count() == 1


def test_a_rebuild_mends_figures_that_were_damaged() -> None:
    record(BASKET)
    read_events()
    HourTotal.objects.update(gross_minor=1)
    assert net_by_hour() == {("pos", 10): -119}
    facade.rebuild()
    assert net_by_hour() == {("pos", 10): 4080}


def test_sales_that_come_during_a_rebuild_are_counted_once() -> None:
    first, _ = record(BASKET, EXCHANGE)
    read_events()
    build_generation()  # both sales are scanned; the swap is yet to come
    void(first)  # scanned as completed, voided since
    record(RETURN)
    read_events()
    facade.rebuild()
    assert {key: net for key, net in net_by_hour().items() if net} == {("app", 18): 260, ("pos", 18): -3000}
    assert facade.verify().is_exact


def test_a_sale_that_a_rebuild_saw_before_its_event_is_counted_once() -> None:
    record(BASKET)
    facade.rebuild()
    assert net_by_hour() == {("pos", 10): 4080}
    read_events()
    assert net_by_hour() == {("pos", 10): 4080}


def test_verify_finds_nothing_when_all_agrees() -> None:
    *_, mistake = record(BASKET, EXCHANGE, RETURN, MISTAKE)
    void(mistake)
    read_events()
    found = facade.verify()
    assert (found.sales, found.pending, found.difference_count) == (4, 0, 0)
    assert found.rows == 25  # of all tables together: nothing was left out of the comparison


def test_verify_tells_sales_on_their_way_from_differences() -> None:
    record(BASKET)
    read_events()
    record(EXCHANGE)
    found = facade.verify()
    assert (found.pending, found.differences) == (1, ())
    read_events()
    assert facade.verify().pending == 0


def test_verify_names_each_figure_that_is_wrong() -> None:
    record(BASKET)
    read_events()
    ItemTotal.objects.filter(sku="MUG").update(items=7)
    found = facade.verify()
    assert not found.is_exact
    (difference,) = found.differences
    assert (difference.between, difference.measure, difference.left, difference.right) == (
        "live/rebuilt",
        "items",
        7,
        1,
    )
    assert "sku=MUG" in difference.key


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(sales_, st.booleans()), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_incremental_equals_rebuilt_equals_orders_for_any_history(
    history: list[tuple[SaleFact, bool]], chance: random.Random
) -> None:
    with transaction.atomic():
        ids = record(*(fact for fact, _ in history))
        for sale_id, (_, voided) in zip(ids, history, strict=True):
            if voided:
                void(sale_id)
            if chance.random() < 0.3:
                read_events()
            if chance.random() < 0.1:
                facade.rebuild()
        facts = orders.sale_facts(after=None, limit=1000)
        chance.shuffle(facts)
        for fact, status in facts * 2:  # twice, in any order, voids before sales
            if status == "voided":
                facade.apply_sales(completed=[], voided=[fact])
            facade.apply_sales(completed=[fact], voided=[])
        read_events()
        found = facade.verify()
        assert found.differences == ()
        assert found.pending == 0
        assert found.sales == len(facts)
        transaction.set_rollback(True)  # each example begins with nothing


def test_cubes_name_real_tables_with_a_unique_key_each() -> None:
    tables = {model._meta.db_table: model for model in apps.get_app_config("analytics").get_models()}
    for cube in CUBES:
        assert tables[cube.table]._meta.pk.field_names == ("generation", *cube.keys)
        assert [f.name for f in tables[cube.table]._meta.concrete_fields if f.name in cube.sums] == list(cube.sums)
