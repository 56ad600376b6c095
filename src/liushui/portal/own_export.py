"""What a member's export holds besides: receipts with their lines, and coupons. Nothing of it names anybody by itself,
so that an erasure has nothing to drop: the number on a receipt leads nowhere once loyalty has cut it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleDetail, SaleQuery
from liushui.portal.access import stores_of
from liushui.privacy import facade as privacy
from liushui.privacy.contracts import Source
from liushui.promotions import facade as promotions
from liushui.stores import facade as stores

_AT_ONCE = 200


def register() -> None:
    """Tell privacy what of a person stands in receipts and coupons."""
    privacy.register_source(Source(name="receipts", title=_("Receipts"), export=_receipts, erase=None))
    privacy.register_source(Source(name="coupons", title=_("Coupons"), export=_coupons, erase=None))


def _receipts(subject_id: UUID) -> Any:
    member = loyalty.members_of(subject_ids=[subject_id]).get(subject_id)
    if member is None:
        return []
    store_ids = _stores(member)
    numbers = (member.number, *loyalty.merged_numbers(member_id=member.id))
    return [
        _receipt(orders.sale(sale_id=sale_id, store_ids=store_ids))
        for number in numbers
        for sale_id in _sales_of(number, store_ids)
    ]


def _sales_of(number: str, store_ids: frozenset[int]) -> Iterator[UUID]:
    cursor = ""
    while True:
        page = orders.sales(query=SaleQuery(store_ids=store_ids, customer=number, cursor=cursor, limit=_AT_ONCE))
        yield from (sale.id for sale in page.sales)
        cursor = page.next_cursor
        if not cursor:
            return


def _coupons(subject_id: UUID) -> Any:
    member = loyalty.members_of(subject_ids=[subject_id]).get(subject_id)
    if member is None:
        return []
    codes = promotions.member_codes(chain_id=member.chain_id, member_id=member.number, now=datetime.now(UTC))
    return [{"batch": batch.code, "code": code, "is_used": not is_free} for batch, code, is_free in codes]


def _stores(member: Member) -> frozenset[int]:
    chain = next(chain for chain in stores.chains() if chain.id == member.chain_id)
    return stores_of(chain)


def _receipt(sale: SaleDetail) -> dict[str, Any]:
    summary = sale.summary
    return {
        "number": summary.receipt_number, "store": summary.store_code, "at": summary.completed_at.isoformat(),
        "status": summary.status, "currency": summary.currency, "total_minor": summary.total_minor,
        "tax_minor": summary.tax_minor,
        "lines": [
            {"name": line.name, "sku": line.sku, "units": line.units, "amount_minor": line.amount_minor,
             "discount_minor": line.discount_minor}
            for line in sale.lines
        ],
        "tenders": [
            {"type": each.type, "method": each.method, "amount_minor": each.amount_minor} for each in sale.tenders
        ],
    }  # fmt: skip
