"""How a payment of the sandbox is to misbehave. docs/guides/sandbox-pay.md explains each word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPERATIONS = ("begin", "charge", "query", "close", "reverse", "refund", "query_refund")

# word → what its value may be
WORDS: Mapping[str, str] = {
    "decline": "flag",  # the charge, or the press of pay, is refused: declined
    "user_paying": "flag",  # we_scan: the customer must confirm on the phone
    "pays_after": "seconds",  # the customer pays by himself after so long
    "cancels_after": "seconds",  # the customer presses cancel after so long
    "no_answer": "operations",  # done, but the connection is cut instead of answering; once each
    "error_before": "operations",  # nothing is done, a 500 is answered; once each
    "error_after": "operations",  # done, but a 500 is answered; once each
    "bad_signature": "operations",  # done, but the answer's signature is wrong; once each
    "slow": "seconds",  # every answer about this payment takes so long
    "paid_minor": "amount",  # the customer pays this instead of what was asked
    "notify_lost": "flag",
    "notify_late": "seconds",
    "notify_twice": "flag",
    "notify_out_of_order": "flag",  # an older one (pending) comes after the one that says paid
    "notify_forged": "flag",  # one with a wrong signature comes before the true one
    "refund_processing": "seconds",  # a refund is done only after so long
    "refund_declined": "flag",
    "bill_missing": "flag",  # the daily bill lacks this payment
    "bill_minor": "amount",  # the daily bill says this amount
}

# With --by-amount the last two digits of the amount choose; see the guide.
BY_CENTS: Mapping[int, Mapping[str, Any]] = {
    81: {"decline": True},
    82: {"user_paying": True},
    83: {"user_paying": True, "pays_after": 3},
    84: {"no_answer": ["begin", "charge"]},
    85: {"error_before": ["begin", "charge"]},
    86: {"error_after": ["begin", "charge"]},
    87: {"notify_lost": True},
    88: {"notify_twice": True, "notify_out_of_order": True},
    89: {"notify_late": 20},
    91: {"notify_forged": True},
    92: {"paid_minor": 1},
    93: {"pays_after": 3},
    94: {"refund_processing": 5},
    95: {"no_answer": ["refund"]},
    96: {"bill_missing": True},
    97: {"bill_minor": 1},
}


class UnknownBehaviour(ValueError):
    """A word or value that the sandbox does not know."""


def checked(behaviours: Any) -> dict[str, Any]:
    """The behaviours as asked for; raises UnknownBehaviour, since a misspelt one would test nothing."""
    if not isinstance(behaviours, dict):
        raise UnknownBehaviour("behaviours are an object")
    for word, value in behaviours.items():
        kind = WORDS.get(word)
        if kind is None:
            raise UnknownBehaviour(f"{word!r} is not a behaviour; there are {', '.join(WORDS)}")
        if not _fits(kind, value):
            raise UnknownBehaviour(f"{word} takes {kind}, not {value!r}")
    return dict(behaviours)


def _fits(kind: str, value: Any) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "operations":
        return isinstance(value, list) and all(name in OPERATIONS for name in value)
    if kind == "amount":
        return type(value) is int and value > 0
    return type(value) in (int, float) and 0 <= value <= 86_400


def take(behaviours: dict[str, Any], word: str, operation: str) -> bool:
    """Whether this fault strikes this operation now; it strikes once, so the operation is taken off the list."""
    struck = operation in behaviours.get(word, ())
    if struck:
        behaviours[word] = [name for name in behaviours[word] if name != operation]
    return struck
