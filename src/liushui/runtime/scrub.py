"""Keeps personal data and secrets out of the logs, whatever was put into a message."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

HIDDEN = "[hidden]"

_SECRET_KEY = re.compile(r"authorization|passw(or)?d|token|secret|cookie|api_?key|session_?(id|key)", re.IGNORECASE)
_SENSITIVE = re.compile(
    r"""
    (?P<keep> \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b | \b(?:[0-9a-f]{32}|[0-9a-f]{64})\b )
    | (?P<scheme> \b(?:Bearer|Basic)\s+ ) [\w.~+/=-]+
    | (?P<name> \b\w{0,48}(?:authorization|passw(?:or)?d|token|secret)\w{0,48} ["']? \s* [=:] \s* ["']? )
      (?:(?:Bearer|Basic)\s+)? [^\s"'&,;]+
    | (?P<email> (?<![\w.+-]) [\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+ )
    | (?P<identity> (?<!\d) [1-9]\d{5} (?:19|20)\d{2} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12]\d|3[01]) \d{3}[\dXx] (?!\d) )
    | (?P<mobile> (?<!\d) (?<!\bM) (?<!\bG)  # M and G: numbers of members and gift cards
        (?:(?:\+|00)?86[\ -]?)? 1[3-9]\d (?:[\ -]?\d{4}){2} (?!\d) )
    | (?P<card> (?<!\d) [2-69]\d{14,18} (?!\d) )
    | (?P<groups> (?<!\d) (?P<fours> [2-69]\d{3} (?:[\ -]\d{4}){3} ) (?:[\ -]\d{1,3})? (?!\d) )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SMALLEST_NUMBER = 10**10  # eleven digits: the shortest number that can name a person


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hides mobile and identity card numbers, e-mail addresses, bank cards and secrets."""
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_KEY.search(key) else scrubbed(value)
    return event


def scrubbed(value: Any) -> Any:
    """The value with what is personal or secret hidden, inside of mappings and sequences too."""
    if isinstance(value, str):
        return _SENSITIVE.sub(_replacement, value)
    if isinstance(value, Mapping):
        return {key: HIDDEN if _SECRET_KEY.search(str(key)) else scrubbed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrubbed(item) for item in value]
    if type(value) is int and value >= _SMALLEST_NUMBER:
        text = str(value)
        return value if scrubbed(text) == text else HIDDEN
    return value


def without_people(text: str, *, longest: int) -> str:
    """What somebody typed as a reason or a label, as it may be kept: numbers and addresses of people are hidden."""
    return str(scrubbed(text))[:longest]


def _replacement(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "keep" or (kind == "card" and not _passes_luhn(match[0])):
        return match[0]
    if kind == "groups" and not _passes_luhn(match[0]):  # the last group may be another number
        fours = match["fours"]
        return match[0].replace(fours, HIDDEN) if _passes_luhn(fours) else match[0]
    return (match["scheme"] or match["name"] or "") + HIDDEN


def _passes_luhn(text: str) -> bool:
    """The check of bank card numbers (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
