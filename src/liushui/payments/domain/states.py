"""What a provider's word about a payment means for the payment as we know it. Nothing here asks or writes anything."""

from __future__ import annotations

from dataclasses import dataclass

from liushui.payments.contracts import OPEN_STATES
from liushui.payments.providers.port import Trade

MOVES = {
    "created": frozenset({"pending", "paid", "failed", "reversed"}),
    "pending": frozenset({"paid", "failed", "reversed"}),
    "paid": frozenset({"refunded", "reversed"}),
    "failed": frozenset(),
    "reversed": frozenset(),
    "refunded": frozenset(),
}  # the whole machine: any other move is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A payment as far as decisions need it."""

    state: str
    amount_minor: int
    currency: str
    refunded_minor: int = 0
    is_captured: bool = False
    is_releasing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What follows: the state to move to (the present one when only facts are filled in), and what else is due."""

    state: str
    failure: str = ""
    case: str = ""  # the kind of difference to open
    give_back: bool = False  # the customer's money is there though we gave the payment up: refund it


def change_for(known: Known, trade: Trade) -> Change | None:
    """What to do about this word; None when it says nothing new, however late and often it comes."""
    if trade.state == "not_found":
        return None  # a request may still be on its way: only closing it decides
    if known.state in OPEN_STATES:
        return _of_open(known, trade)
    if known.state == "paid":
        return _of_paid(known, trade)
    return _of_ended(known, trade)


def _of_open(known: Known, trade: Trade) -> Change:
    if trade.state in ("paid", "refunded"):
        if not _is_what_was_asked(known, trade):
            return Change(state="failed", failure="amount_differs", case="amount_differs")
        if trade.state == "refunded":  # given back before we heard that it was paid
            return Change(state="reversed")
        return Change(state="paid")
    if trade.state == "reversed":
        return Change(state="reversed")
    if trade.state == "closed":
        return Change(state="failed", failure=trade.failure or "closed")
    if trade.state == "failed":
        return Change(state="failed", failure=trade.failure or "declined")
    return Change(state="pending")


def _of_paid(known: Known, trade: Trade) -> Change | None:
    if trade.state == "reversed" or (trade.state == "refunded" and known.refunded_minor == 0):
        if known.is_captured:
            return Change(state="paid", case="state_differs")  # taken back over there, sold here
        return Change(state="reversed")
    if trade.state == "paid" and not _is_what_was_asked(known, trade):
        return Change(state="paid", case="amount_differs")
    return None  # an older word that comes late: pending, closed, failed


def _of_ended(known: Known, trade: Trade) -> Change | None:
    paid_late = trade.state == "paid" and trade.refunded_minor == 0
    if paid_late and known.state in ("failed", "reversed") and known.refunded_minor == 0:
        give_back = _is_what_was_asked(known, trade)
        return Change(state=known.state, case="paid_late" if give_back else "amount_differs", give_back=give_back)
    return None


def _is_what_was_asked(known: Known, trade: Trade) -> bool:
    return trade.amount_minor == known.amount_minor and trade.currency == known.currency


def backoff_seconds(tries: int) -> int:
    """How long to wait before asking a provider again: 2, 4, 8 … up to five minutes."""
    return int(min(300, 2 ** min(tries + 1, 9)))
