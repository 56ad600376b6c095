"""Codes of a batch: no two alike by construction, unguessable, and readable back to their serial by who has the key.

A code is 16 characters: 5 name the batch, 10 are the serial under a secret permutation, 1 checks the 15 before it.
- The alphabet is what stays of A–Z and 2–9 without I and O: 32 characters, 5 bits each.
- The permutation of 50 bits is a balanced Feistel network of 25-bit halves, eight rounds as in FF3-1 (NIST SP 800-38G),
  each round's function AES-256 of (round, half) under the batch's key, cut to 25 bits. A permutation gives two serials
  two codes, so nothing has to be looked up and nothing can repeat; many serials share one call of AES.
- The check character makes Σ α^i·c_i = 0 over GF(32), α a primitive element, i the place from the right: Damm's
  construction of a totally anti-symmetric quasigroup of order 2^m (H. M. Damm, "Total anti-symmetrische Quasigruppen",
  2004), with one α throughout as in a Reed-Solomon code. Powers of α differ within 31 places, so every single error is
  caught, every swap of two characters, adjacent or not, and every pair of equal neighbours that both became another.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from sys import byteorder

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16
KEY_BYTES = 32
BATCH_CHARACTERS = 5
_BITS = 5
_SERIAL_BITS = 50
_HALF_BITS = _SERIAL_BITS // 2
_HALF_MASK = (1 << _HALF_BITS) - 1
BATCHES_MAX = 1 << BATCH_CHARACTERS * _BITS
SERIALS_MAX = 1 << _SERIAL_BITS
_ROUNDS = 8
_AT_ONCE = 4096
_PAIR_BITS = 2 * _BITS
_PAIR_MASK = (1 << _PAIR_BITS) - 1
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SEPARATORS = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014\t\u3000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a code says: which batch, and the place of its serial under that batch's permutation."""

    batch_number: int
    body: int


def _times_alpha(value: int) -> int:
    """value · α in GF(2)[x]/(x^5 + x^2 + 1), whose root α = x is primitive."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def _weights() -> tuple[tuple[int, ...], ...]:
    """For each place from the right, what each character adds to the sum: c · α^place."""
    rows = [tuple(range(32))]
    for _ in range(LENGTH - 1):
        rows.append(tuple(_times_alpha(value) for value in rows[-1]))
    return tuple(rows)


_WEIGHTS = _weights()
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
# What a pair of characters adds to the sum, for the five pairs of the body from the left: places 10 and 9, … 2 and 1.
_PAIR_SUMS = tuple(
    tuple(_WEIGHTS[place][pair >> _BITS] ^ _WEIGHTS[place - 1][pair & 31] for pair in range(1 << _PAIR_BITS))
    for place in (10, 8, 6, 4, 2)
)


def codes(*, key: bytes, batch_number: int, first_serial: int, count: int) -> Iterator[str]:
    """The codes of serials first_serial, first_serial + 1, …, a million in seconds and in flat memory."""
    if not (0 < batch_number < BATCHES_MAX and first_serial >= 0 and first_serial + count <= SERIALS_MAX):
        raise ValueError(f"no codes for batch {batch_number}, serials from {first_serial}, {count} of them")
    head = "".join(ALPHABET[batch_number >> shift & 31] for shift in range(20, -1, -_BITS))
    head_sum = 0
    for place, character in zip(range(LENGTH - 1, 10, -1), head, strict=True):
        head_sum ^= _WEIGHTS[place][_VALUES[character]]
    end = first_serial + count
    for start in range(first_serial, end, _AT_ONCE):
        yield from _written(head, head_sum, _permuted(key, range(start, min(start + _AT_ONCE, end))))


def code_of(*, key: bytes, batch_number: int, serial: int) -> str:
    """The code of one serial."""
    return next(codes(key=key, batch_number=batch_number, first_serial=serial, count=1))


@lru_cache(maxsize=1000)  # who looks a code up asks before and after
def serial_of(*, key: bytes, reading: Reading) -> int:
    """The serial under which a code was made; any number below 2^50 for one that never was."""
    left, right = reading.body >> _HALF_BITS, reading.body & _HALF_MASK
    for number in range(_ROUNDS - 1, -1, -1):
        [mixed] = _round(key, number, [left])
        left, right = right ^ mixed, left
    return left << _HALF_BITS | right


def normal(text: str) -> str:
    """A code as people type it, in plain capitals without blanks and hyphens; full-width letters become plain ones."""
    return unicodedata.normalize("NFKC", text).translate(_SEPARATORS).upper()


def printed(code: str) -> str:
    """A code in groups of four, as people read it."""
    return f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}" if len(code) == LENGTH else code


def looks_like_ours(code: str) -> bool:
    """Whether it has the length and the characters of a generated code, mistyped or not."""
    return len(code) == LENGTH and all(character in _VALUES for character in code)


def read(code: str) -> Reading | None:
    """What a normal code says; None when it is not of ours, or was mistyped."""
    if not looks_like_ours(code):
        return None
    values = [_VALUES[character] for character in code]
    total = 0
    for place, value in enumerate(reversed(values)):
        total ^= _WEIGHTS[place][value]
    if total:
        return None
    batch_number = body = 0
    for value in values[:BATCH_CHARACTERS]:
        batch_number = batch_number << _BITS | value
    for value in values[BATCH_CHARACTERS:-1]:
        body = body << _BITS | value
    return Reading(batch_number=batch_number, body=body)


def _written(head: str, head_sum: int, bodies: list[int]) -> list[str]:
    pairs, (one, two, three, four, five) = _PAIRS, _PAIR_SUMS
    written = []
    for body in bodies:
        a, b, c = body >> 40, body >> 30 & _PAIR_MASK, body >> 20 & _PAIR_MASK
        d, e = body >> 10 & _PAIR_MASK, body & _PAIR_MASK
        check = head_sum ^ one[a] ^ two[b] ^ three[c] ^ four[d] ^ five[e]
        written.append(f"{head}{pairs[a]}{pairs[b]}{pairs[c]}{pairs[d]}{pairs[e]}{ALPHABET[check]}")
    return written


def _permuted(key: bytes, serials: range) -> list[int]:
    left, right = [serial >> _HALF_BITS for serial in serials], [serial & _HALF_MASK for serial in serials]
    for number in range(_ROUNDS):
        left, right = right, [half ^ mixed for half, mixed in zip(left, _round(key, number, right), strict=True)]
    return [high << _HALF_BITS | low for high, low in zip(left, right, strict=True)]


def _round(key: bytes, number: int, halves: list[int]) -> list[int]:
    """25 bits of AES of (round, half) for each half: a pseudo-random function, one block a call and all at once."""
    blocks = array("Q", bytes(16 * len(halves)))
    blocks[0::2] = array("Q", [number + 1]) * len(halves)
    blocks[1::2] = array("Q", halves)
    if byteorder != "little":
        blocks.byteswap()
    # The bare cipher, a block at a time: no block is a message, and no two of a batch and round are equal.
    block_by_block = modes.ECB()  # noqa: S305  # nosec B305  # a round function of single blocks
    encryptor = Cipher(algorithms.AES(key), block_by_block).encryptor()
    mixed = array("Q", encryptor.update(blocks.tobytes()))
    if byteorder != "little":
        mixed.byteswap()
    return [block & _HALF_MASK for block in mixed[0::2]]
