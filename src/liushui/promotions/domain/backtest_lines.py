"""Past baskets as JSON lines, in the order of time: what the command line tries rulebooks on without a database.

A line is a basket, or {"basket": …, "receipt": "…", "day": "2026-11-22", "costs": {line: minor units of all its units,
without tax}, "tax_bp": {line: basis points within the price}, "paid": minor units}; all but the basket may be left
out. The receipt is the line's number, the day that of `at`, where they are not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from liushui.kernel.errors import LiushuiError
from liushui.kernel.strict_json import shown
from liushui.promotions.domain.backtest import Chunk
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.trial import Head, Trial, head_of
from liushui.promotions.errors import InvalidDocument

CHUNK_LINES = 200
_KNOWN = frozenset({"basket", "receipt", "day", "costs", "tax_bp", "paid"})


def chunks_of_lines(lines: Iterable[bytes]) -> Iterator[Chunk]:
    """The lines some hundred at a time; empty ones are passed over. Raises InvalidDocument that names the line."""
    heads: list[Head] = []
    trials: list[Trial] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        trials.append(read_trial(line, number=number))
        heads.append(head_of(trials[-1]))
        if len(heads) == CHUNK_LINES:
            yield Chunk(heads, trials)
            heads, trials = [], []
    if heads:
        yield Chunk(heads, trials)


def as_read(payload: Sequence[Trial], shared: None, /) -> Sequence[Trial]:
    """The receipts of a chunk, which were read where the lines were."""
    return payload


def read_trial(line: bytes, *, number: int) -> Trial:
    """One line; raises InvalidDocument with its number."""
    try:
        return _trial(strict.loads(line), number)
    except LiushuiError as error:
        raise InvalidDocument(
            f"Line {number}: {error.detail}", pointer=error.pointer, remedy=error.remedy, context=error.context
        ) from error


def _trial(value: Any, number: int) -> Trial:
    is_wrapped = isinstance(value, dict) and "basket" in value
    given = strict.members(value, at="", known=_KNOWN, what="A line") if is_wrapped else {"basket": value}
    basket = replace(Basket.from_json(given["basket"]), usage={})  # what was used is counted anew
    day = basket.at.date().isoformat() if basket.at else ""
    costs, taxes = (_of_lines(given.get(key, {}), at=key) for key in ("costs", "tax_bp"))
    ids = [line.id for line in basket.lines]
    for key, values in (("costs", costs), ("tax_bp", taxes)):
        for line in values.keys() - set(ids):
            strict.invalid(f"The basket has no line {shown(line)}", at=f"{key}.{line}")
    return Trial(
        receipt=strict.text(given.get("receipt", str(number)), at="receipt"),
        day=_day(given["day"]) if "day" in given else day,
        basket=basket,
        costs=tuple(costs.get(line) for line in ids) if costs else (),
        tax_bp=tuple(taxes.get(line, 0) for line in ids) if taxes else (),
        paid=strict.integer(given["paid"], at="paid") if given.get("paid") is not None else None,
    )


def _of_lines(value: Any, *, at: str) -> dict[str, int]:
    if not isinstance(value, dict):
        strict.invalid("Numbers by line are wanted, as an object", at=at)
    return {line: strict.integer(number, at=f"{at}.{line}") for line, number in value.items()}


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(strict.text(value, at="day")).isoformat()
    except ValueError:
        strict.invalid(f"{shown(value)} is no day", at="day", remedy="Write it as 2026-11-22.")
