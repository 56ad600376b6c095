"""Rows of a file into sales: one document is the rows that share an id, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from liushui.checkout.contracts import CompleteSale, LineCommand, Tender
from liushui.intake.contracts import Reason
from liushui.intake.domain.evaluate import Batch
from liushui.intake.domain.lines import LineReader, Lines
from liushui.intake.domain.mapping import HEADER_TEXTS, Mapping
from liushui.intake.domain.people import hidden_command
from liushui.intake.domain.values import Fault, Memo, instant_of

ID_LENGTH_MAX = 128
_FORM_REMEDY = "Look for a separator or quotation mark too many or too few in this row."


@dataclass(slots=True)
class Document:
    """The rows of one sale as they are gathered."""

    first_row: int
    source_id: str
    header: tuple[Any, ...]
    lines: list[LineCommand] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    cells: list[tuple[Batch, int]] = field(default_factory=list)  # where the raw cells are, for quarantine
    reasons: list[Reason] = field(default_factory=list)
    tenders: dict[tuple[str, str], int] = field(default_factory=dict)
    amount_minor: int = 0
    control: Decimal = Decimal(0)
    rounded: Decimal = Decimal(0)
    returned_rows: int = 0
    command: CompleteSale | None = None

    @property
    def sold_rows(self) -> int:
        """Rows that are sold lines."""
        return len(self.rows) - self.returned_rows

    def raw_rows(self) -> list[dict[str, object]]:
        """The rows as they stood in the file, with their row numbers."""
        return [
            {
                "row": row,
                "cells": {
                    name: _plain(column[i]) for name, column in batch.columns.items() if not name.startswith("__")
                },
            }
            for row, (batch, i) in zip(self.rows, self.cells, strict=True)
        ]


class DocumentReader:
    """Reads batches of ordered rows and gives whole documents; the last one is held until `finish()`."""

    def __init__(self, *, mapping: Mapping, chain: str, places: int) -> None:
        self._mapping = mapping
        self._chain = chain
        self._lines = LineReader(mapping, places)
        self._missing = mapping.file.missing
        column = mapping.completed_at_columns[0]
        self._instants = Memo(lambda value: instant_of(value, column, mapping.completed_at, self._missing))
        self._compared = [i for i, name in enumerate(("completed_at", *HEADER_TEXTS)) if name not in mapping.differing]
        self._open: Document | None = None
        self._rest = [tender.type for tender in mapping.tenders if tender.amount is None]

    def read(
        self,
        batch: Batch,
        *,
        rows: Sequence[int],
        firsts: Sequence[int],
        controls: Sequence[Decimal | None],
        row_faults: Sequence[str | None] = (),
    ) -> Iterator[Document]:
        """The documents that are complete once these rows have been read."""
        lines = self._lines.read(batch)
        headers = list(zip(self._completed_at(batch), *lines.headers, strict=True))
        document = self._open
        for i, (row, first) in enumerate(zip(rows, firsts, strict=True)):
            if document is None or document.first_row != first:
                if document is not None:
                    yield self._complete(document)
                document = self._begin(first, lines.ids[i], headers[i])
            if row_faults and row_faults[i] is not None:
                document.reasons.append(Reason(row=row, column="", text=row_faults[i] or "", remedy=_FORM_REMEDY))
            self._add(document, batch, i, row, controls[i], headers[i], lines)
        self._open = document

    def finish(self) -> Iterator[Document]:
        """The last document."""
        if self._open is not None:
            yield self._complete(self._open)
            self._open = None

    def _completed_at(self, batch: Batch) -> list[Any]:
        columns = [batch.columns[name] for name in self._mapping.completed_at_columns]
        if len(columns) == 1:
            return [self._instants[value] for value in columns[0]]
        joined = (" ".join(str(cell).strip() for cell in cells) for cells in zip(*columns, strict=True))
        return [self._instants[text] for text in joined]

    def _begin(self, first: int, source_id: str | None, header: tuple[Any, ...]) -> Document:
        column = ", ".join(self._mapping.id_columns)
        document = Document(first, source_id or f"row-{first}", header)
        if source_id is None:
            document.reasons.append(
                Reason(row=first, column=column, text="The document has no number.", remedy="Fill it in.")
            )
        elif len(source_id) > ID_LENGTH_MAX:
            document.source_id = f"row-{first}"
            text = f"The document number has {len(source_id)} characters, at most {ID_LENGTH_MAX} are taken."
            document.reasons.append(Reason(row=first, column=column, text=text))
        for name, cell in zip(("completed_at", *HEADER_TEXTS), header, strict=True):
            if isinstance(cell, Fault):
                document.reasons.append(_reason(first, cell))
            elif cell is None and name in ("completed_at", "store"):
                where = self._mapping.completed_at_columns[0] if name == "completed_at" else "store"
                document.reasons.append(Reason(row=first, column=where, text=f"{name} is empty.", remedy="Fill it in."))
        return document

    def _add(
        self,
        document: Document,
        batch: Batch,
        i: int,
        row: int,
        control: Decimal | None,
        header: tuple[Any, ...],
        lines: Lines,
    ) -> None:
        document.rows.append(row)
        document.cells.append((batch, i))
        if control is not None:
            document.control += control
        if header != document.header:
            self._compare(document, row, header)
        for fault in lines.faults.get(i, ()):
            document.reasons.append(_reason(row, fault))
        line = lines.lines[i]
        if line is None:
            return
        document.lines.append(line)
        document.amount_minor += line.amount_minor or 0
        if line.units < 0 or line.is_return:
            document.returned_rows += 1
        if i in lines.rounded:
            document.rounded += lines.rounded[i]
        for kind, methods, amounts in lines.tenders:
            if amounts[i]:
                key = (kind, methods[i] or "")
                document.tenders[key] = document.tenders.get(key, 0) + amounts[i]

    def _compare(self, document: Document, row: int, header: tuple[Any, ...]) -> None:
        names = ("completed_at", *HEADER_TEXTS)
        for i in self._compared:
            if header[i] != document.header[i]:
                document.reasons.append(
                    Reason(
                        row=row,
                        column=names[i],
                        text=f"{names[i]} is {header[i]} here and {document.header[i]} in row {document.first_row},"
                        " which is of the same document.",
                        remedy=f'Correct it, or add "{names[i]}" to sale.differing: the first row is taken then.',
                    )
                )

    def _complete(self, document: Document) -> Document:
        if document.reasons:
            return document
        completed_at, *texts = document.header
        header: dict[str, Any] = {name: text or "" for name, text in zip(HEADER_TEXTS, texts, strict=True)}
        header["channel"] = header["channel"] or "pos"
        sale = CompleteSale(
            source=self._mapping.source,
            source_id=document.source_id,
            completed_at=completed_at,
            lines=tuple(document.lines),
            tenders=self._tenders(document),
            chain=self._chain,
            currency=self._mapping.chain.currency,
            accept_unknown_items=self._mapping.chain.accept_unknown_items,
            **header,
        )
        document.command = hidden_command(sale)
        return document

    def _tenders(self, document: Document) -> tuple[Tender, ...]:
        if not self._mapping.tenders:
            return ()
        amounts = dict(document.tenders)
        for kind in self._rest:
            rest = document.amount_minor - sum(amounts.values())
            if rest:
                method = self._lines.rest_method(document.cells[0])
                amounts[kind, method] = amounts.get((kind, method), 0) + rest
        return tuple(
            Tender(type=kind, method=method, amount_minor=amount) for (kind, method), amount in amounts.items()
        )


def _reason(row: int, fault: Fault) -> Reason:
    return Reason(row=row, column=fault.column, text=fault.text, remedy=fault.remedy)


def _plain(value: Any) -> object:
    """A raw cell as JSON can hold it; binary fractions as the text that reads back to the same number."""
    return value if value is None or isinstance(value, str | int | bool) else str(value)
