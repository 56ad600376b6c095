"""Quantity: how many units, and for weighed or measured goods how much they came to."""

from __future__ import annotations

from dataclasses import dataclass

from liushui.kernel.errors import InvalidValue

MEASURE_UNITS: dict[str, str] = {
    "g": "gram",
    "ml": "millilitre",
    "mm": "millimetre",
    "mgal": "thousandth of a US gallon",
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """Whole units; negative for returned goods. A weighed piece is one unit with an informative measure.

    `measure_value` counts whole `measure_unit`s (see MEASURE_UNITS) of all units together, never negative.
    """

    units: int
    measure_value: int | None = None
    measure_unit: str | None = None

    def __post_init__(self) -> None:
        if type(self.units) is not int:
            raise InvalidValue(
                f"{self.units!r} is not a whole number of units", remedy="Weighed goods are 1 with a measure."
            )
        if (self.measure_value is None) != (self.measure_unit is None):
            raise InvalidValue("a measure has both a value and a unit")
        if self.measure_value is not None and (type(self.measure_value) is not int or self.measure_value < 0):
            raise InvalidValue(f"{self.measure_value!r} is not a whole, non-negative measure")
        if self.measure_unit is not None and self.measure_unit not in MEASURE_UNITS:
            raise InvalidValue(
                f"{self.measure_unit!r} is not a known unit", remedy=f"Use one of {', '.join(MEASURE_UNITS)}."
            )
