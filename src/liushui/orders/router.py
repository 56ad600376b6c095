"""HTTP: receipts as recorded. Sending sales in is `/api/v1/sales`, of intake. Guide: docs/reference/sales.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from liushui.orders import facade
from liushui.orders.contracts import SaleDetail, SaleQuery, SaleSummary
from liushui.orders.schemas import DetailAnswer, PageAnswer, SaleFilters, VoidCommand
from liushui.runtime.access import Principal
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
    """Take a sale back as if it had not been. Voiding it again answers the same, with the first reason."""
    principal = _principal(request)
    sale = facade.void_sale(sale_id=sale_id, reason=command.reason, principal=principal, now=datetime.now(UTC))
    return _detail(sale, principal)


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
    }
