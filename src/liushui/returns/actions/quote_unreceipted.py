"""What goods without a receipt give back: the price of today, never without another person, up to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import PricedItem
from liushui.kernel.money import round_half_up
from liushui.orders.contracts import SaleLine
from liushui.returns.contracts import ApprovalWhy, QuotedReturnLine, RefundTender, ReturnQuote, UnreceiptedLine
from liushui.returns.domain.checks import check_codes
from liushui.returns.errors import NotReturnable, UnreceiptedRefused
from liushui.returns.policies import policy
from liushui.runtime.access import Principal
from liushui.stores import facade as stores

_PER_PRICED_UNIT = 1000  # weighed goods are priced by the kg, the litre …, and measured by the g, the ml …


def quote_unreceipted(
    *,
    goods: Sequence[UnreceiptedLine],
    at: datetime,
    store_id: int,
    principal: Principal,
    capability: str = "till.use",
) -> ReturnQuote:
    """What goods without a receipt give back in this store now: the catalogue's price, which no promotion lowered more
    than the chain's limit forgives. Writes nothing. Needs approval always.

    Raises UnreceiptedRefused above the limit or where the chain takes nothing without a receipt, NotReturnable for a
    code without a price, ReasonRefused.
    """
    principal.require_store(capability, store_id=store_id)
    store = stores.store(store_id=store_id)
    rules = policy(chain_id=store.chain_id)
    if not rules.unreceipted_max_minor:
        raise UnreceiptedRefused("The chain takes nothing back without a receipt")
    check_codes(goods, rules)
    if not goods:
        raise NotReturnable("Nothing comes back")
    items = catalog.price_items(store=store, codes={each.code for each in goods}, at=at)
    lines = tuple(
        QuotedReturnLine(
            line=_line(number, each, items.get(each.code)), original=None, reason=each.reason, condition=each.condition
        )
        for number, each in enumerate(goods, start=1)
    )
    refund = -sum(each.line.amount_minor for each in lines)
    if refund > rules.unreceipted_max_minor:
        raise UnreceiptedRefused(
            f"{refund} is above {rules.unreceipted_max_minor}, the most without a receipt",
            context={"refund_minor": refund, "limit_minor": rules.unreceipted_max_minor},
        )
    tender = RefundTender(
        position=0, type=rules.unreceipted_tender, method="", reference="", amount_minor=-refund
    )  # fmt: skip
    return ReturnQuote(
        sale_id=None,
        order_key="",
        receipt_number="",
        store_id=store_id,
        customer="",
        currency=store.currency,
        expected_version=0,
        lines=lines,
        refund_minor=refund,
        tax_minor=-sum(each.line.tax_minor for each in lines),
        tenders=(tender,) if refund else (),
        returns_of=None,
        is_full=False,
        needs_approval="no_receipt",
        approval_whys=(ApprovalWhy(code="no_receipt", found=refund, limit=rules.unreceipted_max_minor),),
    )


def _line(number: int, given: UnreceiptedLine, priced: PricedItem | None) -> SaleLine:
    at = f"/lines/{number - 1}"
    if type(given.units) is not int or given.units < 1:
        raise NotReturnable(f"{given.units!r} is not a number of units that come back", pointer=f"{at}/units")
    amount = _price(given, priced) if priced is not None else None
    if priced is None or amount is None:
        raise NotReturnable(f"There is no price for {given.code!r} here today", pointer=f"{at}/code")
    item, rate = priced.item, priced.item.tax_rate_bp
    return SaleLine(
        line_number=number,
        item_id=item.id,
        sku=item.sku,
        gtin=item.gtin,
        name=item.name_zh or item.name_en,
        category=item.category,
        units=-given.units,
        measure_value=priced.measure_value,
        measure_unit=priced.measure_unit,
        unit_price_minor=round_half_up(amount, given.units),
        regular_minor=-amount,
        discount_minor=0,
        amount_minor=-amount,
        tax_rate_bp=rate,
        tax_minor=-round_half_up(amount * rate, 10_000 + rate) if rate else 0,
        cost_minor=None,  # what these very goods cost the chain nobody knows
        is_return=True,
    )


def _price(given: UnreceiptedLine, priced: PricedItem) -> int | None:
    """Of all units together; None where there is no price, or no weight."""
    if priced.extended_minor is not None:
        return priced.extended_minor * given.units
    if priced.unit_price_minor is None:
        return None
    if priced.item.weighed:
        if priced.measure_value is None:
            return None
        return round_half_up(priced.unit_price_minor * priced.measure_value, _PER_PRICED_UNIT)
    return priced.unit_price_minor * given.units
