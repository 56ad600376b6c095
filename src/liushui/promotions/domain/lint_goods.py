"""Goods put together so that they meet several needs at once: the lines of a witness basket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from liushui.promotions.domain.basket import Line
from liushui.promotions.domain.lint_catalogue import DEFAULT_PRICE, Goods
from liushui.promotions.domain.lint_conditions import GOODS_LEAVES, Literal, Need
from liushui.promotions.domain.lint_scopes import holds
from liushui.promotions.domain.rulebook import Scope

QUANTITY_MAX = 10_000
LINES_MAX = 200


@dataclass(slots=True)
class _Filling:
    goods: Goods
    price: int
    avoid: tuple[Scope, ...]
    lines: list[Line]

    def has(self, need: Need) -> bool:
        """Whether the lines meet a need."""
        mine = self._in(need)
        return (
            sum(line.quantity for line in mine) >= need.quantity
            and sum(line.unit_price * line.quantity for line in mine) >= need.amount
            and max((line.quantity for line in mine), default=0) >= need.line_quantity
            and len({line.sku for line in mine}) >= need.distinct
        )

    def _in(self, need: Need) -> list[Line]:
        return [line for line in self.lines if all(holds(scope, line) for scope in need.scopes)]

    def add(self, need: Need, others: Sequence[Need]) -> bool:
        """Add what a need lacks, of goods that serve the others too where there are such. False when there are none."""
        if not self._add_different(need, others):
            return False
        mine = self._in(need)
        line = max(mine, key=lambda each: (each.quantity, -self.lines.index(each)))
        lacking = need.amount - sum(each.unit_price * each.quantity for each in mine)
        if lacking > 0 and line.unit_price == 0:
            return False
        more = max(
            need.quantity - sum(each.quantity for each in mine),
            -(-lacking // line.unit_price) if lacking > 0 else 0,
            need.line_quantity - line.quantity,
        )
        if more > 0:
            self.lines[self.lines.index(line)] = replace(line, quantity=line.quantity + more)
        return line.quantity + more <= QUANTITY_MAX

    def _add_different(self, need: Need, others: Sequence[Need]) -> bool:
        have = {line.sku for line in self._in(need)}
        lacking = max(need.distinct, 1) - len(have)
        if lacking <= 0:
            return True
        shared = tuple(dict.fromkeys(scope for other in others for scope in other.scopes))
        for scopes in ((*need.scopes, *shared), need.scopes):
            found = self.goods.find(
                scopes=scopes, avoid=self.avoid, count=need.distinct + len(self.lines) + 1, price=self.price
            )
            for line in found:
                if lacking and line.sku not in have and not any(each.sku == line.sku for each in self.lines):
                    self.lines.append(line)
                    have.add(line.sku)
                    lacking -= 1
            if not lacking:
                return len(self.lines) <= LINES_MAX
        return False


def lines_for(
    *,
    needs: Sequence[Need],
    literals: Sequence[Literal],
    goods: Goods,
    price: int = DEFAULT_PRICE,
    avoid: Sequence[Scope] = (),
) -> tuple[Line, ...] | None:
    """Lines that meet all these needs, out of `avoid` and of what the literals refuse; None when none were found.

    Goods in the scope of any condition that must not hold are left out, if that can be; else only those that it refuses
    altogether. Whether the lines really do is for the engine to say.
    """
    refused = [each.leaf for each in literals if not each.positive and each.leaf.type in GOODS_LEAVES]
    wholly = tuple(leaf.scope for leaf in refused if leaf.type == "contains" or (leaf.n == 1 and leaf.amount is None))
    partly = tuple(leaf.scope for leaf in refused)
    for left_out in dict.fromkeys(((*partly, *avoid), (*wholly, *avoid))):
        filling = _Filling(goods=goods, price=price, avoid=left_out, lines=[])
        open_needs = list(needs) or [Need(scopes=(), path="")]
        if all(
            filling.has(need) or filling.add(need, open_needs[number + 1 :]) for number, need in enumerate(open_needs)
        ):
            return tuple(replace(line, id=str(number)) for number, line in enumerate(filling.lines, start=1))
    return None
