"""From the lines of a sale to the basket that promotions price, and back: a line of the one for each of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from liushui.catalog.contracts import PricedItem
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand
from liushui.checkout.domain.lines import MEASURED_PER_PRICED_UNIT
from liushui.checkout.errors import PriceOutOfDate, UnitsRefused
from liushui.kernel.money import round_half_up
from liushui.orders.contracts import TEXT_MAX, SaleLine
from liushui.promotions.contracts import Basket, Code, Line, Member, PricedBasket, Rulebook, Shipping
from liushui.stores.contracts import Store

PRICED_UNITS_MAX = 100_000  # of one sale: promotions look at each unit, and the answer has the value of each


def is_ours_to_price(lines: Sequence[LineCommand]) -> bool:
    """Whether promotions decide what the lines come to: none of them states an amount, a price or a discount, but for
    those that take a recorded sale's back."""
    return all(
        line.amount_minor is None and line.regular_minor is None and not line.discounts
        for line in lines
        if line.original is None
    ) and any(line.units > 0 and not line.is_return for line in lines)


def check_priced_units(lines: Sequence[SaleLine]) -> None:
    """Raise UnitsRefused where promotions would have to look at more units than they can."""
    units = 0
    for line in lines:
        units += max(line.units, 0)
        if units > PRICED_UNITS_MAX:
            raise UnitsRefused(
                f"The sale has more than {PRICED_UNITS_MAX} units to be priced",
                pointer=f"/lines/{line.line_number - 1}/units",
                remedy="Send it in parts, or state what its lines come to.",
            )


def basket_of(
    *,
    store: Store,
    region_code: str,
    at: datetime,
    channel: str,
    lines: Sequence[SaleLine],
    stated: Sequence[LineCommand],
    items: Mapping[str, PricedItem],
    member: Member | None,
    codes: Sequence[str],
    shipping: Sequence[Shipping] = (),
    payment_method: str | None = None,
) -> Basket:
    """The basket of lines built at their regular prices. Returned goods are no part of it."""
    by_number = dict(enumerate(stated, start=1))
    return Basket(
        currency=store.currency,
        channel=channel,
        store=store.code,
        region=region_code or None,
        at=store.local(at),
        lines=tuple(
            _line(line, by_number[line.line_number], items.get(by_number[line.line_number].code))
            for line in lines
            if line.units > 0 and not line.is_return
        ),
        shipping=tuple(shipping),
        payment_method=payment_method,
        codes=tuple(Code(code=code) for code in dict.fromkeys(codes)),
        member=member,
    )


def discounted(stated: Sequence[LineCommand], *, answer: PricedBasket, rulebook: Rulebook) -> dict[int, LineCommand]:
    """The lines, by number, that promotions took something off, with what each took: a discount for each promotion."""
    names = {each.id: each.name.get("zh") or each.name.get("en") or each.id for each in rulebook.promotions}
    changed = {}
    for priced in answer.lines:
        if priced.discount:
            number = int(priced.id)
            changed[number] = replace(
                stated[number - 1],
                discounts=tuple(
                    Discount(
                        code=each.promotion[: TEXT_MAX["discount_code"]],
                        name=names[each.promotion][: TEXT_MAX["discount_name"]],
                        amount_minor=each.amount,
                    )
                    for each in priced.allocations
                    if each.amount
                ),
            )
    return changed


def check_frozen(command: CompleteSale, lines: Sequence[SaleLine], answer: PricedBasket) -> None:
    """Raise PriceOutOfDate unless the lines are those that were priced, at those prices, with those discounts."""
    priced = {line.id: line for line in answer.lines}
    for line in lines:
        if line.is_return and str(line.line_number) not in priced:
            continue  # what comes back was priced when it was sold
        found = priced.pop(str(line.line_number), None)
        expected = (found.gross, found.discount) if found is not None else (line.regular_minor, 0)
        if (line.regular_minor, line.discount_minor) != expected:
            raise PriceOutOfDate(
                f"Line {line.line_number} comes to {line.regular_minor} less {line.discount_minor}, "
                f"it was priced at {expected[0]} less {expected[1]}",
                pointer=f"/lines/{line.line_number - 1}",
                remedy="Price the lines again.",
            )
    if priced:
        raise PriceOutOfDate(
            f"The price is for {len(priced)} lines more than the sale has", pointer="/lines",
            remedy="Price the lines again.",
        )  # fmt: skip


def _line(line: SaleLine, stated: LineCommand, priced: PricedItem | None) -> Line:
    """Goods by the piece as units; what is weighed, or does not divide, is one unit."""
    item = priced.item if priced is not None else None
    is_piece = (item is None or not item.weighed or line.measure_value is None) and not line.regular_minor % line.units
    return Line(
        id=str(line.line_number),
        sku=line.sku,
        unit_price=line.regular_minor // line.units if is_piece else line.regular_minor,
        quantity=line.units if is_piece else 1,
        category=item.category if item is not None else "",
        brand=item.brand if item is not None else "",
        tags=item.tags if item is not None else (),
        floor_unit_price=_floor(line, priced, is_piece) if priced is not None and priced.floor_unit_price_minor else 0,
        discountable=item.discountable if item is not None else True,
        gift=stated.is_gift,
        measure=(line.measure_value, line.measure_unit)
        if line.measure_value is not None and line.measure_unit is not None
        else None,
    )


def _floor(line: SaleLine, priced: PricedItem, is_piece: bool) -> int:
    """The floor of a unit of the basket's line, reckoned as its price is: where the floor is the price, nothing is
    taken off. A scale's amount without a weight is taken for as much of the floor as of the price by the kilogram."""
    floor, price = priced.floor_unit_price_minor, priced.unit_price_minor
    units = 1 if is_piece else line.units
    if not priced.item.weighed:
        return floor * units
    if line.measure_value is not None:
        return round_half_up(floor * line.measure_value, MEASURED_PER_PRICED_UNIT)
    return round_half_up(line.regular_minor * floor * units, price * line.units) if price else 0
