"""A backtest reads what was sold, prices it under both rulebooks, and ends as it should."""

from __future__ import annotations

import fcntl
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.orders import facade as orders
from liushui.promotions.contracts import Rulebook
from liushui.promotions.errors import InvalidDocument
from liushui.trials import facade
from liushui.trials.contracts import Book, NewBacktest
from liushui.trials.errors import BacktestBusy, BacktestNotFound, BacktestRefused
from liushui.trials.models import BacktestRow
from liushui.trials.tests.conftest import DAY, NOON, SNACKS_OFF, SPEND, line

PARTIAL = {"budget": 7_500, "budget_mode": "partial"}
EMPTY = Book(name="none", document='{"promotions": []}')


def book(*promotions, name="draft"):
    return Book(name=name, document=json.dumps({"version": name, "promotions": list(promotions)}))


def asked(shop, live, draft, **fields):
    new = NewBacktest(
        chain_id=shop.chain_id, name="try", live=live, draft=draft, first=DAY, last=DAY + timedelta(days=2),
        store_ids=shop.ids,
    )  # fmt: skip
    return facade.create_backtest(new=replace(new, **fields), principal=shop.staff(), now=NOON)


def run(shop, live, draft, **fields):
    return facade.run_backtest(backtest_id=asked(shop, live, draft, **fields).id)


def test_a_draft_is_tried_beside_the_live_version(shop, three_days):
    found = run(shop, book(SPEND, name="live"), book(SPEND, SNACKS_OFF))
    assert (found.status, found.receipts_done, found.receipts_total, found.currency) == ("done", 4, 4, "CNY")
    result = found.result
    assert (result["worth"], result["paid"]) == (23_000, 22_500)
    assert (result["live"]["given"], result["live"]["receipts_touched"]) == (1_000, 1)
    assert (result["draft"]["given"], result["draft"]["receipts_touched"]) == (1_900, 4)
    assert result["draft"]["members_touched"] == 2
    assert (result["draft"]["costed_net"], result["draft"]["margin"], result["lines_costed"]) == (2_700, 1_700, 1)
    assert [(each["day"], each["live"], each["draft"]) for each in result["days"]] == [
        ("2026-11-20", 1_000, 1_300), ("2026-11-22", 0, 600),
    ]  # fmt: skip
    assert [(each["store"], each["draft"]) for each in result["stores"]] == [("SH01", 900), ("SH02", 1_000)]
    assert [each["receipt"] for each in result["winners"]] == [str(three_days[n]) for n in (0, 2, 3)]


def test_a_category_is_that_of_todays_catalogue_and_the_store_is_told_by_its_local_time(shop, three_days):
    noon_only = {**SNACKS_OFF, "hours": [["12:00", "12:05"]], "when": [{"type": "store_in", "stores": ["SH01"]}]}
    result = run(shop, EMPTY, book(noon_only)).result
    assert [each["receipt"] for each in result["winners"]] == [str(three_days[0]), str(three_days[2])]


def test_other_stores_and_days_are_left_alone(shop, three_days):
    result = run(shop, EMPTY, book(SNACKS_OFF), last=DAY, store_ids=frozenset({shop.here.id})).result
    assert (result["receipts"], result["draft"]["given"], result["first"], result["last"]) == (
        1, 300, "2026-11-20", "2026-11-20",
    )  # fmt: skip


def test_what_a_draft_changes_is_tried_before_it_begins(shop, three_days):
    later = {"starts_at": "2027-01-01T00:00:00+08:00"}
    live, draft = book({**SPEND, **later}, name="live"), book({**SPEND, **later}, {**SNACKS_OFF, **later})
    assert run(shop, live, draft).result["draft"]["given"] == 0
    found = run(shop, live, draft, ignores_dates=True)
    assert found.ignores_dates
    assert found.result["draft"]["given"] == 900  # what is the same in both keeps its dates
    assert [each["state"] for each in found.result["promotions"]] == ["added", "same"]


def test_a_budget_is_used_up_in_the_order_of_time(shop, three_days):
    result = run(shop, EMPTY, book({**SNACKS_OFF, "limits": {"budget": 400}})).result
    [limit] = result["limits"]
    assert (limit["spent"], limit["used"], limit["ran_out_on"]) == (300, 1, "2026-11-22")


def test_a_members_earlier_purchases_are_counted_everywhere(shop, three_days):
    first = {**SNACKS_OFF, "when": [{"type": "first_order"}]}
    result = run(shop, EMPTY, book(first), first=DAY + timedelta(days=2), store_ids=frozenset({shop.here.id})).result
    assert [each["receipt"] for each in result["winners"]] == [str(three_days[3])]


def test_members_count_as_of_the_tier_that_is_assumed(shop, three_days):
    gold = book({**SNACKS_OFF, "when": [{"type": "tier_in", "tiers": ["gold"]}]})
    assert run(shop, EMPTY, gold).result["draft"]["given"] == 0
    assert run(shop, EMPTY, gold, member_tier="gold").result["draft"]["receipts_touched"] == 3


def test_how_it_was_paid_is_known_when_somebody_asks(shop, three_days):
    cash = book({**SNACKS_OFF, "when": [{"type": "payment_method_in", "methods": ["cash"]}]})
    assert run(shop, EMPTY, cash).result["draft"]["given"] == 900


def test_what_is_left_out_is_told(shop, three_days):
    shop.sell(5, line(1, "SOAP", -2_000, units=-1), line(2, "CHIPS", 1_000, units=3), line(3, "SOAP", 0, units=0))
    shop.sell(6, line(1, "SOAP", -2_000, units=-1))
    shop.sell(7, line(1, "SOAP", 0, units=0))
    voided = shop.sell(8, line(1, "SOAP", 2_000))
    orders.void_sale(sale_id=voided, reason="mistake", principal=shop.staff("store_manager"), now=NOON)
    found = run(shop, EMPTY, book(SNACKS_OFF))
    assert found.result["receipts"] == 5
    assert found.result["worth"] == 23_000 + 999
    assert found.result["left_out"] == {
        "sales_voided": 1, "sales_returned": 1, "lines_returned": 2, "sales_empty": 1, "lines_without_units": 2,
        "rounded_minor": 1,
    }  # fmt: skip


def test_two_processes_come_to_the_same_bytes(shop, three_days):
    for number in range(10, 120):
        member = f"m{number % 7}"
        shop.sell(number, line(1, "CHIPS", 100 * number), at=NOON + timedelta(seconds=number), customer=member)
    books = [Rulebook.from_json(each.document) for each in (
        book({**SNACKS_OFF, "limits": {"budget": 9_000}}),
        book({**SNACKS_OFF, "limits": {"per_member": 5}}, {**SPEND, "limits": PARTIAL}),
    )]  # fmt: skip
    days = {"first": DAY, "last": DAY + timedelta(days=2)}
    one, two = (
        facade.try_on_receipts(
            live=books[0], draft=books[1], chain_id=shop.chain_id, store_ids=shop.ids, processes=count, **days
        )
        for count in (1, 2)
    )
    assert one["receipts"] == 114
    assert json.dumps(one) == json.dumps(two)


def test_a_backtest_that_is_cancelled_stops_and_can_begin_anew(shop, three_days, monkeypatch):
    monkeypatch.setattr("liushui.trials.actions.run_backtest._TELL_SECONDS", 0)
    begun = asked(shop, EMPTY, book(SNACKS_OFF))
    BacktestRow.objects.filter(id=begun.id).update(status="running", cancel_requested=True)
    found = facade.run_backtest(backtest_id=begun.id)
    assert (found.status, found.result, found.receipts_done) == ("cancelled", None, 4)
    assert facade.queue_again(backtest_id=begun.id, principal=shop.staff(), now=NOON)
    assert facade.run_backtest(backtest_id=begun.id).status == "done"
    assert not facade.queue_again(backtest_id=begun.id, principal=shop.staff(), now=NOON)


def test_one_that_waits_is_taken_off_the_queue(shop, three_days):
    waiting = asked(shop, EMPTY, book(SNACKS_OFF))
    facade.cancel_backtest(backtest_id=waiting.id, principal=shop.staff(), now=NOON)
    assert facade.run_backtest(backtest_id=waiting.id).status == "cancelled"


def test_two_processes_never_run_the_same_backtest(shop, three_days, tmp_path):
    waiting = asked(shop, EMPTY, book(SNACKS_OFF))
    (tmp_path / "backtests").mkdir()
    with (tmp_path / "backtests" / f"{waiting.id}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BacktestBusy):
            facade.run_backtest(backtest_id=waiting.id)
    assert facade.run_backtest(backtest_id=waiting.id).status == "done"


def test_what_goes_wrong_is_kept_on_the_backtest(shop, three_days):
    begun = asked(shop, EMPTY, book(SNACKS_OFF))
    BacktestRow.objects.filter(id=begun.id).update(draft_document='{"promotions": [{"id": "x", "effects": [{}]}]}')
    with pytest.raises(InvalidDocument):
        facade.run_backtest(backtest_id=begun.id)
    found = facade.backtest(backtest_id=begun.id, store_ids=shop.ids)
    assert (found.status, found.problem["type"]) == ("failed", "urn:liushui:problem:invalid-promotion-document")


def test_only_who_may_change_promotions_in_all_of_the_stores_starts_one(shop, three_days):
    new = NewBacktest(
        chain_id=shop.chain_id, name="x", live=EMPTY, draft=EMPTY, first=DAY, last=DAY, store_ids=shop.ids
    )
    for who in (shop.staff("store_manager"), shop.staff(store_id=shop.here.id)):
        with pytest.raises(NotAllowed):
            facade.create_backtest(new=new, principal=who, now=NOON)
    assert not BacktestRow.objects.exists()


def test_days_without_receipts_and_wrong_days_are_refused(shop, three_days):
    with pytest.raises(BacktestRefused, match="no receipts"):
        asked(shop, EMPTY, EMPTY, first=DAY - timedelta(days=9), last=DAY - timedelta(days=9))
    with pytest.raises(BacktestRefused, match="can't be tried"):
        asked(shop, EMPTY, EMPTY, first=DAY, last=DAY - timedelta(days=1))
    with pytest.raises(InvalidDocument):
        asked(shop, EMPTY, Book(name="x", document='{"promotion": []}'))


def test_who_may_not_see_all_stores_of_a_backtest_sees_none_of_it(shop, three_days):
    found = run(shop, EMPTY, book(SNACKS_OFF))
    one = frozenset({shop.here.id})
    assert facade.backtests(chain_ids=[shop.chain_id], store_ids=one, offset=0, limit=9).total == 0
    assert facade.backtests(chain_ids=[shop.chain_id], store_ids=shop.ids, offset=0, limit=9).total == 1
    for key, ids in ((found.id, one), (uuid4(), shop.ids)):
        with pytest.raises(BacktestNotFound):
            facade.backtest(backtest_id=key, store_ids=ids)
    with pytest.raises(BacktestNotFound):
        facade.cancel_backtest(backtest_id=found.id, principal=shop.staff("cashier"), now=NOON)
