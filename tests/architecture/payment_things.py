"""A payment and a difference of each store, for the access matrix."""

from __future__ import annotations

from datetime import UTC, datetime

from liushui.kernel.ids import new_id
from liushui.payments.models import CaseRow, PaymentRow
from liushui.stores.contracts import Store

_AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def payment_things(store: Store) -> dict[str, str]:
    """Ids of a paid payment and of an open case in which no amount differs."""
    place = {"chain_id": store.chain_id, "store_id": store.id}
    payment = PaymentRow.objects.create(
        id=new_id(), command_sha256="0" * 64, reference="ticket:1", description="Tea", provider="sandbox",
        mode="customer_scans", amount_minor=990, currency="CNY", state="paid", started_by="system", created_at=_AT,
        expires_at=_AT, paid_at=_AT, **place,
    )  # fmt: skip
    case = CaseRow.objects.create(
        id=new_id(), provider="sandbox", bill_date=_AT.date(), kind="state_differs", subject=payment.id.hex,
        payment_id=payment.id, ours_minor=990, theirs_minor=990, currency="CNY", opened_at=_AT, **place,
    )  # fmt: skip
    return {"payment_id": str(payment.id), "case_id": str(case.id)}
