"""Every word exchanged with a provider is noted: money-moving calls before and after, questions after."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from django.db import connection

from liushui.kernel.ids import new_id
from liushui.payments.models import AttemptRow
from liushui.payments.providers.port import (
    Bill,
    NotDelivered,
    OutcomeUnknown,
    ProviderRefused,
    RefundTrade,
    Trade,
)

MOVING = frozenset({"begin", "charge", "close", "reverse", "refund"})
Answer = TypeVar("Answer", Trade, RefundTrade, Bill)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that is about to be made."""

    provider: str
    operation: str
    payment_id: UUID | None = None
    refund_id: UUID | None = None


def note(*, call: Call, request_id: str, outcome: str, detail: str = "", milliseconds: int | None = None) -> None:
    """Write one line of the log."""
    AttemptRow.objects.create(
        id=new_id(), at=datetime.now(UTC), provider=call.provider, operation=call.operation, request_id=request_id,
        payment_id=call.payment_id, refund_id=call.refund_id, outcome=outcome, detail=detail[:128],
        milliseconds=milliseconds,
    )  # fmt: skip


def announce(*, call: Call) -> str:
    """Note that a call is about to be made; the id that its answer is noted under."""
    request_id = new_id().hex
    note(call=call, request_id=request_id, outcome="sent")
    return request_id


def ask(*, call: Call, question: Callable[[], Answer], request_id: str = "") -> Answer:
    """Make the call and note what came of it; what the provider raises is raised again.

    `request_id` is that of a call which was announced already.
    """
    if _in_our_transaction():
        raise RuntimeError("a provider is never called inside a transaction")
    if not request_id:
        request_id = announce(call=call) if call.operation in MOVING else new_id().hex
    begun = time.monotonic()
    outcome, detail = "unknown", "interrupted"
    try:
        answer = question()
        outcome, detail = getattr(answer, "state", "fetched"), getattr(answer, "failure", "")
    except NotDelivered as error:
        outcome, detail = "not_delivered", error.code
        raise
    except OutcomeUnknown as error:
        outcome, detail = "unknown", error.code
        raise
    except ProviderRefused as error:
        outcome, detail = "refused", error.code
        raise
    finally:
        passed = int((time.monotonic() - begun) * 1000)
        note(call=call, request_id=request_id, outcome=outcome, detail=detail, milliseconds=passed)
    return answer


def _in_our_transaction() -> bool:
    """Whether one of our own atomic blocks is open; a test's that rolls everything back does not count."""
    blocks = connection.atomic_blocks
    return any(not getattr(block, "_from_testcase", False) for block in blocks)
