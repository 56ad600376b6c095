"""Shifts and days in the console, on the home page and by API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import translation
from python_calamine import CalamineWorkbook

from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store
from liushui.till import facade
from liushui.till.alerts import till_alerts
from liushui.till.tests.conftest import NOON, Shop

DAY = "2026-11-22"


@pytest.fixture
def far(shop: Shop) -> Store:
    """A store that the people of the shop never see."""
    [made] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S02", name_zh="二店", name_en="Second")]
    )
    return made


def signed_in(shop: Shop, role: str = "store_manager", name: str = "mia") -> Client:
    user = StaffUser.objects.create_user(username=name, password=None, display_name=name.title())
    held = Grant(role=role, chain_id=shop.store.chain_id, store_id=shop.store.id)
    grant(subject=f"staff:{user.pk}", grant=held, granted_by=system_principal(name="tests"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    client.cookies["liushui_language"] = "en"
    return client


def closed_shift(shop: Shop, *, missing: int = 0):
    """A shift with float 100.00 and a sale of 16.50 for which 20 were given; `missing` minor units are not counted."""
    opened = facade.open_shift(till=shop.till, float_minor=10_000, now=NOON)
    shop.sell("MILK", "TEA", given=2000)
    counted = facade.count_shift(till=shop.till, count={10: (11_650 - missing) // 10}, now=NOON + timedelta(hours=1))
    if missing:
        approval = shop.approval("till.difference", f"shift:{opened.id}", amount=-missing)
        return facade.finish_count(till=shop.till, shift_id=opened.id, approval_id=approval, now=NOON)
    return counted


def close(shop: Shop):
    return facade.close_day(
        store_id=shop.store.id, business_date=date(2026, 11, 22), principal=shop.manager, now=NOON + timedelta(hours=9)
    )


def listed(page: str) -> str:
    return page.split("<tbody>")[1]


def test_the_list_of_shifts_shows_count_difference_and_approver(shop):
    closed_shift(shop, missing=150)
    facade.open_shift(till=shop.other_till, float_minor=5_000, is_training=True, now=NOON)
    page = listed(signed_in(shop).get(f"/tills/shifts/?from={DAY}&to={DAY}").content.decode())
    for text in ("T1 · 1", "Ann", "¥116.50", "¥115.00", "-¥1.50", "Mia", "Training"):
        assert text in page
    totals = page.split("<tfoot>")[1]
    assert "1 shift" in totals  # the training shift is not counted
    assert "1 short, 0 over" in totals


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["T1 · 1", "T2 · 1"]),
        ("state=closed", ["T1 · 1"]),
        ("state=open", ["T2 · 1"]),
        ("operator=BOB", ["T2 · 1"]),
        ("differs=1", ["T1 · 1"]),
        ("store=S01", ["T1 · 1", "T2 · 1"]),
        ("from=2026-11-21&to=2026-11-21", []),
        ("from=nonsense", []),  # the last seven days
    ],
)
def test_filters_of_the_list_stand_in_the_address(shop, query, found):
    closed_shift(shop, missing=50)
    facade.open_shift(till=shop.other_till, float_minor=5_000, now=NOON)
    days = "" if "from" in query else f"from={DAY}&to={DAY}&"
    answer = signed_in(shop).get(f"/tills/shifts/?{days}{query}")
    assert answer.status_code == 200
    page = answer.content.decode()
    if query != "from=nonsense":
        assert [name for name in ("T1 · 1", "T2 · 1") if f">{name}<" in page] == found


def test_the_list_is_sorted_as_asked(shop):
    closed_shift(shop, missing=150)
    facade.open_shift(till=shop.other_till, float_minor=5_000, now=NOON + timedelta(minutes=1))
    client = signed_in(shop)
    for sort, first in (("opened", "T1"), ("-opened", "T2"), ("-counted", "T1"), ("counted", "T2"), ("bad", "T2")):
        rows = client.get(f"/tills/shifts/?from={DAY}&to={DAY}&sort={sort}").context["rows"]
        assert rows[0].shift.workstation_code == first, sort


def test_the_export_has_every_shift_and_needs_its_own_right(shop):
    closed_shift(shop, missing=150)
    client = signed_in(shop)
    text = b"".join(client.get(f"/tills/shifts/export/?from={DAY}&to={DAY}&format=csv").streaming_content)
    head, row = text.decode("utf-8-sig").splitlines()
    assert head.startswith("Store,Till,Shift,Training,Business day,Cashier,Opened,Closed at,State,Currency,Float")
    assert row == (
        "S01,T1,1,,2026-11-22,Ann,2026-11-22 12:00:00,2026-11-22 12:00:00,Closed,CNY,"
        "100.00,116.50,115.00,-1.50,wrong,Mia,"
    )
    book = b"".join(client.get(f"/tills/shifts/export/?from={DAY}&to={DAY}&format=xlsx").streaming_content)
    rows = CalamineWorkbook.from_filelike(BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[1][:5] == ["S01", "T1", 1, "", date(2026, 11, 22)]
    assert rows[1][13] == -1.5
    assert signed_in(shop, "cashier", "cat").get("/tills/shifts/export/").status_code == 403


def test_the_export_goes_on_where_one_question_would_stop(shop, monkeypatch):
    monkeypatch.setattr("liushui.till.pages.shift_list.SHOWN_MAX", 1)
    for back in (0, 1, 2):
        facade.open_shift(till=shop.till, float_minor=10_000, now=NOON - timedelta(days=back))
        facade.count_shift(till=shop.till, count={10_000: 1}, now=NOON - timedelta(days=back))
    answer = signed_in(shop).get("/tills/shifts/export/?from=2026-11-16&to=2026-11-22")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]
    assert [row.split(",")[4] for row in rows] == ["2026-11-22", "2026-11-21", "2026-11-20"]


def test_a_shifts_report_has_its_drawer_as_a_line_of_time(shop):
    closed = closed_shift(shop, missing=150)
    client = signed_in(shop)
    page = client.get(f"/tills/shifts/{closed.id}/").content.decode()
    assert page.index("Opened with its float") < page.index("Counted and closed")
    for text in ("Shift 1 at T1", "wrong", "approved by Mia", "-¥3.50", "S01-T1-000001", "¥116.50"):
        assert text in page
    paper = client.get(f"/tills/shifts/{closed.id}/paper/").content.decode()
    assert 'data-paper="80"' in paper
    assert "-¥1.50" in paper


def test_whoever_counts_a_drawer_is_not_told_its_contents_in_the_console_either(shop):
    own = facade.open_shift(till=shop.person(shop.till, "mia"), float_minor=10_000, now=NOON)
    shop.sell("RICE", given=5000)
    assert "¥149.90" not in signed_in(shop).get(f"/tills/shifts/{own.id}/").content.decode()
    assert "¥149.90" not in signed_in(shop, name="max").get("/tills/shifts/?state=open").content.decode()
    assert "¥149.90" in signed_in(shop, name="moe").get(f"/tills/shifts/{own.id}/").content.decode()


def test_shifts_and_days_of_another_store_are_not_there(shop, far):
    closed = closed_shift(shop)
    stranger = signed_in(shop, name="sue")
    user = StaffUser.objects.create_user(username="far", password=None, display_name="Far")
    held = Grant(role="store_manager", chain_id=far.chain_id, store_id=far.id)
    grant(subject=f"staff:{user.pk}", grant=held, granted_by=system_principal(name="tests"))
    other = Client()
    other.force_login(user)
    for path in (f"shifts/{closed.id}/", f"shifts/{closed.id}/paper/", f"days/{shop.store.id}/{DAY}/"):
        assert other.get(f"/tills/{path}").status_code == 404
        assert stranger.get(f"/tills/{path}").status_code == 200
    assert other.post(f"/tills/days/{shop.store.id}/{DAY}/close/").status_code == 404
    assert facade.days(store_ids={shop.store.id})[0].z_number is None


def test_a_day_is_closed_once_with_its_number(shop):
    closed_shift(shop, missing=150)
    client = signed_in(shop)
    address = f"/tills/days/{shop.store.id}/{DAY}/"
    page = client.get(address).content.decode()
    assert "Ready to be closed" in page
    assert 'data-confirm="Close 2026-11-22 of First for good?"' in page
    page = client.post(f"{address}close/", follow=True).content.decode()
    assert "The day is closed: Z report 1." in page
    for text in ("Z report 1", "¥16.50", "-¥1.50", "by Mia", "T1 · 1"):
        assert text in page
    assert "close/" not in page
    again = client.post(f"{address}close/", follow=True).content.decode()
    assert "Z report 1" in again
    assert facade.days(store_ids={shop.store.id})[0].z_number == 1
    paper = client.get(f"{address}paper/").content.decode()
    assert 'data-paper="80"' in paper
    assert "Z report 1" in paper


def test_what_keeps_a_day_open_is_named_with_its_address(shop):
    opened = facade.open_shift(till=shop.till, float_minor=0, now=NOON)
    other = facade.open_shift(till=shop.other_till, float_minor=100, now=NOON)
    facade.count_shift(till=shop.other_till, count={10: 9}, now=NOON)
    client = signed_in(shop)
    address = f"/tills/days/{shop.store.id}/{DAY}/"
    page = client.get(address).content.decode()
    assert "2 things keep this day open" in page
    assert f'href="/tills/shifts/{opened.id}/"' in page
    assert "Difference that is not approved" in page
    assert "Nobody has said why: give the reason at its till." in page
    assert f'href="/tills/shifts/{other.id}/"' in page
    assert "Close the day" not in page
    assert "The day cannot be closed yet" in client.post(f"{address}close/", follow=True).content.decode()
    assert facade.days(store_ids={shop.store.id})[0].z_number is None
    facade.explain_difference(till=shop.other_till, shift_id=other.id, reason="lost", now=datetime.now(UTC))
    assert "Decide it in the inbox." in client.get(address).content.decode()
    [asked] = approvals.waiting(principal=shop.manager, now=datetime.now(UTC))
    approvals.decide(approval_id=asked.id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    assert "It is approved: close the shift at its till." in client.get(address).content.decode()


def test_whoever_may_only_read_can_not_close(shop):
    closed_shift(shop)
    client = signed_in(shop, "auditor", "amy")
    address = f"/tills/days/{shop.store.id}/{DAY}/"
    assert "Ready to be closed" not in client.get(address).content.decode()
    assert client.post(f"{address}close/").status_code == 403


@pytest.mark.parametrize("day", ["2026-11-21", "2026-02-30", "yesterday", "0001-01-01"])
def test_a_day_that_is_none_is_not_there(shop, day):
    closed_shift(shop)
    assert signed_in(shop).get(f"/tills/days/{shop.store.id}/{day}/").status_code == 404


def test_the_list_of_days_tells_open_from_closed(shop):
    closed_shift(shop, missing=150)
    client = signed_in(shop)
    list_of = f"/tills/days/?from={DAY}&to={DAY}"
    assert client.get(f"{list_of}&state=closed").context["rows"] == []
    close(shop)
    [row] = client.get(f"{list_of}&state=differs").context["rows"]
    assert (row.report.z_number, row.differing, row.report.difference_minor) == (1, 1, -150)
    assert "No business days here" in client.get(f"{list_of}&state=open").content.decode()


def test_the_month_shows_each_day(shop):
    closed_shift(shop)
    close(shop)
    answer = signed_in(shop).get("/tills/days/?view=month&month=2026-11")
    cells = [cell for week in answer.context["weeks"] for cell in week if cell.row]
    assert [(cell.day.isoformat(), cell.kind) for cell in cells] == [(DAY, "good")]
    assert "Z 1" in answer.content.decode()
    assert signed_in(shop, name="may").get("/tills/days/?view=month&month=never").status_code == 200


@translation.override("en")
def test_home_says_what_was_left_open(shop):
    assert till_alerts(shop.manager) == ()
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    left = facade.open_shift(till=shop.till, float_minor=0, now=two_days_ago)
    waiting = facade.open_shift(till=shop.other_till, float_minor=100, now=two_days_ago)
    facade.count_shift(till=shop.other_till, count={10: 9}, now=two_days_ago)
    alerts = {alert.title: alert.url for alert in till_alerts(shop.manager)}
    day = shop.store.business_date(two_days_ago).isoformat()
    assert alerts == {
        "1 shift is open since an earlier day": f"/tills/shifts/{left.id}/",
        "1 business day is not closed": f"/tills/days/{shop.store.id}/{day}/",
        "1 cash difference waits for an approval": f"/tills/shifts/{waiting.id}/",
    }


@translation.override("en")
def test_home_says_nothing_to_those_who_may_not_see_shifts_and_nothing_of_training(shop, django_assert_num_queries):
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=two_days_ago)
    assert [alert.title for alert in till_alerts(shop.manager)] == ["1 business day is not closed"]
    assert till_alerts(shop.till.principal) == ()
    stranger = Principal(subject="staff:x", name="X", grants=())
    with django_assert_num_queries(0):
        assert till_alerts(stranger) == ()
    with django_assert_num_queries(2):
        till_alerts(shop.manager)
