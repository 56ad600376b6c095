"""The inbox: what waits for me, what I asked for, what became of it; large amounts ask for fresh proof."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.console.tests.test_own_account import make_stale
from liushui.runtime import approvals
from liushui.runtime.access import Grant
from liushui.runtime.approvals import Approval, Fact, Kind
from liushui.runtime.grants import staff_principal
from liushui.runtime.models import ApprovalRow, AuditEntry, StaffUser

pytestmark = pytest.mark.django_db
VOID = "test.void"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(approvals, "_kinds", {})
    approvals.register_kind(Kind(name=VOID, title="Void a line", capability="till.approve"))
    yield build_world()


def person(world: World, username: str, role: str, store: str = "n1") -> Client:
    store_id = getattr(world, store).id
    _user_id, password = hire(username, Grant(role=role, chain_id=world.chain_id, store_id=store_id))
    return signed_in(username, password)


SALE = "sale:0199a4b0-0000-7000-8000-000000000001"


def ask(world: World, *, by: str = "wang", target: str = SALE, **changed: Any) -> Approval:
    values: dict[str, Any] = {"amount_minor": 1250, "currency": "CNY", **changed}
    return approvals.request(
        kind=VOID, target=target, chain_id=world.chain_id, store_id=world.n1.id, reason="Scanned twice",
        principal=staff_principal(StaffUser.objects.get(username=by)), now=datetime.now(UTC), **values,
    )  # fmt: skip


def test_what_waits_is_shown_with_amount_reason_who_and_the_page_it_is_about(world: World) -> None:
    person(world, "wang", "cashier")
    manager = person(world, "chen", "store_manager")
    asked = ask(world)
    shown = manager.get("/approvals/").content.decode()
    for words in ("Void a line", "¥12.50", "Scanned twice", "Wang <small>", "Store N1"):
        assert words in shown
    assert '<span class="count-badge" aria-hidden="true">1</span>' in shown
    detail = manager.get(f"/approvals/{asked.id}/").content.decode()
    assert 'href="/orders/0199a4b0-0000-7000-8000-000000000001/"' in detail


def test_what_the_kind_tells_is_shown_and_leads_to_receipts_that_the_reader_sees(world: World) -> None:
    mine = UUID("0199a4b0-0000-7000-8000-000000000001")
    told = (
        Fact(label="Why", text="Bought long ago"),
        Fact(label="Receipt", text="R-1", sale_id=mine, store_id=world.n1.id),
        Fact(label="Receipt", text="R-2", sale_id=mine, store_id=world.s1.id),
    )
    approvals.register_kind(Kind(name=VOID, title="Void", capability="till.approve", facts=lambda asked: told))
    person(world, "wang", "cashier")
    manager = person(world, "chen", "store_manager")
    asked = ask(world, target="sale:web/7")
    assert "<br><small>Bought long ago</small>" in manager.get("/approvals/").content.decode()
    detail = manager.get(f"/approvals/{asked.id}/").content.decode()
    assert f'<dt>Receipt</dt><dd><a href="/orders/{mine}/">R-1</a></dd>' in detail
    assert "<dt>Receipt</dt><dd>R-2</dd>" in detail


def test_a_manager_approves_and_another_is_told_who_did(world: World) -> None:
    person(world, "wang", "cashier")
    chen, zhao = person(world, "chen", "store_manager"), person(world, "zhao", "store_manager")
    asked = ask(world)
    assert chen.post(f"/approvals/{asked.id}/", {"do": "approve"}).status_code == 302
    late = zhao.post(f"/approvals/{asked.id}/", {"do": "reject", "reason": "no"}, follow=True)
    assert "Chen has decided this already." in late.content.decode()
    row = ApprovalRow.objects.get()
    assert (row.state, row.decided_by_name) == ("approved", "Chen")
    assert "Nothing waits for you" in zhao.get("/approvals/").content.decode()
    assert "count-badge" not in zhao.get("/approvals/").content.decode()


def test_a_rejection_says_why(world: World) -> None:
    person(world, "wang", "cashier")
    manager = person(world, "chen", "store_manager")
    asked = ask(world)
    answer = manager.post(f"/approvals/{asked.id}/", {"do": "reject", "reason": " "})
    assert (answer.status_code, "Say why you reject it." in answer.content.decode()) == (422, True)
    assert ApprovalRow.objects.get().state == "pending"
    assert manager.post(f"/approvals/{asked.id}/", {"do": "reject", "reason": "Not so"}).status_code == 302
    history = manager.get("/approvals/?view=history&state=rejected").content.decode()
    assert "Not so" in history
    assert "Nothing found" in manager.get("/approvals/?view=history&state=approved").content.decode()


def test_nobody_approves_his_own_and_a_cashier_nothing(world: World) -> None:
    manager = person(world, "chen", "store_manager")
    cashier = person(world, "wang", "cashier")
    own, other = ask(world, by="chen"), ask(world, by="wang", target="sale:2")
    answer = manager.post(f"/approvals/{own.id}/", {"do": "approve"})
    assert (answer.status_code, "Nobody approves what he asked for himself" in answer.content.decode()) == (422, True)
    assert 'value="approve"' not in manager.get(f"/approvals/{own.id}/").content.decode()
    assert cashier.post(f"/approvals/{other.id}/", {"do": "approve"}).status_code == 404
    assert list(ApprovalRow.objects.values_list("state", flat=True)) == ["pending", "pending"]


def test_a_request_of_another_store_is_not_there(world: World) -> None:
    person(world, "wang", "cashier")
    elsewhere = person(world, "sun", "store_manager", store="s1")
    asked = ask(world)
    assert elsewhere.get(f"/approvals/{asked.id}/").status_code == 404
    assert elsewhere.post(f"/approvals/{asked.id}/", {"do": "approve"}).status_code == 404
    assert "Void a line" not in elsewhere.get("/approvals/").content.decode()


def test_who_asked_takes_it_back(world: World) -> None:
    cashier = person(world, "wang", "cashier")
    asked = ask(world)
    assert "Take back" in cashier.get("/approvals/?view=asked").content.decode()
    assert cashier.post(f"/approvals/{asked.id}/", {"do": "withdraw"}).status_code == 302
    assert ApprovalRow.objects.get().state == "withdrawn"
    assert AuditEntry.objects.filter(action="approval.withdrawn").count() == 1
    assert "Nothing of yours waits" in cashier.get("/approvals/?view=asked").content.decode()


@pytest.mark.parametrize(("amount", "asks"), [(49_999, False), (50_000, True), (-50_000, True), (None, False)])
def test_a_large_amount_asks_for_fresh_proof_and_keeps_the_reason(world: World, amount: int | None, asks: bool) -> None:
    person(world, "wang", "cashier")
    _user_id, password = hire("chen", Grant(role="store_manager", chain_id=world.chain_id, store_id=world.n1.id))
    manager = signed_in("chen", password)
    asked = ask(world, amount_minor=amount)
    page = f"/approvals/{asked.id}/"
    make_stale(manager)
    answer = manager.post(page, {"do": "approve", "reason": "Seen the goods"})
    assert answer["Location"].startswith("/verify/") is asks
    assert ApprovalRow.objects.get().state == ("pending" if asks else "approved")
    if asks:
        offered = manager.post("/verify/", {"password": password, "next": page}).content.decode()
        assert f'action="{page}"' in offered
        assert 'name="reason" value="Seen the goods"' in offered
        assert manager.post(page, {"do": "approve", "reason": "Seen the goods"}).status_code == 302
        assert ApprovalRow.objects.get().state == "approved"


def test_an_open_page_gets_the_list_anew_only_when_it_changed(world: World) -> None:
    person(world, "wang", "cashier")
    manager = person(world, "chen", "store_manager")
    ask(world)
    known = manager.get("/approvals/").content.decode().split("known=")[1].split('"')[0]
    headers = {"HX-Request": "true"}
    assert manager.get(f"/approvals/?view=waiting&known={known}", headers=headers).status_code == 204
    ask(world, target="sale:2")
    answer = manager.get(f"/approvals/?view=waiting&known={known}", headers=headers)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div id="approval-lines"')
    assert answer.content.decode().count("hx-preserve") == 2


@pytest.mark.parametrize("query", ["view=nonsense", "view=history&state=x&kind=y", "view=history&after=x", "known=x"])
def test_a_filter_that_makes_no_sense_is_left_out(world: World, query: str) -> None:
    assert person(world, "chen", "store_manager").get(f"/approvals/?{query}").status_code == 200
