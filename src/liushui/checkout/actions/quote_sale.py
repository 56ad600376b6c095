"""Say what a whole ticket would come to, goods that come back included, without recording it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Basket
from liushui.checkout.actions import value
from liushui.checkout.actions.price_sales import Placed, price_sales
from liushui.checkout.actions.take_back import needs_approval, take_back
from liushui.checkout.contracts import CompleteSale, SaleQuote, Tender
from liushui.checkout.domain.fingerprint import body_sha256
from liushui.checkout.domain.places import Senders
from liushui.checkout.domain.sale_checks import check_currency, check_head
from liushui.checkout.domain.take_backs import refunds_due
from liushui.kernel.errors import LiushuiError
from liushui.runtime.access import Principal
from liushui.stores import facade as stores


def quote_sale(
    *, command: CompleteSale, principal: Principal, now: datetime, capability: str = "sale.write"
) -> SaleQuote:
    """The lines that complete_sale would record at this moment, one total, and what goes back and is still to be paid;
    tenders of the command are not looked at. Writes and holds nothing. Raises what complete_sale refuses."""
    chains = stores.chains()
    senders = Senders.of(principal, chains=chains, stores_by_code=stores.stores_by_code(), capability=capability)
    store = senders.store_for(command)
    check_head(command, now=now)
    check_currency(command, store_currency=store.currency)
    priced_as = value.with_member(replace(command, tenders=()), store=store)
    taken = take_back(
        command, store=store, principal=principal, capability=capability, now=now, is_asked_only=True
    )  # fmt: skip
    codes = {line.code for line in command.lines if line.original is None}
    [items] = catalog.price_baskets(baskets=[Basket(store=store, at=command.completed_at, codes=codes)])
    placed = Placed(
        position=0, command=priced_as, body_sha256=body_sha256(command), taken_back=taken, store=store, items=items,
        costed=False,
    )  # fmt: skip
    [priced] = price_sales([placed])
    if isinstance(priced, LiushuiError):
        raise priced
    total = sum(line.amount_minor for line in priced.lines)
    if taken is None:
        return SaleQuote(lines=priced.lines, total_minor=total, refunds=(), to_pay_minor=total)
    refunds, to_pay = refunds_due(taken, sold_minor=total + taken.refund_minor)
    return SaleQuote(
        lines=priced.lines,
        total_minor=total,
        refunds=tuple(
            Tender(type=each.type, amount_minor=each.amount_minor, method=each.method, reference=each.reference)
            for each in refunds
        ),
        to_pay_minor=to_pay,
        needs_approval=needs_approval(taken.quotes, store=store),
    )
