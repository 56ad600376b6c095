"""What a request may touch, on any database; what PostgreSQL makes of it is in tests/security and tests/races."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from unittest import mock

import pytest
from django.http import HttpRequest, HttpResponse

from liushui.runtime import row_security
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.row_security import EVERYTHING, NOTHING, RowSecurityMiddleware, Scope


def covering(grants: Iterable[Grant]) -> frozenset[int]:
    return frozenset(n for grant in grants for n in ([grant.store_id] if grant.store_id else [1, 2, 3]))


@pytest.fixture
def stores_of_grants() -> Iterator[None]:
    """A chain of stores 1 to 3; a store grant covers its store."""
    with mock.patch.object(row_security, "expand_grants", covering):
        yield


def person(*grants: Grant) -> Principal:
    return Principal(subject="staff:1", name="Li", grants=grants)


def test_the_scope_is_the_union_of_all_grants(stores_of_grants: None) -> None:
    chain, store = Grant(role="auditor", chain_id=7), Grant(role="cashier", chain_id=8, store_id=11)
    assert row_security.scope_of(person(chain, store)) == Scope(("1,2,3,11", "7,8", "7"))
    assert row_security.scope_of(person()) == NOTHING
    assert row_security.scope_of(system_principal(name="command")) == EVERYTHING


def test_a_request_begins_with_nothing_and_leaves_nothing_behind(stores_of_grants: None) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(row_security.current())
        row_security.enter(person(Grant(role="cashier", chain_id=8, store_id=11)))
        seen.append(row_security.current())
        with row_security.everything():
            seen.append(row_security.current())
        if request.path == "/broken/":
            raise LookupError
        return HttpResponse()

    served, request = RowSecurityMiddleware(view), HttpRequest()
    served(request)
    request.path = "/broken/"
    with pytest.raises(LookupError):
        served(request)
    own = Scope(("11", "8", ""))
    assert seen == [NOTHING, own, EVERYTHING, NOTHING, own, EVERYTHING]
    assert row_security.current() == EVERYTHING
    assert not row_security.is_bound()


def test_nobody_is_entered_outside_of_a_request(stores_of_grants: None) -> None:
    row_security.enter(person(Grant(role="cashier", chain_id=8, store_id=11)))
    assert row_security.current() == EVERYTHING


def test_a_process_that_serves_touches_nothing_unless_it_says_so() -> None:
    with mock.patch.object(row_security, "_process_scope", EVERYTHING):
        row_security.bind_process()
        assert row_security.current() == NOTHING
        with row_security.everything():
            assert row_security.current() == EVERYTHING
