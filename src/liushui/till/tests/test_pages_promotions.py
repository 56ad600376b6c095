"""The sale screen with promotions: panels, messages and papers, through its addresses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.support.rulebooks import coupons, publish, save_tiers

from liushui.till import facade
from liushui.till.tests.counter import Counter, open_counter
from liushui.till.tests.test_promotions import GIFT, GOLD, SPRING, THREE_FOR_TWO, first_comer, nothing_kept

__all__ = ["nothing_kept"]


@pytest.fixture
def codes(shop) -> list[str]:
    now = datetime.now(UTC)
    made = coupons(chain_id=shop.till.chain_id, batch="spring", count=2, now=now)
    publish(chain_id=shop.till.chain_id, rules=[THREE_FOR_TWO, GOLD, SPRING, GIFT], now=now)
    save_tiers(chain_id=shop.till.chain_id)
    return made


def at(shop, language: str = "en") -> Counter:
    opened = open_counter(till=shop.till, language=language)
    facade.open_shift(till=opened.till, float_minor=10_000, now=datetime.now(UTC))
    opened.look()
    return opened


@pytest.fixture
def counter(shop, codes) -> Counter:
    return at(shop)


def test_each_line_says_what_was_taken_off_and_the_total_what_is_saved(counter):
    counter.enter("2*MILK")
    assert "Add 1 more of MILK" not in counter.shown
    assert "Add 1 more of Milk for: Milk 3 for 2" in counter.shown
    counter.enter("MILK")
    assert '<span>Milk 3 for 2</span> <b class="line-less">−¥6.50</b>' in counter.shown
    assert "Add 1 more" not in counter.shown
    assert 'You save <b class="line-less">¥6.50</b>' in counter.shown


def test_why_is_told_in_both_languages_and_closed_by_the_next_scan(shop, codes):
    for language, words in (
        ("en", ("Why this price?", "¥6.50 off", "Needs ¥40.00; there is ¥26.00", "Proven:", "version 20")),
        ("zh-hans", ("为什么是这个价？", "优惠 ¥6.50", "需满 ¥40.00，现有 ¥26.00", "已证明最优", "规则书版本 20")),
    ):
        counter = at(shop, language) if language == "en" else open_counter(till=shop.till, language=language)
        if counter.ticket is None:
            counter.enter("4*MILK")
        shown = counter.look("ticket/?show=why")
        assert [text for text in words if text not in shown] == []
    counter.do("ticket/enter/", text="TEA", panel="why")
    assert 'data-panel=""' in counter.shown


def test_without_a_rulebook_the_panel_says_so(shop):
    counter = at(shop)
    counter.enter("TEA")
    assert "no promotion is running" in counter.look("ticket/?show=why")


def test_a_code_is_typed_into_the_box_of_its_panel(counter, codes):
    counter.enter("TEA")
    counter.do("ticket/enter/", text="WRONG", panel="code")
    assert counter.sound() == "bad"
    assert "This code is not known." in counter.shown
    assert 'data-panel="code"' in counter.shown
    counter.do("ticket/enter/", text=codes[0], panel="code")
    assert (counter.sound(), counter.ticket.total_minor) == ("ok", 800)
    assert codes[0] not in counter.shown
    assert f"••••{codes[0][-4:]}" in counter.shown
    counter.do("ticket/code/remove/", number="1")
    assert (counter.ticket.codes, counter.ticket.total_minor) == ((), 1_000)


def test_a_coupon_is_known_in_the_scan_box_and_an_article_goes_before(counter, codes):
    counter.enter(codes[0])
    assert (counter.sound(), counter.ticket.lines) == ("ok", ())
    counter.enter("TEA")
    assert counter.ticket.total_minor == 800
    counter.do("ticket/enter/", text=codes[0], panel="price")  # a price check puts nothing anywhere
    assert len(counter.ticket.codes) == 1
    wrong = codes[1][:-1] + ("A" if codes[1][-1] != "A" else "B")
    counter.do("ticket/enter/", text=wrong, panel="")
    assert "A character is wrong" in counter.shown


def test_a_gift_is_offered_and_taken(counter):
    counter.enter("RICE")
    assert "Gift: 1 × Tea may be taken free" in counter.shown
    counter.do("ticket/gift/", promotion="gift")
    assert [(line.sku, line.amount_minor) for line in counter.ticket.lines] == [("RICE", 4_990), ("TEA", 0)]
    assert ">Gift</span>" in counter.shown
    counter.do("ticket/gift/", promotion="gift")
    assert counter.sound() == "bad"


def test_paper_and_display_say_what_was_saved(counter, codes):
    counter.enter("3*MILK")
    counter.enter(codes[0])
    display = counter.look("display/ticket/")
    assert "牛奶买二送一" in display
    assert "Milk 3 for 2" in display
    counter.look()
    counter.do("ticket/pay/cash/", given="2000")
    assert counter.sound() == "paid"
    assert '<span class="paper-detail">Milk 3 for 2</span><span>-¥6.50</span>' in counter.shown
    assert "<span>You saved</span><span>¥8.50</span>" in counter.shown
    assert f"<span>Coupon code</span><span>••••{codes[0][-4:]}</span>" in counter.shown
    assert codes[0] not in counter.shown
    sold = facade.finished(till=counter.till)[0]
    receipt = counter.look(f"receipts/{sold.id}/")
    assert [text for text in ("Why this price?", "¥6.50 off", "Proven:") if text not in receipt] == []


def test_a_limit_that_others_reached_is_said_before_the_cash_is_booked(shop):
    publish(chain_id=shop.till.chain_id, rules=[first_comer(total=1)], now=datetime.now(UTC))
    counter = at(shop)
    facade.open_shift(till=shop.other_till, float_minor=0, now=datetime.now(UTC))
    counter.enter("TEA")
    assert 'id="total">¥9.00<' in counter.shown
    theirs = facade.scan(till=shop.other_till, code="TEA", now=datetime.now(UTC))
    facade.pay_cash(
        till=shop.other_till, ticket_id=theirs.id, version=theirs.version, given_minor=900, now=datetime.now(UTC)
    )
    counter.do("ticket/pay/cash/", given="900")
    assert (counter.sound(), counter.ticket.tenders, counter.ticket.total_minor) == ("bad", (), 1_000)
    assert "A limit or the budget of a promotion is used up meanwhile" in counter.shown
    assert "Tell the customer the new total." in counter.shown
