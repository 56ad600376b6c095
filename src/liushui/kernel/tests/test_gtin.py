"""GTIN: the check digit of GS1 General Specifications 7.9, and one form for all lengths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.kernel.errors import InvalidValue
from liushui.kernel.gtin import check_digit, normal_gtin


@pytest.mark.parametrize(
    ("body", "digit"),
    [
        ("629104150021", 3),  # the worked example of GS1
        ("690123456789", 2),
        ("400638133393", 1),
        ("03600029145", 2),
        ("9638507", 4),
        ("1003601234567", 6),
        ("0", 0),
    ],
)
def test_the_check_digit_is_that_of_gs1(body, digit):
    assert check_digit(body) == digit


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("6291041500213", "06291041500213"),
        (" 6901234567892\n", "06901234567892"),
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("0036000291452", "00036000291452"),
        ("10036012345676", "10036012345676"),
    ],
)
def test_every_length_becomes_fourteen_digits(text, normal):
    assert normal_gtin(text) == normal


@pytest.mark.parametrize("text", ["", "690123456789", "69012345678921", "6901234567890", "6901234567829", "96385075"])
def test_a_wrong_check_digit_is_refused(text):
    with pytest.raises(InvalidValue):
        normal_gtin(text)


def test_the_message_says_which_digit_it_should_be():
    with pytest.raises(InvalidValue) as refused:
        normal_gtin("6901234567893")
    assert refused.value.detail == "The check digit of GTIN 6901234567893 is 3, it should be 2"


@pytest.mark.parametrize("text", ["1", "123456789", "69012345678X2", "６９０１２３４５", "-901234567892", "²6385074"])
def test_what_is_not_digits_of_a_known_length_is_refused(text):
    with pytest.raises(InvalidValue, match="is not a GTIN"):
        normal_gtin(text)


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), st.data())
def test_one_mistyped_digit_is_always_found(body, data):
    gtin = body + str(check_digit(body))
    assert normal_gtin(gtin) == gtin.rjust(14, "0")
    position = data.draw(st.integers(0, len(gtin) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != gtin[position]]))
    with pytest.raises(InvalidValue):
        normal_gtin(gtin[:position] + other + gtin[position + 1 :])
