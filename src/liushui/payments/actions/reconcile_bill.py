"""Compare a provider's daily bill with our records: what differs becomes a case, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from liushui.payments import attempts
from liushui.payments.actions.refresh_payment import find_out
from liushui.payments.actions.settle_trade import settle_trade
from liushui.payments.actions.take_notification import uuid_of
from liushui.payments.cases import open_case
from liushui.payments.contracts import OPEN_STATES, Reconciliation
from liushui.payments.domain.bills import Comparison, Difference, OurRecord, compare
from liushui.payments.errors import BillMissing, ProviderUnavailable
from liushui.payments.models import CaseRow, PaymentRow, ReconciliationRow, RefundRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import (
    Bill,
    BillNotReady,
    NotDelivered,
    OutcomeUnknown,
    Provider,
    ProviderRefused,
    Trade,
)
from liushui.payments.views import case_of
from liushui.runtime import audit, row_security
from liushui.runtime.access import Principal

_AT_ONCE = 500


@row_security.everything()  # a bill has the payments of all stores
def reconcile_bill(*, provider: str, bill_date: date, principal: Principal, now: datetime) -> Reconciliation:
    """Fetch the bill of the day and compare; done again it opens nothing twice.

    First what is still open here is asked about. Raises BillMissing, ProviderUnavailable.
    """
    principal.require("payment.settle")
    adapter = offered.provider(provider)
    bill = _fetch(adapter, bill_date)
    _find_out_open(bill, adapter=adapter, now=now)
    records = _records(bill, adapter=adapter)
    comparison = compare(lines=bill.lines, records=records)
    currency = bill.lines[0].currency if bill.lines else (records[0].currency if records else "CNY")
    with transaction.atomic():
        for difference in comparison.differences:
            _open(difference, bill=bill, adapter=adapter, now=now)
        ReconciliationRow.objects.update_or_create(
            provider=provider,
            bill_date=bill_date,
            defaults={
                "lines": len(bill.lines), "matched": comparison.matched, "ours_minor": comparison.ours_minor,
                "theirs_minor": comparison.theirs_minor, "currency": currency, "bill_sha256": bill.sha256,
                "run_at": now, "run_by": principal.name,
            },
        )  # fmt: skip
        audit.record(
            principal=principal, action="payment.reconcile", target=f"bill:{provider}/{bill_date}",
            after={"lines": len(bill.lines), "matched": comparison.matched,
                   "differences": len(comparison.differences)},
        )  # fmt: skip
    _give_late_money_back(comparison, adapter=adapter, now=now)
    return reconciliation_of(ReconciliationRow.objects.get(provider=provider, bill_date=bill_date))


def reconciliation_of(row: ReconciliationRow) -> Reconciliation:
    """A comparison with the cases of its day."""
    cases = CaseRow.objects.filter(provider=row.provider, bill_date=row.bill_date).order_by("id")
    return Reconciliation(
        provider=row.provider,
        bill_date=row.bill_date,
        lines=row.lines,
        matched=row.matched,
        ours_minor=row.ours_minor,
        theirs_minor=row.theirs_minor,
        currency=row.currency,
        run_at=row.run_at,
        cases=tuple(case_of(case) for case in cases),
    )


def _fetch(adapter: Provider, bill_date: date) -> Bill:
    call = attempts.Call(provider=adapter.name, operation="bill")
    try:
        return attempts.ask(call=call, question=lambda: adapter.fetch_bill(bill_date=bill_date))
    except BillNotReady as error:
        raise BillMissing(f"{adapter.name} has no bill of {bill_date}", remedy="Try again tomorrow.") from error
    except (NotDelivered, OutcomeUnknown, ProviderRefused) as error:
        raise ProviderUnavailable(f"{adapter.name}: {error.code}", remedy="Try again later.") from error


def _find_out_open(bill: Bill, *, adapter: Provider, now: datetime) -> None:
    """A payment of the bill that is still open here was paid without our hearing of it: ask before comparing."""
    for rows in _in_parts(_ids(bill, "trade")):
        for row in PaymentRow.objects.filter(id__in=rows, provider=adapter.name, state__in=OPEN_STATES):
            find_out(row, now=now)


def _records(bill: Bill, *, adapter: Provider) -> list[OurRecord]:
    zone = ZoneInfo(adapter.time_zone)
    start = datetime.combine(bill.bill_date, time(), zone)
    days = (start, start + timedelta(days=1))
    found: dict[tuple[str, UUID], OurRecord] = {}
    of_day = Q(paid_at__gte=days[0], paid_at__lt=days[1])
    for part in (of_day, *(Q(id__in=ids) for ids in _in_parts(_ids(bill, "trade")))):
        for row in PaymentRow.objects.filter(part, provider=adapter.name).order_by("id"):
            found["trade", row.id] = OurRecord(
                kind="trade",
                out_no=row.id.hex,
                amount_minor=row.amount_minor,
                currency=row.currency,
                moved_money=row.paid_at is not None and row.state != "reversed",
                is_of_the_day=row.paid_at is not None and days[0] <= row.paid_at < days[1],
            )
    of_day = Q(done_at__gte=days[0], done_at__lt=days[1])
    for part in (of_day, *(Q(id__in=ids) for ids in _in_parts(_ids(bill, "refund")))):
        for refund in RefundRow.objects.filter(part, payment__provider=adapter.name).order_by("id"):
            found["refund", refund.id] = OurRecord(
                kind="refund",
                out_no=refund.id.hex,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
                moved_money=refund.state == "done",
                is_of_the_day=refund.done_at is not None and days[0] <= refund.done_at < days[1],
            )
    return list(found.values())


def _ids(bill: Bill, kind: str) -> list[UUID]:
    numbers = (line.out_trade_no if kind == "trade" else line.out_refund_no for line in bill.lines if line.kind == kind)
    return [found for found in map(uuid_of, numbers) if found]


def _in_parts(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _open(difference: Difference, *, bill: Bill, adapter: Provider, now: datetime) -> None:
    line, record = difference.line, difference.record
    found, is_refund = uuid_of(difference.out_no), (line or record).kind == "refund"  # type: ignore[union-attr]
    refund = RefundRow.objects.filter(id=found).first() if found and is_refund else None
    if refund is not None:
        payment_id: UUID | None = refund.payment_id
    else:
        payment_id = uuid_of(line.out_trade_no) if is_refund and line else found
    payment = PaymentRow.objects.filter(id=payment_id).first() if payment_id else None
    facts: dict[str, Any] = {
        "payment_id": payment.id if payment else None,
        "refund_id": refund.id if refund else None,
        "provider_trade_id": (line.trade_id if line else payment.provider_trade_id if payment else "")[:64],
        "chain_id": payment.chain_id if payment else None,
        "store_id": payment.store_id if payment else None,
        "ours_minor": record.amount_minor if record and record.moved_money else (0 if record else None),
        "theirs_minor": line.amount_minor if line else None,
        "currency": (line.currency if line else record.currency if record else "")[:3],
    }
    subject = difference.out_no or (line.trade_id if line else "")
    open_case(provider=adapter.name, bill_date=bill.bill_date, kind=difference.kind, subject=subject, now=now, **facts)


def _give_late_money_back(comparison: Comparison, *, adapter: Provider, now: datetime) -> None:
    """What the bill shows as paid and we had given up: its notification was lost, the money goes back all the same."""
    for difference in comparison.differences:
        line, found = difference.line, uuid_of(difference.out_no)
        if difference.kind != "state_differs" or line is None or line.kind != "trade" or found is None:
            continue
        call = attempts.Call(provider=adapter.name, operation="query", payment_id=found)
        number = line.out_trade_no
        try:
            trade: Trade = attempts.ask(call=call, question=lambda number=number: adapter.query(out_trade_no=number))  # type: ignore[misc]
        except (NotDelivered, OutcomeUnknown, ProviderRefused):
            continue
        settle_trade(payment_id=found, trade=trade, time_zone=adapter.time_zone, now=now)
