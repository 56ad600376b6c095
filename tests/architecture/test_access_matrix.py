"""Who may do what, where: every route, every role, a thing of one's own store, of another region and of another chain.

`access_matrix.csv` is the list. A row: the method and the route as Django shows it; `scope` says where the role is held
(`store`: the own store, `chain`: the whole chain); `path` is the address with its query, {words} filled from the world
in conftest.py, empty for "/" + route; `body` is JSON (beginning with {, or a {word}) or a form. Then one status per
subject: `200` for all three targets, or `200/404/404` for own / other region of the chain / other chain. Left out, the
last two, `till_cashier` and `till_manager`, get what the anonymous get: in the console a till is nobody.
A route added without a row fails here, and so does a row whose route is gone.

On PostgreSQL what is open is asked for alone: that every page's SQL works there and that row security hides nothing of
one's own. What is closed is closed by the same lines of Python as on SQLite.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from ninja.operation import PathView

from liushui.runtime import web
from liushui.runtime.access import ROLES
from liushui.runtime.grants import STAFF_ROLES

STAFF = tuple(role for role in ROLES if role in STAFF_ROLES)
TILL_SUBJECTS = ("till_cashier", "till_manager")  # at an enrolled till of the own store, by PIN; not in the console
SUBJECTS = ("anonymous", *STAFF, "machine", "machine_unscoped", *TILL_SUBJECTS)
TARGETS = ("own", "other_region", "other_chain")
MATRIX = Path(__file__).with_name("access_matrix.csv")
HEAD = ["method", "route", "scope", "path", "body", *SUBJECTS]
_SILENT = {"HEAD", "OPTIONS", "TRACE"}


def rows() -> list[dict[str, str]]:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, restval="")
        assert reader.fieldnames == HEAD, f"the head of {MATRIX.name} is {','.join(HEAD)}"
        return list(reader)


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(route, view) of every address."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def api_methods(view: Any) -> set[str]:
    """Methods of a django-ninja path, which its view knows; none for other views."""
    cells = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    return {
        method
        for cell in cells
        if isinstance(cell, PathView)
        for operation in cell.operations
        for method in operation.methods
    }


def methods(view: Any) -> set[str]:
    """Methods that a view says it takes: by its API operations, or in its decorator's answer to a method nobody has."""
    return api_methods(view) or _of_class(view) or _declared(view) or {"GET"}


def _of_class(view: Any) -> set[str]:
    kind = getattr(view, "view_class", None)
    return {name.upper() for name in getattr(kind, "http_method_names", ()) if hasattr(kind, name)} - _SILENT


def _declared(view: Any) -> set[str]:
    """What require_http_methods and its kin were given: a list in the closure of some wrapper."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            content = cell.cell_contents
            if isinstance(content, list | tuple) and content and all(str(name).isupper() for name in content):
                return {str(name) for name in content} - _SILENT
        view = getattr(view, "__wrapped__", None)
    return set()


def test_every_route_has_a_row() -> None:
    listed = {(row["method"], row["route"]) for row in rows()}
    missing = sorted(
        f"{method},{route}" for route, view in routes() for method in methods(view) if (method, route) not in listed
    )
    assert missing == [], (
        "These addresses have no row in tests/architecture/access_matrix.csv. Add one line each, in the form\n"
        f"  {','.join(HEAD)}\n"
        "with the status that each subject must get: 200, or own/other region/other chain as in 200/404/404.\n  "
        + "\n  ".join(missing)
    )


def test_every_row_has_a_route() -> None:
    known = {route for route, _view in routes()}
    gone = [f"{row['method']} {row['route']}" for row in rows() if row["route"] not in known]
    assert gone == [], "Take these rows out of access_matrix.csv, or correct their routes."


def test_no_row_stands_twice() -> None:
    keys = [tuple(row[name] for name in ("method", "route", "scope", "path", "body")) for row in rows()]
    assert sorted(key for key in set(keys) if keys.count(key) > 1) == []


def ask(world: Any, row: dict[str, str], *, subject: str, target: str) -> int:
    """The status that this subject gets; whatever it changed is taken back."""
    browser: Client = world.browser(subject=subject, scope=row["scope"] or "store")
    path = world.fill(row["path"] or "/" + row["route"], target=target)
    body = world.fill(row["body"], target=target)
    kind = "application/json" if body.startswith(("{", "[")) else "application/x-www-form-urlencoded"
    with transaction.atomic():
        answer = browser.generic(row["method"], path, body, content_type=kind)
        status = answer.status_code
        if answer.streaming:
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        transaction.set_rollback(True)
    return status


def by_target(cell: str) -> dict[str, int]:
    """`200/404/404` by target; a single status is asked for the own thing, and for all when the row names things."""
    parts = [int(part) for part in cell.split("/")]
    assert len(parts) in (1, len(TARGETS)), f"{cell!r}: give one status, or {len(TARGETS)} with slashes between"
    return dict(zip(TARGETS, parts if len(parts) > 1 else parts * len(TARGETS), strict=True))


def differences(world: Any, row: dict[str, str]) -> list[str]:
    """Where the server answers otherwise than the row says, and the row as the server would have it."""
    names_things = "{" in row["path"] + row["body"]
    wrong, seen = [], []
    for subject in SUBJECTS:
        expected = by_target(row[subject] or row["anonymous"])
        targets = TARGETS if names_things else TARGETS[:1]
        answers = {
            target: ask(world, row, subject=subject, target=target)
            for target in targets
            if connection.vendor == "sqlite" or expected[target] < 400
        }
        distinct = [str(answers.get(target, expected[target])) for target in targets]
        seen.append(distinct[0] if len(set(distinct)) == 1 else "/".join(distinct))
        wrong += [
            f"    {subject}, {target}: {answers[target]}, the matrix says {expected[target]}"
            for target in answers
            if answers[target] != expected[target]
        ]
    if not wrong:
        return []
    name = ",".join(row[field] for field in HEAD[:5])
    return [name, *wrong, "  if the server is right, its statuses are", "    " + ",".join(seen)]


@pytest.fixture
def errors_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error's page is drawn once for each person and kind of error, after that only its status is answered: a
    third of all answers here are errors, and drawing them takes longer than refusing."""
    draw, drawn = web.render, set()

    def once(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        seen = (request.session.session_key, type(context["error"]))
        if seen in drawn:
            return HttpResponse(status=status)
        drawn.add(seen)
        return draw(request, template, context, status=status)

    monkeypatch.setattr(web, "render", once)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # some twelve thousand requests
@pytest.mark.usefixtures("errors_drawn_once")
def test_every_subject_gets_the_status_that_the_matrix_says(world: Any) -> None:
    wrong = [line for row in rows() for line in differences(world, row)]
    assert not wrong, "\n".join(["the server and tests/architecture/access_matrix.csv differ:", *wrong])
