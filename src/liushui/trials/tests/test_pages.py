"""Pages of backtests: the list, starting one, its progress, what it came to, and the files of it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from liushui.promotions import facade as promotions
from liushui.trials import facade
from liushui.trials.models import BacktestRow
from liushui.trials.tests.conftest import DAY, NOON, SNACKS_OFF, SPEND
from liushui.trials.tests.test_run_backtest import EMPTY, asked, book

HONEST = "It does not predict what shoppers would have bought"


@pytest.fixture
def done(shop, three_days):
    limited = {**SPEND, "limits": {"budget": 1_000}}
    begun = asked(shop, book(limited, name="live"), book(SNACKS_OFF), name="Snacks week")
    return facade.run_backtest(backtest_id=begun.id)


def test_a_result_shows_both_rulebooks_and_says_that_it_predicts_nothing(signed_in, done):
    page = signed_in().get(f"/promotions/backtests/{done.id}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert HONEST in text
    for shown in ("¥9.00", "¥10.00", "-¥1.00", "Snacks 10% off", "2026-11-20", "Ran out on"):
        assert shown in text
    assert "/orders/" not in text.split('id="content"')[1]  # a marketer sees no receipts


def test_who_sees_receipts_finds_links_to_the_examples(signed_in, done, three_days):
    text = signed_in("auditor").get(f"/promotions/backtests/{done.id}/").content.decode()
    assert f"/orders/{three_days[1]}/" in text
    assert 'name="do"' not in text


def test_somebody_of_one_store_sees_no_backtest_of_two(signed_in, shop, done):
    browser = signed_in("store_manager", store_id=shop.here.id)
    assert browser.get(f"/promotions/backtests/{done.id}/").status_code == 404
    assert browser.get(f"/promotions/backtests/{done.id}/progress/").status_code == 404
    assert browser.get(f"/promotions/backtests/{done.id}/export/").status_code == 404
    assert browser.post(f"/promotions/backtests/{done.id}/", {"do": "run"}).status_code == 404
    assert "Nothing has been tried" in browser.get("/promotions/backtests/").content.decode()


def test_the_list_names_what_was_tried(signed_in, done):
    text = signed_in().get("/promotions/backtests/").content.decode()
    for shown in ("Snacks week", "live", "draft", "Li Lei", "done"):
        assert shown in text


def test_a_backtest_is_started_from_the_form_and_run_by_a_job(signed_in, shop, three_days):
    me = shop.staff()
    draft = promotions.create_draft(chain_id=shop.chain_id, name="Snacks", principal=me, now=NOON)
    promotions.put_promotion(draft_id=draft.id, revision=draft.revision, promotion=SNACKS_OFF, principal=me, now=NOON)
    browser = signed_in()
    form = browser.get("/promotions/backtests/new/").content.decode()
    assert HONEST in form
    assert f'<option value="draft:{draft.id}" selected>Snacks</option>' in form
    days = {"first": DAY.isoformat(), "last": (DAY + timedelta(days=2)).isoformat()}
    answer = browser.post(
        "/promotions/backtests/new/", {"draft": f"draft:{draft.id}", "live": "none", "store": ["SH01"], **days}
    )
    row = BacktestRow.objects.get()
    assert answer["Location"] == f"/promotions/backtests/{row.id}/"
    assert (row.name, row.store_ids, row.live_name) == ("Snacks", [shop.here.id], "No promotions")
    if row.status == "waiting":  # where jobs don't run at once
        facade.run_backtest(backtest_id=row.id)
    assert BacktestRow.objects.get().result["draft"]["given"] == 900


@pytest.mark.parametrize(
    ("field", "value", "status", "said"),
    [
        ("first", "soon", 422, "Write both days, as 2026-05-08."),
        ("draft", "draft:999", 404, ""),
        ("draft", "x", 422, "is no rulebook"),
        ("store", "SH99", 403, ""),
        ("last", "2026-11-01", 422, "Choose the days in order, "),
        ("member_tier", "gold", 422, "no such member tier"),
    ],
)
def test_a_form_that_is_wrong_says_what_is_wrong(signed_in, shop, three_days, field, value, status, said):
    given = {"draft": "none", "live": "none", "first": DAY.isoformat(), "last": DAY.isoformat(), field: value}
    answer = signed_in().post("/promotions/backtests/new/", given)
    assert answer.status_code == status or (status == 404 and answer.status_code == 422)
    assert said in answer.content.decode()
    assert not BacktestRow.objects.exists()


def test_progress_is_a_bar_that_has_the_page_read_again_at_the_end(signed_in, shop, three_days):
    begun = asked(shop, EMPTY, book(SNACKS_OFF))
    browser = signed_in()
    bar = browser.get(f"/promotions/backtests/{begun.id}/progress/")
    assert 'hx-get="' in bar.content.decode()
    assert "HX-Refresh" not in bar
    browser.post(f"/promotions/backtests/{begun.id}/", {"do": "cancel"})
    assert BacktestRow.objects.get().status == "cancelled"
    assert browser.get(f"/promotions/backtests/{begun.id}/progress/")["HX-Refresh"] == "true"


def test_only_who_changes_promotions_cancels_or_starts(signed_in, shop, three_days):
    begun = asked(shop, EMPTY, book(SNACKS_OFF))
    browser = signed_in("finance")
    assert browser.post(f"/promotions/backtests/{begun.id}/", {"do": "cancel"}).status_code == 403
    assert browser.get("/promotions/backtests/new/").status_code == 403
    assert BacktestRow.objects.get().status == "waiting"


def test_tables_leave_as_files(signed_in, done):
    browser = signed_in()

    def rows(table):
        answer = browser.get(f"/promotions/backtests/{done.id}/export/?table={table}&format=csv")
        return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert [row[:3] for row in rows("figures")] == [
        ["Rulebook", "At list prices", "Discount"], ["On the receipts", "230.00", "5.00"], ["A", "230.00", "10.00"],
        ["B", "230.00", "9.00"], ["Difference", "0.00", "-1.00"],
    ]  # fmt: skip
    assert rows("days")[1:] == [
        ["2026-11-20", "2", "170.00", "10.00", "3.00"], ["2026-11-22", "2", "60.00", "0.00", "6.00"],
    ]  # fmt: skip
    assert rows("limits")[1:] == [["spend", "A", "2026-11-20", "2026-11-20", "10.00"]]
    assert [row[0] for row in rows("promotions")] == ["Promotion", "snacks", "spend"]
    assert [len(rows(table)) for table in ("stores", "winners", "losers")] == [3, 4, 2]
    book_file = browser.get(f"/promotions/backtests/{done.id}/export/?table=promotions&format=xlsx")
    assert b"".join(book_file.streaming_content)[:2] == b"PK"
    whole = browser.get(f"/promotions/backtests/{done.id}/export/?format=json")
    assert json.loads(whole.content)["draft"]["given"] == 900
    assert browser.get(f"/promotions/backtests/{done.id}/export/?table=secrets").status_code == 422


def test_a_page_in_chinese_is_all_chinese(signed_in, done):
    browser = signed_in("marketer")
    browser.cookies["liushui_language"] = "zh-hans"
    text = browser.get(f"/promotions/backtests/{done.id}/").content.decode()
    assert "回测只是把过去的购物篮重新计价" in text
    assert "零食九折" in text
