"""Pages of gift cards: issue, take the codes out, find, block, unblock; what is wrong is said at its field."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.shortcuts import resolve_url

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.models import CardBatchRow, GiftCardRow
from liushui.loyalty.tests.office import make_office, text_of
from liushui.runtime import approvals
from liushui.runtime.grants import staff_principal

pytestmark = pytest.mark.django_db
CARDS, NEW = "/members/gift-cards/", "/members/gift-cards/batches/new/"


@pytest.fixture
def office(db):
    return make_office()


def issue(browser, **form):
    answer = browser.post(NEW, {"request_id": str(new_id()), "count": "2"} | form)
    assert answer.status_code == 302
    return answer["Location"]


def sold(office, amount=20_000):
    """A card of the world's batch with this on it."""
    [card, *_rest] = facade.gift_cards_of_batch(batch_id=office.made.card_batch_id).cards
    facade.activate_gift_card(
        activation_id=new_id(), chain_id=office.store.chain_id, number=card.number, paid_minor=amount,
        store_id=office.store.id, operator="li", tender="cash", now=datetime.now(UTC),
    )  # fmt: skip
    return facade.gift_card_by_number(chain_id=office.store.chain_id, number=card.number)


def test_a_form_that_is_sent_twice_issues_once_and_leads_to_its_batch(office):
    browser = office.browser("finance")
    page = text_of(browser.get(NEW))
    [id] = re.findall(r'name="request_id" value="([0-9a-f-]{36})"', page)
    form = {"request_id": id, "count": "12", "amount": "100", "note": "Spring"}
    before = GiftCardRow.objects.count()
    addresses = {browser.post(NEW, form)["Location"] for _ in range(2)}
    assert addresses == {f"/members/gift-cards/batches/{id}/"}
    assert GiftCardRow.objects.count() == before + 12
    shown = text_of(browser.get(addresses.pop()))
    assert ("Spring" in shown, "¥100.00" in shown, "Take the codes as CSV" in shown) == (True, True, True)
    other = browser.post(NEW, form | {"count": "13"})
    assert (other.status_code, "sent before with other contents" in text_of(other)) == (422, True)
    listed = text_of(browser.get("/members/gift-cards/batches/"))
    assert ("Spring" in listed, "not yet" in listed) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"count": ""}, "id_count"),
        ({"count": "0"}, "id_count"),
        ({"count": "100001"}, "id_count"),
        ({"count": "many"}, "id_count"),
        ({"amount": "ten"}, "id_amount"),
        ({"amount": "0"}, "id_amount"),
        ({"amount": "-5"}, "id_amount"),
        ({"amount": "99999999999"}, "id_amount"),
        ({"note": "x" * 81}, "id_note"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_issued(office, wrong, field):
    before = CardBatchRow.objects.count()
    answer = office.browser("finance").post(NEW, {"request_id": str(new_id()), "count": "2"} | wrong)
    page = text_of(answer)
    assert answer.status_code == 422
    [at] = re.findall(r'<ul class="errorlist" id="(\w+)_error"', page)
    assert (at, CardBatchRow.objects.count()) == (field, before)


def test_a_large_batch_shows_its_progress_and_can_be_stopped(office):
    browser = office.browser("finance")
    address = issue(browser, count="1200")
    page = text_of(browser.get(address))
    assert ("Being made" in page, "Take the codes" in page) == (True, False)
    progress = browser.get(f"{address}progress/")
    assert ("0" in text_of(progress), "HX-Refresh" in progress) == (True, False)
    facade.make_gift_cards(now=datetime.now(UTC), seconds_max=60)
    assert browser.get(f"{address}progress/")["HX-Refresh"] == "true"
    page = text_of(browser.get(address))
    assert ("1,200" in page, "Take the codes as CSV" in page, "Show a sheet to print" in page) == (True, True, False)
    again = issue(browser, count="1200")
    assert browser.post(again, {"do": "stop"}).status_code == 302
    assert "of 1,200 asked for" in text_of(browser.get(again))


def test_codes_go_out_once_as_a_file_whose_codes_open_the_cards(office):
    browser = office.browser("finance")
    address = issue(browser, count="3", amount="88.80")
    answer = browser.post(f"{address}codes/", {"do": "file"})
    head, *lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert head == "Number,Code,Amount"
    assert len(lines) == 3
    number, code, amount = lines[0].split(",")
    found = facade.gift_card(chain_id=office.store.chain_id, code=code)
    assert (found.number, amount) == (number, "88.80")
    assert "no-cache" in answer["Cache-Control"]
    assert "The codes were taken out" in text_of(browser.get(address))
    CardBatchRow.objects.update(told_at=datetime.now(UTC) - timedelta(minutes=11))
    late = browser.post(f"{address}codes/", {"do": "file"}, follow=True)
    assert "taken out before" in text_of(late)
    assert code not in text_of(late)
    assert "Take the codes" not in text_of(browser.get(address))


def test_a_sheet_has_a_picture_of_each_code_and_is_for_small_batches(office):
    browser = office.browser("finance")
    page = text_of(browser.post(f"{issue(browser, count='3')}codes/", {"do": "sheet"}))
    assert page.count("card-print") == 3
    codes = re.findall(r"<code>([2-9A-Z-]{19})</code>", page)
    assert len({facade.gift_card(chain_id=office.store.chain_id, code=code).number for code in codes}) == 3
    assert browser.post(f"{issue(browser, count='201')}codes/", {"do": "sheet"}).status_code == 403


def test_a_stale_sign_in_is_asked_for_proof_before_codes_are_told(office, settings):
    browser = office.browser("finance")
    address = issue(browser)
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"step_up_seconds": -1})
    answer = browser.post(f"{address}codes/", {"do": "file"})
    assert answer["Location"].startswith(resolve_url(settings.STEP_UP_URL))
    assert CardBatchRow.objects.filter(told_at=None).count() == 2


def test_a_card_is_found_by_its_number_and_only_by_it(office):
    browser, card = office.browser("store_manager"), sold(office)
    answer = browser.post(CARDS, {"number": f" {card.number.lower()} "})
    assert answer["Location"] == f"/members/gift-cards/{card.id}/"
    for typed, said in (
        ("", "Type the number that stands on the card."),
        ("G1", "This is not the number of a gift card"),
        ("G00000000000", "The chain has no gift card with this number."),
        ("23456-789AB", "This is not the number of a gift card"),
    ):
        wrong = browser.post(CARDS, {"number": typed})
        assert (wrong.status_code, said in text_of(wrong)) == (422, True)
    browser = office.browser("finance")
    told = browser.post(f"{issue(browser)}codes/", {"do": "file"})
    code = b"".join(told.streaming_content).decode().splitlines()[1].split(",")[1]
    secret = browser.post(CARDS, {"number": code})
    assert (secret.status_code, "This is the secret code of a card." in text_of(secret)) == (422, True)
    assert code not in text_of(secret)


def test_lists_show_cards_by_their_state(office):
    browser, card = office.browser("store_manager"), sold(office)
    waiting = facade.gift_cards_of_batch(batch_id=office.made.card_batch_id).cards[1].number
    seen = {
        state: (card.number in page, waiting in page)
        for state in ("", "issued", "blocked", "expired", "nonsense")
        if (page := text_of(browser.get(CARDS, {"state": state})))
    }
    assert seen == {
        "": (True, False), "issued": (False, True), "blocked": (False, False), "expired": (False, False),
        "nonsense": (True, False),
    }  # fmt: skip
    assert "No gift card is blocked" in text_of(browser.get(CARDS, {"state": "blocked"}))
    assert browser.get(CARDS, {"after": "x|y"}).status_code == 200


def test_the_list_goes_on_where_the_page_before_ended(office, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"page_rows": 2})
    browser = office.browser("finance")
    issue(browser, count="5")
    numbers, address = [], f"{CARDS}?state=issued"
    while address and len(numbers) < 20:
        page = text_of(browser.get(address))
        numbers += re.findall(r">(G\d{11})</a>", page)
        further = re.findall(r'href="(\?[^"]*after=[^"]*)"', page)
        address = f"{CARDS}{further[0]}" if further else ""
    assert (len(numbers), len(set(numbers))) == (8, 8)


def test_one_person_blocks_and_two_unblock_each_with_a_reason(office):
    browser, card = office.browser("store_manager"), sold(office)
    address = f"/members/gift-cards/{card.id}/"
    silent = browser.post(address, {"do": "block", "reason": " "})
    assert (silent.status_code, 'id="block-error"' in text_of(silent)) == (422, True)
    form = {"do": "block", "reason": "lost on the bus", "request_id": str(new_id())}
    for _ in range(2):
        assert browser.post(address, form).status_code == 302
    page = text_of(browser.get(address))
    assert ("lost on the bus" in page, "Unblock it" in page, "Block it" in page) == (True, True, False)
    ask = {"do": "unblock", "reason": "found in the bag", "request_id": str(new_id())}
    for _ in range(2):
        assert browser.post(address, ask).status_code == 302
    assert "Somebody has asked for it already." in text_of(browser.get(address))
    finance = staff_principal(office.people("finance"))
    [asked] = [each for each in approvals.waiting(principal=finance, now=datetime.now(UTC))
               if each.kind == "loyalty.unblock_card"]  # fmt: skip
    inbox = text_of(office.browser("finance").get(f"/approvals/{asked.id}/"))
    assert f'href="{address}"' in inbox
    approvals.decide(approval_id=asked.id, approve=True, principal=finance, now=datetime.now(UTC))
    facade.settle_gift_card_unblocks(now=datetime.now(UTC))
    page = text_of(browser.get(address))
    assert ("Unblocked" in page, "Block it" in page, "¥200.00" in page) == (True, True, True)


def test_a_card_tells_what_was_booked_on_it_and_where(office):
    card = sold(office)
    page = text_of(office.browser("finance").get(f"/members/gift-cards/{card.id}/"))
    assert ("Gift card sold" in page, "Renmin Road" in page, "+¥200.00" in page, "Cash" in page) == (True,) * 4
    issued = facade.gift_cards_of_batch(batch_id=office.made.card_batch_id).cards[1]
    page = text_of(office.browser("finance").get(f"/members/gift-cards/{issued.id}/"))
    assert "Nothing was booked on it" in page


def test_chinese_pages_are_chinese(office):
    browser, card = office.browser("finance", "zh-hans"), sold(office)
    for address, said in (
        (CARDS, "礼品卡卡号"), (NEW, "每张卡有一个明示的卡号"), ("/members/gift-cards/batches/", "礼品卡发卡批次"),
        (f"/members/gift-cards/batches/{office.made.card_batch_id}/", "取卡密（CSV）"),
        (f"/members/gift-cards/{card.id}/", "冻结"),
    ):  # fmt: skip
        assert said in text_of(browser.get(address))
