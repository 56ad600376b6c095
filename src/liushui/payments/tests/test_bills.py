"""Reading daily bills, and comparing them with our records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liushui.payments.domain.bills import BillMalformed, Comparison, OurRecord, compare, read_bill
from liushui.payments.providers.port import BillLine

HEAD = "kind,time,trade_id,out_trade_no,refund_id,out_refund_no,amount_minor,currency,method\n"
TRADE = "trade,2026-11-22T10:00:00+08:00,SB1,aaa,,,8800,CNY,alipay\n"
REFUND = "refund,2026-11-22T11:00:00+08:00,SB1,aaa,SR1,bbb,300,CNY,alipay\n"
LINE = BillLine(kind="trade", out_trade_no="aaa", trade_id="SB1", amount_minor=8800, currency="CNY")
OURS = OurRecord(kind="trade", out_no="aaa", amount_minor=8800, currency="CNY", moved_money=True, is_of_the_day=True)


def test_a_bill_is_read_line_by_line():
    trade, refund = read_bill(HEAD + TRADE + REFUND + "total,,2,,,,8500,,\n")
    assert (trade.kind, trade.trade_id, trade.out_trade_no, trade.amount_minor) == ("trade", "SB1", "aaa", 8800)
    assert (refund.kind, refund.out_refund_no, refund.refund_id, refund.amount_minor) == ("refund", "bbb", "SR1", 300)
    assert trade.at is not None and trade.at.isoformat() == "2026-11-22T10:00:00+08:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n",
        HEAD + TRADE,  # cut off: no total
        HEAD + TRADE + "total,,1,,,,8799,,\n",
        HEAD + TRADE + "total,,2,,,,8800,,\n",
        HEAD + "total,,0,,,,0,,\n" + TRADE,
        HEAD + TRADE.replace("8800", "-8800") + "total,,1,,,,-8800,,\n",
        HEAD + TRADE.replace("8800", "88.00") + "total,,1,,,,8800,,\n",
        HEAD + TRADE.replace("trade,", "fee,") + "total,,1,,,,8800,,\n",
    ],
)
def test_a_bill_that_is_cut_off_or_wrong_is_refused_whole(text):
    with pytest.raises(BillMalformed):
        read_bill(text)


def test_what_agrees_is_matched():
    assert compare(lines=[LINE], records=[OURS]) == Comparison(
        matched=1, ours_minor=8800, theirs_minor=8800, differences=()
    )


@pytest.mark.parametrize(
    ("lines", "records", "kind"),
    [
        ([LINE], [], "missing_here"),
        ([], [OURS], "missing_there"),
        ([replace(LINE, amount_minor=8801)], [OURS], "amount_differs"),
        ([replace(LINE, currency="HKD")], [OURS], "amount_differs"),
        ([LINE], [replace(OURS, moved_money=False)], "state_differs"),
        ([replace(LINE, kind="refund", out_refund_no="bbb")], [], "refund_missing_here"),
        ([], [replace(OURS, kind="refund")], "refund_missing_there"),
    ],
)
def test_each_difference_has_its_kind(lines, records, kind):
    [difference] = compare(lines=lines, records=records).differences
    assert difference.kind == kind


def test_a_line_that_stands_twice_is_a_difference():
    found = compare(lines=[LINE, LINE], records=[OURS])
    assert (found.matched, found.ours_minor, found.theirs_minor) == (1, 8800, 17600)
    assert [difference.kind for difference in found.differences] == ["missing_here"]


def test_a_payment_of_midnight_is_matched_though_we_date_it_to_the_next_day():
    assert compare(lines=[LINE], records=[replace(OURS, is_of_the_day=False)]).differences == ()
    assert compare(lines=[], records=[replace(OURS, is_of_the_day=False)]) == Comparison(
        matched=0, ours_minor=0, theirs_minor=0, differences=()
    )
