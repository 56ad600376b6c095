"""Book a batch of documents of a file: complete the good ones, and say what has to be quarantined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from liushui.catalog import facade as catalog
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import Refusal, SaleRecorded
from liushui.intake import quarantine
from liushui.intake.accounts import Totals, made_at
from liushui.intake.domain.documents import Document
from liushui.intake.domain.sale_json import command_json, line_json
from liushui.intake.models import ImportRunRow
from liushui.intake.quarantine import Quarantined
from liushui.runtime.access import Principal

UNREADABLE_ROWS = "urn:liushui:problem:unreadable-rows"


@dataclass(slots=True)
class Booked:
    """What came of a batch: sales that are recorded by now, and entries still to be written with the cursor."""

    row: ImportRunRow
    recorded: list[tuple[Document, SaleRecorded, bool]] = field(default_factory=list)  # bool: known before this import
    refused: list[tuple[Document, Mapping[str, object]]] = field(default_factory=list)

    def settle(self, totals: Totals, now: datetime) -> None:
        """Write the entries and add everything to the totals; belongs into the transaction that moves the cursor."""
        entries = [_entry(document, problem, self.row) for document, problem in self.refused]
        quarantine.put(entries=entries, now=now)
        sales: dict[str, UUID] = {document.source_id: answer.sale_id for document, answer, _ in self.recorded}
        if sales and quarantine.has_open(source=self.row.source):
            quarantine.resolve(source=self.row.source, sales=sales, now=now, closed_by=f"import:{self.row.id}")
        for document, answer, known in self.recorded:
            _add_recorded(totals, document, answer, known)
        for document, _ in self.refused:
            totals.rows_done += len(document.rows)
            totals.rows_quarantined += len(document.rows)
            totals.documents_quarantined += 1
            totals.money_quarantined += document.control


def book_documents(
    documents: Sequence[Document],
    *,
    row: ImportRunRow,
    principal: Principal,
    now: datetime,
    in_flight: bool,
    kept: catalog.KeptItems,
) -> Booked:
    """Complete the sales of a batch in one go. `in_flight`: an earlier process may have stopped at it, so what
    was recorded since this import began is this import's own work."""
    booked = Booked(row)
    good = [document for document in documents if document.command is not None]
    commands = [document.command for document in good if document.command is not None]
    answers = checkout.complete_sales(commands=commands, principal=principal, now=now, kept=kept) if commands else []
    for document, answer in zip(good, answers, strict=True):
        if isinstance(answer, Refusal):
            booked.refused.append((document, answer.problem))
        else:
            ours = not answer.is_replay or (in_flight and made_at(answer.sale_id) >= row.created_at)
            booked.recorded.append((document, answer, not ours))
    booked.refused.extend((document, _problem(document)) for document in documents if document.command is None)
    return booked


def _add_recorded(totals: Totals, document: Document, answer: SaleRecorded, known: bool) -> None:
    totals.rows_done += len(document.rows)
    totals.money_booked_minor += answer.total_minor
    totals.money_rounded += document.rounded
    if known:
        totals.rows_known += len(document.rows)
        totals.documents_known += 1
        return
    totals.documents_booked += 1
    totals.rows_sold += document.sold_rows
    totals.rows_returned += document.returned_rows


def _problem(document: Document) -> dict[str, object]:
    first = document.reasons[0]
    where = f"row {first.row}" + (f", column {first.column}" if first.column else "")
    more = f" (and {len(document.reasons) - 1} more)" if len(document.reasons) > 1 else ""
    problem: dict[str, object] = {
        "type": UNREADABLE_ROWS,
        "title": "Rows of the document cannot be read as a sale",
        "status": 422,
        "detail": f"{where}: {first.text}{more}",
    }
    return problem | ({"remedy": first.remedy} if first.remedy else {})


def _entry(document: Document, problem: Mapping[str, object], row: ImportRunRow) -> Quarantined:
    command = document.command
    return Quarantined(
        source=row.source,
        source_id=document.source_id,
        origin="file",
        chain=row.chain_code,
        store_code=command.store if command else _text(document.header[1]),
        command=command_json(command, row.currency) if command else _draft(document, row),
        problem=problem,
        import_id=row.id,
        reasons=[asdict(reason) for reason in document.reasons],
        raw_rows=document.raw_rows(),
    )


def _draft(document: Document, row: ImportRunRow) -> dict[str, object]:
    """As much of the sale as could be read, for whoever mends it; faulty lines are left for him to fill in."""
    completed_at, store, *_ = document.header
    good = iter(document.lines)
    faulty = {reason.row for reason in document.reasons}
    lines: list[dict[str, object]] = []
    for number in document.rows:
        line = None if number in faulty and len(document.lines) < len(document.rows) else next(good, None)
        lines.append(line_json(line, row.currency) if line else {"code": "", "units": 1, "amount": ""})
    return {
        "id": document.source_id,
        "store": _text(store),
        "completed_at": completed_at.isoformat() if isinstance(completed_at, datetime) else "",
        "chain": row.chain_code,
        "lines": lines,
    }


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


__all__ = ["Booked", "book_documents"]
