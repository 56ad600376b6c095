"""Reads for goods that come back: which receipt it was, and what of it can still come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from liushui.catalog import facade as catalog
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import ReturnLink, SaleDetail, SaleLine, SaleQuery, SaleSummary
from liushui.runtime import row_security
from liushui.stores import facade as stores
from liushui.till import queries
from liushui.till.contracts import Till
from liushui.till.errors import MemberUnknown, TooWide

FOUND_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSearch:
    """What a customer without a receipt knows of it; empty fields ask nothing."""

    text: str = ""  # the number, whole; of this store its last digits
    day: date | None = None
    amount_minor: int | None = None  # total of the receipt
    customer: str = ""  # number of the member
    sku: str = ""
    everywhere: bool = False  # in all stores of the chain


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnableLine:
    """A line of a receipt with what came back of it before."""

    line: SaleLine
    names: tuple[str, str]  # of the item now, in Chinese and English
    left: int  # units that can still come back
    before: tuple[ReturnLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnableReceipt:
    """A receipt as a return begins with it."""

    sale: SaleDetail
    version: int
    lines: tuple[ReturnableLine, ...]


def find_receipts(*, till: Till, wanted: ReceiptSearch, limit: int = FOUND_MAX) -> tuple[SaleSummary, ...]:
    """The receipts that fit, the latest first. A number finds them in all stores of the chain; everything else in this
    store, and in all of them where a day and one thing more, or the member, is named. Raises TooWide."""
    if wanted.text:
        return _by_number(till, wanted.text.strip())[:limit]
    query = SaleQuery(
        store_ids=frozenset({till.store_id}), first=wanted.day, last=wanted.day, amount_min_minor=wanted.amount_minor,
        amount_max_minor=wanted.amount_minor, sku=wanted.sku, customer=wanted.customer, status="completed",
        limit=limit,
    )  # fmt: skip
    if not wanted.everywhere:
        return orders.sales(query=query).sales
    knows_more = wanted.amount_minor is not None or wanted.sku
    if not wanted.customer and not (wanted.day is not None and knows_more):
        raise TooWide("Name the day and the amount or an article, or the member")
    theirs = frozenset(store.id for store in stores.stores() if store.chain_id == till.chain_id)
    with row_security.everything():  # a customer returns in whatever store is near; what was asked for narrows it
        return orders.sales(query=replace(query, store_ids=theirs)).sales


def _by_number(till: Till, text: str) -> tuple[SaleSummary, ...]:
    found = orders.receipts_of_chain(chain_id=till.chain_id, text=text.upper()) or orders.receipts_of_chain(
        chain_id=till.chain_id, text=text
    )
    if found or not (text.isascii() and text.isdigit()):
        return found
    numbers = [ticket.number for ticket in queries.finished(till=till, text=text) if ticket.sale_id is not None]
    return tuple(each for number in numbers for each in orders.receipts_of_chain(chain_id=till.chain_id, text=number))


def receipt_to_return(*, till: Till, sale_id: UUID, now: datetime) -> ReturnableReceipt:
    """A receipt of the chain, line by line, with what came back before; raises NotFound. Four statements."""
    found = orders.for_return(sale_id=sale_id, chain_id=till.chain_id)
    links = orders.return_links(sale_id=sale_id)
    is_open = found.sale.summary.status == "completed" and found.so_far.state == "open"
    store = stores.store(store_id=till.store_id)
    items = catalog.price_items(store=store, codes={line.sku for line in found.sale.lines}, at=now)
    names = {sku: (priced.item.name_zh, priced.item.name_en) for sku, priced in items.items()}
    return ReturnableReceipt(
        sale=found.sale,
        version=found.so_far.version,
        lines=tuple(
            ReturnableLine(
                line=line,
                names=names.get(line.sku, (line.name, line.name)),
                left=_left(line, before) if is_open else 0,
                before=before,
            )
            for line in found.sale.lines
            if not line.is_return
            for before in (_before(sale_id, line.line_number, links),)
        ),
    )


def _before(sale_id: UUID, line_number: int, links: Sequence[ReturnLink]) -> tuple[ReturnLink, ...]:
    return tuple(
        link
        for link in links
        if link.original_sale_id == sale_id and link.original_line_number == line_number and link.status == "completed"
    )


def _left(line: SaleLine, before: Sequence[ReturnLink]) -> int:
    return line.units - sum(link.units for link in before)


def find_member_number(*, till: Till, text: str, now: datetime) -> str:
    """The number under which a member's purchases are recorded; raises MemberUnknown."""
    found = loyalty.find_member(chain_id=till.chain_id, text=text, now=now) if "\0" not in text else None
    if found is None:
        raise MemberUnknown("No member has this phone, card or number")
    return found.number


def sku_of(*, till: Till, code: str, now: datetime) -> str:
    """The SKU behind whatever was scanned; the text itself where the catalogue knows nothing under it."""
    priced = catalog.price_items(store=stores.store(store_id=till.store_id), codes={code}, at=now).get(code)
    return priced.item.sku if priced is not None else code
