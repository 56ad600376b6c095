"""Goods that come back on a ticket: its negative lines, and who owes whom when new goods stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from liushui.checkout.contracts import LineCommand, OriginalLine, ReturnReason, ReturnTerms
from liushui.orders.contracts import SaleLine
from liushui.till.contracts import TicketDiscount, TicketLine
from liushui.till.domain.lines import PromotionNames
from liushui.till.domain.tenders import VALUE_TYPES
from liushui.till.returned import ReturnedLine, ReturnedReceipt, TicketRefund, TicketReturn


class Settlement(NamedTuple):
    """What a ticket with goods that come back ends in. One of the two is nothing, besides points and stored value."""

    due_minor: int  # the customer pays it
    refunds: tuple[TicketRefund, ...]  # the customer gets them; negative amounts


def settlement(*, sold_minor: int, tenders: Sequence[TicketRefund]) -> Settlement:
    """Money that comes back pays for the new goods first; the rest is given back, in the order of the plan.

    Points and stored value that were spent always go back to their account: they are no money, and new goods may be
    paid with them. Stored value in place of money counts as money. Cash of several receipts is counted out once.
    """
    value = tuple(tender for tender in tenders if tender.type in VALUE_TYPES and not tender.is_credit)
    money = [tender for tender in tenders if tender.type not in VALUE_TYPES or tender.is_credit]
    left = -sum(tender.amount_minor for tender in money) - sold_minor
    if left <= 0:
        return Settlement(-left, value)
    refunds = list(value)
    for tender in money:
        part = min(left, -tender.amount_minor)
        if part > 0:
            refunds.append(_part(tender, part))
            left -= part
    return Settlement(0, _cash_at_once(refunds))


def _cash_at_once(refunds: Sequence[TicketRefund]) -> tuple[TicketRefund, ...]:
    """Cash from this drawer as one sum, at the place of its first part, by what the shop calls it."""
    sums: dict[str, int] = {}
    for refund in refunds:
        if refund.type == "cash":
            sums[refund.method] = sums.get(refund.method, 0) + refund.amount_minor
    return tuple(
        refund if refund.type != "cash" else replace(refund, amount_minor=sums.pop(refund.method))
        for refund in refunds
        if refund.type != "cash" or refund.method in sums
    )


def _part(tender: TicketRefund, minor: int) -> TicketRefund:
    return replace(
        tender, amount_minor=-minor, principal_minor=minor if tender.is_credit else tender.principal_minor
    )  # fmt: skip


def ticket_line(number: int, line: SaleLine, *, names: tuple[str, str], promotions: PromotionNames) -> TicketLine:
    """How goods that come back stand on the ticket. `names` are the item's in Chinese and English."""
    name_zh, name_en = names
    return TicketLine(
        number=number,
        code=line.sku,
        item_id=line.item_id or 0,
        sku=line.sku,
        gtin=line.gtin,
        name_zh=name_zh,
        name_en=name_en,
        unit="",
        is_weighed=line.measure_value is not None,
        units=line.units,
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        unit_price_minor=line.unit_price_minor,
        regular_minor=line.regular_minor,
        discount_minor=line.discount_minor,
        amount_minor=line.amount_minor,
        tax_minor=line.tax_minor,
        discounts=tuple(
            TicketDiscount(
                promotion=each.code,
                name_zh=told.get("zh", "") or each.name or each.code,
                name_en=told.get("en", ""),
                amount_minor=each.amount_minor,
            )
            for each in line.discounts
            for told in (promotions.get(each.code, {}),)
        ),
        is_returned=True,
    )


def commands_of(returned: TicketReturn) -> list[LineCommand]:
    """The lines as they are recorded, in the order of `terms_of`. A line of no units, which takes back a part of a
    price alone, is not asked for: checkout adds it."""
    return [command_of(line, of=receipt) for receipt in returned.receipts for line in receipt.lines if line.line.units]


def command_of(line: ReturnedLine, *, of: ReturnedReceipt) -> LineCommand:
    """The line as it is recorded: what was shown, which checkout compares with what the receipt says."""
    taken = line.line
    return LineCommand(
        code=line.code,
        units=taken.units,
        amount_minor=taken.amount_minor,
        regular_minor=taken.regular_minor,
        discounts=taken.discounts,
        measure_value=taken.measure_value,
        measure_unit=taken.measure_unit,
        name=taken.name,
        category=taken.category,
        tax_minor=taken.tax_minor,
        cost_minor=taken.cost_minor,
        is_return=taken.is_return,
        original=OriginalLine(sale_id=of.sale_id, line_number=line.line_number, unit_positions=line.unit_positions)
        if of.sale_id is not None
        else None,
    )


def terms_of(returned: TicketReturn, *, after: int) -> ReturnTerms:
    """Reason and condition of each line, by its place in the command: behind `after` lines that are sold; and who
    approved it, whose approval was used when it was given."""
    asked = [line for line in returned.lines if line.line.units]
    return ReturnTerms(
        reasons=tuple(
            ReturnReason(line_number=number, reason=line.reason, condition=line.condition, parts=line.parts)
            for number, line in enumerate(asked, start=after + 1)
        ),
        approved_by=returned.approved_by,
    )
