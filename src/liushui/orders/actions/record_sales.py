"""Write finished sales down, once each, however often and by however many at a time they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import IntegrityError, connection, transaction

from liushui.kernel.ids import new_id
from liushui.orders import storage
from liushui.orders.contracts import SALE_COMPLETED, RecordSale, SaleRecorded
from liushui.orders.domain.sums import Sums, check_balance, sums_of
from liushui.orders.errors import ReturnedMeanwhile, SaleConflict
from liushui.orders.facts import event_of, fact_of
from liushui.orders.returning import (
    RETURNED_LINE_COLUMNS,
    RETURNED_TENDER_COLUMNS,
    TooLate,
    check_claims,
    claim_returns,
    claim_units,
    returned_rows,
)
from liushui.orders.storage import Beside, Key, KnownSale, Row
from liushui.runtime import bulk, outbox
from liushui.runtime.events import Event

_logger = structlog.get_logger(__name__)


class Identity(NamedTuple):
    """A sale by its source's id, and the fingerprint of its body."""

    source: str
    source_id: str
    body_sha256: str


class _Prepared(NamedTuple):
    """All that one sale writes, made before the transaction: SQLite has one writer, which should not wait for us."""

    id: UUID
    command: RecordSale
    sums: Sums
    sale: Row
    lines: list[Row]
    discounts: list[Row]
    tenders: list[Row]
    explanations: list[Row]
    event: Event


def record_sales(
    *, commands: Sequence[RecordSale], recorded_at: datetime, beside: Beside | None = None
) -> list[SaleRecorded | SaleConflict | ReturnedMeanwhile]:
    """Record a batch in one transaction; answers stand in the order of the commands.

    A sale that is recorded already, or stands in the batch twice, gets the first answer with is_replay; with another
    body it gets a SaleConflict and changes nothing; one that takes back what others have taken back or voided since it
    was worked out gets ReturnedMeanwhile and changes nothing either. A single sale that returns nothing is one message
    on PostgreSQL, which the server takes as a transaction. The number of SQL statements is the same for any
    number of sales and lines; sales that take others back need some more. `beside` may add to that one message what
    becomes final with the sale; it is not asked where there is no such message. Raises SaleUnbalanced and
    ReturnUnclaimed, before anything is written, when tenders don't sum to the lines, or returned lines don't name what
    they take back.
    """
    prepared: dict[Key, _Prepared] = {}
    for command in commands:
        key = (command.source, command.source_id)
        if key not in prepared:
            prepared[key] = _prepare(command, recorded_at)
    known, refused = _write_what_can_be(prepared, beside)
    answers: list[SaleRecorded | SaleConflict | ReturnedMeanwhile] = []
    seen = set(known)
    for command in commands:
        key = (command.source, command.source_id)
        if key in refused:
            answers.append(refused[key])
            continue
        recorded = known.get(key) or _as_known(prepared[key])
        answers.append(_answer(command, recorded, is_replay=key in seen))
        seen.add(key)
    return answers


def recorded_before(*, identities: Sequence[Identity]) -> list[SaleRecorded | SaleConflict | None]:
    """What each sale is answered if it was recorded before, None for one that never was; one query."""
    known = storage.find_known({(sale.source, sale.source_id) for sale in identities})
    answers: list[SaleRecorded | SaleConflict | None] = []
    for sale in identities:
        found = known.get((sale.source, sale.source_id))
        answers.append(_answer(sale, found, is_replay=True) if found else None)
    return answers


def _prepare(command: RecordSale, recorded_at: datetime) -> _Prepared:
    sums = sums_of(command.lines)
    check_claims(command)
    check_balance(sums.total_minor, command.tenders)
    sale_id = new_id()
    return _Prepared(
        sale_id,
        command,
        sums,
        storage.sale_row(sale_id, command, sums, recorded_at),
        storage.line_rows(sale_id, command),
        storage.discount_rows(sale_id, command),
        storage.tender_rows(sale_id, command),
        storage.explanation_rows(sale_id, command),
        event_of(fact_of(sale_id, command), type=SALE_COMPLETED, at=recorded_at),
    )


def _write_what_can_be(
    prepared: dict[Key, _Prepared], beside: Beside | None
) -> tuple[dict[Key, KnownSale], dict[Key, ReturnedMeanwhile]]:
    """Write all but those whose returns came too late: each of them undoes the transaction, which is begun again."""
    refused: dict[Key, ReturnedMeanwhile] = {}
    left = dict(prepared)
    while left:
        try:
            return _write(left, beside), refused
        except TooLate as late:
            [key] = [key for key, sale in left.items() if sale.id == late.sale_id]
            refused[key] = late.error
            del left[key]
    return {}, refused


def _write(prepared: dict[Key, _Prepared], beside: Beside | None) -> dict[Key, KnownSale]:
    if connection.vendor == "postgresql" and len(prepared) == 1:
        [(key, sale)] = prepared.items()
        if max(len(sale.lines), len(sale.discounts)) < bulk.COPY_FROM_ROWS:
            return _write_at_once(key, sale, beside)
    with transaction.atomic():
        known = storage.claim({key: sale.sale for key, sale in prepared.items()})
        fresh = [sale for key, sale in prepared.items() if key not in known]
        if fresh:
            storage.insert_parts(
                lines=[row for sale in fresh for row in sale.lines],
                discounts=[row for sale in fresh for row in sale.discounts],
                tenders=[row for sale in fresh for row in sale.tenders],
                explanations=[row for sale in fresh for row in sale.explanations],
            )
            claim_returns([(sale.id, sale.command) for sale in fresh])
            outbox.append(events=[sale.event for sale in fresh])
    return known


def _write_at_once(key: Key, sale: _Prepared, beside: Beside | None) -> dict[Key, KnownSale]:
    if not sale.command.returns_of:
        try:
            return _message_of(key, sale, (), beside)
        except IntegrityError:
            if beside is None:
                raise
            _logger.exception("sale_recorded_alone", source=key[0], source_id=key[1])
            return _message_of(key, sale, ())  # whatever is wrong with the rest keeps nobody from his receipt
    lines, tenders = returned_rows(sale.id, sale.command)
    more = [
        ("orders_returned_line", RETURNED_LINE_COLUMNS, lines),
        ("orders_returned_tender", RETURNED_TENDER_COLUMNS, tenders),
    ]
    with transaction.atomic():
        known = _message_of(key, sale, more)
        if not known:
            claim_units([(sale.id, sale.command)])
    return known


def _message_of(
    key: Key,
    sale: _Prepared,
    more: Sequence[tuple[str, Sequence[str], Sequence[Row]]],
    beside: Beside | None = None,
) -> dict[Key, KnownSale]:
    return storage.write_at_once(
        key=key, sale=sale.sale, lines=sale.lines, discounts=sale.discounts, tenders=sale.tenders,
        explanations=sale.explanations, more=more, event=sale.event, beside=beside,
    )  # fmt: skip


def _as_known(sale: _Prepared) -> KnownSale:
    command = sale.command
    return KnownSale(
        sale.id,
        command.source,
        command.source_id,
        command.body_sha256,
        command.receipt_number,
        command.business_date,
        sale.sums.total_minor,
        sale.sums.tax_minor,
        command.currency,
        sale.sums.line_count,
    )


def _answer(command: RecordSale | Identity, recorded: KnownSale, *, is_replay: bool) -> SaleRecorded | SaleConflict:
    if command.body_sha256 != recorded.body_sha256:
        return SaleConflict(
            source=recorded.source,
            source_id=recorded.source_id,
            sale_id=recorded.id,
            recorded_sha256=recorded.body_sha256,
            given_sha256=command.body_sha256,
        )
    return SaleRecorded(
        sale_id=recorded.id,
        source=recorded.source,
        source_id=recorded.source_id,
        receipt_number=recorded.receipt_number,
        business_date=recorded.business_date,
        total_minor=recorded.total_minor,
        tax_minor=recorded.tax_minor,
        currency=recorded.currency,
        line_count=recorded.line_count,
        is_replay=is_replay,
    )
