"""The arithmetic of one line: what its source states, filled up from the catalogue, or why it can't be."""

from __future__ import annotations

from typing import NamedTuple

from liushui.catalog.contracts import Item, PricedItem
from liushui.checkout.contracts import Discount, LineCommand
from liushui.checkout.domain.sale_checks import check_text
from liushui.checkout.errors import (
    AmountRefused,
    DiscountMismatch,
    ItemUnknown,
    MeasureRefused,
    PriceMissing,
    SignMismatch,
    TaxRefused,
    TextRefused,
    UnitsRefused,
)
from liushui.kernel.errors import InvalidValue
from liushui.kernel.gtin import normal_gtin
from liushui.kernel.money import round_half_up
from liushui.kernel.quantity import MEASURE_UNITS
from liushui.orders.contracts import AMOUNT_MAX_MINOR, UNITS_MAX, SaleLine

DISCOUNTS_MAX = 100
MEASURED_PER_PRICED_UNIT = 1000  # weighed goods are priced by the kg, the litre …, and measured by the g, the ml …


class BuiltLine(NamedTuple):
    """The line to be recorded, and what our own prices would have come to; None when we have none."""

    line: SaleLine
    ours_minor: int | None


def build_line(
    number: int, stated: LineCommand, *, priced: PricedItem | None, accept_unknown: bool, costed: bool
) -> BuiltLine:
    """Line `number` (1, 2, …) of a sale; `priced` is its item as the store sold it then, None for an unknown code;
    `costed` says that its cost is in the currency of the sale.

    Raises a named error with a JSON pointer into the command.
    """
    units = stated.units
    item = priced.item if priced is not None else None
    is_return = _check_quantity(number, stated)
    if item is None and not accept_unknown:
        raise ItemUnknown(
            f"The catalogue has no item under {stated.code!r}",
            pointer=f"/lines/{number - 1}/code",
            remedy="Add the item, correct the code, or have unknown items accepted from this source.",
        )
    measure_value, measure_unit = stated.measure_value, stated.measure_unit
    if measure_value is None and priced is not None and priced.measure_value is not None:
        measure_value, measure_unit = priced.measure_value, priced.measure_unit
    ours = _our_price(priced, units, measure_value, -1 if is_return else 1) if priced is not None else None
    regular, amount = _amounts(number, stated, ours)
    if not (0 <= amount <= regular if not is_return else regular <= amount <= 0):
        raise _wrong_amounts(number, regular, amount, is_return)
    tax_rate_bp = item.tax_rate_bp if item is not None else 0
    line = SaleLine(
        line_number=number,
        item_id=item.id if item is not None else None,
        sku=item.sku if item is not None else stated.code,
        gtin=item.gtin if item is not None else _gtin_of(stated.code),
        name=stated.name or (item.name_zh or item.name_en if item is not None else ""),
        category=stated.category or (item.category if item is not None else ""),
        units=units,
        measure_value=measure_value,
        measure_unit=measure_unit,
        unit_price_minor=regular if units in (0, 1) else round_half_up(regular if units > 0 else -regular, abs(units)),
        regular_minor=regular,
        discount_minor=regular - amount,
        amount_minor=amount,
        tax_rate_bp=tax_rate_bp,
        tax_minor=_tax(number, stated, amount, tax_rate_bp),
        cost_minor=_cost(number, stated, item if costed else None, measure_value, is_return),
        is_return=is_return,
        discounts=_discounts(number, stated, regular - amount) if stated.discounts else (),
    )
    return BuiltLine(line, ours if stated.amount_minor is not None else None)


def _check_quantity(number: int, stated: LineCommand) -> bool:
    """Check texts, units and measure; answer whether the goods came back."""
    where = f"/lines/{number - 1}"
    if not stated.code:
        raise TextRefused(f"{where}/code is empty", pointer=f"{where}/code", remedy="Every line names what was sold.")
    check_text(stated.code, field="sku", pointer=f"{where}/code")
    if stated.name:
        check_text(stated.name, field="name", pointer=f"{where}/name")
    if stated.category:
        check_text(stated.category, field="category", pointer=f"{where}/category")
    units = stated.units
    if type(units) is not int or not -UNITS_MAX <= units <= UNITS_MAX:
        raise UnitsRefused(
            f"{units!r} is not a whole number of units up to {UNITS_MAX}",
            pointer=f"{where}/units",
            remedy="Weighed goods are 1 unit with a measure.",
        )
    if stated.measure_value is not None or stated.measure_unit is not None:
        _check_measure(stated, where)
    if stated.is_return and units > 0:
        raise SignMismatch(
            f"Line {number} is marked as returned and has {units} units",
            pointer=f"{where}/units",
            remedy="Make units and amounts of returned goods negative.",
        )
    return units < 0 or stated.is_return


def _check_measure(stated: LineCommand, where: str) -> None:
    value, unit = stated.measure_value, stated.measure_unit
    if type(value) is not int or not 0 <= value <= UNITS_MAX or unit not in MEASURE_UNITS:
        raise MeasureRefused(
            f"{value!r} {unit!r} is not a measure",
            pointer=f"{where}/measure_value",
            remedy=f"Give a whole number and one of {', '.join(MEASURE_UNITS)}.",
        )


def _our_price(priced: PricedItem, units: int, measure_value: int | None, sign: int) -> int | None:
    if priced.extended_minor is not None:
        return priced.extended_minor * units
    if priced.unit_price_minor is None:
        return None
    if priced.item.weighed:
        if measure_value is None:
            return None
        return sign * round_half_up(priced.unit_price_minor * measure_value, MEASURED_PER_PRICED_UNIT)
    return priced.unit_price_minor * units


def _amounts(number: int, stated: LineCommand, ours: int | None) -> tuple[int, int]:
    """Regular price and amount of the line."""
    regular, amount = stated.regular_minor, stated.amount_minor
    for name, value in (("regular_minor", regular), ("amount_minor", amount)):
        if value is not None and (type(value) is not int or not -AMOUNT_MAX_MINOR <= value <= AMOUNT_MAX_MINOR):
            raise AmountRefused(
                f"{value!r} is not a whole number of minor units up to {AMOUNT_MAX_MINOR}",
                pointer=f"/lines/{number - 1}/{name}",
                remedy="Give minor units, such as 1250 for ¥12.50.",
            )
    if amount is not None:
        return (amount if regular is None else regular), amount
    if regular is None:
        regular = ours
    if regular is None:
        raise PriceMissing(
            f"Line {number} states no amount, and {stated.code!r} has no price here at that time",
            pointer=f"/lines/{number - 1}/amount_minor",
            remedy="Give the amount charged, or set a price (and a measure, for weighed goods).",
        )
    if abs(regular) > AMOUNT_MAX_MINOR:
        raise AmountRefused(f"Line {number} comes to {regular} minor units", pointer=f"/lines/{number - 1}/units")
    return regular, regular - sum(discount.amount_minor for discount in stated.discounts)


def _discounts(number: int, stated: LineCommand, discount_minor: int) -> tuple[Discount, ...]:
    where = f"/lines/{number - 1}/discounts"
    if len(stated.discounts) > DISCOUNTS_MAX:
        raise DiscountMismatch(f"{len(stated.discounts)} discounts are more than {DISCOUNTS_MAX}", pointer=where)
    total = 0
    for position, discount in enumerate(stated.discounts):
        check_text(discount.code, field="discount_code", pointer=f"{where}/{position}/code")
        check_text(discount.name, field="discount_name", pointer=f"{where}/{position}/name")
        if type(discount.amount_minor) is not int or abs(discount.amount_minor) > AMOUNT_MAX_MINOR:
            raise AmountRefused(
                f"{discount.amount_minor!r} is not a whole number of minor units up to {AMOUNT_MAX_MINOR}",
                pointer=f"{where}/{position}/amount_minor",
            )
        total += discount.amount_minor
    if total != discount_minor:
        raise DiscountMismatch(
            f"The discounts of line {number} come to {total}, its regular price minus its amount to {discount_minor}",
            pointer=where,
            remedy="Give regular_minor as the price before discounts, and all that was taken off.",
        )
    return stated.discounts


def _tax(number: int, stated: LineCommand, amount: int, tax_rate_bp: int) -> int:
    """The tax within the amount: as stated, or amount × rate / (1 + rate), rounded half up."""
    tax = stated.tax_minor
    if tax is None:
        return round_half_up(amount * tax_rate_bp, 10_000 + tax_rate_bp) if tax_rate_bp else 0
    if type(tax) is not int or not (0 <= tax <= amount or amount <= tax <= 0):
        raise TaxRefused(
            f"{tax!r} is not a part of the amount {amount}",
            pointer=f"/lines/{number - 1}/tax_minor",
            remedy="Amounts include tax: give the tax within the amount, with the same sign.",
        )
    return tax


def _cost(
    number: int, stated: LineCommand, item: Item | None, measure_value: int | None, is_return: bool
) -> int | None:
    """Cost of all units together, signed as the units: as stated, else by the catalogue where it can be told."""
    cost, sign = stated.cost_minor, -1 if is_return else 1
    if cost is not None:
        if type(cost) is not int or not 0 <= cost * sign <= AMOUNT_MAX_MINOR:
            raise AmountRefused(
                f"{cost!r} is not a cost with the sign of the units",
                pointer=f"/lines/{number - 1}/cost_minor",
                remedy="Give the cost of all units of the line together, without tax, negative for returned goods.",
            )
        return cost
    if item is None or item.cost_minor is None:
        return None
    if not item.weighed:
        return item.cost_minor * stated.units
    if measure_value is None:
        return None
    return sign * round_half_up(item.cost_minor * measure_value, MEASURED_PER_PRICED_UNIT)


def _wrong_amounts(number: int, regular: int, amount: int, is_return: bool) -> InvalidValue:
    where = f"/lines/{number - 1}"
    if (amount > 0 or regular > 0) if is_return else (amount < 0 or regular < 0):
        return SignMismatch(
            f"Line {number}: goods {'returned' if is_return else 'sold'}, amount {amount}, regular price {regular}",
            pointer=f"{where}/amount_minor",
            remedy="Sold goods have positive units and amounts; for returned goods make all of them negative.",
        )
    return DiscountMismatch(
        f"Line {number} comes to {amount}, which is beyond its regular price {regular}",
        pointer=f"{where}/regular_minor",
        remedy="Leave regular_minor out where nothing was taken off; it is the price before discounts.",
    )


def _gtin_of(code: str) -> str:
    try:
        return normal_gtin(code)
    except InvalidValue:
        return ""
