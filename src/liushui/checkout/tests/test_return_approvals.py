"""Returns by the API that need another person: asked for, agreed to, good for just that, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.checkout import facade
from liushui.checkout.contracts import (
    CompleteSale,
    LineCommand,
    OriginalLine,
    ReturnPart,
    ReturnReason,
    ReturnTerms,
    SaleRecorded,
    Tender,
)
from liushui.checkout.errors import ApprovalNotNeeded, ReturnRefused, TimeRefused
from liushui.orders import facade as orders
from liushui.orders.errors import SaleConflict
from liushui.promotions import facade as promotions
from liushui.returns import facade as returns
from liushui.returns.contracts import ReturnDetails
from liushui.returns.errors import TooMuchReturned
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.approvals import ApprovalMissing, SamePerson

LATE = NOON + timedelta(days=31)


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def dear(shop: MemberShop) -> SaleRecorded:
    paid = (Tender(type="cash", amount_minor=60_000),)
    return send(shop, member_sale("dear", member_id=None, units=60, tenders=paid))


def web(shop: MemberShop) -> Principal:
    return Principal(
        subject="client:web", name="Web shop", source="web", grants=(Grant(role="integration", chain_id=shop.chain.id),)
    )


def boss(shop: MemberShop) -> Principal:
    return Principal(
        subject="staff:boss", name="Mia", grants=(Grant(role="store_manager", chain_id=shop.chain.id),)
    )  # fmt: skip


def send(shop: MemberShop, command: CompleteSale, now: datetime = NOON) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=web(shop), now=now)


def ask(shop: MemberShop, command: CompleteSale, now: datetime = NOON) -> approvals.Approval:
    return facade.ask_approval(command=command, reason="A faulty delivery", principal=web(shop), now=now)


def agreed(shop: MemberShop, command: CompleteSale, now: datetime = NOON) -> UUID:
    asked = ask(shop, command, now)
    approvals.decide(approval_id=asked.id, approve=True, principal=boss(shop), now=now)
    return asked.id


def named(command: CompleteSale, approval_id: UUID) -> CompleteSale:
    assert command.returns is not None
    return replace(command, returns=replace(command.returns, approval_id=approval_id))


def problem(shop: MemberShop, command: CompleteSale, now: datetime = NOON) -> str:
    with pytest.raises(ApprovalMissing) as missing:
        send(shop, command, now)
    return str(missing.value.context["approval_problem"])


def noted(recorded: SaleRecorded) -> ReturnDetails:
    found = returns.return_details(order_key=f"web/{recorded.source_id}")
    assert found is not None
    return found


def test_a_large_return_is_asked_for_agreed_to_and_names_who_did(shop, dear) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    with pytest.raises(ApprovalMissing) as missing:
        send(shop, command)
    assert (missing.value.pointer, missing.value.context["whys"]) == (
        "/approval", [{"code": "over_limit", "found": 60_000, "limit": 50_000}],
    )  # fmt: skip
    assert missing.value.context["approval_problem"] == "missing"
    asked = ask(shop, command)
    assert (asked.amount_minor, asked.requested_by_name, asked.store_id) == (60_000, "Web shop", shop.store.id)
    assert [each.id for each in approvals.waiting(principal=boss(shop), now=NOON)] == [asked.id]
    assert problem(shop, named(command, asked.id)) == "pending"
    with pytest.raises(SamePerson):
        approvals.decide(
            approval_id=asked.id, approve=True, principal=replace(boss(shop), subject="client:web"), now=NOON
        )
    approvals.decide(approval_id=asked.id, approve=True, principal=boss(shop), now=NOON)
    later = NOON + timedelta(hours=23)
    recorded = send(shop, named(command, asked.id), later)
    assert recorded.total_minor == -60_000
    assert send(shop, named(command, asked.id), later + timedelta(days=9)).is_replay
    assert approvals.approval(approval_id=asked.id).used_at == later
    assert noted(recorded).approved_by == "Mia"


def test_who_dies_before_saying_that_an_approval_served_is_mended_by_the_event(shop, dear, monkeypatch) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    approval = agreed(shop, command)
    monkeypatch.setattr("liushui.checkout.actions.complete_sales.use_approval", lambda command, *, now: None)
    recorded = send(shop, named(command, approval))
    assert approvals.approval(approval_id=approval).used_at is None
    [fact] = [each for each, _status in orders.sale_facts(after=None, limit=9) if each.sale_id == recorded.sale_id]
    for _ in range(2):
        returns.apply_returns(completed=[fact], voided=[])
        assert approvals.approval(approval_id=approval).used_at == NOON


def test_asking_again_gives_what_was_asked_and_asking_otherwise_takes_it_back(shop, dear) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    first = ask(shop, command)
    assert ask(shop, command).id == first.id
    approvals.decide(approval_id=first.id, approve=True, principal=boss(shop), now=NOON)
    assert (ask(shop, command).id, ask(shop, command).state) == (first.id, "approved")
    fewer = return_of("back", sale_id=dear.sale_id, units=55)
    second = ask(shop, fewer)
    third = ask(shop, return_of("back", sale_id=dear.sale_id, units=54))
    states = [approvals.approval(approval_id=each.id).state for each in (first, second, third)]
    assert states == ["approved", "withdrawn", "pending"]
    assert [each.amount_minor for each in approvals.waiting(principal=boss(shop), now=NOON)] == [54_000]


def test_an_approval_is_good_for_exactly_what_was_asked(shop, dear) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    approval = agreed(shop, command)
    other_id = replace(command, source_id="back-2")
    fewer = return_of("back", sale_id=dear.sale_id, units=59)
    elsewhere = replace(command, store="SH02")
    otherwise = replace(command, returns=ReturnTerms(reasons=(ReturnReason(line_number=1, reason="price"),)))
    assert [problem(shop, named(each, approval)) for each in (other_id, fewer, elsewhere, otherwise)] == [
        "unknown", "other_return", "other_return", "other_return",
    ]  # fmt: skip
    assert problem(shop, named(command, UUID(int=7))) == "unknown"
    assert problem(shop, named(command, approval), NOON + timedelta(hours=24)) == "expired"
    mine = replace(web(shop), subject="staff:boss")
    with pytest.raises(ApprovalMissing) as own:
        facade.complete_sale(command=named(command, approval), principal=mine, now=NOON)
    assert own.value.context["approval_problem"] == "same_person"
    assert send(shop, named(command, approval)).total_minor == -60_000
    with pytest.raises(TooMuchReturned):  # all of it is back: an approval gives nothing a second time
        send(shop, named(replace(command, receipt_number="another"), approval))


def test_what_was_rejected_or_taken_back_lets_nothing_through(shop, dear) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    first = ask(shop, command)
    approvals.decide(approval_id=first.id, approve=False, principal=boss(shop), now=NOON, reason="No")
    second = ask(shop, command)
    assert second.id != first.id
    facade.withdraw_approval(approval_id=second.id, principal=web(shop), now=NOON)
    assert [problem(shop, named(command, each.id)) for each in (first, second)] == ["rejected", "withdrawn"]


def test_a_reason_that_was_not_known_then_needs_another_approval(shop, dear) -> None:
    command = return_of("back", sale_id=dear.sale_id, units=60)
    eve = NOON + timedelta(days=30)
    approval = agreed(shop, command, eve)
    assert problem(shop, named(command, approval), eve + timedelta(hours=23)) == "other_reasons"
    again = ask(shop, command, eve + timedelta(hours=23))
    assert [(each["code"], each["found"]) for each in again.payload["whys"]] == [("late", 31), ("over_limit", 60_000)]


def test_the_days_count_to_when_a_return_comes_and_not_to_when_it_says(shop) -> None:
    cheap = send(shop, member_sale("cheap", member_id=None))
    backdated = return_of("late", sale_id=cheap.sale_id, units=1)
    assert backdated.completed_at == NOON
    assert problem(shop, backdated, LATE) == "missing"
    approval = agreed(shop, backdated, LATE)
    assert approvals.approval(approval_id=approval).payload["whys"] == [{"code": "late", "found": 31, "limit": 30}]
    assert send(shop, named(backdated, approval), LATE).total_minor == -1_000
    till = replace(boss(shop), scopes=None)
    by_till = replace(backdated, source="till", source_id="till-1")
    assert facade.complete_sale(command=by_till, principal=till, now=LATE, capability="till.use").total_minor == -1_000


@pytest.mark.parametrize(("minutes", "is_taken"), [(-10, True), (-11, False)])
def test_nothing_comes_back_before_it_was_sold_but_by_clocks_that_differ(shop, minutes, is_taken) -> None:
    sold = send(shop, member_sale("sold", member_id=None))
    command = return_of(
        "early", sale_id=sold.sale_id, units=1, completed_at=NOON + timedelta(minutes=minutes)
    )  # fmt: skip
    if is_taken:
        assert send(shop, command).total_minor == -1_000
        return
    with pytest.raises(TimeRefused) as refused:
        send(shop, command)
    assert refused.value.pointer == "/completed_at"


def test_a_sale_whose_clock_was_ahead_can_come_back_at_once(shop) -> None:
    ahead = send(shop, member_sale("ahead", member_id=None, completed_at=NOON + timedelta(hours=8)))
    assert send(shop, return_of("back", sale_id=ahead.sale_id, units=1)).total_minor == -1_000


def test_goods_without_a_receipt_have_the_price_of_when_they_come(shop) -> None:
    line = LineCommand(code="MILK", units=-1)
    terms = ReturnTerms(reasons=(ReturnReason(line_number=1, reason="unwanted"),))
    command = member_sale(
        "no-receipt", member_id=None, lines=(line,), returns=terms, completed_at=NOON - timedelta(days=400)
    )  # then it had no price
    asked = ask(shop, command)
    assert (asked.amount_minor, asked.payload["whys"]) == (
        1_000, [{"code": "no_receipt", "found": 1_000, "limit": 20_000}],
    )  # fmt: skip


def test_several_receipts_in_one_return_are_added_up_and_agreed_to_together(shop) -> None:
    paid = (Tender(type="cash", amount_minor=30_000),)
    sales = [send(shop, member_sale(name, member_id=None, units=30, tenders=paid)) for name in ("one", "two")]
    lines = tuple(
        LineCommand(code="", units=-30, original=OriginalLine(sale_id=sale.sale_id, line_number=1)) for sale in sales
    )
    command = replace(return_of("both", sale_id=sales[0].sale_id, units=30), lines=lines)
    approval = agreed(shop, command)
    found = approvals.approval(approval_id=approval)
    assert found.payload["whys"] == [{"code": "over_limit", "found": 60_000, "limit": 50_000}]
    assert sorted(each["receipt_number"] for each in found.payload["receipts"]) == ["one", "two"]
    turned = replace(
        command,
        lines=lines[::-1],
        returns=ReturnTerms(reasons=(ReturnReason(line_number=2, reason="unwanted", condition="sealed"),)),
    )
    assert send(shop, named(turned, approval)).total_minor == -60_000


def test_what_nobody_has_to_agree_to_is_not_asked_for(shop, dear) -> None:
    small = return_of("small", sale_id=dear.sale_id, units=1)
    told = member_sale("told", member_id=None, lines=(LineCommand(code="MILK", units=-1, amount_minor=-1_000),))
    for command in (small, told, member_sale("sold", member_id=None)):
        with pytest.raises(ApprovalNotNeeded):
            ask(shop, command)
    send(shop, small)
    with pytest.raises(ApprovalNotNeeded, match="recorded already"):
        ask(shop, small)
    assert approvals.waiting(principal=boss(shop), now=NOON) == ()


def parts(*said: tuple[int, str, str], condition: str = "sealed") -> ReturnTerms:
    found = tuple(ReturnPart(units=units, reason=reason, condition=how) for units, reason, how in said)
    return ReturnTerms(reasons=(ReturnReason(line_number=1, reason="unwanted", condition=condition, parts=found),))


def test_parts_are_listed_apart_and_belong_to_what_the_sale_is(shop, dear) -> None:
    command = replace(return_of("parts", sale_id=dear.sale_id, units=3), returns=parts((1, "quality", "damaged")))
    recorded = send(shop, command)
    said = noted(recorded).lines[1]
    assert (said.condition, said.parts) == ("sealed", (ReturnPart(units=1, reason="quality", condition="damaged"),))
    assert send(shop, command).is_replay
    with pytest.raises(SaleConflict):
        send(shop, replace(command, returns=parts((2, "quality", "damaged"))))


@pytest.mark.parametrize(
    ("fields", "error", "pointer"),
    [
        pytest.param({"returns": parts((3, "quality", ""))}, "not-returnable", "/lines/0/parts", id="all of it"),
        pytest.param({"returns": parts((1, "whim", ""))}, "reason-refused", "/lines/0/reason", id="no such reason"),
        pytest.param(
            {"lines": (LineCommand(code="MILK", units=-3),), "returns": parts((1, "quality", ""))}, "return-refused",
            "/lines/0/parts", id="without a receipt",
        ),
        pytest.param(
            {"lines": (LineCommand(code="MILK", units=3),), "returns": parts((1, "quality", ""))}, "return-refused",
            "/lines/0/reason", id="of goods that are sold",
        ),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_are_pointed_to(shop, dear, fields: dict[str, Any], error, pointer) -> None:
    command = replace(return_of("odd", sale_id=dear.sale_id, units=3), **fields)
    with pytest.raises(Exception) as refused:  # four classes; the type says which
        send(shop, command)
    assert (refused.value.type, refused.value.pointer) == (error, pointer)


def test_what_is_wrong_points_to_the_line_of_the_ticket(shop, dear) -> None:
    bread = LineCommand(code="BREAD", units=1)
    command = return_of("odd", sale_id=dear.sale_id, units=1, lines=[bread])
    assert command.returns is not None
    whim = replace(command, returns=ReturnTerms(reasons=(ReturnReason(line_number=2, reason="whim"),)))
    with pytest.raises(Exception) as refused:  # of returns, whose errors checkout does not name
        send(shop, whim)
    assert (refused.value.type, refused.value.pointer) == ("reason-refused", "/lines/1/reason")
    with pytest.raises(ReturnRefused):
        send(shop, replace(command, lines=(bread, replace(command.lines[1], units=1))))
