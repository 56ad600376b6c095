"""A sale as the API takes it, as JSON: read strictly into a command, and written back for whoever has to mend it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Tender
from liushui.intake.domain.returned_json import OriginalIn, PartIn, Said, original_of, returned_json, terms_of
from liushui.intake.domain.shopper_json import MemberIn, account_of, member_json, member_of
from liushui.intake.errors import InvalidSale, MalformedJson
from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import format_minor, parse_minor

MONEY_FIELDS = ("amount", "regular", "tax", "cost")
_Text = Annotated[str, Meta(max_length=400)]
_Code = Annotated[str, Meta(min_length=1, max_length=64)]
_Money = str | None | UnsetType
_Minor = int | None | UnsetType
_T = TypeVar("_T")


class DiscountIn(Struct, forbid_unknown_fields=True):
    """A part of a line's discount."""

    code: _Text
    name: _Text = ""
    amount: _Money = UNSET
    amount_minor: _Minor = UNSET


class LineIn(Struct, forbid_unknown_fields=True):
    """A line of a sale. Every amount is a decimal text or, with `_minor`, whole minor units. A line with an `original`
    takes that line of a recorded sale back: `units` are negative, and the receipt says all the rest."""

    code: _Text = ""
    units: int = 1
    amount: _Money = UNSET
    amount_minor: _Minor = UNSET
    regular: _Money = UNSET
    regular_minor: _Minor = UNSET
    discounts: list[DiscountIn] = []
    measure_value: int | None = None
    measure_unit: _Text | None = None
    name: _Text = ""
    category: _Text = ""
    tax: _Money = UNSET
    tax_minor: _Minor = UNSET
    cost: _Money = UNSET
    cost_minor: _Minor = UNSET
    is_return: bool = False
    is_gift: bool = False
    original: OriginalIn | None = None
    reason: _Code | None = None  # why goods come back, and in what condition: codes of the chain
    condition: _Code | None = None
    parts: Annotated[list[PartIn], Meta(max_length=100)] = []  # units of which something else is said


class TenderIn(Struct, forbid_unknown_fields=True):
    """A way of paying. `points` and `stored_value` are taken from the member, a `gift_card` from the card whose number
    is the reference; all of them go back, negative, for goods that come back."""

    type: _Text
    amount: _Money = UNSET
    amount_minor: _Minor = UNSET
    method: _Text = ""
    reference: _Text = ""


class SaleIn(Struct, forbid_unknown_fields=True):
    """A sale; its source is the client that sends it. `member` is the number of a member here, or the shopper as the
    sender knows him."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    store: _Text
    completed_at: Annotated[datetime, Meta(tz=True)]
    lines: Annotated[list[LineIn], Meta(min_length=1)]
    tenders: list[TenderIn] = []
    chain: _Text = ""
    currency: _Text = ""
    channel: _Text = "pos"
    workstation: _Text = ""
    operator: _Text = ""
    receipt_number: _Text = ""
    customer: _Text = ""
    member: MemberIn | Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    codes: Annotated[list[_Code], Meta(max_length=50)] = []
    approval: UUID | None = None  # of a return that needs another person


class ApprovalIn(Struct, forbid_unknown_fields=True):
    """A return as it is to be sent, and why another person should agree to it."""

    sale: SaleIn
    reason: Annotated[str, Meta(min_length=1, max_length=400)]


_approval_decoder = msgspec.json.Decoder(ApprovalIn)
_decoder = msgspec.json.Decoder(SaleIn)
_batch = msgspec.json.Decoder(list[msgspec.Raw])
_wrapped_batch = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder()
_AT = re.compile(r"^(?P<text>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_POSITION = re.compile(r"\(byte (\d+)\)")


def decode_sale(body: bytes | msgspec.Raw) -> SaleIn:
    """A sale from JSON. Raises MalformedJson with the byte position, InvalidSale with a JSON pointer."""
    return _decoded(_decoder, body)


def decode_approval(body: bytes) -> ApprovalIn:
    """A return that somebody has to agree to, from JSON; raises as `decode_sale` does."""
    return _decoded(_approval_decoder, body)


def _decoded(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw) -> _T:
    try:
        found = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(str(error)) from None
    if b"\\u0000" in bytes(body):
        raise InvalidSale(
            "A text holds the character U+0000, which no receipt can show", remedy="Leave it out where it is made."
        )
    return found


def decode_batch(body: bytes) -> list[msgspec.Raw]:
    """The sales of a batch, each still as its own bytes: a JSON array, or an object with it under `sales`."""
    try:
        if body.lstrip()[:1] == b"{":
            wrapper = _wrapped_batch.decode(body)
            if set(wrapper) != {"sales"}:
                raise InvalidSale(
                    "A batch is an object with one member, `sales`", pointer="", remedy='{"sales": [ … ]}'
                )
            return _batch.decode(wrapper["sales"])
        return _batch.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(str(error)) from None


def loose_json(body: bytes | msgspec.Raw) -> Any:
    """Any JSON as plain values."""
    return _anything.decode(body)


def malformed(message: str) -> MalformedJson:
    """The error for bytes that are not JSON, with the position where reading stopped."""
    found = _POSITION.search(message)
    context = {"position": int(found[1])} if found else {}
    return MalformedJson(f"The body is not JSON: {message}", remedy="Send one JSON value in UTF-8.", context=context)


def _invalid(message: str) -> InvalidSale:
    match = _AT.match(message)
    text, path = (match["text"], match["path"] or "$") if match else (message, "$")
    pointer = _pointer(path)
    field = pointer.rpartition("/")[2]
    if field in MONEY_FIELDS and ("got `float`" in text or "got `int`" in text):
        return InvalidSale(
            f"{field} is money and was sent as a JSON number, a binary fraction for most programs, which loses cents",
            pointer=pointer,
            remedy=f'Send a decimal text, "{field}": "12.50", or minor units, "{field}_minor": 1250.',
        )
    remedy = None
    if "unknown field" in text:
        remedy = "Leave it out, or correct its name; the fields are listed at /api/v1/docs."
    elif "timezone" in text:
        remedy = "Give the offset, such as 2026-11-22T14:00:00+08:00."
    return InvalidSale(text, pointer=pointer, remedy=remedy)


def _pointer(path: str) -> str:
    """`$.lines[0].amount` as the JSON pointer /lines/0/amount."""
    return re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path.removeprefix("$")).replace(".", "/") if path else ""


def to_command(sale: SaleIn, *, source: str, chain: str, currency: str) -> CompleteSale:
    """The command of a sale; decimal texts are read in the currency. Raises InvalidValue with a JSON pointer."""
    return CompleteSale(
        source=source,
        source_id=sale.id,
        store=sale.store,
        completed_at=sale.completed_at,
        lines=tuple([_line(line, i, currency) for i, line in enumerate(sale.lines)]),
        tenders=tuple([_tender(tender, i, currency) for i, tender in enumerate(sale.tenders)]),
        chain=chain,
        currency=sale.currency,
        channel=sale.channel,
        workstation=sale.workstation,
        operator=sale.operator,
        receipt_number=sale.receipt_number,
        customer=sale.customer,
        member=member_of(sale.member),
        account=account_of(sale.member),
        codes=tuple(sale.codes),
        returns=terms_of(
            [Said(line.original, line.reason or "", line.condition or "", line.parts) for line in sale.lines],
            approval=sale.approval,
        ),
    )


def _line(line: LineIn, index: int, currency: str) -> LineCommand:
    where = ("lines", index)
    if not line.code and line.original is None:
        raise InvalidSale("code is missing", pointer=f"/lines/{index}/code", remedy="Every line names what was sold.")
    return LineCommand(
        code=line.code,
        units=line.units,
        amount_minor=_money(line.amount, line.amount_minor, "amount", where, currency),
        regular_minor=_money(line.regular, line.regular_minor, "regular", where, currency),
        discounts=tuple(
            [
                Discount(
                    code=part.code,
                    name=part.name,
                    amount_minor=_needed(part.amount, part.amount_minor, (*where, "discounts", i), currency),
                )
                for i, part in enumerate(line.discounts)
            ]
        )
        if line.discounts
        else (),
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        name=line.name,
        category=line.category,
        tax_minor=_money(line.tax, line.tax_minor, "tax", where, currency),
        cost_minor=_money(line.cost, line.cost_minor, "cost", where, currency),
        is_return=line.is_return,
        is_gift=line.is_gift,
        original=original_of(line.original),
    )


def _tender(tender: TenderIn, index: int, currency: str) -> Tender:
    amount = _needed(tender.amount, tender.amount_minor, ("tenders", index), currency)
    return Tender(type=tender.type, amount_minor=amount, method=tender.method, reference=tender.reference)


def _money(text: _Money, minor: _Minor, name: str, where: tuple[str | int, ...], currency: str) -> int | None:
    if text is UNSET or text is None:
        return minor if isinstance(minor, int) else None
    assert isinstance(text, str)  # nosec B101  # for the type checker
    pointer = "/" + "/".join(map(str, (*where, name)))
    if isinstance(minor, int):
        raise InvalidSale(f"Both {name} and {name}_minor are given", pointer=pointer, remedy="Send one of them.")
    if len(text) > 32:
        raise InvalidSale(f"{name} has {len(text)} characters, which is no amount", pointer=pointer)
    try:
        return parse_minor(text, currency)
    except InvalidValue as error:
        raise InvalidValue(error.detail, pointer=pointer, remedy=error.remedy) from None


def _needed(text: _Money, minor: _Minor, where: tuple[str | int, ...], currency: str) -> int:
    amount = _money(text, minor, "amount", where, currency)
    if amount is None:
        pointer = "/" + "/".join(map(str, where))
        raise InvalidSale("amount is missing", pointer=pointer, remedy='Send "amount" or "amount_minor".')
    return amount


def command_json(command: CompleteSale, currency: str) -> dict[str, object]:
    """A command as the API would take it: decimal texts, defaults left out."""
    lines = [line_json(line, currency) for line in command.lines]
    sale: dict[str, object] = {
        "id": command.source_id,
        "store": command.store,
        "completed_at": command.completed_at.isoformat(),
        "lines": lines,
    }
    sale |= returned_json(command, lines)
    if command.tenders:
        sale["tenders"] = [
            {"type": tender.type, "amount": format_minor(tender.amount_minor, currency)}
            | _filled({"method": tender.method, "reference": tender.reference})
            for tender in command.tenders
        ]
    heads = ("chain", "currency", "workstation", "operator", "receipt_number", "customer")
    sale |= _filled({name: getattr(command, name) for name in heads})
    if command.member is not None or command.account:
        sale["member"] = command.account or (member_json(command.member) if command.member is not None else None)
    if command.codes:
        sale["codes"] = list(command.codes)
    return sale | ({"channel": command.channel} if command.channel != "pos" else {})


def line_json(line: LineCommand, currency: str) -> dict[str, object]:
    """A line as the API would take it."""
    written: dict[str, object] = {"code": line.code, "units": line.units}
    for name in MONEY_FIELDS:
        minor = getattr(line, f"{name}_minor")
        if minor is not None:
            written[name] = format_minor(minor, currency)
    if line.discounts:
        written["discounts"] = [
            {"code": part.code, "name": part.name, "amount": format_minor(part.amount_minor, currency)}
            for part in line.discounts
        ]
    if line.measure_value is not None:
        written |= {"measure_value": line.measure_value, "measure_unit": line.measure_unit}
    written |= _filled({"name": line.name, "category": line.category})
    written |= {"is_gift": True} if line.is_gift else {}
    return written | ({"is_return": True} if line.is_return and line.units == 0 else {})


def _filled(values: dict[str, str]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}
