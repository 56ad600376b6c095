"""A lock that was not had in time, two that waited for each other: the answer says to try again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client

from liushui.app.tests.test_api import caller, problem
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, staff_subject, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

__all__ = ["caller"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(caller: Client) -> Store:
    """One whose receipts are asked for."""
    stores.save_region(chain_code="ACME", code="n", name_zh="北", name_en="North")
    new = NewStore(chain_code="ACME", region_code="n", code="N1", name_zh="一", name_en="One")
    [saved] = stores.save_stores(stores=[new])
    return saved


def locked(folder: Path) -> Exception:
    """What SQLite says when another writes for longer than one waits."""
    with closing(sqlite3.connect(folder / "x")) as first, closing(sqlite3.connect(folder / "x", timeout=0)) as second:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="database is locked") as caught:
            second.execute("BEGIN IMMEDIATE")
    return caught.value


def failing(cause: Exception) -> Callable[..., Any]:
    """Fails where receipts are read, as Django tells of it."""

    def execute_or_fail(execute: Any, sql: str, *rest: Any) -> Any:
        if "orders_" in sql:
            raise OperationalError(str(cause)) from cause
        return execute(sql, *rest)

    return execute_or_fail


@pytest.mark.parametrize("cause", [locked, psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable])
def test_a_busy_database_is_a_503_that_says_to_try_again(caller: Client, tmp_path: Path, cause: Any) -> None:
    with connection.execute_wrapper(failing(cause(tmp_path))):
        answer = caller.get("/api/v1/orders")
    assert problem(answer, 503)["type"] == "urn:liushui:problem:busy"
    assert answer["Retry-After"] == "2"
    assert caller.get("/api/v1/orders").status_code == 200


def test_a_person_is_told_on_a_page_in_her_language(store: Store, tmp_path: Path) -> None:
    browser = Client(headers={"accept-language": "zh-hans"}, raise_request_exception=False)
    mei = StaffUser.objects.create(username="mei", display_name="Mei")
    held = Grant(role="finance", chain_id=store.chain_id)
    grant(subject=staff_subject(mei.pk), grant=held, granted_by=system_principal(name="tests"))
    browser.force_login(mei)
    with connection.execute_wrapper(failing(locked(tmp_path))):
        answer = browser.get("/orders/")
    assert answer.status_code == 503
    assert "系统正忙" in answer.content.decode()


def test_a_failure_of_ours_stays_one(caller: Client) -> None:
    with connection.execute_wrapper(failing(psycopg.errors.UndefinedTable())):
        assert problem(caller.get("/api/v1/orders"), 500)["type"] == "urn:liushui:problem:internal"
