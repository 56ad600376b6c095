"""Reads of payments and differences; lists are narrowed to the places that the reader may see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from liushui.payments.contracts import (
    Attempt,
    Payment,
    PaymentPage,
    PaymentQuery,
    Reconciliation,
    ReconciliationCase,
    Refund,
)
from liushui.payments.errors import CaseNotFound, PaymentNotFound
from liushui.payments.models import AttemptRow, CaseRow, PaymentRow, ReconciliationRow, RefundRow
from liushui.payments.views import attempt_of, case_of, payment_of, refund_of


def payment(*, payment_id: UUID) -> Payment:
    """One payment; raises PaymentNotFound."""
    row = PaymentRow.objects.filter(id=payment_id).first()
    if row is None:
        raise PaymentNotFound(f"There is no payment {payment_id}")
    return payment_of(row)


def of_reference(*, reference: str) -> tuple[Payment, ...]:
    """The payments for a reference, the oldest first."""
    return tuple(payment_of(row) for row in PaymentRow.objects.filter(reference=reference).order_by("created_at", "id"))


def uncaptured(*, paid_before: datetime, limit: int = 50) -> tuple[Payment, ...]:
    """Paid payments that no sale has taken and nobody gives back, the oldest first: for whoever began them."""
    rows = PaymentRow.objects.filter(state="paid", sale_id__isnull=True, releasing=False, paid_at__lt=paid_before)
    return tuple(payment_of(row) for row in rows.order_by("paid_at", "id")[:limit])


def payments(*, query: PaymentQuery) -> PaymentPage:
    """A page of payments, the newest first."""
    rows = PaymentRow.objects.filter(store_id__in=query.store_ids)
    if query.first:
        rows = rows.filter(created_at__gte=_midnight(query.first))
    if query.last:
        rows = rows.filter(created_at__lt=_midnight(query.last + timedelta(days=1)))
    if query.state:
        rows = rows.filter(state=query.state)
    if query.provider:
        rows = rows.filter(provider=query.provider)
    if query.text:
        rows = rows.filter(_named(query.text))
    after = _cursor(query.cursor)
    if after:
        at, payment_id = after
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=payment_id))
    found = list(rows.order_by("-created_at", "-id")[: query.limit + 1])
    shown = found[: query.limit]
    more = len(found) > query.limit
    return PaymentPage(
        payments=tuple(payment_of(row) for row in shown),
        next_cursor=f"{shown[-1].created_at.timestamp():.6f}_{shown[-1].id.hex}" if more else "",
    )


def payment_detail(
    *, payment_id: UUID, store_ids: Collection[int]
) -> tuple[Payment, tuple[Refund, ...], tuple[Attempt, ...]]:
    """One payment with its refunds and what was said about it; raises PaymentNotFound outside these stores."""
    row = PaymentRow.objects.filter(id=payment_id, store_id__in=store_ids).first()
    if row is None:
        raise PaymentNotFound(f"There is no payment {payment_id} in the stores you may see")
    refunds = RefundRow.objects.filter(payment_id=payment_id).order_by("created_at", "id")
    said = AttemptRow.objects.filter(payment_id=payment_id).order_by("id")[:500]
    return payment_of(row), tuple(refund_of(each) for each in refunds), tuple(attempt_of(each) for each in said)


def refunds_of(*, payment_id: UUID) -> tuple[Refund, ...]:
    """The refunds of a payment, the oldest first."""
    rows = RefundRow.objects.filter(payment_id=payment_id).order_by("created_at", "id")
    return tuple(refund_of(row) for row in rows)


def cases(
    *, store_ids: Collection[int], whole_chains: Collection[int], state: str = "open", limit: int = 500
) -> tuple[ReconciliationCase, ...]:
    """Differences of these stores and, for readers of whole chains, of no known store; the newest first."""
    rows = CaseRow.objects.filter(_seen(store_ids, whole_chains), state=state)
    return tuple(case_of(row) for row in rows.order_by("-id")[:limit])


def case(*, case_id: UUID, store_ids: Collection[int], whole_chains: Collection[int]) -> ReconciliationCase:
    """One difference; raises CaseNotFound."""
    return case_of(case_row(case_id=case_id, store_ids=store_ids, whole_chains=whole_chains))


def case_row(*, case_id: UUID, store_ids: Collection[int], whole_chains: Collection[int]) -> CaseRow:
    """The row of one difference in these places; raises CaseNotFound."""
    row = CaseRow.objects.filter(_seen(store_ids, whole_chains), id=case_id).first()
    if row is None:
        raise CaseNotFound(f"There is no difference {case_id} in the places you may see")
    return row


def reconciliations(*, limit: int = 31) -> tuple[Reconciliation, ...]:
    """The last comparisons with bills, the newest day first, without their cases."""
    rows = ReconciliationRow.objects.order_by("-bill_date", "provider")[:limit]
    return tuple(
        Reconciliation(
            provider=row.provider, bill_date=row.bill_date, lines=row.lines, matched=row.matched,
            ours_minor=row.ours_minor, theirs_minor=row.theirs_minor, currency=row.currency, run_at=row.run_at,
            cases=(),
        )
        for row in rows
    )  # fmt: skip


def is_reconciled(*, provider: str, bill_date: date) -> bool:
    """Whether the bill of that day was compared."""
    return ReconciliationRow.objects.filter(provider=provider, bill_date=bill_date).exists()


def _seen(store_ids: Collection[int], whole_chains: Collection[int]) -> Q:
    place = Q(store_id__in=store_ids)
    if whole_chains:
        place |= Q(store_id=None, chain_id__in=whole_chains) | Q(store_id=None, chain_id=None)
    return place


def _named(text: str) -> Q:
    named = Q(reference=text) | Q(provider_trade_id=text)
    try:
        return named | Q(id=UUID(text))
    except ValueError:
        return named


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    """Where the last page ended; an address that somebody edited begins at the beginning."""
    at, _, payment_id = text.partition("_")
    try:
        return datetime.fromtimestamp(float(at), tz=timezone.get_current_timezone()), UUID(hex=payment_id)
    except (ValueError, OverflowError, OSError):
        return None
