"""Shapes of the sales API for its OpenAPI text, and the plain JSON that is sent. Requests: domain/sale_json.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from ninja import Schema
from pydantic import Field

from liushui.checkout.contracts import SaleRecorded
from liushui.intake.contracts import Taken
from liushui.intake.domain.sale_json import ApprovalIn, SaleIn
from liushui.kernel.money import format_minor
from liushui.runtime.approvals import Approval


class SaleAnswer(Schema):
    """A sale as it was recorded; amounts are minor units, and decimal texts beside them."""

    sale_id: str
    source: str
    id: str
    receipt_number: str
    business_date: str
    total_minor: int
    total: str
    tax_minor: int
    currency: str
    line_count: int


class ProblemAnswer(Schema):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = None
    remedy: str | None = None
    quarantine_id: str | None = None


class AskedWhyAnswer(Schema):
    """One reason why another person has to agree."""

    code: str  # no_receipt | late | other_store | over_limit
    found: int | None
    limit: int | None


class ReturnApprovalAnswer(Schema):
    """A request that another person agrees to a return, and what became of it."""

    id: UUID
    state: Literal["pending", "approved", "rejected", "withdrawn", "expired", "used"]
    sale: str = Field(description="Your id of the return: the only one that the approval is good for.")
    refund_minor: int = Field(description="What may come back at most.")
    currency: str
    whys: list[AskedWhyAnswer]
    reason: str
    requested_at: datetime
    expires_at: datetime = Field(description="Until when somebody may decide, and until when the approval is good.")
    decided_at: datetime | None
    decided_by: str
    decision_reason: str


class BatchResult(Schema):
    """What became of one sale of a batch."""

    id: str | None
    status: str
    sale: SaleAnswer | None = None
    problem: ProblemAnswer | None = None


class BatchAnswer(Schema):
    """What became of a batch: counts by status, and every sale in its order."""

    counts: dict[str, int]
    results: list[BatchResult]


PROBLEMS = dict.fromkeys((400, 401, 403, 413, 422), ProblemAnswer)


def _body(kind: type[Any]) -> dict[str, Any]:
    """A request body for the OpenAPI text, every schema in place so that no name has to be shared with ninja's."""
    [schema], components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(schema, components)}}}
    }


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(components[schema["$ref"].rpartition("/")[2]], components)
        return {key: _inlined(value, components) for key, value in schema.items()}
    return [_inlined(value, components) for value in schema] if isinstance(schema, list) else schema


def _sale_body() -> dict[str, Any]:
    body = _body(SaleIn)
    body["requestBody"]["content"]["application/json"]["example"] = {
        "id": "T1-000042",
        "store": "S001",
        "completed_at": "2026-11-22T14:00:00+08:00",
        "lines": [{"code": "6901234567892", "units": 2, "amount": "25.00"}],
        "tenders": [{"type": "mobile", "method": "wechat", "amount": "25.00"}],
    }
    return body


SALE_BODY = _sale_body()
BATCH_BODY = _body(list[SaleIn])
APPROVAL_BODY = _body(ApprovalIn)


def approval_answer(asked: Approval, *, now: datetime) -> ReturnApprovalAnswer:
    """A request as its asker sees it."""
    return ReturnApprovalAnswer(
        id=asked.id,
        state=asked.outcome_at(now),
        sale=asked.target.partition("/")[2],
        refund_minor=asked.amount_minor or 0,
        currency=asked.currency,
        whys=[AskedWhyAnswer(**why) for why in asked.payload["whys"]],
        reason=asked.reason,
        requested_at=asked.requested_at,
        expires_at=asked.expires_at,
        decided_at=asked.decided_at,
        decided_by=asked.decided_by_name,
        decision_reason=asked.decision_reason,
    )


def answer_json(recorded: SaleRecorded) -> dict[str, object]:
    """The answer to a recorded sale: the same for the first time and every replay."""
    return {
        "sale_id": str(recorded.sale_id),
        "source": recorded.source,
        "id": recorded.source_id,
        "receipt_number": recorded.receipt_number,
        "business_date": recorded.business_date.isoformat(),
        "total_minor": recorded.total_minor,
        "total": format_minor(recorded.total_minor, recorded.currency),
        "tax_minor": recorded.tax_minor,
        "currency": recorded.currency,
        "line_count": recorded.line_count,
    }


def batch_json(taken: Sequence[Taken]) -> dict[str, object]:
    """The answer to a batch."""
    counts = dict.fromkeys(("created", "replayed", "conflict", "quarantined", "refused"), 0)
    results = []
    for one in taken:
        counts[one.status] += 1
        result: dict[str, object] = {"id": one.source_id, "status": one.status}
        if one.recorded is not None:
            result["sale"] = answer_json(one.recorded)
        if one.problem is not None:
            result["problem"] = one.problem
        results.append(result)
    return {"counts": counts, "results": results}
