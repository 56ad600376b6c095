"""Baskets are read strictly: what is wrong is told with its path, and nothing is guessed or dropped."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from liushui.promotions.domain.basket import Basket, Code, Line, Member, Usage
from liushui.promotions.domain.basket_json import read_basket, write_basket
from liushui.promotions.domain.documents import strict
from liushui.promotions.errors import InvalidDocument

FROM_0 = "A whole number from 0 to 1000000000000000 is wanted; "
BASKET = """{"currency": "CNY", "channel": "pos", "store": "S001", "region": "east", "at": "2026-11-22T10:15:00+08:00",
 "lines": [{"id": "1", "sku": "6901234567892", "category": "food/snacks/chips", "brand": "acme", "tags": ["new"],
            "unit_price": 1250, "quantity": 3, "floor_unit_price": 0, "discountable": true, "gift": false}],
 "shipping": [{"id": "s1", "method": "express", "amount": 1000}],
 "payment_method": null, "codes": ["SPRING10"],
 "member": {"id": "m1", "tier": "gold", "groups": ["vip"], "birthday": "11-22", "completed_orders": 4,
            "attributes": {}},
 "usage": {"promo-1": {"total": 120, "member": 1, "spent": 35000}}}"""


def basket(**changes: object) -> dict[str, object]:
    return {"currency": "CNY", "lines": [line()]} | changes


def line(**changes: object) -> dict[str, object]:
    return {"id": "1", "sku": "A", "unit_price": 100, "quantity": 1} | changes


def refused(read: object, document: object) -> tuple[str, str]:
    with pytest.raises(InvalidDocument) as caught:
        read(document)  # type: ignore[operator]
    return caught.value.pointer or "", caught.value.detail


def test_the_basket_of_the_specification_is_read_whole() -> None:
    read = Basket.from_json(BASKET)
    assert read.lines == (
        Line(
            id="1",
            sku="6901234567892",
            category="food/snacks/chips",
            brand="acme",
            tags=("new",),
            unit_price=1250,
            quantity=3,
        ),
    )
    assert (read.currency, read.channel, read.store, read.region) == ("CNY", "pos", "S001", "east")
    assert read.at == datetime(2026, 11, 22, 10, 15, tzinfo=timezone(timedelta(hours=8)))
    assert (read.shipping[0].method, read.shipping[0].amount) == ("express", 1000)
    assert read.payment_method is None
    assert read.codes == (Code(code="SPRING10"),)
    assert read.member == Member(id="m1", tier="gold", groups=("vip",), birthday=(11, 22), completed_orders=4)
    assert read.usage == {"promo-1": Usage(total=120, member=1, spent=35000)}
    assert read_basket(BASKET.encode()) == read == read_basket(json.loads(BASKET))


def test_a_basket_in_normal_form_leaves_defaults_out_and_reads_back_the_same() -> None:
    read = read_basket(BASKET)
    written = write_basket(read)
    assert written["lines"] == [
        {
            "id": "1",
            "sku": "6901234567892",
            "category": "food/snacks/chips",
            "brand": "acme",
            "tags": ["new"],
            "unit_price": 1250,
            "quantity": 3,
        }
    ]
    assert "channel" not in written
    assert "payment_method" not in written
    assert read_basket(written) == read
    weighed = read_basket(basket(lines=[line(measure={"value": 1250, "unit": "g"}, gift=True, discountable=False)]))
    assert weighed.lines[0].measure == (1250, "g")
    assert read_basket(write_basket(weighed)) == weighed
    coupon = read_basket(basket(codes=["A", {"code": "B", "batch": "b1"}], at="2026-11-22T02:15:00.5Z"))
    assert coupon.codes == (Code(code="A"), Code(code="B", batch="b1"))
    assert coupon.at == datetime(2026, 11, 22, 2, 15, 0, 500_000, tzinfo=UTC)
    assert read_basket(write_basket(coupon)) == coupon


@pytest.mark.parametrize(
    ("document", "pointer", "detail"),
    [
        ({"lines": []}, "currency", "A basket lacks the field 'currency'"),
        (basket(currency="RMB"), "currency", '"RMB" is not an active ISO 4217 currency code'),
        (basket(currency="cny"), "currency", '"cny" is not an active ISO 4217 currency code'),
        (basket(curency="CNY"), "curency", "A basket has no field 'curency'"),
        (basket(lines=None), "lines", "A list is wanted; null was given"),
        (
            basket(lines=[line(quantity=0)]),
            "lines[0].quantity",
            "A whole number from 1 to 1000000 is wanted; 0 was given",
        ),
        (basket(lines=[line(quantity=True)]), "lines[0].quantity", "A whole number is wanted; true was given"),
        (basket(lines=[line(unit_price=-1)]), "lines[0].unit_price", FROM_0 + "-1 was given"),
        (basket(lines=[line(unit_price=12.5)]), "lines[0].unit_price", "A whole number is wanted; 12.5 was given"),
        (basket(lines=[line(unit_price="100")]), "lines[0].unit_price", 'A whole number is wanted; "100" was given'),
        (basket(lines=[line(unit_price=10**15 + 1)]), "lines[0].unit_price", FROM_0 + "1000000000000001 was given"),
        (
            basket(lines=[line(unit_price=10**15, quantity=2)]),
            "lines[0].unit_price",
            "The basket comes to more than 1000000000000000 minor units",
        ),
        (basket(lines=[line(), line()]), "lines[1].id", "The line id '1' stands twice"),
        (basket(lines=[line(id=1)]), "lines[0].id", "A text is wanted; 1 was given"),
        (basket(lines=[line(sku="")]), "lines[0].sku", "The text is empty"),
        (
            basket(lines=[line(category="food//chips")]),
            "lines[0].category",
            "'food//chips' is not a path of categories",
        ),
        (basket(lines=[line(tags="new")]), "lines[0].tags", 'A list is wanted; "new" was given'),
        (basket(lines=[line(tags=["a", "a"])]), "lines[0].tags[1]", '"a" stands twice in the list'),
        (basket(lines=[line(discountable=1)]), "lines[0].discountable", "true or false is wanted; 1 was given"),
        (basket(lines=[line(price=1)]), "lines[0].price", "A line has no field 'price'"),
        (basket(lines=[[]]), "lines[0]", "A line is an object; a list was given"),
        (basket(at="2026-11-22T10:15:00"), "at", '"2026-11-22T10:15:00" has no offset'),
        (basket(at="2026-02-30T10:15:00Z"), "at", '"2026-02-30T10:15:00Z" is no date and time of the calendar'),
        (basket(at="22.11.2026"), "at", '"22.11.2026" is not a date and time'),
        (basket(channel=None), "channel", "A text is wanted; null was given"),
        (basket(shipping=0), "shipping", "A list is wanted; 0 was given"),
        (
            basket(shipping=[{"id": "s", "method": "m"}]),
            "shipping[0].amount",
            "A delivery charge lacks the field 'amount'",
        ),
        (basket(codes=["A", "A"]), "codes[1]", "The code 'A' is given twice"),
        (basket(codes=[{"batch": "b"}]), "codes[0].code", "A code lacks the field 'code'"),
        (basket(member={"tier": "gold"}), "member.id", "A member lacks the field 'id'"),
        (basket(member={"id": "m", "birthday": "2-29"}), "member.birthday", "'2-29' is not a birthday"),
        (basket(member={"id": "m", "birthday": "02-30"}), "member.birthday", "'02-30' is not a birthday"),
        (
            basket(member={"id": "m", "attributes": {"x": 1.5}}),
            "member.attributes.x",
            "A text is wanted; 1.5 was given",
        ),
        (basket(usage={"p": {"total": -1}}), "usage.p.total", FROM_0 + "-1 was given"),
    ],
)
def test_what_is_wrong_with_a_basket_is_told_with_its_path(document: object, pointer: str, detail: str) -> None:
    assert refused(read_basket, document) == (pointer, detail)


def test_a_birthday_of_29_february_is_one() -> None:
    read = read_basket(basket(member={"id": "m", "birthday": "02-29", "attributes": {"staff": True, "level": -3}}))
    assert read.member is not None
    assert read.member.birthday == (2, 29)
    assert read.member.attributes == {"staff": True, "level": -3}
    assert read_basket(write_basket(read)) == read


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"a": NaN}', "NaN is not a number that JSON knows"),
        ('{"a": -Infinity}', "-Infinity is not a number that JSON knows"),
        ('{"a": 1, "a": 1}', "The key 'a' stands twice in one object"),
        ('{"b": {"a": 1, "c": 2, "a": 1}}', "The key 'a' stands twice in one object"),
        ("[1000000000000001]", "The number 1000000000000001 is beyond 1000000000000000"),
        ("[-1000000000000001]", "The number -1000000000000001 is beyond 1000000000000000"),
        ("9" * 5000, "The number 99999999999999999999… is beyond 1000000000000000"),
        ("[" * 10_000 + "]" * 10_000, "The document is nested more than 64 deep"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "The document is nested more than 64 deep"),
        ("[" * 65 + "]" * 65, "The document is nested more than 64 deep"),
        ("[" * 100_000, "The document is nested more than 64 deep"),
        ('{"a": 1', "This is not JSON: Expecting ',' delimiter at line 1, column 8"),
        ('{"a": 1} x', "This is not JSON: Extra data at line 1, column 10"),
        ("", "This is not JSON: Expecting value at line 1, column 1"),
        ('"\\ud800"', "The document holds half of a character (a lone surrogate)"),
        ('"a\\u0000b"', "A text holds the character U+0000, which no receipt can show"),
        (b'"\xff"', "The document is not UTF-8: byte 1 is invalid start byte"),
    ],
)
def test_text_that_is_not_this_kind_of_json_is_refused(text: str | bytes, detail: str) -> None:
    assert refused(strict.loads, text)[1] == detail


def test_json_within_the_bounds_is_read_as_it_is() -> None:
    assert strict.loads("[" * 64 + "]" * 64)
    assert strict.loads("[1000000000000000, -1000000000000000, 0]") == [10**15, -(10**15), 0]
    assert strict.loads('{"a": 12.50, "b": "\\u4e2d"}') == {"a": "12.50", "b": "中"}


def test_a_number_with_a_fraction_passes_for_no_text() -> None:
    assert refused(read_basket, '{"currency": "CNY", "store": 1.5, "lines": []}') == (
        "store",
        "A text is wanted; 1.5 was given",
    )


def test_a_fraction_is_refused_where_minor_units_are_meant() -> None:
    text = '{"currency": "CNY", "lines": [{"id": "1", "sku": "A", "unit_price": 12.0, "quantity": 1}]}'
    assert refused(read_basket, text) == ("lines[0].unit_price", "A whole number is wanted; 12.0 was given")
