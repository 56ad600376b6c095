"""HTTP: what a return would come to. It is sent as a sale with lines that name their originals (`/api/v1/sales`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from django.http import HttpRequest
from ninja import Router

from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.returns import facade
from liushui.returns.contracts import QuotedReturnLine, ReturnPart, ReturnQuote, UnreceiptedLine, WantedReturn
from liushui.returns.schemas import (
    ApprovalWhyAnswer,
    OriginalBody,
    QuotedReturnLineAnswer,
    RefundTenderAnswer,
    ReturnLineBody,
    ReturnPartAnswer,
    ReturnQuoteAnswer,
    ReturnQuoteBody,
)
from liushui.runtime.access import Principal
from liushui.runtime.oauth import Bearer
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

router = Router(tags=["returns"])
_CAPABILITY = "sale.write"


@router.post(
    "/returns/quotes",
    auth=Bearer(_CAPABILITY),
    response=ReturnQuoteAnswer,
    summary="Work a return out",
    operation_id="quote_return",
)
def quote_return(request: HttpRequest, body: ReturnQuoteBody) -> ReturnQuoteAnswer:
    """What comes back for lines of a sale, or for goods without a receipt, in a store at this moment: line by line,
    tax included, and split over the tenders that paid. Everything returned, in any order and split, gives exactly what
    was paid. Writes nothing."""
    principal: Principal = request.auth  # type: ignore[attr-defined]
    store = _store(body, principal)
    if (body.sale_id is None) == bool(body.lines) or bool(body.lines) == bool(body.goods):
        raise InvalidValue("Give a sale with lines, or goods without a receipt", pointer="/lines")
    now = datetime.now(UTC)
    if body.sale_id is None:
        quote = _unreceipted(body, store, now, principal)
    else:
        wanted = [_wanted(each) for each in body.lines]
        quote = facade.quote_return(
            sale_id=body.sale_id, wanted=wanted, at=now, store_id=store.id, principal=principal, capability=_CAPABILITY
        )
    return _answer(quote)


def _unreceipted(body: ReturnQuoteBody, store: Store, now: datetime, principal: Principal) -> ReturnQuote:
    try:
        return facade.quote_unreceipted(
            goods=[UnreceiptedLine(**each.model_dump()) for each in body.goods], at=now, store_id=store.id,
            principal=principal, capability=_CAPABILITY,
        )  # fmt: skip
    except LiushuiError as error:
        if error.pointer is not None:
            error.pointer = error.pointer.replace("/lines/", "/goods/", 1)
        raise


def _store(body: ReturnQuoteBody, principal: Principal) -> Store:
    mine = principal.stores(_CAPABILITY)
    codes = {chain.id: chain.code for chain in stores.chains()}
    found = [
        store
        for store in stores.stores()
        if store.id in mine and store.code == body.store and body.chain in ("", codes[store.chain_id])
    ]
    if not found:
        raise NotFound(f"There is no store {body.store!r} among those you send sales for", pointer="/store")
    if len(found) > 1:
        raise InvalidValue(f"Several chains have a store {body.store!r}: name one", pointer="/chain")
    return found[0]


def _wanted(body: ReturnLineBody) -> WantedReturn:
    return WantedReturn(
        line_number=body.line_number,
        units=body.units,
        unit_positions=tuple(body.unit_positions),
        reason=body.reason,
        condition=body.condition,
        parts=tuple(ReturnPart(**part.model_dump()) for part in body.parts),
    )


def _answer(quote: ReturnQuote) -> ReturnQuoteAnswer:
    return ReturnQuoteAnswer(
        sale_id=quote.sale_id,
        receipt_number=quote.receipt_number,
        currency=quote.currency,
        version=quote.expected_version,
        lines=[_line(each) for each in quote.lines],
        refund_minor=quote.refund_minor,
        tax_minor=quote.tax_minor,
        tenders=[
            RefundTenderAnswer(**{name: getattr(each, name) for name in RefundTenderAnswer.model_fields})
            for each in quote.tenders
        ],
        is_full=quote.is_full,
        needs_approval=quote.needs_approval,
        approval_whys=[ApprovalWhyAnswer(**asdict(each)) for each in quote.approval_whys],
        notes=list(quote.notes),
    )


def _line(quoted: QuotedReturnLine) -> QuotedReturnLineAnswer:
    line, original = quoted.line, quoted.original
    return QuotedReturnLineAnswer(
        line_number=line.line_number,
        original=None
        if original is None
        else OriginalBody(
            sale_id=original.sale_id,
            line_number=original.line_number,
            unit_positions=list(original.unit_positions),
        ),
        sku=line.sku,
        name=line.name,
        units=line.units,
        regular_minor=line.regular_minor,
        discount_minor=line.discount_minor,
        amount_minor=line.amount_minor,
        tax_minor=line.tax_minor,
        reason=quoted.reason,
        condition=quoted.condition,
        parts=[ReturnPartAnswer(**asdict(part)) for part in quoted.parts],
    )
