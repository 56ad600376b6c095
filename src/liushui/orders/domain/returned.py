"""Goods that came back, by the lines and tenders of the sale that they were bought in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalLine:
    """The line of a recorded sale that a returned line takes back. `unit_positions` names which of its units (0 is the
    first) where they were paid differently."""

    sale_id: UUID
    line_number: int
    unit_positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What a return gives back of one tender of the original sale, positive. Position 1 is the first tender; 0 stands
    for what the original sale was paid by goods that came back in it."""

    position: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOf:
    """That a sale takes back lines of another one, as it stood when it was looked at: its version then.

    An exchange moves only the difference; `given_back` says what the goods that came back were worth in each tender.
    """

    sale_id: UUID
    expected_version: int
    given_back: tuple[GivenBack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """What has come back of one line so far; all figures positive, but for discounts that were clawed back."""

    units: int
    regular_minor: int
    discount_minor: int
    amount_minor: int
    tax_minor: int
    cost_minor: int
    measure_value: int
    unit_positions: tuple[int, ...]
    discounts: Mapping[str, int]  # by code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedSoFar:
    """What has come back of one sale: by line number, and by position of its tenders."""

    sale_id: UUID
    version: int  # 0: nothing ever came back
    state: str  # open | voided
    lines: Mapping[int, ReturnedLine]
    tenders: Mapping[int, int]
