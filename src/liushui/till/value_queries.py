"""Reads of top-ups and gift cards sold."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Q, Sum

from liushui.till.contracts import Blocker, Till, ValueSale
from liushui.till.domain.value import TAKEN_VALUE, UNSETTLED_VALUE, ValueFigures
from liushui.till.errors import TicketMissing
from liushui.till.models import ValueRow

_FIELDS = tuple(ValueSale.__dataclass_fields__)
LIMIT_MAX = 500


def value_sale_of(row: ValueRow) -> ValueSale:
    """The row as others see it."""
    return ValueSale(**{name: getattr(row, name) for name in _FIELDS})


def value_sale(*, value_id: UUID, store_ids: Collection[int]) -> ValueSale:
    """One of these stores; raises TicketMissing."""
    return value_sale_of(value_row(value_id=value_id, store_ids=store_ids))


def value_row(*, value_id: UUID, store_ids: Collection[int]) -> ValueRow:
    """Its row; raises TicketMissing."""
    row = ValueRow.objects.filter(id=value_id, store_id__in=store_ids).first()
    if row is None:
        raise TicketMissing(f"Nothing was sold as {value_id} in the stores you may see")
    return row


def value_sales(*, till: Till, limit: int = 20) -> tuple[ValueSale, ...]:
    """The last of this store that were taken or are waited for, the latest first."""
    rows = ValueRow.objects.filter(store_id=till.store_id).exclude(state="failed").order_by("-taken_at", "-id")
    return tuple(value_sale_of(row) for row in rows[: min(limit, LIMIT_MAX)])


def value_figures(*, shift_id: UUID) -> tuple[ValueFigures, ...]:
    """What was taken in a shift, and what of any shift was given back in it; by kind and tender, one statement."""
    taken, back = Q(shift_id=shift_id, state__in=TAKEN_VALUE), Q(voided_shift_id=shift_id, state="voided")
    rows = (
        ValueRow.objects.filter(taken | back)
        .order_by("kind", "tender")
        .values("kind", "tender")
        .annotate(
            sold=Count("id", filter=taken), paid=Sum("paid_minor", filter=taken),
            bonus=Sum("bonus_minor", filter=taken),
            voided=Count("id", filter=back), back=Sum("paid_minor", filter=back),
        )
    )  # fmt: skip
    return tuple(
        ValueFigures(
            kind=row["kind"], tender=row["tender"], sold=row["sold"], paid_minor=int(row["paid"] or 0),
            bonus_minor=int(row["bonus"] or 0), voided=row["voided"], voided_minor=int(row["back"] or 0),
        )
        for row in rows
    )  # fmt: skip


def value_blockers(*, shift_id: UUID) -> tuple[Blocker, ...]:
    """What was begun and is not over: its shift is not counted before."""
    rows = ValueRow.objects.filter(
        Q(shift_id=shift_id) | Q(voided_shift_id=shift_id, state="voiding"), state__in=UNSETTLED_VALUE
    ).order_by("number")
    return tuple(Blocker(kind="value", id=str(row.id), number=row.number, detail=row.state) for row in rows)
