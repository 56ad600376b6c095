"""The basket, and its JSON form: read strictly, written back in normal form (defaults left out)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from liushui.kernel.money import EXPONENTS
from liushui.kernel.strict_json import INTEGER_MAX, shown
from liushui.promotions.domain.basket_parts import Code, Line, Member, Shipping, Usage
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.rule_kinds import scalar

LINES_MAX = 10_000
UNITS_MAX = 1_000_000  # of one basket: the answer lists the paid value of each

_BASKET = frozenset(
    "currency channel store region at lines shipping payment_method codes member usage".split()  # noqa: SIM905
)
_LINE = frozenset(
    "id sku category brand tags unit_price quantity floor_unit_price discountable gift measure".split()  # noqa: SIM905
)
_MEMBER = frozenset({"id", "tier", "groups", "birthday", "completed_orders", "attributes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """All that a price depends on besides the rulebook."""

    currency: str
    lines: tuple[Line, ...]
    channel: str = "pos"
    store: str | None = None
    region: str | None = None
    at: datetime | None = None  # aware; its offset is the store's zone. None: promotions with times do not apply
    shipping: tuple[Shipping, ...] = ()
    payment_method: str | None = None
    codes: tuple[Code, ...] = ()
    member: Member | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: str | bytes | Mapping[str, Any]) -> Self:
        """Read the JSON form, a text or values already parsed. Raises InvalidDocument with the JSON path."""
        value = strict.loads(document) if isinstance(document, str | bytes) else document
        given = strict.members(value, at="", known=_BASKET, required=("currency", "lines"), what="A basket")
        optional = _optional_text
        return cls(
            currency=_currency(given["currency"]),
            lines=_lines(given["lines"]),
            channel=strict.text(given["channel"], at="channel") if "channel" in given else "pos",
            store=optional(given, "store"),
            region=optional(given, "region"),
            at=None if given.get("at") is None else strict.instant(given["at"], at="at"),
            shipping=_shipping(given["shipping"]) if "shipping" in given else (),
            payment_method=optional(given, "payment_method"),
            codes=_codes(given["codes"]) if "codes" in given else (),
            member=None if given.get("member") is None else _member(given["member"]),
            usage=_usage(given["usage"]) if "usage" in given else {},
        )


def read_basket(document: str | bytes | Mapping[str, Any]) -> Basket:
    """The basket of a JSON document. Raises InvalidDocument with the JSON path."""
    return Basket.from_json(document)


def _optional_text(given: Mapping[str, Any], name: str, at: str = "") -> str | None:
    value = given.get(name)
    return None if value is None else strict.text(value, at=at + name)


def _currency(value: Any) -> str:
    if type(value) is not str or value not in EXPONENTS:
        strict.invalid(
            f"{shown(value)} is not an active ISO 4217 currency code",
            at="currency",
            remedy="Give a three-letter code in capitals, such as CNY.",
        )
    return value


def _lines(value: Any) -> tuple[Line, ...]:
    given = strict.elements(value, at="lines", most=LINES_MAX)
    lines = tuple([_quick_line(each) or _line(each, at=f"lines[{index}]") for index, each in enumerate(given)])
    seen: set[str] = set()
    units = gross = 0
    for index, line in enumerate(lines):
        if line.id in seen:
            strict.invalid(f"The line id {line.id!r} stands twice", at=f"lines[{index}].id")
        seen.add(line.id)
        units += line.quantity
        gross += line.quantity * line.unit_price
        if units > UNITS_MAX:
            strict.invalid(f"The basket has more than {UNITS_MAX} units", at=f"lines[{index}].quantity")
        if gross > INTEGER_MAX:
            strict.invalid(f"The basket comes to more than {INTEGER_MAX} minor units", at=f"lines[{index}].unit_price")
    return lines


def _quick_line(given: Any) -> Line | None:
    """A well-formed line without measure, or None; what is wrong, `_line` finds out."""
    if type(given) is not dict or not given.keys() <= _LINE or "measure" in given:
        return None
    get = given.get
    name, sku, category, brand = get("id"), get("sku"), get("category", ""), get("brand", "")
    if not (type(name) is str and type(sku) is str and type(category) is str and type(brand) is str):
        return None
    unit_price, quantity, floor = get("unit_price"), get("quantity"), get("floor_unit_price", 0)
    if not (type(unit_price) is int and type(quantity) is int and type(floor) is int):
        return None
    discountable, gift, tags = get("discountable", True), get("gift", False), get("tags", ())
    if not (type(discountable) is bool and type(gift) is bool):
        return None
    if not (
        0 <= unit_price <= INTEGER_MAX
        and 1 <= quantity <= UNITS_MAX
        and 0 <= floor <= INTEGER_MAX
        and 0 < len(name) <= 200
        and 0 < len(sku) <= 200
        and len(category) <= 200
        and len(brand) <= 200
        and not category.startswith("/")
        and not category.endswith("/")
        and "//" not in category
        and f"{name}{sku}{category}{brand}".isprintable()
    ):
        return None
    if tags:
        if type(tags) is not list:
            return None
        for tag in tags:
            if type(tag) is not str or not 0 < len(tag) <= 200 or not tag.isprintable():
                return None
        if len(set(tags)) != len(tags):
            return None
    elif type(tags) not in (tuple, list):
        return None
    return Line(
        id=name,
        sku=sku,
        unit_price=unit_price,
        quantity=quantity,
        category=category,
        brand=brand,
        tags=tuple(tags),
        floor_unit_price=floor,
        discountable=discountable,
        gift=gift,
    )


def _line(value: Any, *, at: str) -> Line:
    required = ("id", "sku", "unit_price", "quantity")
    given = strict.members(value, at=at, known=_LINE, required=required, what="A line")
    number, text = strict.integer, strict.text
    return Line(
        id=text(given["id"], at=f"{at}.id"),
        sku=text(given["sku"], at=f"{at}.sku"),
        unit_price=number(given["unit_price"], at=f"{at}.unit_price"),
        quantity=number(given["quantity"], at=f"{at}.quantity", low=1, high=UNITS_MAX),
        category=_category(given.get("category", ""), at=f"{at}.category"),
        brand=text(given.get("brand", ""), at=f"{at}.brand", empty=True),
        tags=strict.texts(given.get("tags", []), at=f"{at}.tags", least=0),
        floor_unit_price=number(given.get("floor_unit_price", 0), at=f"{at}.floor_unit_price"),
        discountable=strict.flag(given.get("discountable", True), at=f"{at}.discountable"),
        gift=strict.flag(given.get("gift", False), at=f"{at}.gift"),
        measure=None if given.get("measure") is None else _measure(given["measure"], at=f"{at}.measure"),
    )


def _category(value: Any, *, at: str) -> str:
    read = strict.text(value, at=at, empty=True)
    if read and not all(read.split("/")):
        strict.invalid(f"{read!r} is not a path of categories", at=at, remedy="Write food/snacks/chips.")
    return read


def _measure(value: Any, *, at: str) -> tuple[int, str]:
    given = strict.members(
        value, at=at, known=frozenset({"value", "unit"}), required=("value", "unit"), what="A measure"
    )
    number = strict.integer(given["value"], at=f"{at}.value")
    return number, strict.text(given["unit"], at=f"{at}.unit", longest=16)


def _shipping(value: Any) -> tuple[Shipping, ...]:
    known = frozenset({"id", "method", "amount"})
    charges: list[Shipping] = []
    for index, each in enumerate(strict.elements(value, at="shipping", most=100)):
        at = f"shipping[{index}]"
        given = strict.members(each, at=at, known=known, required=("id", "method", "amount"), what="A delivery charge")
        charge = Shipping(
            id=strict.text(given["id"], at=f"{at}.id"),
            method=strict.text(given["method"], at=f"{at}.method"),
            amount=strict.integer(given["amount"], at=f"{at}.amount"),
        )
        if any(charge.id == earlier.id for earlier in charges):
            strict.invalid(f"The charge id {charge.id!r} stands twice", at=f"{at}.id")
        charges.append(charge)
    return tuple(charges)


def _codes(value: Any) -> tuple[Code, ...]:
    codes: list[Code] = []
    for index, each in enumerate(strict.elements(value, at="codes", most=100)):
        at = f"codes[{index}]"
        if isinstance(each, Mapping):
            given = strict.members(each, at=at, known=frozenset({"code", "batch"}), required=("code",), what="A code")
            code = Code(
                code=strict.text(given["code"], at=f"{at}.code"), batch=_optional_text(given, "batch", f"{at}.")
            )
        else:
            code = Code(code=strict.text(each, at=at))
        if any(code.code == earlier.code for earlier in codes):
            strict.invalid(f"The code {code.code!r} is given twice", at=at)
        codes.append(code)
    return tuple(codes)


def _member(value: Any) -> Member:
    given = strict.members(value, at="member", known=_MEMBER, required=("id",), what="A member")
    return Member(
        id=strict.text(given["id"], at="member.id"),
        tier=_optional_text(given, "tier", "member."),
        groups=strict.texts(given.get("groups", []), at="member.groups", least=0),
        birthday=None if given.get("birthday") is None else _birthday(given["birthday"]),
        completed_orders=strict.integer(given.get("completed_orders", 0), at="member.completed_orders"),
        attributes=_attributes(given["attributes"]) if "attributes" in given else {},
    )


def _birthday(value: Any) -> tuple[int, int]:
    read = strict.text(value, at="member.birthday", longest=5)
    try:
        day = datetime.fromisoformat(f"2024-{read}")  # a leap year; 02-29 is a birthday
    except ValueError:
        day = None
    if day is None or read != f"{day.month:02}-{day.day:02}":
        strict.invalid(
            f"{read!r} is not a birthday", at="member.birthday", remedy="Write month and day, such as 02-29."
        )
    return day.month, day.day


def _attributes(value: Any) -> dict[str, int | str | bool]:
    if not isinstance(value, Mapping):
        strict.invalid(f"An object is wanted; {shown(value)} was given", at="member.attributes")
    read: dict[str, int | str | bool] = {}
    for key, each in value.items():
        at = f"member.attributes.{str(key)[:60]}"
        strict.text(key, at=at)
        read[key] = scalar(each, at)
    return read


def _usage(value: Any) -> dict[str, Usage]:
    if not isinstance(value, Mapping):
        strict.invalid(f"An object is wanted; {shown(value)} was given", at="usage")
    known = frozenset({"total", "member", "spent"})
    read: dict[str, Usage] = {}
    for promotion, each in value.items():
        at = f"usage.{str(promotion)[:60]}"
        given = strict.members(each, at=at, known=known, what="Usage")
        read[strict.text(promotion, at=at)] = Usage(
            **{name: strict.integer(number, at=f"{at}.{name}") for name, number in given.items()}
        )
    return read


def write_basket(basket: Basket) -> dict[str, Any]:
    """The normal form: defaults left out."""
    document: dict[str, Any] = {"currency": basket.currency}
    if basket.channel != "pos":
        document["channel"] = basket.channel
    for name in ("store", "region", "payment_method"):
        value = getattr(basket, name)
        if value is not None:
            document[name] = value
    if basket.at is not None:
        document["at"] = basket.at.isoformat()
    document["lines"] = [_written_line(line) for line in basket.lines]
    if basket.shipping:
        document["shipping"] = [
            {"id": charge.id, "method": charge.method, "amount": charge.amount} for charge in basket.shipping
        ]
    if basket.codes:
        document["codes"] = [
            code.code if code.batch is None else {"code": code.code, "batch": code.batch} for code in basket.codes
        ]
    if basket.member is not None:
        document["member"] = _written_member(basket.member)
    usage = {promotion: _written_usage(used) for promotion, used in basket.usage.items() if used != Usage()}
    return document | ({"usage": usage} if usage else {})


def _written_line(line: Line) -> dict[str, Any]:
    document: dict[str, Any] = {"id": line.id, "sku": line.sku}
    if line.category:
        document["category"] = line.category
    if line.brand:
        document["brand"] = line.brand
    if line.tags:
        document["tags"] = list(line.tags)
    document["unit_price"] = line.unit_price
    document["quantity"] = line.quantity
    if line.floor_unit_price:
        document["floor_unit_price"] = line.floor_unit_price
    if not line.discountable:
        document["discountable"] = False
    if line.gift:
        document["gift"] = True
    if line.measure is not None:
        document["measure"] = {"value": line.measure[0], "unit": line.measure[1]}
    return document


def _written_member(member: Member) -> dict[str, Any]:
    document: dict[str, Any] = {"id": member.id}
    if member.tier is not None:
        document["tier"] = member.tier
    if member.groups:
        document["groups"] = list(member.groups)
    if member.birthday is not None:
        document["birthday"] = f"{member.birthday[0]:02}-{member.birthday[1]:02}"
    if member.completed_orders:
        document["completed_orders"] = member.completed_orders
    if member.attributes:
        document["attributes"] = dict(member.attributes)
    return document


def _written_usage(used: Usage) -> dict[str, int]:
    return {name: getattr(used, name) for name in ("total", "member", "spent") if getattr(used, name)}
