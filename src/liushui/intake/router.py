"""HTTP: sales sent by tills, shops and other systems. Guide: docs/guides/send-sales-by-api.md."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import Router

from liushui.intake import facade
from liushui.intake.contracts import Taken
from liushui.intake.errors import BodyTooLarge
from liushui.intake.schemas import (
    BATCH_BODY,
    PROBLEMS,
    SALE_BODY,
    BatchAnswer,
    ProblemAnswer,
    SaleAnswer,
    answer_json,
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
