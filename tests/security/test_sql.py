"""Texts that mean something to a database stay texts: in every parameter, every part of a path, every search."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from tests.security.reading import READING
from tests.security.test_objects_of_others import asked_for, parameters_of

from liushui.stores import facade as stores

__all__ = ["asked_for"]

SQL = (
    "'", '"', "\\", "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "1) OR (1=1", "'; DROP TABLE stores_store; --", "%", "_",
    "1 UNION SELECT password FROM runtime_staffuser", "-1' UNION SELECT 1,2,3 --", "sku) DESC; --", "*", "NEAR(a b)",
    'a" OR "b', "AND", "\x00", "\ud7ff\uffff", "9" * 40, "-9223372036854775809", "1e999", "'||(SELECT 1)||'", "{0}",
    "%s", "$1", ":name", "0x27", "＇ OR 1=1", "a" * 5_000,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["store_manager", "machine"])
def test_no_parameter_reaches_the_database_as_sql(
    world: Any, speak: Callable[..., Any], asked_for: set[str], subject: str
) -> None:
    """Every parameter that any page or operation asks for, with what breaks out of strings, patterns and numbers."""
    tried, wrong = 0, []
    for route, row in READING.items():
        path = world.fill((row["path"] or "/" + route).split("?")[0], target="own")
        asked_for.clear()
        answer, body = speak(subject, scope="chain")("GET", path)
        if answer.status_code != 200 or route in ("metrics", "healthz", "readyz"):
            continue
        names = sorted(parameters_of(body, set(asked_for)) | (API_PARAMETERS if route.startswith("api/") else set()))
        for value in SQL[:: 1 if route.startswith("api/") else 4]:
            # One at a time would be ten thousand requests; together they reach every place that any of them reaches,
            # and those that end the request early (places, dates, cursors, sorting) are tried alone as well.
            early = {"chain", "region", "store", "from", "to", "first", "last", "after", "cursor", "sort", "format"}
            for query in (dict.fromkeys(set(names) - early, value), dict.fromkeys(set(names) & early, value)):
                tried += 1
                answer, body = speak(subject, scope="chain")("GET", f"{path}?{urlencode(query, errors='replace')}")
                if answer.status_code >= 500 or b"zzrivalmark" in body:
                    wrong.append(f"{path}?{urlencode(query, errors='replace')[:200]}: {answer.status_code}")
    assert wrong == []
    assert tried > 300


API_PARAMETERS = {
    "q",
    "text",
    "limit",
    "cursor",
    "offset",
    "sort",
    "store",
    "chain",
    "from",
    "to",
    "page",
    "sku",
    "category",
}


@pytest.mark.parametrize("value", [value for value in SQL if value not in ("\x00",)])
def test_no_part_of_a_path_reaches_the_database_as_sql(world: Any, speak: Callable[..., Any], value: str) -> None:
    for path in ("/api/v1/items/{}", "/api/v1/items/{}/prices", "/api/v1/reports/{}", "/settings/api-clients/{}/"):
        subject = "it_admin" if path.startswith("/settings") else "machine"
        answer, _ = speak(subject, scope="chain")("GET", path.format(quote(value, safe="")))
        assert answer.status_code in (400, 404, 422), f"{path} {answer.status_code}"


def test_a_search_for_everything_by_trick_finds_nothing(world: Any, speak: Callable[..., Any]) -> None:
    """What would find all rows if it were SQL or a pattern finds none."""
    for value in ("' OR '1'='1", "%", "_", "*", "') OR 1=1 --"):
        _answer, body = speak("machine", scope="chain")("GET", f"/api/v1/items?text={quote(value)}")
        assert json.loads(body)["items"] == [], value
        _answer, body = speak("machine", scope="chain")("GET", f"/api/v1/orders?q={quote(value)}")
        assert next(found for found in json.loads(body).values() if isinstance(found, list)) == [], value


def test_the_tables_are_still_there(world: Any) -> None:
    """After a sale whose every text is SQL."""
    assert len(stores.stores()) == 3
    assert {"stores_store", "orders_sale"} <= set(connection.introspection.table_names())
