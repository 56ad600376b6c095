"""What the processes of a race about money do; each runs in a fork of its own and answers in plain JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.payments import facade
from liushui.payments.contracts import StartPayment
from liushui.payments.models import AttemptRow, CaseRow, PaymentRow
from liushui.runtime.grants import system_principal
from liushui.runtime.models import OutboxEvent
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

SYSTEM = system_principal(name="races")
AMOUNT = 8800


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """One store."""
    stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First")]
    )


def start(*, payment_id: str, auth_code: str = "", crash_at: int | None = None) -> dict[str, Any]:
    """Begin a payment of 88.00: by the customer's code when one is given, else by QR code."""
    [store] = stores.stores()
    command = StartPayment(
        id=UUID(payment_id),
        chain_id=store.chain_id,
        store_id=store.id,
        reference=f"ticket:{payment_id}",
        description="Haolin",
        provider="sandbox",
        mode="we_scan" if auth_code else "customer_scans",
        amount_minor=AMOUNT,
        currency="CNY",
        auth_code=auth_code,
    )
    with crash_at_step(crash_at) as steps:
        payment = facade.start(command=command, principal=SYSTEM, now=datetime.now(UTC))
    return {"state": payment.state, "steps": steps.names}


def refund(*, payment_id: str, refund_id: str, amount_minor: int, crash_at: int | None = None) -> dict[str, Any]:
    """Give a part back; the name of the error when that is refused."""
    with crash_at_step(crash_at) as steps:
        try:
            found = facade.refund(
                refund_id=UUID(refund_id),
                payment_id=UUID(payment_id),
                amount_minor=amount_minor,
                reason="race",
                principal=SYSTEM,
                now=datetime.now(UTC),
            )
        except LiushuiError as error:
            return {"error": error.type}
    return {"state": found.state, "steps": steps.names}


def release(*, payment_id: str, crash_at: int | None = None) -> dict[str, Any]:
    """Give an uncaptured payment up."""
    with crash_at_step(crash_at) as steps:
        payment = facade.release(payment_id=UUID(payment_id), reason="race", now=datetime.now(UTC))
    return {"state": payment.state, "steps": steps.names}


def capture(*, payment_id: str, sale_id: str) -> dict[str, Any]:
    """Take it for a sale; the name of the error when that is refused."""
    try:
        facade.capture(payment_ids=[UUID(payment_id)], sale_id=UUID(sale_id), now=datetime.now(UTC))
    except LiushuiError as error:
        return {"error": error.type}
    return {"sale": sale_id}


def take_or_leave(*, payment_id: str, sale_id: str, takes: bool) -> dict[str, Any]:
    """One half takes the payment for the same sale, the other gives it up; the name of the error for the losers."""
    if takes:
        return capture(payment_id=payment_id, sale_id=sale_id)
    try:
        return release(payment_id=payment_id)
    except LiushuiError as error:
        return {"error": error.type}


def notify(*, headers: dict[str, str], body: str) -> int:
    """Take a notification."""
    status, _answer = facade.take_notification(
        provider="sandbox", headers=headers, body=body.encode(), now=datetime.now(UTC)
    )
    return status


def resolve() -> int:
    """What the tick does in the hours after: everything that can be found out is."""
    begun, asked = datetime.now(UTC), 0
    for seconds in (15, 40, 120, 400, 1000, 3600):
        asked += facade.resolve_unknown(now=begun + timedelta(seconds=seconds))
    return asked


def inspect(*, payment_id: str) -> dict[str, Any] | None:
    """What we know of a payment."""
    row = PaymentRow.objects.filter(id=payment_id).first()
    if row is None:
        return None
    refunds = row.refunds.order_by("created_at", "id")
    events = OutboxEvent.objects.filter(subject=f"payment:{payment_id}").order_by("id")
    return {
        "state": row.state,
        "failure": row.failure,
        "refunded_minor": row.refunded_minor,
        "refunds_done_minor": row.refunds_done_minor,
        "waits": row.next_try_at is not None,
        "sale": str(row.sale_id) if row.sale_id else None,
        "refunds": [[refund.amount_minor, refund.state] for refund in refunds],
        "events": [event.type.split(".")[2] for event in events],
        "charges": AttemptRow.objects.filter(payment_id=payment_id, operation="charge", outcome="sent").count(),
        "cases": CaseRow.objects.filter(payment_id=payment_id).count(),
    }
