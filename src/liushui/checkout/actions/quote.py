"""Say what lines would come to now, without selling them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import PricedItem
from liushui.checkout.contracts import FrozenPrice, LineCommand, Member, Quote, QuotedLine, Shipping
from liushui.checkout.domain.baskets import basket_of, check_priced_units, discounted, is_ours_to_price
from liushui.checkout.domain.lines import build_line
from liushui.kernel.errors import LiushuiError
from liushui.promotions import facade as pricing
from liushui.promotions.contracts import BasketToPrice, Quotation
from liushui.stores import facade as stores
from liushui.stores.contracts import Store


def quote(
    *,
    store: Store,
    lines: Sequence[LineCommand],
    at: datetime,
    member: Member | None = None,
    codes: Sequence[str] = (),
    promotions: bool = True,
    channel: str = "pos",
    shipping: Sequence[Shipping] = (),
    payment_method: str | None = None,
    order_key: str = "",
) -> Quote:
    """The lines as complete_sale would record them at that instant; a line that it would refuse says why.

    Two queries, however many lines, and those of promotions' `quotations`; nothing is written. Costs are left out:
    a till does not show them. With `promotions`, and when no line states an amount or a discount, the rulebook in force
    prices the lines that are not refused; `order_key` names the order whose own uses do not count as used.
    """
    items = catalog.price_items(store=store, codes={line.code for line in lines}, at=at)
    built = [_quoted(number, line, items.get(line.code)) for number, line in enumerate(lines, start=1)]
    found = None
    taken = [each.line for each in built if each.line is not None]
    if promotions and taken and is_ours_to_price(lines):
        check_priced_units(taken)
        basket = basket_of(
            store=store,
            region_code=region_code(store),
            at=at,
            channel=channel,
            lines=taken,
            stated=lines,
            items=items,
            member=member,
            codes=codes,
            shipping=shipping,
            payment_method=payment_method,
        )
        wanted = BasketToPrice(chain_id=store.chain_id, at=at, basket=basket, order_key=order_key)
        found = pricing.quotation(wanted=wanted) if basket.lines else None
    if found is not None:
        changed = discounted(lines, answer=found.answer, rulebook=found.rulebook.rulebook)
        for number, line in changed.items():
            built[number - 1] = _quoted(number, line, items.get(line.code))
    return _quote(built, found)


def region_code(store: Store) -> str:
    """The code of a store's region, as rulebooks name it."""
    return next((region.code for region in stores.regions() if region.id == store.region_id), "")


def frozen(found: Quotation) -> FrozenPrice:
    """What has to be kept to price the basket again to the same bytes."""
    return FrozenPrice(rulebook_digest=found.rulebook.digest, basket=found.basket_text())


def _quote(built: Sequence[QuotedLine], found: Quotation | None) -> Quote:
    taken = [each.line for each in built if each.line is not None]
    return Quote(
        lines=tuple(built),
        regular_minor=sum(line.regular_minor for line in taken),
        discount_minor=sum(line.discount_minor for line in taken),
        total_minor=sum(line.amount_minor for line in taken),
        tax_minor=sum(line.tax_minor for line in taken),
        answer=found.answer if found is not None else None,
        frozen=frozen(found) if found is not None else None,
        code_problems=found.code_problems if found is not None else {},
    )


def _quoted(number: int, stated: LineCommand, priced: PricedItem | None) -> QuotedLine:
    item = priced.item if priced is not None else None
    price = priced.unit_price_minor if priced is not None else None
    try:
        built = build_line(number, stated, priced=priced, accept_unknown=False, costed=False)
    except LiushuiError as refusal:
        return QuotedLine(line=None, item=item, unit_price_minor=price, refusal=refusal)
    return QuotedLine(line=built.line, item=item, unit_price_minor=price, refusal=None)
