"""Sales in quarantine: who sees them, mending, replaying, discarding, and their pages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.intake import facade
from liushui.intake.contracts import QuarantineQuery
from liushui.intake.errors import EntryClosed, EntryNotFound, InvalidSale
from liushui.intake.models import QuarantineEntryRow
from liushui.intake.tests.conftest import sale
from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.orders import facade as orders
from liushui.runtime import audit
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def odd(till):
    """A sale of SH01 with an item nobody knows."""
    till.post("/sales", sale("ODD", lines=[{"code": "PEAR", "units": 2, "amount": "25.00"}]))
    return QuarantineEntryRow.objects.get()


def mended(**fields):
    return json.dumps(sale("ODD", **fields)).encode()


def test_a_mended_sale_is_booked_under_its_own_id_and_source_and_audited_before_and_after(odd, shop):
    manager = shop.staff(store_id=shop.first.id)
    result = facade.mend_sale(entry_id=odd.id, body=mended(), principal=manager, now=NOW, reason="wrong code")
    assert orders.find_sale(source="till-1", source_id="ODD") == result.sale_id
    odd.refresh_from_db()
    assert (odd.status, odd.closed_by, odd.sale_id) == ("resolved", "Li Lei", result.sale_id)
    [line] = audit.entries(action="intake.mend")
    assert line.before["command"]["lines"][0]["code"] == "PEAR"
    assert line.after["command"]["lines"][0]["code"] == "APPLE"
    assert (line.store_id, line.reason) == (shop.first.id, "wrong code")


def test_a_sale_that_is_still_wrong_stays_with_its_new_problem(odd, shop):
    body = mended(tenders=[{"type": "cash", "amount": "1.00"}])
    result = facade.mend_sale(entry_id=odd.id, body=body, principal=shop.staff(), now=NOW)
    assert result.sale_id is None
    odd.refresh_from_db()
    assert (odd.status, odd.tries, odd.reason) == ("open", 2, "tenders-unbalanced")


def test_the_id_of_a_quarantined_sale_cannot_be_changed(odd, shop):
    with pytest.raises(InvalidSale, match="stays as it is"):
        facade.mend_sale(entry_id=odd.id, body=json.dumps(sale("OTHER")).encode(), principal=shop.staff(), now=NOW)


def test_people_of_another_store_and_those_without_the_right_find_nothing_to_mend(odd, shop):
    for stranger in (shop.staff(store_id=shop.second.id), shop.staff(role="auditor"), shop.staff(role="cashier")):
        with pytest.raises(EntryNotFound):
            facade.mend_sale(entry_id=odd.id, body=mended(), principal=stranger, now=NOW)
    assert orders.find_sale(source="till-1", source_id="ODD") is None


def test_a_sale_cannot_be_moved_into_a_store_in_which_one_may_not_mend(odd, shop):
    with pytest.raises(NotAllowed):
        facade.mend_sale(
            entry_id=odd.id, body=mended(store="SH02"), principal=shop.staff(store_id=shop.first.id), now=NOW
        )


def test_all_of_one_reason_are_replayed_after_the_item_was_added(till, shop):
    for number in range(3):
        till.post("/sales", sale(f"P{number}", lines=[{"code": "PEAR", "units": 2, "amount": "25.00"}]))
    till.post("/sales", sale("X", store="XX99"))
    catalog.save_items(items=[NewItem(chain_id=shop.chain.id, sku="PEAR", name_zh="梨", name_en="Pear")])
    manager = shop.staff()
    query = QuarantineQuery(
        store_ids=manager.stores("intake.mend"), chain_ids=manager.whole_chains("intake.mend"), reason="item-unknown"
    )
    results = facade.replay_entries(entry_ids=facade.quarantine_ids(query=query), principal=manager, now=NOW)
    assert [result.problem for result in results] == [None, None, None]
    assert facade.quarantine_counts(store_ids=query.store_ids, chain_ids=query.chain_ids) == {"store-unknown": 1}


def test_a_discarded_sale_needs_a_reason_and_is_closed_for_good(odd, shop):
    with pytest.raises(InvalidValue):
        facade.discard_entry(entry_id=odd.id, reason=" ", principal=shop.staff(), now=NOW)
    facade.discard_entry(entry_id=odd.id, reason="training till", principal=shop.staff(), now=NOW)
    with pytest.raises(EntryClosed):
        facade.mend_sale(entry_id=odd.id, body=mended(), principal=shop.staff(), now=NOW)
    assert audit.entries(action="intake.discard")[0].reason == "training till"


def test_entries_without_a_store_are_seen_by_people_of_the_whole_chain_only(till, shop):
    till.post("/sales", sale("X", store="XX99"))
    query = QuarantineQuery(store_ids=frozenset({shop.first.id}), chain_ids=frozenset())
    assert facade.quarantine(query=query).total == 0
    assert facade.quarantine(query=replace(query, chain_ids=frozenset({shop.chain.id}))).total == 1


@pytest.fixture
def manager(client, shop):
    """Someone who manages the whole chain, signed in."""
    user = StaffUser.objects.create_user(username="lilei", password="quiet-river-runs", language="en")
    system = system_principal(name="tests")
    grant(subject=f"staff:{user.pk}", grant=Grant(role="store_manager", chain_id=shop.chain.id), granted_by=system)
    client.force_login(user)
    client.cookies["liushui_language"] = "en"
    return client


def test_the_list_shows_what_waits_and_its_filters(manager, odd):
    page = manager.get("/intake/quarantine/?reason=item-unknown&source=till-1&store=SH01")
    assert page.status_code == 200
    text = page.content.decode()
    assert f"/intake/quarantine/{odd.id}/" in text
    assert "The catalogue has no item with the code PEAR." in text
    assert "Nothing is in quarantine here" in manager.get("/intake/quarantine/?reason=store-unknown").content.decode()


def test_a_sale_is_mended_by_the_form(manager, odd):
    page = manager.get(f"/intake/quarantine/{odd.id}/")
    assert 'name="line-0-code" value="PEAR"' in page.content.decode()
    answer = manager.post(f"/intake/quarantine/{odd.id}/", {"do": "mend", "line-0-code": "APPLE", "line-0-units": "2"})
    assert answer.status_code == 302
    assert orders.find_sale(source="till-1", source_id="ODD") is not None


def test_broken_json_is_answered_with_line_and_column(manager, odd):
    answer = manager.post(f"/intake/quarantine/{odd.id}/", {"do": "mend", "form": "json", "text": '{\n  "id": ,\n}'})
    assert answer.status_code == 422
    assert "Line 2, column 9." in answer.content.decode()


def test_chosen_sales_are_replayed_from_the_list(manager, odd, shop):
    catalog.save_items(items=[NewItem(chain_id=shop.chain.id, sku="PEAR", name_zh="梨", name_en="Pear")])
    answer = manager.post("/intake/quarantine/", {"do": "replay", "entry": [str(odd.id)]}, follow=True)
    assert "1 sale has been booked." in answer.content.decode()


def test_a_stranger_gets_a_404_for_an_entry_of_another_store(client, odd, shop):
    user = StaffUser.objects.create_user(username="far", password="quiet-river-runs")
    place = Grant(role="store_manager", chain_id=shop.chain.id, store_id=shop.second.id)
    grant(subject=f"staff:{user.pk}", grant=place, granted_by=system_principal(name="tests"))
    client.force_login(user)
    assert client.get(f"/intake/quarantine/{odd.id}/").status_code == 404
    assert client.get("/intake/quarantine/").status_code == 200
