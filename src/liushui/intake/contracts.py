"""What others see of sales on their way in: mappings, previews, imports, quarantine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from liushui.checkout.contracts import CompleteSale, SaleRecorded

IMPORT_STATUSES = ("waiting", "running", "done", "failed", "cancelled")
ENTRY_STATUSES = ("open", "resolved", "discarded")
STALLED_AFTER = timedelta(
    minutes=2
)  # an import writes its row every few seconds; one that does not has lost its process


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a row or a document could not be taken, in words, and what to do. `row` is the row of the file, 0: no row."""

    row: int
    column: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import is. `rows_per_second` is of this process; `seconds_left` None while unknown."""

    phase: str  # reading | ordering | references | booking
    rows_done: int
    rows_total: int
    rows_per_second: float
    seconds_left: float | None


OnProgress = Callable[[ImportProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The account of an import. Rows: read = sold + returned + quarantined + known. Money, in units of the currency:
    in = booked + quarantined - rounded, where `in` is summed from the raw columns without the mapping's evaluator."""

    currency: str
    rows_read: int
    rows_sold: int
    rows_returned: int
    rows_quarantined: int
    rows_known: int  # of documents that had been recorded before this import
    documents_booked: int
    documents_quarantined: int
    documents_known: int
    money_in: Decimal
    money_booked: Decimal
    money_quarantined: Decimal
    money_rounded: Decimal  # booked minus exact, of amounts with a fraction of the minor unit, where the mapping rounds

    @property
    def rows_difference(self) -> int:
        """Rows that are unaccounted for."""
        return self.rows_read - self.rows_sold - self.rows_returned - self.rows_quarantined - self.rows_known

    @property
    def money_difference(self) -> Decimal:
        """Money that is unaccounted for."""
        return self.money_in - self.money_booked - self.money_quarantined + self.money_rounded

    @property
    def is_exact(self) -> bool:
        """Whether every row and every minor unit is accounted for."""
        return self.rows_difference == 0 and self.money_difference == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """One import of one file."""

    id: UUID
    file_name: str
    file_sha256: str
    file_bytes: int
    mapping: str
    chain: str
    source: str
    status: str  # one of IMPORT_STATUSES
    started_by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    rows_total: int
    rows_done: int
    reconciliation: Reconciliation | None  # None until the file has been read
    problem: dict[str, object] | None
    file_gone_at: datetime | None = None  # since when the file itself is no longer kept
    already_imported: bool = False  # True when this answer is of an earlier, finished import of the same file


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """A page of imports, newest first."""

    runs: tuple[ImportRun, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewDocument:
    """A document as the mapping reads it: the sale, or why it would be quarantined."""

    source_id: str
    rows: tuple[int, ...]
    command: CompleteSale | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """The first documents of a file through a mapping; nothing has been written."""

    file_name: str
    format: str
    encoding: str  # empty for formats without one
    columns: tuple[str, ...]
    unused_columns: tuple[str, ...]
    documents: tuple[PreviewDocument, ...]
    rows_read: int
    unknown_stores: tuple[str, ...]
    unknown_codes: tuple[str, ...]
    chain: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineQuery:
    """Which quarantined sales to list. Entries without a known store are seen by people of a whole chain only."""

    store_ids: frozenset[int]
    chain_ids: frozenset[int]  # chains whose entries without a store may be seen
    status: str = "open"
    reason: str = ""
    source: str = ""
    store: str = ""
    first: datetime | None = None
    before: datetime | None = None
    import_id: UUID | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineSummary:
    """A row of the quarantine list."""

    id: UUID
    source: str
    source_id: str
    chain_id: int | None
    store_id: int | None
    store_code: str
    reason: str  # type of the problem, such as unknown-item
    title: str
    detail: str
    row_count: int
    origin: str  # api | file
    status: str  # one of ENTRY_STATUSES
    received_at: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinePage:
    """A page of quarantined sales, oldest first, with how many there are by reason and by source."""

    entries: tuple[QuarantineSummary, ...]
    total: int
    reasons: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineDetail:
    """Everything about one quarantined sale: the command as JSON, what was wrong, and the raw rows it came from."""

    summary: QuarantineSummary
    command: dict[str, object]
    problem: dict[str, object]
    reasons: tuple[Reason, ...]
    raw_rows: tuple[dict[str, object], ...]
    import_id: UUID | None
    closed_at: datetime | None
    closed_by: str
    close_reason: str
    sale_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What came of replaying one quarantined sale."""

    entry_id: UUID
    sale_id: UUID | None
    problem: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one sale: created, replayed, conflict, quarantined or refused."""

    status: str
    recorded: SaleRecorded | None = None
    problem: dict[str, object] | None = None
    source_id: str | None = None
    http_status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What is over of what was kept: taken away by a run, or waiting for one. `needed` is past its time and stays."""

    messages: int = 0  # bodies of requests
    entries: int = 0  # quarantined sales that are closed
    files: int = 0  # imports whose file goes
    strays: int = 0  # files and folders that belong to no import
    messages_needed: int = 0  # sales of them wait in quarantine
    files_needed: int = 0  # imports that run, wait, or have sales in quarantine

    @property
    def removed(self) -> int:
        """How many things altogether."""
        return self.messages + self.entries + self.files + self.strays

    def more(self, kind: str, count: int) -> RetentionReport:
        """With so many more of a kind."""
        return replace(self, **{kind: getattr(self, kind) + count})
