"""Roles give capabilities, grants give places, and nothing is allowed that neither gives."""

from __future__ import annotations

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.runtime import access
from liushui.runtime.access import CAPABILITIES, ROLES, Grant, SystemPrincipal
from liushui.runtime.tests.access_world import expand, principal


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)


def test_nobody_without_a_grant_may_anything() -> None:
    nobody = principal()
    assert [capability for capability in CAPABILITIES if nobody.may(capability)] == []
    assert nobody.stores("sale.read") == frozenset()


def test_a_role_in_a_region_reaches_its_stores_and_no_other() -> None:
    manager = principal(Grant(role="store_manager", chain_id=1, region_id=10))
    assert manager.stores("sale.void") == {100, 101}
    assert manager.chains("sale.void") == {1}
    assert manager.whole_chains("sale.void") == frozenset()


def test_each_capability_reaches_only_where_a_role_with_it_is_held() -> None:
    both = principal(
        Grant(role="cashier", chain_id=1, store_id=100), Grant(role="store_manager", chain_id=1, store_id=200)
    )
    assert both.stores("sale.read") == {100, 200}
    assert both.stores("sale.void") == {200}


def test_a_grant_whose_store_is_of_another_chain_reaches_nothing() -> None:
    assert principal(Grant(role="finance", chain_id=1, store_id=300)).stores("sale.read") == frozenset()


def test_scopes_narrow_what_roles_give_and_never_widen_it() -> None:
    machine = principal(Grant(role="integration", chain_id=1), scopes=frozenset({"sale.write", "access.manage"}))
    assert machine.may("sale.write")
    assert not machine.may("sale.read")
    assert not machine.may("access.manage")


def test_what_is_not_held_in_that_store_is_refused_by_name() -> None:
    manager = principal(Grant(role="store_manager", chain_id=1, store_id=100))
    with pytest.raises(NotAllowed, match=r"'sale\.void' in that store"):
        manager.require_store("sale.void", store_id=101)
    with pytest.raises(NotAllowed, match=r"'audit\.read'"):
        manager.require("audit.read")


def test_a_capability_that_does_not_exist_is_a_mistake_in_the_program() -> None:
    with pytest.raises(ValueError, match="no such capability"):
        principal().may("sale.reed")


def test_every_role_gives_known_capabilities_and_every_capability_is_given_by_a_role() -> None:
    given = frozenset[str]().union(*ROLES.values())
    assert given == frozenset(CAPABILITIES)


def test_the_operator_at_the_command_line_reaches_every_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_every_chain", lambda: frozenset({1, 2}))
    operator = SystemPrincipal(subject="system", name="demo", grants=())
    assert operator.stores("sale.write") == {100, 101, 200, 300}
    assert operator.whole_chains("price.write") == {1, 2}
    operator.require("access.manage")
