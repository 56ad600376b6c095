"""Pages of a merge that takes two people, and of a batch of gift cards that is blocked: what they offer and say."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.models import CardBatchBlockRow, GiftCardRow
from liushui.loyalty.tests.office import make_office, text_of
from liushui.runtime import approvals
from liushui.runtime.grants import staff_principal

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db):
    return make_office()


def batch_address(office):
    return f"/members/gift-cards/batches/{office.made.card_batch_id}/"


def decide(office, kind, *, yes=True):
    """Finance looks into the inbox and decides what is of this kind; where the inbox led."""
    finance = staff_principal(office.people("finance"))
    [asked] = [each for each in approvals.waiting(principal=finance, now=datetime.now(UTC)) if each.kind == kind]
    page = text_of(office.browser("finance").get(f"/approvals/{asked.id}/"))
    approvals.decide(
        approval_id=asked.id, approve=yes, principal=finance, now=datetime.now(UTC), reason="looked at both"
    )
    [led] = re.findall(r'href="(/members/[^"]+)">Look at it', page)
    return led


def test_who_has_value_is_asked_for_and_the_page_shows_both_masked(office):
    member, twin = office.made.member, office.made.twin
    waits, now = facade.merge_request(merge_id=office.made.merge_id), datetime.now(UTC)
    manager = staff_principal(office.people("store_manager"))
    assert approvals.withdraw(approval_id=waits.approval_id, principal=manager, now=now)
    assert facade.settle_merges(now=now) == 1
    browser, address = office.browser("store_manager"), f"/members/{twin.id}/merge/"
    page = text_of(browser.get(f"{address}?with={member.id}"))
    assert ('value="ask"' in page, 'value="merge"' in page) == (True, False)
    assert "Stored value of ¥550.00 moves with this merge." in page
    form = {"do": "ask", "drop": str(member.id), "reason": "one person, two phones", "request_id": str(new_id())}
    silent = browser.post(address, form | {"reason": " "})
    assert (silent.status_code, "Say why, in a few words." in text_of(silent)) == (422, True)
    places = {browser.post(address, form)["Location"] for _ in range(2)}
    assert len(places) == 1
    [place] = places
    alone = browser.post(address, form | {"do": "merge"})
    assert (alone.status_code, "another person has to approve" in text_of(alone)) == (422, True)
    again = text_of(browser.get(f"{address}?with={member.id}"))
    assert ("Somebody has asked for this member" in again, 'value="ask"' in again) == (True, False)
    shown = text_of(office.browser("finance").get(place))
    assert ("张**" in shown, "138****5678" in shown, "张三丰" in shown, "13812345678" in shown) == (
        True, True, False, False
    )  # fmt: skip
    assert ("¥500.00" in shown, "¥50.00" in shown, "Decide" in shown) == (True, True, True)
    assert f"This member is to go into {twin.number}" in text_of(browser.get(f"/members/{member.id}/"))
    assert decide(office, "loyalty.merge") == place
    facade.settle_merges(now=datetime.now(UTC))
    done = text_of(browser.get(place))
    assert ("Merged" in done, "Approved by" in done, "What will be" in done) == (True, True, False)
    assert "¥500.00" in text_of(browser.get(f"/members/{twin.id}/"))


def test_a_rejected_merge_says_so_and_the_members_stay_two(office):
    member, twin = office.made.member, office.made.twin
    led = decide(office, "loyalty.merge", yes=False)
    assert led == f"/members/merges/{office.made.merge_id}/"
    facade.settle_merges(now=datetime.now(UTC))
    page = text_of(office.browser("store_manager").get(led))
    assert ("Not merged" in page, "rejected by Finance: looked at both" in page) == (True, True)
    assert {facade.member(member_id=each.id).status for each in (member, twin)} == {"active"}


def test_whoever_may_not_see_members_sees_no_merge(office):
    address = f"/members/merges/{office.made.merge_id}/"
    assert office.browser("regulator").get(address).status_code == 403
    assert office.browser("store_manager").get(f"/members/merges/{new_id()}/").status_code == 404


def test_a_batch_is_blocked_with_a_reason_and_opened_by_two(office):
    browser, address = office.browser("store_manager"), batch_address(office)
    silent = browser.post(address, {"do": "block", "reason": " ", "request_id": str(new_id())})
    assert (silent.status_code, 'id="block-error"' in text_of(silent)) == (422, True)
    form = {"do": "block", "reason": "parcel stolen", "request_id": str(new_id())}
    assert [browser.post(address, form).status_code for _ in range(2)] == [302, 302]
    assert CardBatchBlockRow.objects.count() == 1
    page = text_of(browser.get(address))
    assert ("parcel stolen" in page, "Block the batch" in page, "Unblock the batch" in page) == (True, False, True)
    card = GiftCardRow.objects.order_by("position").first()
    single = text_of(browser.get(f"/members/gift-cards/{card.id}/"))
    assert ("blocked with its batch" in single, "Block it" in single) == (True, True)
    ask = {"do": "unblock", "reason": "came back", "request_id": str(new_id())}
    assert [browser.post(address, ask).status_code for _ in range(2)] == [302, 302]
    page = text_of(browser.get(address))
    assert ("Unblocking asked for" in page, "Somebody has asked for it already." in page) == (True, True)
    assert decide(office, "loyalty.unblock_batch") == address
    facade.settle_card_batch_unblocks(now=datetime.now(UTC), seconds_max=60)
    page = text_of(browser.get(address))
    assert ("Unblocked" in page, "approved by Finance" in page, "Block the batch" in page) == (True, True, True)
    assert set(GiftCardRow.objects.values_list("state", flat=True)) == {"issued"}


def test_a_large_block_shows_how_far_it_is(office):
    CardBatchBlockRow.objects.create(
        id=new_id(), chain_id=office.store.chain_id, batch_id=office.made.card_batch_id, kind="block", reason="stolen",
        by="staff:x", by_name="X", state="running", end_position=3, next_position=1, asked_at=datetime.now(UTC),
    )  # fmt: skip
    browser, address = office.browser("finance", "zh-hans"), batch_address(office)
    page = text_of(browser.get(address))
    assert ("冻结中" in page, "整批冻结" in page) == (True, False)
    progress = browser.get(f"{address}progress/")
    assert ("冻结中" in text_of(progress), "HX-Refresh" in progress) == (True, False)
    facade.settle_card_batch_unblocks(now=datetime.now(UTC), seconds_max=60)
    assert browser.get(f"{address}progress/")["HX-Refresh"] == "true"


def test_chinese_pages_are_chinese(office):
    browser = office.browser("store_manager", "zh-hans")
    page = text_of(browser.get(f"/members/merges/{office.made.merge_id}/"))
    assert ("待审批" in page, "本次合并将转移储值" in page, "撤回" in page) == (True, True, True)
    page = text_of(browser.get(batch_address(office)))
    assert ("整批冻结" in page, "用于被盗或印错的卡" in page) == (True, True)
