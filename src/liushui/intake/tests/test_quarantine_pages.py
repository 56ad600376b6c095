"""Quarantine on screen: what the home page says, amounts as people write them, many sales at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils.translation import override

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.intake import facade
from liushui.intake.alerts import quarantine_alerts
from liushui.intake.models import QuarantineEntryRow
from liushui.intake.pages.words import detail_text
from liushui.intake.tests.conftest import sale
from liushui.orders import facade as orders
from liushui.runtime import audit
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser

PEAR = {"code": "PEAR", "units": 2, "amount": "25.00"}


@pytest.fixture
def odd(till):
    """A sale of SH01 with an item nobody knows, and an amount in minor units."""
    line = {"code": "PEAR", "units": 2, "amount_minor": 2550}
    till.post("/sales", sale("ODD", lines=[line], tenders=[{"type": "cash", "amount": "25.50"}]))
    return QuarantineEntryRow.objects.get()


@pytest.fixture
def manager(client, shop):
    """Someone who manages the whole chain, signed in, reading English."""
    user = StaffUser.objects.create_user(username="lilei", password="quiet-river-runs", language="en")
    place = Grant(role="store_manager", chain_id=shop.chain.id)
    grant(subject=f"staff:{user.pk}", grant=place, granted_by=system_principal(name="tests"))
    client.force_login(user)
    client.cookies["liushui_language"] = "en"
    return client


def test_the_home_page_says_how_many_wait_in_the_readers_own_places(till, shop):
    assert quarantine_alerts(shop.staff()) == ()
    till.post("/sales", sale("A", lines=[PEAR]))
    till.post("/sales", sale("B", lines=[PEAR]))
    till.post("/sales", sale("C", store="SH02", lines=[PEAR]))
    till.post("/sales", sale("D", store="XX99"))
    with override("en"):
        [whole] = quarantine_alerts(shop.staff())
        [first] = quarantine_alerts(shop.staff(store_id=shop.first.id))
        [second] = quarantine_alerts(shop.staff(store_id=shop.second.id))
    assert (whole.title, whole.level, whole.url) == ("4 sales wait in quarantine", "warning", "/intake/quarantine/")
    assert first.title == "2 sales wait in quarantine"
    assert second.title == "1 sale waits in quarantine"
    cashier = replace(shop.staff(), grants=(Grant(role="cashier", chain_id=shop.chain.id),))
    assert quarantine_alerts(cashier) == ()


def test_amounts_are_shown_and_mended_as_decimals_of_the_currency(manager, odd):
    page = manager.get(f"/intake/quarantine/{odd.id}/").content.decode()
    assert 'name="line-0-amount" value="25.50"' in page
    assert 'name="tender-0-amount" value="25.50"' in page
    typed = {"do": "mend", "line-0-code": "APPLE", "line-0-amount": "12.5", "tender-0-amount": "12.50"}
    assert manager.post(f"/intake/quarantine/{odd.id}/", typed).status_code == 302
    odd.refresh_from_db()
    booked = orders.sale(sale_id=odd.sale_id, store_ids=frozenset({odd.store_id}))
    assert (booked.lines[0].amount_minor, booked.tenders[0].amount_minor) == (1250, 1250)


@pytest.mark.parametrize("typed", ["12,50", "1e3", "12.505", "¥12"])
def test_an_amount_that_is_none_is_said_beside_its_field_and_nothing_is_sent(manager, odd, typed):
    answer = manager.post(f"/intake/quarantine/{odd.id}/", {"do": "mend", "line-0-amount": typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"“{typed}” is not an amount in CNY. Write it like 12.50." in page
    assert f'name="line-0-amount" value="{typed}"' in page
    odd.refresh_from_db()
    assert (odd.status, odd.tries) == ("open", 1)


def test_the_faulty_field_is_marked_and_has_the_focus(manager, odd):
    page = manager.get(f"/intake/quarantine/{odd.id}/").content.decode()
    [field] = [part for part in page.split("<input") if 'name="line-0-code"' in part]
    assert 'aria-describedby="line-0-code-error" autofocus' in field
    assert 'id="line-0-code-error">The catalogue has no item with the code PEAR.' in field
    assert page.partition("<main")[2].partition("</main>")[0].count(" autofocus") == 1


def test_items_are_offered_while_a_code_is_typed(manager, odd):
    address = f"/intake/quarantine/{odd.id}/items/?line=0&line-0-code="
    assert "APPLE" in manager.get(address + "6901234567892").content.decode()
    offered = manager.get(address + "MIL").content.decode()
    assert "Unknown item" in offered
    assert '<option value="MILK">MILK · MILK</option>' in offered


def test_frequent_details_are_said_in_chinese(till):
    till.post("/sales", sale("A", lines=[PEAR]))
    till.post("/sales", sale("B", store="XX99"))
    till.post("/sales", sale("C", tenders=[{"type": "cash", "amount": "20.00"}]))
    till.post("/sales", sale("D", completed_at="2099-01-01T00:00:00+08:00"))
    with override("zh-hans"):
        said = [detail_text(row.problem["detail"]) for row in QuarantineEntryRow.objects.order_by("source_id")]
    assert said[:3] == [
        "商品库里没有编码为 PEAR 的商品。",
        "连锁 HM 里没有编码为 XX99 的门店。",
        "实付 20.00 CNY，而商品行合计 25.00，两者不符。",
    ]
    assert said[3].startswith("时间 2099-01-01T00:00:00+08:00 早于 1970 年，或比收到时间 ")


def test_the_api_answers_in_english_and_the_page_says_the_same_in_chinese(till, manager):
    negative = {"code": "MILK", "units": 1, "amount": "-5.00"}
    answer = till.post("/sales", sale("E", lines=[negative]), HTTP_ACCEPT_LANGUAGE="zh-hans")
    said = "Line 1: goods sold, amount -500, regular price -500"
    assert answer.json()["detail"] == said
    manager.cookies["liushui_language"] = "zh-hans"
    page = manager.get("/intake/quarantine/").content.decode()
    assert said not in page
    assert "第 1 行：销售，金额 -500，原价 -500" in page


def waiting(till, number):
    for i in range(number):
        till.post("/sales", sale(f"P{i}", lines=[PEAR]))
    till.post("/sales", sale("X", store="XX99"))
    return {row.source_id: str(row.id) for row in QuarantineEntryRow.objects.all()}


def test_the_reasons_are_chips_with_their_counts(manager, till):
    waiting(till, 2)
    page = manager.get("/intake/quarantine/").content.decode()
    assert "Unknown item 2</a>" in page
    assert "Unknown store 1</a>" in page


def test_chosen_sales_are_discarded_with_one_reason_and_each_is_audited(manager, till):
    ids = waiting(till, 3)
    form = {"do": "discard", "entry": [ids["P0"], ids["P2"]], "why": "training till"}
    assert "2 sales have been discarded." in manager.post("/intake/quarantine/", form, follow=True).content.decode()
    left = QuarantineEntryRow.objects.filter(status="open").order_by("source_id").values_list("source_id", flat=True)
    assert list(left) == ["P1", "X"]
    assert [line.reason for line in audit.entries(action="intake.discard")] == ["training till", "training till"]


def test_nothing_is_discarded_without_a_reason(manager, till):
    ids = waiting(till, 1)
    answer = manager.post("/intake/quarantine/", {"do": "discard", "entry": [ids["P0"]], "why": " "}, follow=True)
    assert "Nothing was discarded: write why." in answer.content.decode()
    assert QuarantineEntryRow.objects.filter(status="open").count() == 2


def test_all_of_one_reason_are_discarded_and_the_others_stay(manager, till):
    waiting(till, 3)
    manager.post("/intake/quarantine/?reason=item-unknown", {"do": "discard-all", "why": "test data"})
    assert list(QuarantineEntryRow.objects.filter(status="open").values_list("source_id", flat=True)) == ["X"]


def test_all_of_one_reason_are_replayed_and_one_that_is_closed_meanwhile_stops_no_other(manager, till, shop):
    ids = waiting(till, 3)
    catalog.save_items(items=[NewItem(chain_id=shop.chain.id, sku="PEAR", name_zh="梨", name_en="Pear")])
    facade.discard_entry(entry_id=UUID(ids["P0"]), reason="twice", principal=shop.staff(), now=datetime.now(UTC))
    answer = manager.post(
        "/intake/quarantine/", {"do": "replay", "entry": [ids["P0"], ids["P1"]]}, follow=True
    ).content.decode()
    assert "1 sale has been booked." in answer
    assert "1 sale is still refused." in answer
    answer = manager.post("/intake/quarantine/?reason=item-unknown", {"do": "replay-all"}, follow=True)
    assert "1 sale has been booked." in answer.content.decode()
    assert list(QuarantineEntryRow.objects.filter(status="open").values_list("source_id", flat=True)) == ["X"]


def test_the_export_holds_what_the_filter_finds(manager, till):
    waiting(till, 2)
    answer = manager.get("/intake/quarantine/export/?reason=store-unknown")
    [head, line] = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert head == "Sale,Reason,What was wrong,Source,Store,Received,Tries"
    assert line.startswith("X,Unknown store,Chain HM has no store with the code XX99.,till-1,XX99,")


def test_the_store_switch_narrows_the_list_to_known_stores(manager, till):
    waiting(till, 1)
    assert "XX99" not in manager.get("/intake/quarantine/?store=SH01").content.decode()
    assert "XX99" in manager.get("/intake/quarantine/").content.decode()
