"""Coupon codes as they are shown and kept: who reads a receipt or an old ticket cannot use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liushui.till.contracts import TicketCode

_HIDDEN = "••••"


def masked(codes: Sequence[TicketCode]) -> tuple[TicketCode, ...]:
    """The codes of a ticket that is over."""
    return tuple(replace(each, code=mask(each.code)) for each in codes)


def mask(code: str) -> str:
    """`••••K7Q2`: the last four, of a short one the last two. What is masked stays as it is."""
    if code.startswith(_HIDDEN):
        return code
    return _HIDDEN + (code[-4:] if len(code) > 6 else code[-2:])
