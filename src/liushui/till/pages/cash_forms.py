"""What people write at the drawer: amounts, pieces of notes and coins, and who approves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent, parse_minor
from liushui.till.contracts import Count
from liushui.till.domain.denominations import denominations

# Where coins end and notes begin, in minor units; a value that is both has a field for each, counted together.
_LARGEST_COIN: Mapping[str, int] = {
    "CNY": 100, "HKD": 1000, "USD": 50, "EUR": 200, "GBP": 200, "JPY": 500, "KRW": 500,
}  # fmt: skip
_SMALLEST_NOTE: Mapping[str, int] = {
    "CNY": 100, "HKD": 1000, "USD": 100, "EUR": 500, "GBP": 500, "JPY": 1000, "KRW": 1000,
}  # fmt: skip
_PIECES_MAX = 99_999
_AMOUNT_MAX = 10**11
REASON_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One kind of note or coin in the count. `typed` is what was written, `problem` what is wrong with it."""

    name: str  # of the field
    value_minor: int
    is_coin: bool
    typed: str = ""
    problem: str = ""

    @property
    def amount_minor(self) -> int:
        """What the pieces are worth; nothing while they cannot be read."""
        return self.value_minor * int(self.typed) if self.typed.isdecimal() and not self.problem else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CashCount:
    """A drawer as it was counted, or as far as it was."""

    pieces: tuple[Piece, ...]

    @property
    def is_good(self) -> bool:
        """Whether everything could be read."""
        return not any(piece.problem for piece in self.pieces)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written at all."""
        return not any(piece.typed for piece in self.pieces)

    @property
    def groups(self) -> tuple[tuple[Piece, ...], ...]:
        """The notes and the coins, the largest first."""
        notes = tuple(piece for piece in self.pieces if not piece.is_coin)
        return notes, tuple(piece for piece in self.pieces if piece.is_coin)

    @property
    def total_minor(self) -> int:
        """All of it."""
        return sum(piece.amount_minor for piece in self.pieces)

    @property
    def count(self) -> Count:
        """Pieces by denomination."""
        found: dict[int, int] = {}
        for piece in self.pieces:
            if piece.amount_minor:
                found[piece.value_minor] = found.get(piece.value_minor, 0) + piece.amount_minor // piece.value_minor
        return found


def pieces_of(currency: str) -> tuple[Piece, ...]:
    """The fields of a count, empty: notes first."""
    unit = 10 ** exponent(currency)
    smallest_note, largest_coin = _SMALLEST_NOTE.get(currency, 5 * unit), _LARGEST_COIN.get(currency, 2 * unit)
    values = denominations(currency)
    notes = tuple(value for value in values if value >= smallest_note)
    coins = tuple(value for value in values if value <= largest_coin or value < smallest_note)
    return (
        *(Piece(name=f"note_{value}", value_minor=value, is_coin=False) for value in notes),
        *(Piece(name=f"coin_{value}", value_minor=value, is_coin=True) for value in coins),
    )


def read_count(fields: Mapping[str, Any], *, currency: str) -> CashCount:
    """The count as it was written; an empty field is none of that kind."""
    return CashCount(
        pieces=tuple(_read_piece(piece, str(fields.get(piece.name, "")).strip()) for piece in pieces_of(currency))
    )


def _read_piece(piece: Piece, typed: str) -> Piece:
    typed, problem = typed[:12], ""
    if typed and not (typed.isascii() and typed.isdecimal()):
        problem = _("Write how many there are, as a whole number.")
    elif typed and int(typed) > _PIECES_MAX:
        problem = _("That is more than a drawer holds.")
    return replace(piece, typed=typed, problem=problem)


def read_amount(text: str, *, currency: str, may_be_zero: bool = False) -> int:
    """Minor units of an amount as people write it (`¥1,234.50`, `１２．５`); raises InvalidValue."""
    plain = text.strip().translate(_WIDE).replace(",", "").lstrip("¥$€£ ")
    amount = parse_minor(plain, currency)
    if amount < 0 or (amount == 0 and not may_be_zero) or amount > _AMOUNT_MAX:
        raise InvalidValue("The amount must be more than nothing", pointer="/amount")
    return amount


_WIDE = {ord(wide): plain for wide, plain in zip("０１２３４５６７８９．，￥", "0123456789.,¥", strict=True)}

ASK_HERE, ASK_INBOX = "here", "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who approves on the spot, as typed at the till, or that the inbox is asked. PIN and badge are never shown."""

    way: str  # here | inbox
    username: str = ""
    pin: str = field(default="", repr=False)
    badge: str = field(default="", repr=False)

    @property
    def is_named(self) -> bool:
        """Whether there is enough to identify somebody."""
        return bool(self.badge or (self.username and self.pin))


def read_approver(fields: Mapping[str, Any]) -> Approver:
    """The approver's part of a form."""
    way = str(fields.get("way", ASK_HERE))
    return Approver(
        way=ASK_INBOX if way == ASK_INBOX else ASK_HERE,
        username=str(fields.get("approver", "")).strip()[:150],
        pin=str(fields.get("approver_pin", "")).strip()[:32],
        badge=str(fields.get("approver_badge", "")).strip()[:200],
    )


def read_reason(fields: Mapping[str, Any]) -> str:
    """The reason, on one line."""
    return " ".join(str(fields.get("reason", "")).replace("\0", "").split())[: REASON_MAX + 1]
