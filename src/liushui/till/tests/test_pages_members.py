"""Members at the screen: joining in two steps, the box, value as a way of paying, top-ups, through their addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.runtime import approvals
from liushui.till import facade
from liushui.till.models import ValueRow
from liushui.till.pages.entry import Entry, read_entry
from liushui.till.tests.counter import MANAGER_PIN, Counter, manager_of, open_counter
from liushui.till.tests.membership import OTHER_PHONE, PHONE, free, member_of, publish_programme

GONE = "13100131000"


def at(shop, language: str = "en", *, training: bool = False) -> Counter:
    opened = open_counter(till=shop.till, language=language)
    facade.open_shift(till=opened.till, float_minor=10_000, is_training=training, now=datetime.now(UTC))
    opened.look()
    return opened


@pytest.fixture
def counter(shop) -> Counter:
    publish_programme(chain_id=shop.till.chain_id)
    return at(shop)


def hidden(counter: Counter, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', counter.shown)
    return found[1] if found else ""


def test_the_code_of_a_members_phone_is_known_everywhere():
    code = "LSM:eyJhbGciOi:1vM3x2:abc-DEF_123"
    assert read_entry(text=code, panel="", currency="CNY") == Entry(kind="member", code=code)
    assert read_entry(text=code, panel="pay", currency="CNY").kind == "member"
    assert read_entry(text=PHONE, panel="member", currency="CNY") == Entry(kind="member", code=PHONE)
    assert read_entry(text=PHONE, panel="box", currency="CNY").kind == "article"
    assert read_entry(text="AB-12", panel="gift", currency="CNY") == Entry(kind="gift_card", code="AB-12")


def test_a_phone_that_nobody_has_leads_to_joining_in_two_steps(counter):
    counter.enter("TEA")
    counter.look("ticket/?show=member")
    counter.do("ticket/enter/", text=PHONE, panel="member")
    assert 'data-panel="join"' in counter.shown
    assert counter.ticket.member is None
    boxes = re.findall(r'<input type="checkbox"[^>]*>', counter.shown)
    assert [("checked" in box, 'value="1"' in box) for box in boxes] == [(False, True), (False, True)]
    values = {
        "phone": hidden(counter, "phone"), "member": hidden(counter, "member"), "name": "王芳",
        "membership_version": hidden(counter, "membership_version"),
        "marketing_version": hidden(counter, "marketing_version"),
    }  # fmt: skip
    counter.do("ticket/member/join/", **values)  # nothing was agreed to
    assert (counter.sound(), counter.ticket.member) == ("bad", None)
    assert hidden(counter, "member") == values["member"]
    counter.do("ticket/member/join/", **values, membership="1")
    assert counter.sound() == "ok"
    assert counter.ticket.member.member_id.hex == values["member"].replace("-", "")
    assert 'data-panel="box"' in counter.shown
    assert "王**" in counter.shown
    assert "138****8000" in counter.shown
    assert PHONE not in counter.shown


def test_what_is_typed_wrong_is_said_without_being_repeated(counter):
    counter.do("ticket/enter/", text="1380013800", panel="member")  # ten digits
    assert counter.sound() == "bad"
    assert "1380013800" not in counter.shown
    assert "Type the phone number again" in counter.shown


def test_the_member_box_shows_what_is_to_be_told_and_the_next_scan_is_an_article(counter, shop):
    found = member_of(shop, points=1_200, stored=10_000)
    counter.enter("TEA")
    counter.do("ticket/enter/", text=PHONE, panel="member")
    for text in ("张**", "1,200", "¥110.00", "Spend ¥100.00 more for Silver", "••••" + found.number[-4:]):
        assert text in counter.shown
    counter.do("ticket/enter/", text="MILK", panel="box")
    assert [line.sku for line in counter.ticket.lines] == ["TEA", "MILK"]
    counter.look("ticket/?show=member")
    assert 'data-panel="box"' in counter.shown
    counter.do("ticket/member/remove/")
    assert counter.ticket.member is None


def test_points_stored_value_and_cash_by_the_keys_of_the_pay_panel(counter, shop):
    found = member_of(shop, points=300, stored=500)
    counter.enter("TEA")
    counter.do("ticket/enter/", text=PHONE, panel="member")
    counter.look("ticket/?show=pay")
    assert re.search(r'"type": "points"[^>]*data-key="F10">', counter.shown)
    assert re.search(r'"type": "stored_value"[^>]*data-key="F12">', counter.shown)
    counter.do("ticket/pay/value/", type="points", text="")
    assert (counter.ticket.due_minor, counter.ticket.tenders[0].points) == (700, 300)
    counter.do("ticket/pay/value/", type="stored_value", text="2.50")
    assert counter.ticket.due_minor == 450
    counter.do("ticket/pay/value/", type="stored_value", text="9.99")
    assert (counter.sound(), counter.ticket.due_minor) == ("bad", 450)
    counter.do("ticket/pay/remove/", tender=str(counter.ticket.tenders[1].number))
    assert (counter.ticket.due_minor, free(found)) == (700, (0, 500))
    counter.do("ticket/pay/cash/", given="700")
    assert counter.sound() == "paid"
    for text in ("Points used", "Points now", "Stored value now", "Points earned"):
        assert text in counter.shown


def test_a_phone_in_the_scan_box_is_the_members_when_it_is_no_article(counter, shop):
    found = member_of(shop)
    counter.enter("TEA")
    assert 'data-panel="box"' in counter.enter(PHONE)
    other = member_of(shop, phone=OTHER_PHONE, name="赵敏")
    counter.enter(OTHER_PHONE)  # while the box of the first is open
    assert (counter.ticket.member.id, other.number != found.number) == (other.number, True)
    assert "The catalogue has no item" not in counter.shown
    counter.enter(GONE)
    assert (counter.sound(), counter.ticket.member.id) == ("bad", other.number)


def test_who_wants_more_points_than_there_are_hears_how_many(counter, shop):
    member_of(shop, points=300)
    counter.enter("TEA")
    counter.enter(PHONE)
    counter.look("ticket/?show=pay")
    counter.do("ticket/pay/value/", type="points", text="9")
    assert counter.sound() == "bad"
    assert "At most ¥3.00 can be used." in counter.shown
    assert counter.ticket.tenders == ()


def test_a_gift_card_is_scanned_in_its_panel(counter, shop):
    [card] = loyalty.issue_gift_cards(batch_id=new_id(), chain_id=shop.till.chain_id, count=1, now=datetime.now(UTC))
    loyalty.activate_gift_card(
        activation_id=new_id(), chain_id=shop.till.chain_id, code=card.code, paid_minor=400, store_id=shop.store.id,
        operator="ann", tender="cash", now=datetime.now(UTC),
    )  # fmt: skip
    counter.enter("TEA")
    counter.look("ticket/?show=gift")
    assert 'data-panel="gift"' in counter.shown
    counter.do("ticket/enter/", text="nothing", panel="gift")
    assert counter.sound() == "bad"
    counter.do("ticket/enter/", text=card.code, panel="gift")
    assert (counter.ticket.due_minor, counter.ticket.tenders[0].reference) == (600, card.number)
    counter.look("ticket/?show=gift")  # while something is paid already
    assert 'data-panel="gift"' in counter.shown
    assert card.code not in counter.shown


def test_top_up_takes_the_money_once_and_prints_a_receipt(counter, shop):
    found = member_of(shop)
    assert counter.client.post("/till/value/find/", {"text": PHONE}).headers["Location"] == (
        f"/till/value/?member={found.number}"
    )
    counter.look(f"value/?member={found.number}")
    assert "¥100.00 brings ¥10.00 on top" in counter.shown
    form = {"id": hidden(counter, "id"), "member": found.number, "amount": "100", "tender": "cash", "given": "150"}
    answers = [counter.client.post("/till/value/top-up/", form) for _ in range(2)]
    assert [answer.headers["Location"] for answer in answers] == [f"/till/value/{form['id']}/"] * 2
    assert (free(found), ValueRow.objects.count()) == ((0, 11_000), 1)
    counter.look(f"value/{form['id']}/")
    for text in ("Top-up", "¥100.00", "¥10.00", "¥50.00", "¥110.00", "••••" + found.number[-4:]):
        assert text in counter.shown
    assert found.number not in counter.shown


def test_a_top_up_is_taken_back_with_a_manager(counter, shop):
    found, value_id = member_of(shop), new_id()
    facade.top_up(
        till=counter.till, value_id=value_id, member_id=found.id, paid_minor=5_000,
        payment=facade.Payment(tender="card"), now=datetime.now(UTC),
    )  # fmt: skip
    form = {"reason": "Wrong amount", "username": manager_of(counter.till), "pin": "0000"}
    refused = counter.client.post(f"/till/value/{value_id}/void/", form)
    assert (refused.status_code, free(found)) == (422, (0, 5_000))
    taken = counter.client.post(f"/till/value/{value_id}/void/", form | {"pin": MANAGER_PIN})
    assert (taken.status_code, free(found)) == (302, (0, 0))
    assert "VOIDED" in counter.look(f"value/{value_id}/")


def test_the_inbox_takes_a_top_up_back_over_the_limit_of_a_pin(counter, shop, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"till_refund_limit_minor": 4_999})
    found, value_id = member_of(shop), new_id()
    facade.top_up(
        till=counter.till, value_id=value_id, member_id=found.id, paid_minor=5_000,
        payment=facade.Payment(tender="cash"), now=datetime.now(UTC),
    )  # fmt: skip
    address, form = f"/till/value/{value_id}/void/", {"reason": "Wrong member"}
    by_pin = counter.client.post(address, form | {"username": manager_of(counter.till), "pin": MANAGER_PIN})
    assert (by_pin.status_code, "over the limit" in by_pin.content.decode()) == (422, True)
    asked = counter.client.post(address, form | {"ask": "1"}).headers["Location"]
    assert "Waiting for the manager" in counter.client.get(asked).content.decode()
    request_id = asked.partition("asked=")[2]
    early = counter.client.post(address, {"asked": request_id})
    assert (early.status_code, free(found)) == (422, (0, 5_000))
    approvals.decide(approval_id=request_id, approve=True, principal=shop.manager, now=datetime.now(UTC))
    assert "Mia" in counter.client.get(asked).content.decode()
    assert counter.client.post(address, {"asked": request_id}).status_code == 302
    assert (free(found), ValueRow.objects.get().approved_by) == ((0, 0), "Mia")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"amount": "ten"}, "This amount is not one"), ({"amount": "10", "given": "5"}, "less than what is to be paid"),
        ({"amount": "10", "tender": "points"}, "cannot be taken here"), ({"amount": "10", "member": "M0"}, "No member"),
    ],
)  # fmt: skip
def test_a_top_up_that_cannot_be_says_why(counter, shop, form, said):
    found = member_of(shop)
    values = {"id": str(new_id()), "member": found.number, "tender": "cash"} | form
    answer = counter.client.post("/till/value/top-up/", values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert free(found) == (0, 0)


def test_the_phone_of_nobody_on_the_top_up_page(counter):
    answer = counter.client.post("/till/value/find/", {"text": GONE})
    assert answer.status_code == 422
    assert GONE not in answer.content.decode()


def test_reports_tell_value_apart_from_sales(counter, shop):
    found = member_of(shop)
    facade.top_up(
        till=counter.till, value_id=new_id(), member_id=found.id, paid_minor=10_000,
        payment=facade.Payment(tender="cash"), now=datetime.now(UTC),
    )  # fmt: skip
    shift = facade.current_shift(till=counter.till)
    facade.count_shift(till=counter.till, count={10_000: 2}, now=datetime.now(UTC))
    page = counter.client.get(f"/till/shift/{shift.id}/paper/").content.decode()
    assert "Top-ups" in page
    assert "¥100.00" in page


def test_the_customer_display_shows_tier_and_points(counter, shop):
    member_of(shop, points=1_234, tier="gold")
    counter.enter("TEA")
    counter.do("ticket/enter/", text=PHONE, panel="member")
    shown = counter.look("display/ticket/")
    for text in ("金卡", "Gold", "1,234"):
        assert text in shown
    assert "138****8000" not in shown
    assert OTHER_PHONE not in shown


def test_in_chinese(shop):
    publish_programme(chain_id=shop.till.chain_id)
    member_of(shop, points=1_200, stored=10_000)
    counter = at(shop, "zh-hans")
    counter.enter("TEA")
    counter.do("ticket/enter/", text=PHONE, panel="member")
    for text in ("会员", "积分", "储值", "再消费 ¥100.00 升级为银卡"):
        assert text in counter.shown
    counter.look("ticket/?show=pay")
    for text in ("积分", "储值", "礼品卡"):
        assert text in counter.shown
