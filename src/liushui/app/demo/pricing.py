"""Sales of the demo whose price our promotions make: without amounts, and with tenders that come to our price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, Member, Tender
from liushui.loyalty import facade as loyalty
from liushui.stores import facade as stores


def priced_by_us(sale: CompleteSale) -> CompleteSale:
    """The sale as the chain's own tills make it: the catalogue's prices and the promotions in force at its time.

    One that brings goods back, or that nobody can price, stays as it is.
    """
    if any(line.units < 0 for line in sale.lines):
        return sale
    lines, store = unpriced(sale.lines), stores.stores_by_code()[sale.chain, sale.store]
    member = loyalty.snapshot(chain_id=store.chain_id, number=sale.customer, at=sale.completed_at)
    if member is None and sale.customer:
        member = Member(id=sale.customer)
    quote = checkout.quote(store=store, lines=lines, at=sale.completed_at, channel=sale.channel, member=member)
    if any(line.line is None for line in quote.lines):
        return sale
    return replace(sale, lines=lines, member=member, tenders=tenders_for(sale.tenders, quote.total_minor), is_paid=True)


def unpriced(lines: Sequence[LineCommand]) -> tuple[LineCommand, ...]:
    """The lines without amounts, prices and discounts."""
    return tuple(replace(line, amount_minor=None, regular_minor=None, discounts=()) for line in lines)


def tenders_for(tenders: Sequence[Tender], total_minor: int) -> tuple[Tender, ...]:
    """The same means of payment, for another total: the last pays what the others leave."""
    left = total_minor
    paid: list[Tender] = []
    for number, tender in enumerate(tenders, start=1):
        amount = left if number == len(tenders) else min(tender.amount_minor, left)
        if amount or not paid:
            paid.append(replace(tender, amount_minor=amount))
        left -= amount
    return tuple(paid)
