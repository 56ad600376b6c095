"""HTTP: sales sent by tills, shops and other systems. Guide: docs/guides/send-sales-by-api.md."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from liushui.checkout import facade as checkout
from liushui.intake import facade
from liushui.intake.contracts import Taken
from liushui.intake.errors import BodyTooLarge
from liushui.intake.schemas import (
    APPROVAL_BODY,
    BATCH_BODY,
    PROBLEMS,
    SALE_BODY,
    BatchAnswer,
    ProblemAnswer,
    ReturnApprovalAnswer,
    SaleAnswer,
    answer_json,
    approval_answer,
    batch_json,
)
from liushui.runtime.oauth import Bearer

router = Router(tags=["sales"])


@router.post(
    "/sales",
    auth=Bearer("sale.write"),
    response={201: SaleAnswer, 200: SaleAnswer, **PROBLEMS, 409: ProblemAnswer},
    openapi_extra=SALE_BODY,
    summary="Send one sale",
    operation_id="send_sale",
)
def send_sale(request: HttpRequest) -> HttpResponse:
    """Record a sale that is over. The id is yours: the same sale sent again answers the first answer with status 200
    and the header `Idempotent-Replayed: true`; the same id with other contents is a 409. What a rule of the trade
    refuses (an unknown item, sums that don't agree) is a 422 with `quarantine_id`: it waits there for someone to mend
    it, and the corrected sale under the same id goes through and closes it."""
    taken = facade.take_sale(
        body=_body(request),
        content_type=request.META.get("CONTENT_TYPE", ""),
        principal=request.auth,  # type: ignore[attr-defined]
        now=datetime.now(UTC),
    )
    if taken.recorded is None:
        return _response(taken.problem, taken, content_type="application/problem+json")
    return _response(answer_json(taken.recorded), taken)


@router.post(
    "/sales/batch",
    auth=Bearer("sale.write"),
    response={200: BatchAnswer, **PROBLEMS},
    openapi_extra=BATCH_BODY,
    summary="Send up to 1,000 sales",
    operation_id="send_sales",
)
def send_sales(request: HttpRequest) -> HttpResponse:
    """Record a batch. Every sale is judged by itself; the results stand in the order of the sales: created, replayed,
    conflict, quarantined, or refused (not of the right form, or not yours to send). Good ones are kept whatever happens
    to the others, so a batch whose answer was lost is simply sent again."""
    taken = facade.take_batch(
        body=_body(request),
        content_type=request.META.get("CONTENT_TYPE", ""),
        principal=request.auth,  # type: ignore[attr-defined]
        now=datetime.now(UTC),
    )
    return HttpResponse(msgspec.json.encode(batch_json(taken)), content_type="application/json")


@router.post(
    "/returns/approvals",
    auth=Bearer("sale.write"),
    response={201: ReturnApprovalAnswer, 200: ReturnApprovalAnswer},
    openapi_extra=APPROVAL_BODY,
    summary="Ask for the approval of a return",
    operation_id="ask_return_approval",
    tags=["returns"],
)
def ask_return_approval(request: HttpRequest) -> Status[ReturnApprovalAnswer]:
    """Ask another person to agree to a return: `sale` is the return as you will send it to `/sales`. It waits for 24
    hours in the inbox of those who may approve in that store. Once it is approved, send the same sale with the id as
    its `approval`: it is good for these goods, units, reasons and store, for no larger refund, once. Asking the same
    again answers what was asked (200); something else under the same id takes back what still waits. 409 where nobody
    has to agree, or the sale is recorded."""
    now = datetime.now(UTC)
    asked = facade.ask_return(body=_body(request), principal=request.auth, now=now)  # type: ignore[attr-defined]
    return Status(201 if asked.requested_at == now else 200, approval_answer(asked, now=now))


@router.get(
    "/returns/approvals/{uuid:approval_id}",
    auth=Bearer("sale.write"),
    response=ReturnApprovalAnswer,
    summary="What became of a request",
    operation_id="get_return_approval",
    tags=["returns"],
)
def get_return_approval(request: HttpRequest, approval_id: UUID) -> ReturnApprovalAnswer:
    """One of your own requests: ask every few seconds while it is `pending`. `decided_by` is the name of the person who
    decided, which stands with the return from then on."""
    asked = checkout.asked_approval(approval_id=approval_id, principal=request.auth)  # type: ignore[attr-defined]
    return approval_answer(asked, now=datetime.now(UTC))


@router.delete(
    "/returns/approvals/{uuid:approval_id}",
    auth=Bearer("sale.write"),
    response=ReturnApprovalAnswer,
    summary="Take a request back",
    operation_id="withdraw_return_approval",
    tags=["returns"],
)
def withdraw_return_approval(request: HttpRequest, approval_id: UUID) -> ReturnApprovalAnswer:
    """Take a request back that nobody has decided yet; one that was decided stays as it is."""
    now = datetime.now(UTC)
    asked = checkout.withdraw_approval(approval_id=approval_id, principal=request.auth, now=now)  # type: ignore[attr-defined]
    return approval_answer(asked, now=now)


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise BodyTooLarge(
            "The body is larger than this server takes", remedy="Send the sales in smaller batches."
        ) from None


def _response(document: object, taken: Taken, *, content_type: str = "application/json") -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(document), status=taken.http_status, content_type=content_type)
    if taken.status == "replayed":
        response["Idempotent-Replayed"] = "true"
    return response
