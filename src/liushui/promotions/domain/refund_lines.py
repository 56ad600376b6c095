"""What was paid for each unit of a priced basket, and which units have come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.documents import strict
from liushui.promotions.errors import InvalidReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Minor units in all, and line by line."""

    refund: int
    lines: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As the command line answers."""
        return {"refund": self.refund, "lines": dict(self.lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """A line as it was paid: the values of its units in order."""

    id: str
    units: tuple[int, ...]

    @property
    def paid(self) -> int:
        """In all."""
        return sum(self.units)

    @property
    def alike(self) -> bool:
        """Whether its units were paid alike: spreading evenly leaves a difference of one minor unit at most."""
        return max(self.units) - min(self.units) <= 1

    def worth(self, *, gone: int, named: Sequence[int]) -> int:
        """What so many of its units come to: those named by position (0 is the first), the others cheapest first."""
        if self.alike:
            return self.paid * gone // len(self.units)
        others = sorted(value for position, value in enumerate(self.units) if position not in set(named))
        return sum(self.units[position] for position in named) + sum(others[: gone - len(named)])


def paid_lines(answer: Mapping[str, Any]) -> dict[str, PaidLine]:
    """The answer's lines by id, in its order."""
    found: dict[str, PaidLine] = {}
    given = answer.get("lines") if isinstance(answer, Mapping) else None
    if not isinstance(given, list):
        raise InvalidReturn("The answer has no lines", pointer="answer.lines", remedy="Give the stored answer.")
    for index, each in enumerate(given):
        at = f"answer.lines[{index}]"
        if not isinstance(each, Mapping) or not isinstance(each.get("id"), str):
            raise InvalidReturn("A line of the answer has no id", pointer=at)
        values = strict.elements(each.get("units"), at=f"{at}.units", least=1, most=1_000_000)
        paid = tuple(strict.integer(value, at=f"{at}.units[{place}]") for place, value in enumerate(values))
        if "net" in each and each["net"] != sum(paid):
            raise InvalidReturn("The units of the line do not come to its net amount", pointer=f"{at}.net")
        found[each["id"]] = PaidLine(id=each["id"], units=paid)
    return found


class Gone:
    """Which units are no longer with the shopper: a number by line, and positions where they were named."""

    def __init__(
        self,
        lines: Mapping[str, PaidLine],
        counts: Mapping[str, int],
        named: Mapping[str, Sequence[int]],
        *,
        name: str = "returned",
    ) -> None:
        self.lines = lines
        for line_id, number in counts.items():
            if line_id not in lines:
                raise InvalidReturn(f"The answer has no line {line_id!r}", pointer=f"{name}.{line_id}")
            strict.integer(number, at=f"{name}.{line_id}")
            bought = len(lines[line_id].units)
            if number > bought:
                raise InvalidReturn(
                    f"Line {line_id!r} has {bought} units; {number} cannot come back",
                    pointer=f"{name}.{line_id}",
                    context={"line": line_id, "bought": bought, "already": number},
                )
        self.counts = {line_id: number for line_id, number in counts.items() if number}
        self.named = {line_id: tuple(places) for line_id, places in named.items() if places}
        for line_id, places in self.named.items():
            self._check_names(line_id, places, name)

    def _check_names(self, line_id: str, places: Sequence[int], name: str) -> None:
        at = f"{'units' if name == 'returned' else 'already_units'}.{line_id}"
        line = self.lines.get(line_id)
        if line is None:
            raise InvalidReturn(f"The answer has no line {line_id!r}", pointer=at)
        for place in places:
            strict.integer(place, at=at, high=len(line.units) - 1)
        if len(set(places)) != len(places):
            raise InvalidReturn(f"A unit of line {line_id!r} is named twice", pointer=at)
        if len(places) > self.counts.get(line_id, 0):
            raise InvalidReturn(f"More units of line {line_id!r} are named than come back", pointer=at)

    def and_also(self, returned: Mapping[str, int], units: Mapping[str, Sequence[int]]) -> Gone:
        """What is gone once these come back too."""
        now = Gone(self.lines, returned, units)
        counts = dict(self.counts)
        for line_id, number in now.counts.items():
            bought, earlier = len(self.lines[line_id].units), self.counts.get(line_id, 0)
            if earlier + number > bought:
                raise InvalidReturn(
                    f"Line {line_id!r} has {bought} units, {earlier} of them came back before; {number} more cannot",
                    pointer=f"returned.{line_id}",
                    remedy=f"Return at most {bought - earlier}.",
                    context={"line": line_id, "bought": bought, "already": earlier, "returned": number},
                )
            counts[line_id] = earlier + number
        for line_id, places in now.named.items():
            self._check_still_there(line_id, places)
        named = {
            line_id: (*self.named.get(line_id, ()), *now.named.get(line_id, ()))
            for line_id in {*self.named, *now.named}
        }
        return Gone(self.lines, counts, named)

    def _check_still_there(self, line_id: str, places: Sequence[int]) -> None:
        """Units that came back unnamed were the cheapest: they cannot be named any more, unless all were paid alike."""
        line = self.lines[line_id]
        gone = set(self.named.get(line_id, ()))
        if not line.alike:
            others = sorted((value, place) for place, value in enumerate(line.units) if place not in gone)
            gone |= {place for _value, place in others[: self.counts.get(line_id, 0) - len(gone)]}
        if gone & set(places):
            raise InvalidReturn(
                f"Unit {min(gone & set(places))} of line {line_id!r} came back before", pointer=f"units.{line_id}"
            )

    def worth(self, line: PaidLine) -> int:
        """What the line's units that are gone were paid."""
        return line.worth(gone=self.counts.get(line.id, 0), named=self.named.get(line.id, ()))

    def stays(self, basket: Basket) -> Basket:
        """The basket without what is gone."""
        left = [(line, line.quantity - self.counts.get(line.id, 0)) for line in basket.lines]
        return replace(basket, lines=tuple(replace(line, quantity=quantity) for line, quantity in left if quantity))
