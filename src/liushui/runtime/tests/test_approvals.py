"""One person asks, another decides: never the same, once, in time, in his place, and good for one deed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from liushui.kernel.errors import InvalidValue, NotFound
from liushui.runtime import access, approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.approvals import AlreadyDecided, Approval, ApprovalMissing, Kind, SamePerson
from liushui.runtime.models import ApprovalRow, AuditEntry
from liushui.runtime.tests.access_world import expand, principal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
VOID = "test.void"


def manager(number: int, *grants: Grant) -> Principal:
    held = grants or (Grant(role="store_manager", chain_id=1, store_id=100),)
    return Principal(subject=f"staff:{number}", name=f"Manager {number}", grants=held)


CASHIER = Principal(
    subject="staff:1", name="Wang", grants=(Grant(role="cashier", chain_id=1, store_id=100),), address="10.0.0.7"
)
ELSEWHERE = manager(5, Grant(role="store_manager", chain_id=1, store_id=200))
WHOLE = manager(6, Grant(role="store_manager", chain_id=1))


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(access, "_expander", expand)
    monkeypatch.setattr(approvals, "_kinds", {})
    approvals.register_kind(Kind(name=VOID, title="Void", capability="till.approve"))
    yield


def ask(
    *, by: Principal = CASHIER, target: str = "ticket:1", store_id: int | None = 100, now: datetime = NOW
) -> Approval:
    return approvals.request(
        kind=VOID, target=target, chain_id=1, store_id=store_id, reason="Scanned twice", principal=by, now=now,
        amount_minor=1250, currency="CNY",
    )  # fmt: skip


def decide(asked: Approval, *, by: Principal, approve: bool = True, now: datetime = NOW) -> Approval:
    return approvals.decide(approval_id=asked.id, approve=approve, principal=by, now=now, reason="seen")


def test_a_request_waits_for_those_who_may_decide_it_and_for_nobody_else() -> None:
    asked = ask()
    for reader, count in ((manager(2), 1), (WHOLE, 1), (ELSEWHERE, 0), (CASHIER, 0)):
        assert approvals.waiting_count(principal=reader, now=NOW) == count
        assert [one.id for one in approvals.waiting(principal=reader, now=NOW)] == [asked.id] * count
    assert [one.id for one in approvals.asked(principal=CASHIER, now=NOW)] == [asked.id]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.store_id, entry.reason) == (
        "approval.request", "staff:1", 100, "Scanned twice",
    )  # fmt: skip


def test_asking_the_same_again_gives_the_request_that_waits() -> None:
    assert ask().id == ask().id
    assert ApprovalRow.objects.count() == 1
    assert ask(target="ticket:2").id != ask().id


def test_nobody_decides_what_he_asked_for_himself() -> None:
    asked = ask(by=manager(2))
    assert approvals.waiting(principal=manager(2), now=NOW) == ()
    with pytest.raises(SamePerson):
        decide(asked, by=manager(2))
    assert approvals.approval(approval_id=asked.id).state == "pending"
    with transaction.atomic(), pytest.raises(IntegrityError):  # and the table holds it too
        ApprovalRow.objects.filter(id=asked.id).update(state="approved", decided_by="staff:2")


def test_who_has_no_right_there_finds_no_request() -> None:
    asked = ask()
    for stranger in (
        ELSEWHERE,
        manager(7, Grant(role="cashier", chain_id=1, store_id=100)),
        manager(8, Grant(role="store_manager", chain_id=2)),
    ):
        with pytest.raises(NotFound):
            decide(asked, by=stranger)
        with pytest.raises(NotFound):
            approvals.shown(approval_id=asked.id, principal=stranger)
    assert approvals.shown(approval_id=asked.id, principal=CASHIER).id == asked.id
    assert approvals.approval(approval_id=asked.id).state == "pending"


def test_a_matter_of_the_whole_chain_is_decided_by_those_of_the_whole_chain() -> None:
    asked = ask(store_id=None)
    with pytest.raises(NotFound):
        decide(asked, by=manager(2))
    assert decide(asked, by=WHOLE).state == "approved"


def test_the_first_decision_stands_and_the_second_is_told_whose_it_was() -> None:
    asked = ask()
    decided = decide(asked, by=manager(2))
    assert (decided.state, decided.decided_by, decided.decided_at, decided.decision_reason) == (
        "approved", "staff:2", NOW, "seen",
    )  # fmt: skip
    with pytest.raises(AlreadyDecided, match="Manager 2 has approved this"):
        decide(asked, by=manager(3), approve=False)
    assert decide(asked, by=manager(2)).state == "approved"  # the same again answers the same
    with pytest.raises(AlreadyDecided):
        decide(asked, by=manager(2), approve=False)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["approval.request", "approval.approved"]


def test_a_request_that_nobody_decided_in_time_is_expired() -> None:
    asked, late = ask(), NOW + timedelta(hours=24)
    assert asked.state_at(late - timedelta(seconds=1)) == "pending"
    assert asked.state_at(late) == "expired"
    assert approvals.waiting(principal=manager(2), now=late) == ()
    with pytest.raises(AlreadyDecided, match="This request is expired"):
        decide(asked, by=manager(2), now=late)
    assert approvals.approval(approval_id=asked.id).state == "pending"
    assert ask(now=late).id != asked.id


def test_an_approval_is_used_once_for_what_it_is_for() -> None:
    asked = ask()
    with pytest.raises(ApprovalMissing):
        approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW)
    decide(asked, by=manager(2))
    for kind, target in ((VOID, "ticket:2"), ("test.other", "ticket:1")):
        with pytest.raises(ApprovalMissing):
            approvals.use(approval_id=asked.id, kind=kind, target=target, now=NOW)
    assert approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW).used_at == NOW
    with pytest.raises(ApprovalMissing):
        approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW)


def test_an_approval_and_a_deed_that_fails_go_back_together() -> None:
    asked = ask()
    decide(asked, by=manager(2))
    with pytest.raises(RuntimeError), transaction.atomic():
        approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW)
        raise RuntimeError("the deed failed")
    assert approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW).used_at == NOW


def test_an_approval_is_not_used_after_its_time_or_after_a_rejection() -> None:
    asked, rejected = ask(), ask(target="ticket:2")
    decide(asked, by=manager(2))
    decide(rejected, by=manager(2), approve=False)
    with pytest.raises(ApprovalMissing):
        approvals.use(approval_id=asked.id, kind=VOID, target="ticket:1", now=NOW + timedelta(hours=24))
    with pytest.raises(ApprovalMissing):
        approvals.use(approval_id=rejected.id, kind=VOID, target="ticket:2", now=NOW)


def test_only_who_asked_takes_a_request_back_and_then_nobody_decides_it() -> None:
    asked = ask()
    assert not approvals.withdraw(approval_id=asked.id, principal=manager(2), now=NOW)
    assert approvals.withdraw(approval_id=asked.id, principal=CASHIER, now=NOW)
    assert not approvals.withdraw(approval_id=asked.id, principal=CASHIER, now=NOW)
    with pytest.raises(AlreadyDecided, match="This request is withdrawn"):
        decide(asked, by=manager(2))
    assert AuditEntry.objects.filter(action="approval.withdrawn").count() == 1


def test_the_history_is_filtered_and_holds_ones_own_and_what_one_may_decide() -> None:
    first, second, third = ask(), ask(target="ticket:2"), ask(target="ticket:3")
    decide(first, by=manager(2))
    decide(second, by=manager(2), approve=False)
    found = lambda **asked: [one.id for one in approvals.history(principal=manager(2), now=NOW, **asked)]  # noqa: E731
    assert found() == [third.id, second.id, first.id]
    assert found(state="approved") == [first.id]
    assert found(state="pending") == [third.id]
    assert found(kind="test.other") == []
    assert found(before=third.id, limit=1) == [second.id]
    late = NOW + timedelta(days=2)
    assert [one.id for one in approvals.history(principal=CASHIER, now=late, state="expired")] == [third.id]
    assert approvals.history(principal=ELSEWHERE, now=NOW) == ()


def test_a_reason_is_needed_and_an_unknown_request_is_not_found() -> None:
    with pytest.raises(InvalidValue):
        approvals.request(
            kind=VOID, target="ticket:1", chain_id=1, store_id=100, reason="  ", principal=CASHIER, now=NOW
        )
    with pytest.raises(NotFound):
        approvals.decide(approval_id=uuid4(), approve=True, principal=manager(2), now=NOW)
    with pytest.raises(ValueError, match="no such capability"):
        approvals.register_kind(Kind(name="x", title="x", capability="till.fly"))


def test_who_decides_nothing_costs_no_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert approvals.waiting_count(principal=CASHIER, now=NOW) == 0
    assert principal().may("till.approve") is False


def test_reasons_name_nobody_and_hold_no_nul() -> None:
    asked = approvals.request(
        kind=VOID,
        target="ticket:9",
        chain_id=1,
        store_id=100,
        reason="顾客 13800138000 要求",
        principal=CASHIER,
        now=NOW,
    )
    assert asked.reason == "顾客 [hidden] 要求"
    decided = approvals.decide(
        approval_id=asked.id, approve=True, principal=manager(2), now=NOW, reason="+8613800138000"
    )
    assert decided.decision_reason == "[hidden]"
    assert {entry.reason for entry in AuditEntry.objects.all()} == {"顾客 [hidden] 要求", "[hidden]"}
    with pytest.raises(InvalidValue):
        approvals.request(
            kind=VOID, target="ticket:9", chain_id=1, store_id=100, reason="a\0b", principal=CASHIER, now=NOW
        )
