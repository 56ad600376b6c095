"""Nobody reads or changes what belongs to another store or another chain, by whatever part of an address he tries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.datastructures import MultiValueDict
from tests.architecture import test_access_matrix as matrix
from tests.security.conftest import MARKS

ROWS = matrix.rows()
NAMING = [row for row in ROWS if "<" in row["route"] and "openapi" not in row["route"]]
READING = [row for row in ROWS if row["method"] == "GET"]
HELP = {"help/", "help/<slug:name>/", "help/images/<slug:language>/<str:name>"}  # the manual holds nothing of any chain
ENROLLING = {"oauth/device_authorization/", "till/enrol/", "till/enrol/qr/", ".well-known/oauth-authorization-server"}
OPEN_TO_ALL = (
    HELP
    | ENROLLING
    | {
        "oauth/token/",
        "oauth/revoke/",
        "healthz",
        "readyz",
        "metrics",
        "language/",
        "theme/",
        "sign-in/",
        "sign-out/",
        "my/sign-in/",
    }
)
# Ids that open nothing by themselves: a name shared by all chains, or a report's name.
NO_THINGS = HELP | {
    "payments/notify/<slug:provider>/",
    "api/v1/reports/<name>",
    "api/v1/items/<sku>",
    "api/v1/items/<sku>/prices",
}
SUBJECTS = (*matrix.STAFF, "machine")


def statuses(row: dict[str, str], subject: str) -> list[int]:
    return list(matrix.by_target(row[subject]).values())


def test_every_route_that_names_a_thing_refuses_the_thing_of_another_chain() -> None:
    """Read off the matrix, which another test drives: 403 or 404, never what the own thing answers."""
    wrong = []
    for row in NAMING:
        for subject in SUBJECTS:
            own, _region, chain = statuses(row, subject)
            if own < 400 and own != 302 and chain not in (403, 404) and row["route"] not in NO_THINGS:
                wrong.append(f"{row['method']} {row['route']} {subject}: {row[subject]}")
    assert wrong == []


def test_every_route_that_names_a_thing_is_tried_on_a_thing_of_another_chain() -> None:
    tried = {row["route"] for row in NAMING if "{" in row["path"]}
    assert sorted({row["route"] for row in NAMING} - tried - NO_THINGS) == []


def test_nobody_unknown_gets_past_the_door() -> None:
    """Anonymous: to the sign-in page, or 401; nothing else but what is open to everybody."""
    wrong = [
        f"{row['method']} {row['route']}: {row['anonymous']}"
        for row in ROWS
        if row["route"] not in OPEN_TO_ALL
        and row["route"] not in ("api/v1/", "api/v1/openapi.json")
        and not row["route"].startswith("payments/notify/")
        and not set(statuses(row, "anonymous")) <= {302, 401, 403, 404, 405}
    ]
    assert wrong == []


def leaks(body: bytes, marks: tuple[str, ...]) -> list[str]:
    return [mark for mark in marks if mark.encode() in body]


def marks_hidden_from(scope: str) -> tuple[str, ...]:
    """Somebody of the whole chain may see the other region."""
    return (MARKS["other_chain"],) if scope == "chain" else tuple(MARKS.values())


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_page_shows_a_mark_of_another_store_or_chain(world: Any, speak: Callable[..., Any], subject: str) -> None:
    """Every address that reads, for the own things, as a page and as the part that HTMX asks for; where the matrix says
    that it is refused as the part alone, since the page around a refusal stands around every page that is open."""
    found = []
    for row in READING:
        scope = row["scope"] or "store"
        path = world.fill(row["path"] or "/" + row["route"], target="own")
        is_open = statuses(row, subject)[0] < 400
        for headers in ({}, {"hx-request": "true"}) if is_open else ({"hx-request": "true"},):
            answer, body = speak(subject, scope=scope)("GET", path, **headers)
            hidden = marks_hidden_from(scope)
            found += [f"{subject} GET {path}: {answer.status_code} shows {mark}" for mark in leaks(body, hidden)]
            assert answer.status_code != 500, path
    assert found == []


class Noted(dict[str, str]):
    """A plain copy of a query that notes what is asked of it."""

    def __init__(self, values: dict[str, str], names: set[str]) -> None:
        super().__init__(values)
        self.names = names

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the query parameters that the server looked for: found out by listening, not by a list to keep up."""
    names: set[str] = set()
    getlist, getitem, contains = QueryDict.getlist, MultiValueDict.__getitem__, MultiValueDict.__contains__

    def noting_get(self: Any, key: str, default: Any = None) -> Any:
        names.add(str(key))
        try:
            value = getitem(self, key)
        except KeyError:
            return default
        return default if value == [] else value

    def noting_getlist(self: Any, key: str, default: Any = None) -> Any:
        names.add(str(key))
        return getlist(self, key, default)

    def noting_contains(self: Any, key: str) -> bool:
        names.add(str(key))
        return contains(self, key)

    monkeypatch.setattr(QueryDict, "get", noting_get)
    monkeypatch.setattr(QueryDict, "getlist", noting_getlist)
    monkeypatch.setattr(QueryDict, "__contains__", noting_contains, raising=False)
    monkeypatch.setattr(QueryDict, "dict", lambda self: Noted({key: self[key] for key in self}, names))
    return names


_FIELDS = re.compile(rb'<(?:input|select|textarea)\b[^>]*\bname="([\w.-]+)"')
_LINKED = re.compile(rb'href="[^"]*\?([^"#]*)"')
_POSTED = re.compile(rb'<form\b[^>]*\bmethod="post".*?</form>', re.DOTALL)  # goes into no address
FRAME = {"next", "q"}  # fields of the frame around every page, for other addresses


def parameters_of(body: bytes, asked: set[str]) -> set[str]:
    """What the page asked for, what its filters send and what its links carry."""
    linked = {part.split(b"=")[0].decode() for query in _LINKED.findall(body) for part in query.split(b"&amp;") if part}
    fields = {name.decode() for name in _FIELDS.findall(_POSTED.sub(b"", body))}
    return {name for name in asked | (linked | fields) - FRAME if name.isidentifier()}


def values_of_others(world: Any) -> Iterator[tuple[str, str]]:
    """(whose, what) of every id and code of others that one could put into an address."""
    for target in ("other_region", "other_chain"):
        own = set(world.words["own"].values())
        for name, value in world.words[target].items():
            if value not in own and not value.startswith("{"):
                yield name, value
        yield "mark", MARKS[target]


PLACES = {"chain", "region", "store"}


def places_of_others(world: Any) -> Iterator[dict[str, str]]:
    """Queries that ask for others' places, one by one and together."""
    for target in ("other_region", "other_chain"):
        words = world.words[target]
        places = {name: words[name] for name in PLACES}
        yield places
        yield {name: places[name] for name in ("chain", "store")}
        for name in PLACES:
            yield {name: places[name]}


def takes_ids(name: str, speaker: Any, path: str) -> bool:
    """Whether this parameter lets ids and codes in: what refuses a word and a number (a date, a format) lets none in,
    and would keep the page from looking at the others."""
    values = (MARKS["other_chain"], "3")
    return any(speaker("GET", f"{path}?{urlencode({name: value})}")[0].status_code != 422 for value in values)


@pytest.mark.slow
@pytest.mark.parametrize("subject", ("store_manager", "it_admin"))
def test_no_parameter_opens_what_belongs_to_others(
    world: Any, speak: Callable[..., Any], asked_for: set[str], subject: str
) -> None:
    """Filters, sorting, cursors and formats of every list, part and export, filled with ids and codes of others: the
    places by both, every other parameter with every value by the one whose page it is, a page of both by the first."""
    found, tried, quiet = [], 0, marks_hidden_from("store")
    values = sorted({value for _name, value in values_of_others(world)})
    for row in {row["route"]: row for row in READING if "<" not in row["route"]}.values():
        path = "/" + row["route"]
        asked_for.clear()
        answer, body = speak(subject)("GET", path)
        if answer.status_code != 200:
            continue
        queries = list(places_of_others(world))
        others = parameters_of(body, set(asked_for)) - PLACES
        if subject == "store_manager" or speak("store_manager")("GET", path)[0].status_code != 200:
            names = [name for name in sorted(others) if takes_ids(name, speak(subject), path)]
            queries += [dict.fromkeys(names, value) for value in values] if names else []
        for query in queries:
            tried += 1
            answer, body = speak(subject)("GET", f"{path}?{urlencode(query)}")
            assert answer.status_code != 500, f"{path}?{urlencode(query)}"
            # What was typed may stand in the page again.
            shown = [mark for mark in leaks(body, quiet) if mark not in query.values()]
            found += [f"{path}?{urlencode(query)} shows {mark}" for mark in shown]
    assert found == []
    assert tried > 300, "the parameters were found"


def test_a_cursor_of_another_reader_opens_nothing(world: Any, speak: Callable[..., Any]) -> None:
    """A cursor is a place in a list, not a right: made by somebody who sees all, it shows a store's reader his own."""
    _answer, whole = speak("store_manager", scope="chain")("GET", "/orders/?period=&from=2026-03-01&to=2026-03-03")
    for cursor in re.findall(rb"after=([\w.%=-]+)", whole):
        _answer, body = speak("store_manager")("GET", f"/orders/?after={cursor.decode()}")
        assert leaks(body, tuple(MARKS.values())) == []


def test_every_guess_at_an_id_is_answered_alike(world: Any) -> None:
    """What exists elsewhere and what doesn't exist at all cannot be told apart."""
    browser: Client = world.browser(subject="store_manager", scope="store")
    words = world.words["other_chain"]
    pairs = [
        (f"/orders/{words['sale_id']}/", "/orders/00000000-0000-7000-8000-000000000000/"),
        (f"/stores/{words['store_id']}/", "/stores/999999/"),
        (f"/catalog/items/{words['item_id']}/", "/catalog/items/999999/"),
        (f"/intake/quarantine/{words['quarantine_id']}/", "/intake/quarantine/00000000-0000-7000-8000-000000000000/"),
        (f"/intake/imports/{words['import_id']}/", "/intake/imports/00000000-0000-7000-8000-000000000000/"),
    ]

    def answer(path: str) -> tuple[int, str]:
        got = browser.get(path)
        # Ids, tokens and the address itself are taken out; what is left is what a reader learns.
        text = re.sub(r"[0-9A-Za-z]{64}|[0-9a-f-]{36}|[0-9]+", "#", got.content.decode())
        return got.status_code, text

    for theirs, nobodys in pairs:
        assert answer(theirs) == answer(nobodys), theirs
        assert answer(theirs)[0] == 404
