"""The member's own receipts, and why each price was what it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from liushui.kernel.errors import NotFound
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleDetail, SaleLine, SaleQuery, SaleSummary
from liushui.portal.access import shopper_page, stores_of
from liushui.portal.contracts import Shopper
from liushui.promotions import facade as promotions
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, Store

_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """A receipt in the list: where, and when on that store's clock."""

    sale: SaleSummary
    store: Store
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line before what was taken off it, and that by name: downwards the amounts add up to the total."""

    line: SaleLine
    quantity: str
    before_minor: int
    discounts: tuple[tuple[str, int], ...]


@require_GET
@shopper_page
def receipts(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """What was bought, the newest first."""
    numbers = (shopper.member.number, *loyalty.merged_numbers(member_id=shopper.member.id))
    text = request.GET.get("of", "0")
    place = min(int(text), len(numbers) - 1) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    query = SaleQuery(
        store_ids=stores_of(chain), customer=numbers[place], cursor=request.GET.get("cursor", "")[:200], limit=_ROWS
    )
    page = orders.sales(query=query)
    by_id = {store.id: store for store in stores.stores()}
    context = {"chain": chain, "rows": [_row(sale, by_id[sale.store_id]) for sale in page.sales]}
    if page.next_cursor:
        context["further"] = urlencode({"of": place, "cursor": page.next_cursor})
    elif place + 1 < len(numbers):  # then those of a membership that was merged into this one
        context["further"] = urlencode({"of": place + 1})
    return render(request, "portal/receipts.html", context)


@require_GET
@shopper_page
def receipt(request: HttpRequest, sale_id: UUID, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """One receipt; somebody else's is as if it were not there."""
    sale = own_sale(chain=chain, shopper=shopper, sale_id=sale_id)
    store = stores.store(store_id=sale.summary.store_id)
    why = _why(chain, sale)
    names = {each.promotion: each.name for each in why.applied} if why is not None else {}
    lines = [_line(line, names) for line in sale.lines]
    context = {
        "chain": chain, "row": _row(sale.summary, store), "sale": sale, "why": why, "lines": lines,
        "saved_minor": sum(amount for line in lines for _name, amount in line.discounts),
        "tenders": [(orders.payment_name(each.type, each.method), each.amount_minor) for each in sale.tenders],
        "taxes": _taxes(sale),
    }  # fmt: skip
    return render(request, "portal/receipt.html", context)


def own_sale(*, chain: Chain, shopper: Shopper, sale_id: UUID) -> SaleDetail:
    """A receipt that carries this member's number, or that of one merged into him; raises NotFound."""
    sale = orders.sale(sale_id=sale_id, store_ids=stores_of(chain))
    number = sale.summary.customer
    owner = loyalty.members_by_number(chain_id=chain.id, numbers=[number]).get(number) if number else None
    if owner is None or owner.id != shopper.member.id:
        raise NotFound("There is no such receipt of yours")
    return sale


def _row(sale: SaleSummary, store: Store) -> ReceiptRow:
    return ReceiptRow(sale=sale, store=store, at=store.local(sale.completed_at))


def _line(line: SaleLine, names: Mapping[str, str]) -> LineRow:
    """`names` are those of promotions in the reader's language; others are called as the receipt has them."""
    discounts = tuple((names.get(each.code) or each.name or each.code, each.amount_minor) for each in line.discounts)
    before = line.amount_minor + sum(amount for _name, amount in discounts)
    return LineRow(line=line, quantity=_quantity(line), before_minor=before, discounts=discounts)


def _quantity(line: SaleLine) -> str:
    if line.measure_value is None:
        return str(line.units)
    if line.measure_unit == "g":
        whole, grams = divmod(abs(line.measure_value), 1000)
        return f"{'-' if line.measure_value < 0 else ''}{whole}.{grams:03} kg"
    return f"{line.measure_value} {line.measure_unit or ''}".strip()


def _taxes(sale: SaleDetail) -> list[tuple[int, int]]:
    """Tax by rate, the highest first; rates without tax are left out."""
    sums: dict[int, int] = {}
    for line in sale.lines:
        sums[line.tax_rate_bp] = sums.get(line.tax_rate_bp, 0) + line.tax_minor
    return sorted(((rate, amount) for rate, amount in sums.items() if amount), reverse=True)


def _why(chain: Chain, sale: SaleDetail) -> Any:
    stored = orders.price_explanation(sale_id=sale.summary.id, store_ids=stores_of(chain))
    if stored is None:
        return None
    answer = msgspec.json.decode(stored.answer) if isinstance(stored.answer, (bytes, str)) else stored.answer
    return promotions.explain_answer(
        chain_id=chain.id, answer=answer, currency=sale.summary.currency, at=datetime.now(UTC)
    )


urlpatterns: list[URLPattern] = [
    path("my/receipts/", receipts, name="receipts"),
    path("my/receipts/<uuid:sale_id>/", receipt, name="receipt"),
]
