"""Expressions worked out a whole column at a time: a list of cells in, a list of cells out, faults in their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any

from liushui.intake.domain.expressions import (
    Case,
    Column,
    Condition,
    Constant,
    Expression,
    FirstOf,
    Join,
    Lookup,
    Negate,
    Product,
    Replace,
    Scale,
    Sum,
    columns_of,
)
from liushui.intake.domain.values import Cell, Fault, Memo, NumberFormat, number_of, text_of


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file, by column."""

    columns: dict[str, list[Any]]
    size: int


Evaluator = Callable[[Batch], list[Cell]]


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns expressions into functions over batches, for one file's way of writing things."""

    numbers_as: NumberFormat = field(default_factory=NumberFormat)
    missing: frozenset[str] = frozenset()

    def texts(self, expression: Expression) -> Evaluator:
        """An expression whose values are texts."""
        match expression:
            case Column(name):
                return _column(name, lambda value: text_of(value, self.missing))
            case Constant(value):
                constant = value if isinstance(value, str) else format(value, "f")
                return lambda batch: [constant] * batch.size
            case Join(parts, separator):
                return _joined([self.texts(part) for part in parts], separator)
            case FirstOf(parts):
                return _first_of([self.texts(part) for part in parts])
            case Lookup(part, table, default):
                return _mapped(self.texts(part), _lookup(dict(table), default, _name(part)))
            case Replace(part, patterns):
                return _mapped(self.texts(part), _replacer(patterns))
            case Case(branches, otherwise):
                chosen = [(self.condition(condition), self.texts(part)) for condition, part in branches]
                return _case(chosen, self.texts(otherwise))
            case _:
                return _mapped(self.numbers(expression), lambda number: format(number, "f"))

    def numbers(self, expression: Expression) -> Evaluator:
        """An expression whose values are exact numbers."""
        match expression:
            case Column(name):
                return _column(name, lambda value: number_of(value, name, self.numbers_as, self.missing))
            case Sum(parts):
                return _folded([self.numbers(part) for part in parts], [_name(part) for part in parts], Decimal.__add__)
            case Product(parts):
                return _folded([self.numbers(part) for part in parts], [_name(part) for part in parts], Decimal.__mul__)
            case Negate(part):
                return _mapped(self.numbers(part), lambda number: -number)
            case Scale(part, power):
                return _mapped(self.numbers(part), lambda number: number.scaleb(power))
            case FirstOf(parts):
                return _first_of([self.numbers(part) for part in parts])
            case Case(branches, otherwise):
                chosen = [(self.condition(condition), self.numbers(part)) for condition, part in branches]
                return _case(chosen, self.numbers(otherwise))
            case Constant(value) if isinstance(value, Decimal):
                return lambda batch: [value] * batch.size
        column = _name(expression)
        return _mapped(self.texts(expression), lambda text: number_of(text, column, self.numbers_as, self.missing))

    def condition(self, condition: Condition) -> Callable[[Batch], list[bool]]:
        """Whether the condition holds in each row; a missing or faulty cell is equal to, below and above nothing."""
        if condition.below is not None or condition.at_least is not None:
            return _holds(self.numbers(Column(condition.column)), _limit(condition))
        texts = self.texts(Column(condition.column))
        if condition.is_missing is not None:
            wanted = condition.is_missing
            return lambda batch: [(cell is None) is wanted for cell in texts(batch)]
        if condition.equals is not None:
            return _holds(texts, condition.equals.__contains__)
        assert condition.matches is not None  # nosec B101  # for the type checker
        pattern = condition.matches
        return _holds(texts, lambda text: pattern.search(text) is not None)


def _name(expression: Expression) -> str:
    return next(columns_of(expression), "")


def _column(name: str, convert: Callable[[Any], Cell]) -> Evaluator:
    memo = Memo(convert)
    return lambda batch: [memo[value] for value in batch.columns[name]]


def _mapped(evaluator: Evaluator, function: Callable[[Any], Cell]) -> Evaluator:
    memo = Memo(lambda cell: cell if cell is None or isinstance(cell, Fault) else function(cell))
    return lambda batch: [memo[cell] for cell in evaluator(batch)]


def mapped(evaluator: Evaluator, function: Callable[[Any], Cell]) -> Evaluator:
    """The function applied to every present, faultless cell."""
    return _mapped(evaluator, function)


def _folded(evaluators: list[Evaluator], names: list[str], combine: Callable[[Decimal, Decimal], Decimal]) -> Evaluator:
    def evaluate(batch: Batch) -> list[Cell]:
        columns = [evaluator(batch) for evaluator in evaluators]
        try:
            return list(reduce(lambda left, right: list(map(combine, left, right)), columns))
        except TypeError:  # a missing cell or a fault among them: go row by row
            return [_fold(cells, names, combine) for cells in zip(*columns, strict=True)]

    return evaluate


def _fold(cells: Sequence[Cell], names: list[str], combine: Callable[[Decimal, Decimal], Decimal]) -> Cell:
    for cell, name in zip(cells, names, strict=True):
        if isinstance(cell, Fault):
            return cell
        if cell is None:
            return Fault(name, "is empty", "Fill it in, or use first_of with a value for empty cells in the mapping.")
    return reduce(combine, cells)


def _joined(evaluators: list[Evaluator], separator: str) -> Evaluator:
    def join(cells: tuple[Cell, ...]) -> Cell:
        fault = next((cell for cell in cells if isinstance(cell, Fault)), None)
        return fault or separator.join(cell for cell in cells if cell is not None) or None

    def evaluate(batch: Batch) -> list[Cell]:
        return [join(cells) for cells in zip(*(evaluator(batch) for evaluator in evaluators), strict=True)]

    return evaluate


def _first_of(evaluators: list[Evaluator]) -> Evaluator:
    def evaluate(batch: Batch) -> list[Cell]:
        columns = [evaluator(batch) for evaluator in evaluators]
        return [next((cell for cell in cells if cell is not None), None) for cells in zip(*columns, strict=True)]

    return evaluate


def _case(branches: list[tuple[Callable[[Batch], list[bool]], Evaluator]], otherwise: Evaluator) -> Evaluator:
    def evaluate(batch: Batch) -> list[Cell]:
        result = otherwise(batch)
        for condition, evaluator in reversed(branches):
            holds = condition(batch)
            if any(holds):
                chosen = evaluator(batch)
                result = [new if yes else old for yes, new, old in zip(holds, chosen, result, strict=True)]
        return result

    return evaluate


def _holds(evaluator: Evaluator, test: Callable[[Any], bool]) -> Callable[[Batch], list[bool]]:
    memo = Memo(lambda cell: cell is not None and not isinstance(cell, Fault) and test(cell))
    return lambda batch: [memo[cell] for cell in evaluator(batch)]


def _limit(condition: Condition) -> Callable[[Decimal], bool]:
    below, at_least = condition.below, condition.at_least
    if below is not None:
        return lambda number: number < below
    assert at_least is not None  # nosec B101  # for the type checker
    return lambda number: number >= at_least


def _lookup(table: dict[str, str], default: str | None, column: str) -> Callable[[str], Cell]:
    def find(text: str) -> Cell:
        found = table.get(text, default)
        return (
            Fault(column, f"{text!r} is not in the look-up table", "Add it to the mapping.") if found is None else found
        )

    return find


def _replacer(patterns: tuple[tuple[Any, str], ...]) -> Callable[[str], str | None]:
    def replace(text: str) -> str | None:
        for pattern, by in patterns:
            text = pattern.sub(by, text)
        return text.strip() or None

    return replace
