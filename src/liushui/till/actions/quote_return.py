"""What comes back on a ticket, as returns price it: asked when units are chosen, and again when others were faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import PricedItem
from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import ForReturn, SaleLine
from liushui.promotions import facade as promotions
from liushui.returns import facade as returns
from liushui.returns.contracts import ReturnQuote, UnreceiptedLine, WantedReturn
from liushui.returns.errors import NotReturnable
from liushui.runtime.access import Principal
from liushui.stores.contracts import Store
from liushui.till import storage
from liushui.till.contracts import TicketLine
from liushui.till.domain import lines as line_rules
from liushui.till.domain import returned as rules
from liushui.till.errors import TicketFull
from liushui.till.models import TicketRow
from liushui.till.returned import ReturnedLine, ReturnedReceipt, TicketRefund, TicketReturn


class Wanted(NamedTuple):
    """What the customer brings: units of a receipt's lines, or goods without a receipt."""

    sale_id: UUID | None
    lines: Mapping[int, WantedReturn]  # by line of the receipt
    goods: tuple[UnreceiptedLine, ...] = ()

    def is_nothing(self) -> bool:
        """Whether nothing comes back after all."""
        return not self.lines and not self.goods


def wanted_of(returned: ReturnedReceipt) -> Wanted:
    """What is chosen of a receipt on the ticket. Which units of a line it is, is asked anew each time."""
    if returned.sale_id is None:
        goods = [
            UnreceiptedLine(
                code=each.code, units=-each.line.units, reason=each.reason, condition=each.condition
            )
            for each in returned.lines
        ]  # fmt: skip
        return Wanted(None, {}, tuple(goods))
    lines: dict[int, WantedReturn] = {}
    for each in returned.lines:
        before = lines[each.line_number].units if each.line_number in lines else 0
        if units := before - each.line.units:  # a line of no units takes back a part of a price only
            lines[each.line_number] = WantedReturn(
                line_number=each.line_number, units=units, reason=each.reason, condition=each.condition,
                parts=each.parts or (lines[each.line_number].parts if before else ()),
            )  # fmt: skip
    return Wanted(returned.sale_id, lines)


def of_units(wanted: WantedReturn, units: int) -> WantedReturn:
    """The same line with another number of units, one at least: more are as the last were, fewer are those said last
    first."""
    parts, over = list(wanted.parts), wanted.units - units
    if parts and over < 0:
        parts[-1] = replace(parts[-1], units=parts[-1].units - over)
    while parts and over > 0:
        taken = min(over, parts[-1].units)
        over -= taken
        parts[-1:] = [replace(parts[-1], units=parts[-1].units - taken)] if taken < parts[-1].units else []
    return replace(wanted, units=units, parts=tuple(parts))


def units_left(found: ForReturn) -> dict[int, int]:
    """How many units of each line can still come back; nothing of a sale that was voided."""
    so_far = found.so_far
    if found.sale.summary.status != "completed" or so_far.state != "open":
        return {}
    return {
        line.line_number: line.units - (so_far.lines[line.line_number].units if line.line_number in so_far.lines else 0)
        for line in found.sale.lines
        if not line.is_return
    }


def return_columns(
    *, lines: Sequence[TicketLine], before: TicketReturn | None, wanted: Wanted, store: Store, principal: Principal,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The columns of a ticket on which this comes back of one receipt, beside what is sold on it and what comes back of
    others, which stands as it was priced. Raises what returns raise."""
    receipts = {each.sale_id: each for each in before.receipts} if before is not None else {}
    known = receipts.get(wanted.sale_id)
    if wanted.is_nothing():
        receipts.pop(wanted.sale_id, None)
        return receipt_columns(lines=lines, receipts=tuple(receipts.values()), fresh={}, store=store)
    quote = _quote(wanted, store, principal, now)
    if quote.currency != store.currency:
        raise NotReturnable(f"Receipt {quote.receipt_number} is in {quote.currency}")
    codes = [each.code for each in wanted.goods] or [each.line.sku for each in quote.lines]
    receipts[wanted.sale_id] = returned = _kept(quote, codes, known, lines)
    items = catalog.price_items(store=store, codes={each.line.sku for each in returned.lines}, at=now)
    offs = _promotion_names(store, now)
    back = {
        each.number: rules.ticket_line(each.number, each.line, names=_names(each.line, items), promotions=offs)
        for each in returned.lines
    }
    return receipt_columns(lines=lines, receipts=tuple(receipts.values()), fresh=back, store=store)


def receipt_columns(
    *, lines: Sequence[TicketLine], receipts: tuple[ReturnedReceipt, ...], fresh: Mapping[int, TicketLine], store: Store
) -> dict[str, Any]:
    """The columns of a ticket on which these receipts come back. `fresh` are lines of which something changes, by
    number; the others stand on it as they did. Raises TicketFull."""
    sold = [line for line in lines if not line.is_returned]
    if not receipts:
        return {**storage.line_columns(sold), **storage.return_columns(None)}
    shown = {line.number: line for line in lines if line.is_returned} | dict(fresh)
    returned = TicketReturn(receipts=receipts)
    back = [shown[each.number] for each in returned.lines]
    if len(sold) + len(back) > line_rules.LINES_MAX:
        raise TicketFull(f"The ticket would have {len(sold) + len(back)} lines", remedy="Take the rest by another one.")
    most = returns.policy(chain_id=store.chain_id).approval_over_minor
    returned = replace(returned, is_over_limit=len(receipts) > 1 and returned.refund_minor > most)
    return {**storage.line_columns([*sold, *back]), **storage.return_columns(returned)}


def requoted_columns(row: TicketRow, *, store: Store, principal: Principal, now: datetime) -> dict[str, Any]:
    """The columns of a ticket whose return was overtaken: of what was chosen, what can still come back."""
    returned = storage.returned_of(row)
    if returned is None:
        return {}
    lines, present = storage.lines_of(row), storage.returned_of(row)
    columns: dict[str, Any] = {}
    for receipt in returned.receipts:
        here: dict[str, Any] = {"lines": lines, "before": present, "store": store, "principal": principal, "now": now}
        try:
            columns = return_columns(wanted=_still_wanted(receipt, store), **here)
        except LiushuiError:  # its days are over meanwhile, or the rules have changed: nothing of it comes back
            columns = return_columns(wanted=Wanted(receipt.sale_id, {}), **here)
        lines, present = storage.lines_in(columns), storage.returned_in(columns)
    return columns


def _still_wanted(receipt: ReturnedReceipt, store: Store) -> Wanted:
    """What is chosen of a receipt as far as it can still come back."""
    wanted = wanted_of(receipt)
    if wanted.sale_id is None:
        return wanted
    left = units_left(orders.for_return(sale_id=wanted.sale_id, chain_id=store.chain_id))
    lines = {
        number: of_units(each, min(each.units, left[number]))
        for number, each in wanted.lines.items()
        if left.get(number, 0) > 0
    }
    return wanted._replace(lines=lines)


def _quote(wanted: Wanted, store: Store, principal: Principal, now: datetime) -> ReturnQuote:
    if wanted.sale_id is None:
        return returns.quote_unreceipted(goods=wanted.goods, at=now, store_id=store.id, principal=principal)
    return returns.quote_return(
        sale_id=wanted.sale_id, wanted=tuple(wanted.lines[number] for number in sorted(wanted.lines)), at=now,
        store_id=store.id, principal=principal,
    )  # fmt: skip


def _kept(
    quote: ReturnQuote, codes: Sequence[str], before: ReturnedReceipt | None, lines: Sequence[TicketLine]
) -> ReturnedReceipt:
    """The quote as the ticket keeps it. An approval that was given stands as long as it covers the amount."""
    numbers = _numbers(quote, codes, before, lines)
    is_covered = before is not None and before.approval_id is not None and quote.refund_minor <= before.approved_minor
    return ReturnedReceipt(
        sale_id=quote.sale_id,
        receipt_number=quote.receipt_number,
        store_id=quote.store_id,
        version=quote.expected_version,
        lines=tuple(
            ReturnedLine(
                number=number,
                line_number=each.original.line_number if each.original is not None else 0,
                code=code,
                unit_positions=each.original.unit_positions if each.original is not None else (),
                reason=each.reason,
                condition=each.condition,
                line=each.line,
                parts=each.parts,
            )
            for number, code, each in zip(numbers, codes, quote.lines, strict=True)
        ),
        refund_minor=quote.refund_minor,
        tenders=tuple(
            TicketRefund(
                type=each.type, method=each.method, reference=each.reference, amount_minor=each.amount_minor,
                points=each.points, principal_minor=each.principal_minor, gift_minor=each.gift_minor,
                is_credit=each.credit_to is not None,
            )
            for each in quote.tenders
        ),
        needs_approval=quote.needs_approval,
        notes=quote.notes,
        points_taken_back=_points_back(quote),
        approval_id=before.approval_id if before is not None and is_covered else None,
        approved_by=before.approved_by if before is not None and is_covered else "",
        approved_minor=before.approved_minor if before is not None and is_covered else 0,
    )  # fmt: skip


def _points_back(quote: ReturnQuote) -> int:
    if quote.sale_id is None or not quote.customer:
        return 0
    amounts: dict[int, int] = {}
    for each in quote.lines:
        if each.original is not None:
            number = each.original.line_number
            amounts[number] = amounts.get(number, 0) - each.line.amount_minor
    return loyalty.points_to_take_back(sale_id=quote.sale_id, amounts=amounts)


def _numbers(
    quote: ReturnQuote, codes: Sequence[str], before: ReturnedReceipt | None, lines: Sequence[TicketLine]
) -> list[int]:
    """The number on the ticket of each quoted line: the one that it has there, else the next."""
    free: dict[object, list[int]] = {}
    for known in before.lines if before is not None else ():
        free.setdefault(known.line_number or known.code, []).append(known.number)
    last = max((line.number for line in lines), default=0)
    numbers = []
    for code, each in zip(codes, quote.lines, strict=True):
        waiting = free.get(each.original.line_number if each.original is not None else code, [])
        if not waiting:
            last += 1
        numbers.append(waiting.pop(0) if waiting else last)
    return numbers


def _promotion_names(store: Store, now: datetime) -> line_rules.PromotionNames:
    """What promotions are called in both languages, those still in force; the receipt knows the others' Chinese one."""
    book = promotions.live_rulebook(chain_id=store.chain_id, at=now)
    return {} if book is None else {each: found.promotion.name for each, found in book.compiled.by_id.items()}


def _names(line: SaleLine, items: Mapping[str, PricedItem]) -> tuple[str, str]:
    found = items.get(line.sku)
    return (found.item.name_zh, found.item.name_en) if found is not None else (line.name, line.name)
