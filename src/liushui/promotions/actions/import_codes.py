"""Take over codes that others made: a table with a code in each row, every row judged by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.promotions import coupon_keys
from liushui.promotions.actions.make_batch import make_batch
from liushui.promotions.coupon_queries import coupon_batch
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupons import TEXT_MAX, CodesImported, ImportFault, NewBatch
from liushui.promotions.errors import BatchVoid
from liushui.promotions.models import CouponBatchRow, CouponCodeRow
from liushui.runtime import audit, bulk
from liushui.runtime.access import Principal
from liushui.runtime.tabular import Table, UnreadableTable, open_table

HEADERS = ("code", "coupon", "coupon code", "券码", "优惠券码", "优惠码")
_FAULTS_KEPT = 1_000
_AT_ONCE = 5_000
_CODE_MIN = 6  # shorter ones can be guessed


@dataclass(slots=True)
class _Run:
    """An import under way."""

    batch_id: int
    chain_id: int
    now: datetime
    seen: set[str] = field(default_factory=set)  # digests of the rows so far
    added: int = 0
    known: int = 0
    wrong: int = 0
    faults: list[ImportFault] = field(default_factory=list)

    def fault(self, line: int, reason: str) -> None:
        """Count a row that is not taken; the first of them are told."""
        self.wrong += 1
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(ImportFault(line=line, reason=reason))


def import_codes(
    *, batch: NewBatch, path: Path, principal: Principal, now: datetime, rows_max: int | None = None
) -> CodesImported:
    """Make a batch of the codes in a CSV or Excel file, or add to the one that was made so; safe to repeat.

    The file has a column named as in HEADERS, or one column alone. Nothing is kept of a row but its keyed hash. Raises
    UnreadableTable, BatchExists, BatchVoid, and InvalidValue for a file with more than `rows_max` rows, of which the
    first are taken.
    """
    if batch.kind != "unique":
        raise InvalidValue("Only unique codes are brought in from a file", pointer="/kind")
    with open_table(path=path) as table:
        column = _column(table)
        made = make_batch(batch=batch, principal=principal, now=now, is_imported=True)
        if made.status != "active":
            raise BatchVoid(f"Batch {batch.code!r} was voided")
        run, count = _Run(made.id, made.chain_id, now), 0
        while rows := list(islice(table.rows, _AT_ONCE)):
            count += len(rows)
            if rows_max is not None and count > rows_max:
                raise InvalidValue(
                    f"The file has more than {rows_max:,} rows", remedy="Import it with `liushui coupons import`."
                )
            _add(run, [(line, row[column]) for line, row in rows])
    audit.record(
        principal=principal, action="coupon.import", target=f"coupon-batch:{batch.code}", chain_id=batch.chain_id,
        after={"added": run.added, "known": run.known, "wrong": run.wrong},
    )  # fmt: skip
    return CodesImported(
        batch=coupon_batch(chain_id=batch.chain_id, code=batch.code),
        added=run.added,
        known=run.known,
        wrong=run.wrong,
        faults=tuple(run.faults),
    )


def _column(table: Table) -> str:
    named = [header for header in table.headers if header.strip().lower() in HEADERS]
    if named:
        return named[0]
    if len(table.headers) == 1:
        raise UnreadableTable(
            f"The first row is {table.headers[0]!r}, not a heading", remedy="Name the column: code, or 券码."
        )
    raise UnreadableTable("No column is called code or 券码", remedy=f"It has {', '.join(table.headers)}.")


def _add(run: _Run, rows: list[tuple[int, str]]) -> None:
    """Take over a part of the rows by one transaction."""
    lines: dict[str, int] = {}
    for line, text in rows:
        normal = coupon_codes.normal(text)
        reason = "empty" if not normal else "too_short" if len(normal) < _CODE_MIN else ""
        if len(normal) > TEXT_MAX["code"]:
            reason = "too_long"
        digest = "" if reason else coupon_keys.code_sha256(normal)
        if digest in run.seen:
            reason = "twice"
        if reason:
            run.fault(line, reason)
            continue
        run.seen.add(digest)
        lines[digest] = line
    with transaction.atomic():
        batch = CouponBatchRow.objects.select_for_update().get(id=run.batch_id)  # one import after the other
        owners = dict(
            CouponCodeRow.objects.filter(chain_id=run.chain_id, code_sha256__in=lines).values_list(
                "code_sha256", "batch_id"
            )
        )
        new = [digest for digest in lines if digest not in owners]
        bulk.insert_rows(
            table="promotions_coupon_code",
            columns=(
                "batch_id", "serial", "chain_id", "code_sha256", "uses", "uses_max", "is_void", "order_key",
                "changed_at",
            ),
            rows=[
                (batch.id, serial, run.chain_id, digest, 0, 1, False, "", run.now)
                for serial, digest in enumerate(new, start=batch.issued + 1)
            ],
        )  # fmt: skip
        CouponBatchRow.objects.filter(id=batch.id).update(issued=F("issued") + len(new), size=F("size") + len(new))
    run.added += len(new)
    for digest, line in lines.items():
        if digest in owners and owners[digest] != run.batch_id:
            run.fault(line, "taken")
        elif digest in owners:
            run.known += 1
