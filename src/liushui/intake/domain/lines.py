"""The line fields of a batch of rows, a column at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from liushui.checkout.contracts import LineCommand
from liushui.intake.domain.evaluate import Batch, Compiler, Evaluator, mapped
from liushui.intake.domain.expressions import Expression, columns_of
from liushui.intake.domain.mapping import HEADER_TEXTS, LINE_MONEY, LINE_TEXTS, Mapping
from liushui.intake.domain.values import Cell, Fault, minor_of, text_of, whole_of
from liushui.orders.contracts import Discount

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Lines:
    """A batch read: by row the document's id, the header texts, the line (None when faulty) and what was wrong."""

    ids: list[str | None]
    headers: list[list[Any]]
    lines: list[LineCommand | None]
    faults: dict[int, list[Fault]]
    tenders: list[tuple[str, list[Any], list[Any]]]
    rounded: dict[int, Decimal]


class LineReader:
    """Compiles a mapping's line fields once and reads batches with them."""

    def __init__(self, mapping: Mapping, places: int) -> None:
        self._mapping = mapping
        self._places = places
        self._compiler = compiler = Compiler(mapping.file.numbers, mapping.file.missing)
        self._id = self._id_evaluator()
        self._header = [
            compiler.texts(mapping.header[name]) if name in mapping.header else None for name in HEADER_TEXTS
        ]
        self._texts = {name: compiler.texts(mapping.line[name]) for name in LINE_TEXTS if name in mapping.line}
        self._money = {name: self._minor(mapping.line[name]) for name in LINE_MONEY if name in mapping.line}
        self._exact = compiler.numbers(mapping.line["amount"]) if mapping.rounds else None
        self._units = self._whole(mapping.units) if mapping.units is not None else None
        self._returned = compiler.condition(mapping.returned_when) if mapping.returned_when is not None else None
        self._measures = [
            (compiler.condition(measure.when), self._whole(measure.value), measure.unit) for measure in mapping.measures
        ]
        self._discounts = [(part.code, part.name, self._minor(part.amount)) for part in mapping.discounts]
        self._tenders = [
            (part.type, compiler.texts(part.method) if part.method else None, self._minor(part.amount))
            for part in mapping.tenders
            if part.amount is not None
        ]
        self._rest_methods = [
            compiler.texts(part.method) for part in mapping.tenders if part.amount is None and part.method
        ]

    def rest_method(self, cell: tuple[Batch, int]) -> str:
        """The method of the tender that takes the rest, as the document's first row says it."""
        if not self._rest_methods:
            return ""
        batch, i = cell
        row = Batch({name: [column[i]] for name, column in batch.columns.items()}, 1)
        method = self._rest_methods[0](row)[0]
        return method if isinstance(method, str) else ""

    def read(self, batch: Batch) -> Lines:
        """All rows of the batch as lines."""
        faults: dict[int, list[Fault]] = {}
        nothing: list[Any] = [None] * batch.size
        texts = {name: self._checked(evaluator(batch), faults) for name, evaluator in self._texts.items()}
        money = {name: self._checked(evaluator(batch), faults) for name, evaluator in self._money.items()}
        self._require(texts["code"], self._mapping.line["code"], faults)
        self._require(money["amount"], self._mapping.line["amount"], faults)
        units = self._checked(self._units(batch), faults) if self._units else [1] * batch.size
        if self._mapping.units is not None:
            self._require(units, self._mapping.units, faults)
        measures = self._measured(batch, faults)
        discounts = self._discounted(batch, faults)
        tenders = [
            (kind, methods(batch) if methods else nothing, self._checked(amounts(batch), faults))
            for kind, methods, amounts in self._tenders
        ]
        rounded = self._rounded(batch, money["amount"])
        flips = self._returned(batch) if self._returned else None
        if flips is not None:
            self._flip(flips, units, money, discounts, tenders, rounded)
        lines = _lines(batch.size, texts, money, units, measures, discounts, flips, faults)
        headers = [evaluator(batch) if evaluator else nothing for evaluator in self._header]
        return Lines(self._id(batch), headers, lines, faults, tenders, rounded)

    def _id_evaluator(self) -> Callable[[Batch], list[str | None]]:
        columns, separator, missing = self._mapping.id_columns, self._mapping.id_separator, self._mapping.file.missing
        if len(columns) == 1:
            return lambda batch: [text_of(value, missing) for value in batch.columns[columns[0]]]

        def joined(cells: tuple[Any, ...]) -> str | None:
            texts = [text_of(cell, missing) for cell in cells]
            return None if None in texts else separator.join(text for text in texts if text)

        return lambda batch: [joined(cells) for cells in zip(*(batch.columns[name] for name in columns), strict=True)]

    def _minor(self, expression: Expression) -> Evaluator:
        column = next(columns_of(expression), "")
        places, rounds = self._places, self._mapping.rounds
        return mapped(self._compiler.numbers(expression), lambda number: minor_of(number, column, places, rounds))

    def _whole(self, expression: Expression) -> Evaluator:
        column = next(columns_of(expression), "")
        return mapped(self._compiler.numbers(expression), lambda number: whole_of(number, column))

    @staticmethod
    def _checked(cells: list[Cell], faults: dict[int, list[Fault]]) -> list[Cell]:
        for i, cell in enumerate(cells):
            if type(cell) is Fault:
                faults.setdefault(i, []).append(cell)
        return cells

    @staticmethod
    def _require(cells: list[Cell], expression: Expression, faults: dict[int, list[Fault]]) -> None:
        if None in cells:
            column = next(columns_of(expression), "")
            for i, cell in enumerate(cells):
                if cell is None:
                    faults.setdefault(i, []).append(Fault(column, f"{column} is empty", "Fill it in."))

    def _measured(self, batch: Batch, faults: dict[int, list[Fault]]) -> dict[int, tuple[int, str]]:
        measures: dict[int, tuple[int, str]] = {}
        for condition, values, unit in self._measures:
            holds = condition(batch)
            if any(holds):
                for i, (yes, value) in enumerate(zip(holds, values(batch), strict=True)):
                    if yes and type(value) is Fault:
                        faults.setdefault(i, []).append(value)
                    elif yes and value:
                        measures[i] = (value, unit)
        return measures

    def _discounted(self, batch: Batch, faults: dict[int, list[Fault]]) -> dict[int, list[Discount]]:
        discounts: dict[int, list[Discount]] = {}
        for code, name, amounts in self._discounts:
            for i, amount in enumerate(self._checked(amounts(batch), faults)):
                if amount and type(amount) is int:
                    discounts.setdefault(i, []).append(Discount(code=code, name=name, amount_minor=amount))
        return discounts

    def _rounded(self, batch: Batch, amounts: list[Any]) -> dict[int, Decimal]:
        if self._exact is None:
            return {}
        rounded = {}
        places = self._places
        for i, (exact, minor) in enumerate(zip(self._exact(batch), amounts, strict=True)):
            if type(minor) is int and (difference := Decimal(minor).scaleb(-places) - exact):
                rounded[i] = difference
        return rounded

    @staticmethod
    def _flip(
        flips: list[bool],
        units: list[Any],
        money: dict[str, list[Any]],
        discounts: dict[int, list[Discount]],
        tenders: list[tuple[str, list[Any], list[Any]]],
        rounded: dict[int, Decimal],
    ) -> None:
        columns = [units, *money.values(), *(amounts for _, _, amounts in tenders)]
        for i, flip in enumerate(flips):
            if not flip:
                continue
            for column in columns:
                if type(column[i]) is int:
                    column[i] = -column[i]
            if i in discounts:
                discounts[i] = [Discount(code=d.code, name=d.name, amount_minor=-d.amount_minor) for d in discounts[i]]
            if i in rounded:
                rounded[i] = -rounded[i]


def _lines(
    size: int,
    texts: dict[str, list[Any]],
    money: dict[str, list[Any]],
    units: list[Any],
    measures: dict[int, tuple[int, str]],
    discounts: dict[int, list[Discount]],
    flips: list[bool] | None,
    faults: dict[int, list[Fault]],
) -> list[LineCommand | None]:
    nothing: list[Any] = [None] * size
    codes, names, categories = (texts.get(name, nothing) for name in LINE_TEXTS)
    amounts, regulars, taxes, costs = (money.get(name, nothing) for name in LINE_MONEY)
    lines: list[LineCommand | None] = []
    columns = zip(codes, names, categories, units, amounts, regulars, taxes, costs, strict=True)
    for i, (code, name, category, count, amount, regular, tax, cost) in enumerate(columns):
        if i in faults:
            lines.append(None)
            continue
        measure = measures.get(i)
        if measure is not None:
            count = -1 if count < 0 or (flips is not None and flips[i]) else 1
        lines.append(
            LineCommand(
                code=code,
                units=count,
                amount_minor=amount,
                regular_minor=regular,
                discounts=tuple(discounts[i]) if i in discounts else (),
                measure_value=abs(measure[0]) if measure else None,
                measure_unit=measure[1] if measure else None,
                name=name or "",
                category=category or "",
                tax_minor=tax,
                cost_minor=cost,
                is_return=count < 0 or (count == 0 and (amount < 0 or (flips is not None and flips[i]))),
            )
        )
    return lines
