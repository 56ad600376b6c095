"""Say what lines would come to now, without selling them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import PricedItem
from liushui.checkout.contracts import LineCommand, Quote, QuotedLine
from liushui.checkout.domain.lines import build_line
from liushui.kernel.errors import LiushuiError
from liushui.promotions.contracts import Member
from liushui.stores.contracts import Store


def quote(
    *, store: Store, lines: Sequence[LineCommand], at: datetime, member: Member | None = None, codes: Sequence[str] = ()
) -> Quote:
    """The lines as complete_sale would record them at that instant; a line that it would refuse says why.

    Two queries, however many lines. Costs are left out: a till does not show them.
    """
    priced = catalog.price_items(store=store, codes={line.code for line in lines}, at=at)
    quoted = tuple(_quoted(number, line, priced.get(line.code)) for number, line in enumerate(lines, start=1))
    taken = [each.line for each in quoted if each.line is not None]
    return Quote(
        lines=quoted,
        regular_minor=sum(line.regular_minor for line in taken),
        discount_minor=sum(line.discount_minor for line in taken),
        total_minor=sum(line.amount_minor for line in taken),
        tax_minor=sum(line.tax_minor for line in taken),
    )


def _quoted(number: int, stated: LineCommand, priced: PricedItem | None) -> QuotedLine:
    item = priced.item if priced is not None else None
    price = priced.unit_price_minor if priced is not None else None
    try:
        built = build_line(number, stated, priced=priced, accept_unknown=False, costed=False)
    except LiushuiError as refusal:
        return QuotedLine(line=None, item=item, unit_price_minor=price, refusal=refusal)
    return QuotedLine(line=built.line, item=item, unit_price_minor=price, refusal=None)
