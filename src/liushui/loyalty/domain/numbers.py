"""Numbers that are printed: of members, of gift cards, and the secret codes that open gift cards.

A member's number is M and eleven digits, a gift card's G and eleven: ten at random and a check digit by Luhn's formula
(ISO/IEC 7812-1, annex B), so that a mistyped digit or a swap of two neighbours is told from a number that is free. They
say nothing about whom or when. A code has sixteen characters of a 32-letter alphabet: 75 bits at random, 5 to check.
"""

from __future__ import annotations

import secrets
import unicodedata
from uuid import UUID, uuid5

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 16
_DIGITS = 10
_SPACE = UUID("6f1d3c54-8a1e-5f0b-9a66-6c697573e8a1")
_SEPARATORS = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014\t\u3000")


def member_number(*, value: int | None = None) -> str:
    """A number for a member: at random, or that of a value below 10^10."""
    return _number("M", value)


def gift_number(*, value: int | None = None) -> str:
    """A number for a gift card: at random, or that of a value below 10^10."""
    return _number("G", value)


def is_number(text: str) -> bool:
    """Whether this is a member's or a gift card's number, rightly typed."""
    digits = text[1:]
    if text[:1] not in ("M", "G") or len(digits) != _DIGITS + 1 or not (digits.isascii() and digits.isdigit()):
        return False
    return _check_digit(digits[:-1]) == int(digits[-1])


def gift_account_id(*, chain_id: int, number: str) -> UUID:
    """The id of a gift card's account: known from what is printed, so that nobody has to look it up."""
    return uuid5(_SPACE, f"{chain_id}:{number}")


def code_of(digest: bytes) -> str:
    """A gift card's code made of a keyed digest of at least ten bytes."""
    value = int.from_bytes(digest[:10], "big") >> 5
    body = "".join(ALPHABET[value >> shift & 31] for shift in range(70, -1, -5))
    return body + ALPHABET[_check(body)]


def is_code(code: str) -> bool:
    """Whether a normal text can be a gift card's code: length, characters and check character."""
    if len(code) != CODE_LENGTH or any(character not in ALPHABET for character in code):
        return False
    return ALPHABET[_check(code[:-1])] == code[-1]


def normal(text: str) -> str:
    """What people typed, in plain capitals without blanks and hyphens; full-width letters become plain ones."""
    return unicodedata.normalize("NFKC", text).translate(_SEPARATORS).upper()


def printed(code: str) -> str:
    """A code in groups of four, as people read it."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _number(letter: str, value: int | None) -> str:
    digits = f"{secrets.randbelow(10**_DIGITS) if value is None else value:010}"
    return f"{letter}{digits}{_check_digit(digits)}"


def _check_digit(digits: str) -> int:
    """Luhn: every second digit from the right doubled, the sum of all digits made up to a multiple of ten."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return -total % 10


def _check(body: str) -> int:
    """Σ α^i·c_i over GF(32), i the place from the right from 1, as codes of coupons are checked: see promotions."""
    total = 0
    for character in body:
        total = _times_alpha(total ^ ALPHABET.index(character))
    return total


def _times_alpha(value: int) -> int:
    """value · α in GF(2)[x]/(x^5 + x^2 + 1)."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled
