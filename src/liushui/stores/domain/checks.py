"""The forms that the fields of places take. Each function returns the normal form or raises InvalidStore."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from liushui.kernel.gtin import check_digit
from liushui.kernel.money import exponent
from liushui.stores.contracts import WORKSTATION_KINDS, NewStore, NewWorkstation
from liushui.stores.errors import InvalidStore

# One run of p, at most one of w or v, at most one c, at its end: what catalog.domain.weighed reads.
_PATTERN = re.compile(r"(?=[0-9])(?=[^p]*p+[^p]*$)(?=[^wv]*(w+|v+)?[^wv]*$)[0-9pwv]+c?", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}", re.ASCII)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_code(text: str, *, field: str) -> str:
    """A code of 1 to 32 letters, digits, dots, dashes and underscores, the first a letter or digit."""
    if not _CODE.fullmatch(text):
        raise InvalidStore(
            f"{text!r} is not a code",
            pointer=f"/{field}",
            remedy="Use 1 to 32 letters, digits, dots, dashes and underscores; begin with a letter or digit.",
        )
    return text


def checked_name(text: str, *, field: str) -> str:
    """A name of 1 to 128 characters, without blanks around it."""
    name = text.strip()
    if not 1 <= len(name) <= 128:
        raise InvalidStore("A name has 1 to 128 characters", pointer=f"/{field}")
    return name


def checked_gln(text: str) -> str:
    """A Global Location Number: 13 digits with the GS1 check digit (General Specifications, 7.9); empty stays empty."""
    gln = text.strip()
    if not gln:
        return ""
    if len(gln) != 13 or not (gln.isascii() and gln.isdigit()):
        raise InvalidStore(f"{text!r} is not a GLN", pointer="/gln", remedy="A GLN has 13 digits.")
    expected = check_digit(gln[:-1])
    if int(gln[-1]) != expected:
        raise InvalidStore(
            f"The check digit of GLN {gln} is {gln[-1]}, it should be {expected}",
            pointer="/gln",
            remedy="Correct the mistyped digit.",
        )
    return gln


def checked_uscc(text: str) -> str:
    """A 统一社会信用代码 (GB 32100-2015): 18 characters, the last by mod 31; empty stays empty."""
    number = text.strip().upper()
    if not number:
        return ""
    try:
        return str(stdnum_uscc.validate(number))
    except ValidationError as error:
        raise InvalidStore(
            f"{text!r} is not a 统一社会信用代码: {error}",
            pointer="/uscc",
            remedy="Copy the 18 characters from the business licence.",
        ) from None


def checked_time_zone(text: str) -> str:
    """An IANA time zone name."""
    if text not in _time_zones():
        raise InvalidStore(
            f"{text!r} is not an IANA time zone", pointer="/time_zone", remedy="Give a name such as Asia/Shanghai."
        )
    return text


def checked_currency(text: str) -> str:
    """An ISO 4217 code."""
    exponent(text)
    return text


def checked_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Patterns of weighed-goods barcodes without their blanks (docs/reference/weighed-barcodes.md)."""
    plain = tuple("".join(pattern.split()) for pattern in patterns)
    for pattern in plain:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidStore(
                f"{pattern!r} is not a pattern of weighed-goods barcodes",
                pointer="/weighed_patterns",
                remedy="Write it as 2pppppwwwwwwc: digits, one run of p, one of w or v, and c at the end.",
            )
    return plain


def time_zones() -> Sequence[str]:
    """Every IANA name, in alphabetical order."""
    return sorted(_time_zones())


def checked_store(store: NewStore) -> NewStore:
    """The store with every field in its normal form."""
    if store.day_starts_at.tzinfo is not None:
        raise InvalidStore("The start of the business day is wall-clock time", pointer="/day_starts_at")
    return NewStore(
        chain_code=store.chain_code,
        region_code=store.region_code,
        code=checked_code(store.code, field="code"),
        name_zh=checked_name(store.name_zh, field="name_zh"),
        name_en=checked_name(store.name_en, field="name_en"),
        time_zone=checked_time_zone(store.time_zone),
        currency=checked_currency(store.currency),
        day_starts_at=store.day_starts_at.replace(microsecond=0),
        gln=checked_gln(store.gln),
        uscc=checked_uscc(store.uscc),
    )


def checked_workstation(workstation: NewWorkstation) -> NewWorkstation:
    """The workstation with every field in its normal form."""
    if workstation.kind not in WORKSTATION_KINDS:
        raise InvalidStore(
            f"{workstation.kind!r} is not a kind of workstation",
            pointer="/kind",
            remedy=f"Use one of {', '.join(WORKSTATION_KINDS)}.",
        )
    return NewWorkstation(
        chain_code=workstation.chain_code,
        store_code=workstation.store_code,
        code=checked_code(workstation.code, field="code"),
        name=checked_name(workstation.name, field="name"),
        kind=workstation.kind,
    )
