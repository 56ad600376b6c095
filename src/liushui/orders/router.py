"""HTTP: receipts as recorded. Sending sales in is `/api/v1/sales`, of intake. Guide: docs/reference/sales.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from liushui.orders import facade
from liushui.orders.contracts import SaleDetail, SaleQuery, SaleSummary
from liushui.orders.schemas import DetailAnswer, PageAnswer, SaleFilters, VoidApprovalAnswer, VoidCommand
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval
from liushui.runtime.oauth import Bearer
from liushui.stores import facade as stores

router = Router(tags=["orders"])


@router.get(
    "/orders", auth=Bearer("sale.read"), response=PageAnswer, summary="List receipts", operation_id="list_orders"
)
def list_orders(request: HttpRequest, filters: Query[SaleFilters]) -> dict[str, Any]:
    """Receipts of the stores that the client reads, newest or highest first, page by page: give `next_cursor` back as
    `cursor`, with the same filters, until it is empty."""
    place = stores.place(
        query={name: getattr(filters, name) for name in ("chain", "region", "store") if getattr(filters, name)},
        allowed=_principal(request).stores("sale.read"),
    )
    page = facade.sales(
        query=SaleQuery(
            store_ids=place.store_ids,
            first=filters.first,
            last=filters.last,
            channel=filters.channel,
            source=filters.source,
            text=filters.q,
            currency=filters.currency,
            amount_min_minor=filters.amount_min_minor,
            amount_max_minor=filters.amount_max_minor,
            sku=filters.sku,
            category=filters.category,
            tender=filters.tender,
            customer=filters.customer,
            status=filters.status,
            local_hour=filters.hour,
            with_returns=filters.returns,
            order=filters.order,
            cursor=filters.cursor,
            limit=filters.limit,
        )
    )
    return {"sales": [_summary(sale) for sale in page.sales], "next_cursor": page.next_cursor}


@router.get(
    "/orders/{uuid:sale_id}",
    auth=Bearer("sale.read"),
    response=DetailAnswer,
    summary="One receipt",
    operation_id="get_order",
)
def get_order(request: HttpRequest, sale_id: UUID) -> dict[str, Any]:
    """A receipt with its lines, discounts and tenders."""
    principal = _principal(request)
    return _detail(facade.sale(sale_id=sale_id, store_ids=principal.stores("sale.read")), principal)


@router.post(
    "/orders/{uuid:sale_id}/void",
    auth=Bearer("sale.void"),
    response=DetailAnswer,
    summary="Void a sale",
    operation_id="void_order",
)
def void_order(request: HttpRequest, sale_id: UUID, command: VoidCommand) -> dict[str, Any]:
    """Take a sale back as if it had not been. Voiding it again answers the same, with the first reason. Over a limit it
    takes another person's approval: 403 `approval-missing` until what you asked for by `POST …/void/approval` is
    approved; then void it again."""
    principal = _principal(request)
    sale = facade.void_sale(sale_id=sale_id, reason=command.reason, principal=principal, now=datetime.now(UTC))
    return _detail(sale, principal)


@router.post(
    "/orders/{uuid:sale_id}/void/approval",
    auth=Bearer("sale.void"),
    response={201: VoidApprovalAnswer, 200: VoidApprovalAnswer},
    summary="Ask for the approval of a void",
    operation_id="ask_void_approval",
)
def ask_void_approval(request: HttpRequest, sale_id: UUID, command: VoidCommand) -> Status[VoidApprovalAnswer]:
    """Ask another person who may void in that store to agree: it waits in the inbox of the console for 24 hours. Asking
    again answers what was asked (200). 409 for a sale that is voided already or below the limit."""
    now = datetime.now(UTC)
    asked = facade.ask_void(sale_id=sale_id, reason=command.reason, principal=_principal(request), now=now)
    return Status(201 if asked.requested_at == now else 200, _asked(asked, sale_id, now))


@router.get(
    "/orders/{uuid:sale_id}/void/approval",
    auth=Bearer("sale.void"),
    response=VoidApprovalAnswer,
    summary="What became of it",
    operation_id="get_void_approval",
)
def get_void_approval(request: HttpRequest, sale_id: UUID) -> VoidApprovalAnswer:
    """What you asked last for the void of this sale. Ask every few seconds while it is `pending`."""
    asked = facade.last_void_request(sale_id=sale_id, principal=_principal(request))
    return _asked(asked, sale_id, datetime.now(UTC))


def _asked(asked: Approval, sale_id: UUID, now: datetime) -> VoidApprovalAnswer:
    return VoidApprovalAnswer(
        id=asked.id,
        state=asked.outcome_at(now),
        sale_id=sale_id,
        amount_minor=asked.amount_minor or 0,
        currency=asked.currency,
        reason=asked.reason,
        requested_at=asked.requested_at,
        expires_at=asked.expires_at,
        decided_at=asked.decided_at,
        decided_by=asked.decided_by_name,
        decision_reason=asked.decision_reason,
    )


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal


def _summary(sale: SaleSummary) -> dict[str, Any]:
    return {name: getattr(sale, name) for name in sale.__slots__}


def _detail(sale: SaleDetail, principal: Principal) -> dict[str, Any]:
    sees_costs = sale.summary.store_id in principal.stores("report.read") | principal.stores("catalog.write")
    return _summary(sale.summary) | {
        "lines": sale.lines if sees_costs else [replace(line, cost_minor=None) for line in sale.lines],
        "tenders": sale.tenders,
        "variance_minor": sale.variance_minor,
        "recorded_at": sale.recorded_at,
        "voided_at": sale.voided_at,
        "void_reason": sale.void_reason,
        "void_approved_by": sale.void_approved_by,
    }
