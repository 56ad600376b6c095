"""Connections that go from hand to hand never show one reader the rows of another, whatever happened on them before."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from liushui.orders.models import Sale
from liushui.runtime import row_security
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.row_security import EVERYTHING, NOTHING, WEB_ROLE, RowSecurityMiddleware, Scope
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

pytestmark = pytest.mark.services
STORES = range(1, 9)
ALL = "SELECT DISTINCT store_id FROM orders_sale ORDER BY store_id"
WHO = "SELECT current_user, current_setting('liushui.stores', true)"
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def some(*store_ids: int) -> Scope:
    return Scope((",".join(map(str, store_ids)), "1", ""))


def expected(scope: Scope) -> list[int]:
    if scope == EVERYTHING:
        return list(STORES)
    assert scope.settings is not None
    return [int(text) for text in scope.settings[0].split(",") if text]


@pytest.fixture
def sales(transactional_db: None) -> None:
    """One sale in each of eight stores, there for every connection."""
    Sale.objects.bulk_create(
        Sale(
            id=uuid4(), source="till", source_id=str(store_id), chain_id=1, store_id=store_id, completed_at=NOON,
            recorded_at=NOON, business_date=NOON.date(), local_hour=12, line_count=1, returned_line_count=0, units=1,
            regular_minor=1, discount_minor=0, returned_minor=0, total_minor=1, tax_minor=0, variance_minor=0,
        )
        for store_id in STORES
    )  # fmt: skip


def seen(on: Any = connection) -> list[int]:
    with on.cursor() as cursor:
        cursor.execute(ALL)
        return [store_id for (store_id,) in cursor.fetchall()]


def fail(on: Any = connection) -> None:
    with pytest.raises(DatabaseError), on.cursor() as cursor:
        cursor.execute("SELECT 1 / 0 FROM orders_sale UNION ALL SELECT 1 / 0")


@pytest.fixture
def pooled() -> Iterator[ConnectionHandler]:
    """Connections of a pool of four; each thread has its own wrapper around one of them."""
    settings = connection.settings_dict
    options = {**settings["OPTIONS"], "pool": {"min_size": 1, "max_size": 4, "timeout": 60}}
    handler = ConnectionHandler({"default": {}, "pooled": {**settings, "CONN_MAX_AGE": 0, "OPTIONS": options}})
    yield handler
    handler["pooled"].close_pool()


def ask_somehow(on: Any, deed: int) -> list[int]:
    """Ask straight, after an error, inside a transaction that is rolled back, or after an error inside one."""
    if deed == 0:
        return seen(on)
    if deed == 1:
        fail(on)
        return seen(on)
    on.set_autocommit(False)
    try:
        found = seen(on)
        if deed == 3:
            fail(on)
    finally:
        on.rollback()
        on.set_autocommit(True)
    return found


def test_thirty_two_threads_over_four_connections_see_their_own_stores_only(sales: None, pooled: Any) -> None:
    start = threading.Barrier(32)
    wrong: list[tuple[Scope, list[int]]] = []
    backends: set[int] = set()

    def ask(number: int) -> int:
        chance, mine = random.Random(number), pooled["pooled"]
        start.wait()
        for _ in range(25):
            scope = chance.choice([NOTHING, some(1), some(2, 3), some(4, 5, 6), some(*STORES), EVERYTHING])
            try:
                with row_security.entered(scope):
                    found = ask_somehow(mine, chance.randrange(4))
                backends.add(mine.connection.info.backend_pid)
            finally:
                mine.close()  # gives the connection back to the pool
            if found != expected(scope):
                wrong.append((scope, found))
        return 25

    with ThreadPoolExecutor(max_workers=32) as threads:
        assert sum(threads.map(ask, range(32))) == 800
    assert wrong == []
    assert 1 <= len(backends) <= 4


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_on_a_connection_the_next_statement_is_in_its_scope(sales: None, seed: int) -> None:
    chance = random.Random(seed)
    scopes = [NOTHING, some(1), some(2, 3), EVERYTHING]

    def play(depth: int) -> None:
        for _ in range(chance.randrange(2, 6)):
            with row_security.entered(chance.choice(scopes)):
                deed = chance.randrange(5)
                if deed == 0:
                    assert seen() == expected(row_security.current())
                elif deed == 1:
                    with transaction.atomic():  # a savepoint when there is a transaction around it
                        fail_and_be_taken_back()
                elif deed == 2 and depth < 3:
                    with transaction.atomic():
                        play(depth + 1)
                elif deed == 3 and depth < 3:
                    with pytest.raises(Rolled), transaction.atomic():
                        play(depth + 1)
                        raise Rolled
                assert seen() == expected(row_security.current())

    def fail_and_be_taken_back() -> None:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    play(0)
    assert seen() == list(STORES)


class Rolled(Exception):
    """Takes a transaction back."""


@pytest.fixture
def places(transactional_db: None) -> dict[str, int]:
    stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    made = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=code, name_en=code) for code in "AB"]
    )
    return {store.code: store.id for store in made} | {"chain": made[0].chain_id}


def clerk_of(places: dict[str, int], code: str) -> Principal:
    grant = Grant(role="store_manager", chain_id=places["chain"], store_id=places[code])
    return Principal(subject=f"staff:{code}", name=code, grants=(grant,))


@pytest.fixture
def two_sales(places: dict[str, int]) -> None:
    Sale.objects.bulk_create(
        Sale(
            id=uuid4(), source="till", source_id=code, chain_id=places["chain"], store_id=places[code],
            completed_at=NOON, recorded_at=NOON, business_date=NOON.date(), local_hour=12, line_count=1,
            returned_line_count=0, units=1, regular_minor=1, discount_minor=0, returned_minor=0, total_minor=1,
            tax_minor=0, variance_minor=0,
        )
        for code in "AB"
    )  # fmt: skip


def sold() -> str:
    """A query without any filter: what a forgotten one comes to."""
    return "".join(Sale.objects.order_by("source_id").values_list("source_id", flat=True))


def test_a_forgotten_filter_shows_the_readers_store_only_and_the_next_request_on_the_connection_its_own(
    two_sales: None, places: dict[str, int]
) -> None:
    asked: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        asked.append(sold())  # nobody has said yet who speaks
        row_security.enter(request.principal)  # type: ignore[attr-defined]
        asked.append(sold())
        if request.path == "/broken/":
            fail()
            raise Rolled
        return HttpResponse()

    served = RowSecurityMiddleware(view)
    for path, code in (("/", "A"), ("/", "B"), ("/broken/", "A"), ("/", "B")):
        request = HttpRequest()
        request.path, request.principal = path, clerk_of(places, code)  # type: ignore[attr-defined]
        try:
            served(request)
        except Rolled:
            asked.append("!")
        asked.append(sold())  # after a request this process may again do what it may
    assert asked == ["", "A", "AB", "", "B", "AB", "", "A", "!", "AB", "", "B", "AB"]


def test_what_is_streamed_is_read_in_the_scope_of_its_request_while_others_use_the_connection(
    two_sales: None, places: dict[str, int]
) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        row_security.enter(clerk_of(places, "A"))
        return StreamingHttpResponse(iter(sold, "never"))

    stream = iter(RowSecurityMiddleware(view)(HttpRequest()))  # type: ignore[arg-type]
    pieces = []
    for scope in (EVERYTHING, NOTHING, EVERYTHING):
        pieces.append(next(stream))
        with row_security.entered(scope):
            pieces.append(sold())
    assert pieces == [b"A", "AB", b"A", "", b"A", "AB"]


def test_no_request_speaks_for_the_system_and_a_new_thread_of_a_server_sees_nothing(
    two_sales: None, places: dict[str, int]
) -> None:
    row_security.enter(clerk_of(places, "A"))
    assert row_security.current() == EVERYTHING  # outside of a request nothing is entered
    assert row_security.scope_of(system_principal(name="mending")) == EVERYTHING
    found: list[str] = []

    def look() -> None:
        found.append(sold())
        connection.close()

    with mock.patch.object(row_security, "_process_scope", NOTHING):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [""]


def test_a_change_of_scope_is_no_message_of_its_own(sales: None) -> None:
    with mock.patch.object(
        psycopg.ClientCursor, "execute", autospec=True, side_effect=psycopg.ClientCursor.execute
    ) as sent:
        seen()
        with row_security.entered(some(1)):
            assert seen() == [1]
            assert seen() == [1]
        with row_security.entered(some(2)), transaction.atomic():
            assert seen() == [2]
            assert Sale.objects.filter(source_id="2").update(voided_by="x") == 1
            assert Sale.objects.filter(source_id="3").update(voided_by="x") == 0
        seen()
    statements = [call.args[1].split(";")[0][:6] for call in sent.call_args_list]
    assert len(sent.call_args_list) == 7
    changes = [call for call in sent.call_args_list if call.args[1].startswith("SELECT set_config")]
    assert len(changes) == 3  # into 1, into 2 for the transaction, back to everything
    assert set(statements) == {"SELECT", "UPDATE"}
    with connection.cursor() as cursor:
        cursor.execute(WHO)
        assert cursor.fetchone()[0] != WEB_ROLE
