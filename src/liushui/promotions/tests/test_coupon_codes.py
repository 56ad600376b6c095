"""Codes: no two alike, readable back, and no slip of the hand is taken for another code."""

from __future__ import annotations

from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupon_codes import ALPHABET, Reading

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def _by_the_book(serial: int) -> str:
    """The code of a serial of batch 77, worked out character by character as the module's text says."""
    left, right = serial >> 25, serial & (1 << 25) - 1
    for number in range(8):
        block = (number + 1).to_bytes(8, "little") + right.to_bytes(8, "little")
        mixed = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor().update(block)
        left, right = right, left ^ int.from_bytes(mixed[:8], "little") % (1 << 25)
    number = (77 << 50 | left << 25 | right) << 5
    values = [number >> 5 * place & 31 for place in range(16)]  # from the right; the check stands at place 0
    weighted = 0
    for place, value in enumerate(values):
        for _ in range(place):
            value = value << 1 ^ (0b100101 if value & 16 else 0)
        weighted ^= value
    return "".join(ALPHABET[value] for value in reversed([weighted, *values[1:]]))


def test_the_codes_of_a_batch_are_these_and_stay_these():
    made = list(coupon_codes.codes(key=KEY, batch_number=77, first_serial=1, count=5_000))
    assert made[:3] == ["2224F3LMH886DMQX", "2224FXNUEKNU2T55", "2224FTL2U54AF3QQ"]
    assert coupon_codes.printed(made[0]) == "2224-F3LM-H886-DMQX"
    assert made[4_999] == _by_the_book(5_000)
    assert made[:3] == [_by_the_book(serial) for serial in (1, 2, 3)]


def test_no_two_of_a_hundred_thousand_codes_are_alike_and_all_are_read_back():
    made = list(coupon_codes.codes(key=KEY, batch_number=77, first_serial=1, count=100_000))
    assert len(set(made)) == 100_000
    assert {len(code) for code in made} == {16}
    assert {code[:5] for code in made} == {"2224F"}
    for serial in (1, 2, 4_096, 4_097, 99_999, 100_000):
        reading = coupon_codes.read(made[serial - 1])
        assert reading is not None
        assert reading.batch_number == 77
        assert coupon_codes.serial_of(key=KEY, reading=reading) == serial


def test_a_batch_made_in_parts_has_the_same_codes():
    whole = list(coupon_codes.codes(key=KEY, batch_number=3, first_serial=1, count=10_000))
    parts = [
        code
        for first, count in ((1, 1), (2, 4_999), (5_001, 5_000))
        for code in coupon_codes.codes(key=KEY, batch_number=3, first_serial=first, count=count)
    ]
    assert parts == whole


@given(serial=st.integers(0, coupon_codes.SERIALS_MAX - 1), batch_number=st.integers(1, coupon_codes.BATCHES_MAX - 1))
def test_every_serial_of_every_batch_comes_back(serial, batch_number):
    code = coupon_codes.code_of(key=KEY, batch_number=batch_number, serial=serial)
    reading = coupon_codes.read(code)
    assert reading == Reading(batch_number=batch_number, body=reading.body)
    assert coupon_codes.serial_of(key=KEY, reading=reading) == serial


def test_another_key_reads_other_serials():
    reading = coupon_codes.read(coupon_codes.code_of(key=KEY, batch_number=1, serial=5))
    assert coupon_codes.serial_of(key=OTHER_KEY, reading=reading) > 1_000_000_000


@pytest.mark.parametrize("serial", [1, 12_345, 999_999])
def test_every_single_wrong_character_is_caught(serial):
    code = coupon_codes.code_of(key=KEY, batch_number=9, serial=serial)
    tried = 0
    for place in range(16):
        for other in ALPHABET.replace(code[place], ""):
            assert coupon_codes.read(code[:place] + other + code[place + 1 :]) is None
            tried += 1
    assert tried == 16 * 31


@given(serial=st.integers(1, 10**9))
def test_every_swap_of_two_characters_is_caught_adjacent_or_not(serial):
    code = coupon_codes.code_of(key=KEY, batch_number=9, serial=serial)
    for first, second in combinations(range(16), 2):
        if code[first] != code[second]:
            letters = list(code)
            letters[first], letters[second] = letters[second], letters[first]
            assert coupon_codes.read("".join(letters)) is None


def test_every_twin_that_became_another_twin_is_caught():
    code = next(
        code for code in coupon_codes.codes(key=KEY, batch_number=9, first_serial=1, count=1_000) if code[7] == code[8]
    )
    for other in ALPHABET.replace(code[7], ""):
        assert coupon_codes.read(code[:7] + other + other + code[9:]) is None


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("2224-fdn4-8e3q-3uvc", "2224FDN48E3Q3UVC"),
        (" 2224 FDN4 8E3Q 3UVC ", "2224FDN48E3Q3UVC"),
        ("２２２４ＦＤＮ４", "2224FDN4"),
        ("春节10", "春节10"),
    ],
)
def test_codes_may_be_typed_as_people_type(typed, normal):
    assert coupon_codes.normal(typed) == normal


@pytest.mark.parametrize("code", ["", "2224FDN48E3Q3UV", "2224FDN48E3Q3UVC2", "0224FDN48E3Q3UVC", "2224FDN48E3Q3UVI"])
def test_what_has_not_our_form_is_no_code_of_ours(code):
    assert coupon_codes.read(code) is None
    assert not coupon_codes.looks_like_ours(code)


def test_codes_that_cannot_be_are_not_made():
    with pytest.raises(ValueError, match="no codes for batch 0"):
        next(coupon_codes.codes(key=KEY, batch_number=0, first_serial=1, count=1))
    with pytest.raises(ValueError, match="2 of them"):
        next(coupon_codes.codes(key=KEY, batch_number=1, first_serial=coupon_codes.SERIALS_MAX - 1, count=2))
