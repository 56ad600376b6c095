"""The fingerprint of a sale stays what it is: sales recorded years ago may be sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Tender
from liushui.checkout.domain.fingerprint import body_sha256

SALE = CompleteSale(
    source="till",
    source_id="1",
    store="SH01",
    completed_at=datetime(2026, 11, 22, 4, 5, tzinfo=UTC),
    lines=(
        LineCommand(
            code="MILK",
            amount_minor=600,
            regular_minor=650,
            discounts=(Discount(code="D", name="立减", amount_minor=50),),
        ),
    ),
    tenders=(Tender(type="cash", amount_minor=600),),
)


def test_the_form_is_kept_for_ever():
    assert body_sha256(SALE) == "13b40b9dec10b0e86533703947919bb340f7c97e5ddab068d0f56e8a03b91a94"


def test_whether_unknown_items_are_taken_is_no_part_of_the_sale():
    assert body_sha256(replace(SALE, accept_unknown_items=True)) == body_sha256(SALE)


def test_every_other_change_is_another_sale():
    changes = [
        {"operator": "7"},
        {"customer": "9"},
        {"channel": "web"},
        {"currency": "CNY"},
        {"tenders": ()},
        {"lines": (replace(SALE.lines[0], units=2),)},
        {"lines": (replace(SALE.lines[0], discounts=()),)},
        {"lines": SALE.lines * 2},
        {"business_date": date(2026, 11, 22)},
    ]
    assert len({body_sha256(SALE)} | {body_sha256(replace(SALE, **change)) for change in changes}) == len(changes) + 1
