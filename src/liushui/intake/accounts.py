"""The account of an import: totals kept beside the cursor, and what they say when the file is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from liushui.intake.contracts import ImportRun, Reconciliation
from liushui.intake.models import ImportRunRow
from liushui.kernel.money import exponent


@dataclass(slots=True)
class Totals:
    """Running totals of an import, as its row holds them."""

    rows_done: int = 0
    rows_sold: int = 0
    rows_returned: int = 0
    rows_quarantined: int = 0
    rows_known: int = 0
    documents_booked: int = 0
    documents_quarantined: int = 0
    documents_known: int = 0
    money_booked_minor: int = 0
    money_quarantined: Decimal = Decimal(0)
    money_rounded: Decimal = Decimal(0)

    @classmethod
    def of(cls, row: ImportRunRow) -> Totals:
        """As far as the import has come."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def columns(self) -> dict[str, object]:
        """For an UPDATE of the row."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def reconciliation(row: ImportRunRow) -> Reconciliation:
    """What the totals say, in units of the currency."""
    return Reconciliation(
        currency=row.currency,
        rows_read=row.rows_done,
        rows_sold=row.rows_sold,
        rows_returned=row.rows_returned,
        rows_quarantined=row.rows_quarantined,
        rows_known=row.rows_known,
        documents_booked=row.documents_booked,
        documents_quarantined=row.documents_quarantined,
        documents_known=row.documents_known,
        money_in=row.money_in,
        money_booked=Decimal(row.money_booked_minor).scaleb(-exponent(row.currency)),
        money_quarantined=row.money_quarantined,
        money_rounded=row.money_rounded,
    )


def run_of(row: ImportRunRow, *, already_imported: bool = False) -> ImportRun:
    """An import as others see it."""
    return ImportRun(
        id=row.id,
        file_name=row.file_name,
        file_sha256=row.file_sha256,
        file_bytes=row.file_bytes,
        mapping=row.mapping_name,
        chain=row.chain_code,
        source=row.source,
        status=row.status,
        started_by=row.started_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        rows_total=row.rows_total,
        rows_done=row.rows_done,
        reconciliation=reconciliation(row) if row.rows_total or row.status == "done" else None,
        problem=row.problem,
        file_gone_at=row.file_gone_at,
        already_imported=already_imported,
    )


def made_at(sale_id: UUID) -> datetime:
    """When a sale was recorded, as its UUIDv7 tells (RFC 9562: the first 48 bits are Unix milliseconds)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=sale_id.int >> 80)


def report_lines(account: Reconciliation) -> Sequence[str]:
    """The account in words, for a terminal; the last line is loud when something is missing."""
    a = account
    lines = [
        f"rows read {a.rows_read:,} = sold {a.rows_sold:,} + returned {a.rows_returned:,}"
        f" + quarantined {a.rows_quarantined:,} + already known {a.rows_known:,}",
        f"money in {_plain(a.money_in)} {a.currency} = booked {_plain(a.money_booked)}"
        f" + quarantined {_plain(a.money_quarantined)} - rounding {_plain(a.money_rounded)}",
    ]
    if not a.is_exact:
        lines.append(
            f"!!! DOES NOT RECONCILE: {a.rows_difference:,} rows and {_plain(a.money_difference)} {a.currency}"
            " are unaccounted for !!!"
        )
    return lines


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():,f}" if amount else "0"
