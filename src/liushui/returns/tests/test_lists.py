"""Lines that came back, from events to lists, pages, files and the report; the policy page; the quote by API."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from liushui.kernel.ids import new_id
from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED, SaleFact
from liushui.returns import facade
from liushui.returns.contracts import LineDetails, ReturnPart, ReturnQuery, WantedReturn
from liushui.returns.errors import NotReturnable, ReasonRefused
from liushui.returns.handlers import CONSUMERS
from liushui.returns.models import ReturnEntryRow, ReturnNoteRow
from liushui.returns.tests.conftest import NOON, House
from liushui.runtime.events import Event

LISTED, RESTORED = CONSUMERS


def event_of(fact: SaleFact, *, type: str = SALE_COMPLETED) -> Event:
    return Event(
        id=new_id(), source="liushui/orders", type=type, subject=f"sale:{fact.sale_id}", time=NOON,
        data=msgspec.json.encode(fact),
    )  # fmt: skip


def tell(fact: SaleFact, type_: str = SALE_COMPLETED) -> None:
    LISTED.apply([event_of(fact, type=type_)])


def fact_of(sale_id: UUID) -> SaleFact:
    [found] = [fact for fact, _status in orders.sale_facts(after=None, limit=100) if fact.sale_id == sale_id]
    return found


def said(house: House, name: str = "R-1", *, reason: str = "quality", approved_by: str = "Boss") -> None:
    facade.record_return_details(
        order_key=f"web/{name}", chain_id=house.chain.id, store_id=house.there.id,
        lines=[LineDetails(line_number=1, reason=reason, condition="damaged")], approved_by=approved_by, now=NOON,
    )  # fmt: skip


@pytest.fixture
def returned(house: House) -> UUID:
    """Two of three bottles came back in the other store, for a reason that was noted before."""
    original = house.sell()
    quote = house.quote(original, WantedReturn(line_number=1, units=2), store=house.there)
    said(house)
    sale_id = house.take_back(quote, store=house.there)
    tell(fact_of(sale_id))
    return sale_id


def everywhere(house: House, **fields) -> ReturnQuery:
    return ReturnQuery(store_ids=frozenset({house.here.id, house.there.id}), **fields)


def in_parts(house: House, *units: int, reason: str = "unwanted", condition: str = "sealed") -> None:
    """The first units of line 1 are damaged, further ones are not wanted."""
    more = tuple(ReturnPart(units=each, reason=reason, condition=condition) for each in units[1:])
    facade.record_return_details(
        order_key="web/R-1", chain_id=house.chain.id, store_id=house.here.id,
        lines=[LineDetails(line_number=1, reason="quality", condition="damaged", parts=more)], now=NOON,
    )  # fmt: skip


def test_parts_of_a_line_are_listed_apart_page_by_page_and_summed_by_condition(house: House) -> None:
    quote = house.quote(house.sell(), WantedReturn(line_number=1, units=2))
    in_parts(house, 1, 1)
    sale_id = house.take_back(quote)
    for _ in range(2):
        tell(fact_of(sale_id))
    first = facade.returns(query=everywhere(house, limit=1))
    rest = facade.returns(query=everywhere(house, limit=1, cursor=first.next_cursor))
    listed = [(each.part, each.units, each.amount_minor, each.reason, each.condition)
              for page in (first, rest) for each in page.entries]  # fmt: skip
    assert listed == [(0, 1, 333, "quality", "damaged"), (1, 1, 333, "unwanted", "sealed")]
    assert rest.next_cursor == ""
    told = facade.return_details(order_key="web/R-1")
    assert told is not None
    assert told.lines[1].parts == (ReturnPart(units=1, reason="unwanted", condition="sealed"),)
    sums = facade.return_sums(query=everywhere(house), by="condition")
    assert [(each.key, each.receipts, each.units, each.amount_minor) for each in sums] == [
        ("damaged", 1, 1, 333), ("sealed", 1, 1, 333),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("units", "amounts"), [((1, 1, 1), [333, 333, 334]), ((2, 1), [666, 334]), ((1, 2), [333, 667])]
)
def test_parts_come_to_their_line_to_the_cent(house: House, units: tuple[int, ...], amounts: list[int]) -> None:
    quote = house.quote(house.sell(), WantedReturn(line_number=1, units=3))
    in_parts(house, *units)
    sale_id = house.take_back(quote)
    tell(fact_of(sale_id))
    entries = facade.returns(query=everywhere(house)).entries
    assert tuple(each.units for each in entries) == units
    assert [each.amount_minor for each in entries] == amounts
    assert sum(each.tax_minor for each in entries) == -fact_of(sale_id).lines[0].tax_minor


@pytest.mark.parametrize("units", [(0,), (2,), (1, 1)])
def test_parts_are_fewer_than_the_line(house: House, units: tuple[int, ...]) -> None:
    parts = tuple(ReturnPart(units=each, reason="", condition="") for each in units)
    with pytest.raises(NotReturnable):
        house.quote(house.sell(), WantedReturn(line_number=1, units=2, parts=parts))


def test_what_is_said_of_a_part_is_one_of_the_policy(house: House) -> None:
    parts = (ReturnPart(units=1, reason="quality", condition="nowhere"),)
    with pytest.raises(ReasonRefused):
        house.quote(house.sell(), WantedReturn(line_number=1, units=2, parts=parts))
    with pytest.raises(ReasonRefused):
        in_parts(house, 1, 1, condition="nowhere")


def test_a_line_that_came_back_is_listed_with_its_reason_and_who_agreed(house: House, returned: UUID) -> None:
    [entry] = facade.returns(query=everywhere(house)).entries
    assert (entry.sale_id, entry.store_id, entry.units, entry.amount_minor, entry.tax_minor) == (
        returned, house.there.id, 2, 666, 54,
    )  # fmt: skip
    assert (entry.reason, entry.condition, entry.approved_by, entry.is_exchange, entry.status) == (
        "quality", "damaged", "Boss", False, "completed",
    )  # fmt: skip
    assert entry.original_line_number == 1
    tell(fact_of(returned))  # the same news again changes nothing
    assert ReturnEntryRow.objects.count() == 1
    tell(fact_of(returned), SALE_VOIDED)
    [entry] = facade.returns(query=everywhere(house)).entries
    assert entry.status == "voided"
    assert facade.return_sums(query=everywhere(house), by="reason") == ()


def test_sales_without_returned_lines_leave_nothing(house: House) -> None:
    tell(fact_of(house.sell()))
    assert ReturnEntryRow.objects.count() == 0


def test_what_is_said_again_before_the_sale_is_recorded_takes_the_place_of_what_was_said(house: House) -> None:
    said(house, reason="price")
    said(house, reason="quality", approved_by="")
    assert ReturnNoteRow.objects.count() == 1
    details = facade.return_details(order_key="web/R-1")
    assert details is not None
    assert (details.lines[1].reason, details.approved_by) == ("quality", "")
    with pytest.raises(ReasonRefused):
        said(house, reason="nonsense")


def test_lists_are_filtered_and_read_page_by_page(house: House, returned: UUID) -> None:
    fact = fact_of(returned)
    for number in range(1, 5):
        at = fact.completed_at + timedelta(minutes=number // 2)
        tell(replace(fact, sale_id=UUID(int=number), completed_at=at, source_id=f"X-{number}"))
    query, seen = everywhere(house, limit=2), []
    while True:
        page = facade.returns(query=query)
        seen += [entry.sale_id for entry in page.entries]
        if not page.next_cursor:
            break
        query = replace(query, cursor=page.next_cursor)
    assert seen == [UUID(int=4), UUID(int=3), UUID(int=2), returned, UUID(int=1)]
    for fields, count in (
        ({"reason": "quality"}, 1), ({"reason": "price"}, 0), ({"condition": "damaged"}, 1), ({"sku": "MILK"}, 5),
        ({"operator": "9"}, 5), ({"receipt": "none"}, 0), ({"receipt": "with"}, 5), ({"status": "voided"}, 0),
        ({"first": NOON.date() + timedelta(days=1)}, 0), ({"last": NOON.date()}, 5),
    ):  # fmt: skip
        assert len(facade.returns(query=everywhere(house, **fields)).entries) == count, fields
    elsewhere = ReturnQuery(store_ids=frozenset({house.here.id}))
    assert facade.returns(query=elsewhere).entries == ()


def test_sums_are_by_reason_store_cashier_and_item(house: House, returned: UUID) -> None:
    for by, key in (
        ("reason", "quality"),
        ("store", "SH02"),
        ("cashier", "9"),
        ("item", "MILK"),
        ("condition", "damaged"),
    ):
        [found] = facade.return_sums(query=everywhere(house), by=by)
        assert (found.key, found.receipts, found.lines, found.units, found.amount_minor) == (key, 1, 1, 2, 666)


def test_the_list_the_file_and_the_report_show_it(house: House, returned: UUID, signed_in) -> None:
    browser = signed_in()
    days = "from=2026-11-01&to=2026-11-30"
    text = browser.get(f"/returns/?{days}").content.decode()
    assert "Faulty" in text
    assert f"/orders/{returned}/" in text
    assert "¥6.66" in text
    file = b"".join(browser.get(f"/returns/export/?format=csv&{days}").streaming_content).decode()
    assert "R-1,SH02,2026-11-20" in file
    assert ",6.660," in file
    for by, word in (("reason", "Faulty"), ("store", "Second"), ("cashier", "100.0%"), ("item", "MILK")):
        assert word in browser.get(f"/returns/report/?by={by}&{days}").content.decode()
    file = b"".join(browser.get(f"/returns/report/export/?by=reason&format=csv&{days}").streaming_content).decode()
    assert file.splitlines()[1] == "Faulty,1,1,2,CNY,6.660,100.00"
    assert "This is not a date" in browser.get("/returns/?from=yesterday").content.decode()
    assert browser.get("/returns/?after=nonsense").status_code == 200


def test_receipts_name_each_other(house: House, returned: UUID, signed_in) -> None:
    browser = signed_in()
    original = fact_of(returned).lines[0].original.sale_id
    assert f"/orders/{returned}/" in browser.get(f"/orders/{original}/").content.decode()
    assert f"/orders/{original}/" in browser.get(f"/orders/{returned}/").content.decode()


def policy_form(**fields: str) -> dict[str, str]:
    values = {
        "version": "0", "days_max": "14", "card_days": "60", "approval_over_minor": "300.00",
        "unreceipted_max_minor": "0", "other_store": "approve", "coupons_back": "never", "unreceipted_tender": "cash",
        "card_late_tender": "stored_value", "card_late_without_member": "other", "exchanged_tender": "cash",
        "tender_order-0": "cash", "tender_order-1": "card",
        "tender_order-2": "mobile", "tender_order-3": "other", "reasons-0-code": "broken", "reasons-0-name_zh": "坏了",
        "reasons-0-name_en": "Broken", "reasons-0-is_active": "1", "conditions-4-code": "used",
        "conditions-4-name_zh": "用过", "conditions-4-name_en": "Used",
    }  # fmt: skip
    return values | fields


def test_the_policy_is_changed_on_its_page(house: House, signed_in, monkeypatch) -> None:
    monkeypatch.setattr("liushui.runtime.web.is_fresh", lambda request: True)
    browser = signed_in("finance")
    assert "500.00" in browser.get("/returns/policy/").content.decode()
    answer = browser.post("/returns/policy/", policy_form(), follow=True)
    assert "The return policy is saved" in answer.content.decode()
    saved = facade.policy(chain_id=house.chain.id)
    assert (saved.days_max, saved.card_days, saved.approval_over_minor, saved.other_store) == (
        14,
        60,
        30_000,
        "approve",
    )
    assert (saved.tender_order, saved.card_late_tender) == (("cash", "card", "mobile", "other"), "stored_value")
    assert saved.card_late_without_member == "other"
    assert [(each.code, each.is_active) for each in saved.reasons] == [("broken", True)]
    assert [(each.code, each.is_active, each.is_sellable) for each in saved.conditions] == [("used", False, False)]
    stale = browser.post("/returns/policy/", policy_form(days_max="3"), follow=True)
    assert "Somebody else has changed the policy" in stale.content.decode()
    for wrong, word in (
        ({"days_max": "soon"}, "Write a whole number of days from 0 to"),
        ({"approval_over_minor": "much"}, "Write an amount of 0 or more, such as 200 or 12.50."),
        ({"tender_order-0": "card"}, "Name each way once"), ({"reasons-0-name_en": ""}, "A row needs a code"),
        (
            {"reasons-1-code": "broken", "reasons-1-name_zh": "坏", "reasons-1-name_en": "Bad"},
            "Each code stands there once",
        ),
    ):  # fmt: skip
        answer = browser.post("/returns/policy/", policy_form(version="1", **wrong))
        assert (answer.status_code, word in answer.content.decode()) == (422, True), wrong
    assert facade.policy(chain_id=house.chain.id).days_max == 14


def test_coupons_come_back_with_the_last_unit_where_the_chain_wants_it(house: House, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "liushui.promotions.facade.return_uses", lambda *, order_key, now: bool(asked.append(order_key)) or True
    )
    original = house.sell()
    first = house.take_back(house.quote(original, WantedReturn(line_number=1, units=3)))
    RESTORED.apply([event_of(fact_of(first))])
    assert asked == []
    second = house.take_back(house.quote(original, WantedReturn(line_number=2, units=1)), "R-2")
    RESTORED.apply([event_of(fact_of(second))])
    assert asked == ["web/S-1"]
    facade.save_policy(
        chain_id=house.chain.id, policy=replace(facade.policy(chain_id=house.chain.id), coupons_back="never"),
        expected_version=0, principal=house.principal("finance"), now=NOON,
    )  # fmt: skip
    RESTORED.apply([event_of(fact_of(second))])
    assert asked == ["web/S-1"]


def test_notes_are_json_of_line_reason_and_condition(house: House) -> None:
    said(house)
    assert json.loads(json.dumps(ReturnNoteRow.objects.get().lines)) == [[1, "quality", "damaged"]]
