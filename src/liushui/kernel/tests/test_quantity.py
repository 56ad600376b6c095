"""Quantity: whole units, and a measure for goods that are weighed."""

import pytest

from liushui.kernel.errors import InvalidValue
from liushui.kernel.quantity import Quantity


def test_units_are_whole_and_may_be_negative_for_returned_goods():
    assert Quantity(-2).units == -2
    assert Quantity(1, measure_value=356, measure_unit="g").measure_value == 356


@pytest.mark.parametrize("units", [1.5, True, "1", None])
def test_a_part_of_a_unit_is_refused(units):
    with pytest.raises(InvalidValue, match="whole number of units"):
        Quantity(units)


@pytest.mark.parametrize(
    ("value", "unit"), [(5, None), (None, "g"), (-1, "g"), (0.5, "g"), (True, "g"), (5, "kg"), (5, "")]
)
def test_a_measure_is_whole_not_negative_and_in_a_known_unit(value, unit):
    with pytest.raises(InvalidValue):
        Quantity(1, measure_value=value, measure_unit=unit)
