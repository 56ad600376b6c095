"""Complete sales: from what a source states to what is recorded, in one pass that can be read from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Basket, PricedItem
from liushui.checkout.contracts import CompleteSale, Refusal, SaleRecorded
from liushui.checkout.domain.fingerprint import body_sha256
from liushui.checkout.domain.lines import build_line
from liushui.checkout.domain.places import Senders
from liushui.checkout.domain.sale_checks import check_currency, check_head, settled
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale, SaleLine
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Store


class _Placed(NamedTuple):
    """A command whose head is in order, and the store it is for."""

    position: int  # in the batch
    command: CompleteSale
    store: Store


def complete_sale(
    *, command: CompleteSale, principal: Principal, now: datetime, capability: str = "sale.write"
) -> SaleRecorded:
    """Complete one sale; raises a named LiushuiError that says what is wrong with it.

    `capability` is what lets the principal sell in that store: tills sell by `till.use`.
    """
    [answer] = _complete([command], principal=principal, now=now, capability=capability)
    if isinstance(answer, LiushuiError):
        raise answer
    return answer


def complete_sales(
    *, commands: Sequence[CompleteSale], principal: Principal, now: datetime, kept: catalog.KeptItems | None = None
) -> list[SaleRecorded | Refusal]:
    """Complete a batch; answers stand in the order of the commands, and one refusal keeps no other sale back.

    What is taken is recorded in one transaction, with a number of SQL statements that depends neither on the number
    of sales nor on that of their lines. Who sends batch after batch may keep the catalogue's items between them.
    """
    answers = _complete(commands, principal=principal, now=now, kept=kept)
    return [
        Refusal(source_id=command.source_id, problem=answer.problem()) if isinstance(answer, LiushuiError) else answer
        for command, answer in zip(commands, answers, strict=True)
    ]


def _complete(
    commands: Sequence[CompleteSale],
    *,
    principal: Principal,
    now: datetime,
    kept: catalog.KeptItems | None = None,
    capability: str = "sale.write",
) -> list[SaleRecorded | LiushuiError]:
    answers: dict[int, SaleRecorded | LiushuiError] = {}
    chains = stores.chains()
    senders = Senders.of(principal, chains=chains, stores_by_code=stores.stores_by_code(), capability=capability)

    placed: list[_Placed] = []
    for position, command in enumerate(commands):
        try:
            store = senders.store_for(command)
            check_head(command, now=now)
            check_currency(command, store_currency=store.currency)
            placed.append(_Placed(position, command, store))
        except LiushuiError as refusal:
            answers[position] = refusal

    priced = catalog.price_baskets(
        baskets=[
            Basket(store=sale.store, at=sale.command.completed_at, codes={line.code for line in sale.command.lines})
            for sale in placed
        ],
        kept=kept,
    )

    currencies = {chain.id: chain.currency for chain in chains}
    resolved: list[tuple[int, RecordSale]] = []
    for sale, items in zip(placed, priced, strict=True):
        try:
            # the catalogue states costs in the chain's currency
            costed = sale.store.currency == currencies[sale.store.chain_id]
            resolved.append((sale.position, _resolved(sale.command, sale.store, items, costed=costed)))
        except LiushuiError as refusal:
            answers[sale.position] = refusal

    _answer_repeats(answers, placed)

    recorded = orders.record_sales(commands=[command for _, command in resolved], recorded_at=now)
    answers.update(zip((position for position, _ in resolved), recorded, strict=True))
    return [answers[position] for position in range(len(commands))]


def _answer_repeats(answers: dict[int, SaleRecorded | LiushuiError], placed: Sequence[_Placed]) -> None:
    """A sale that was taken once is answered as it was then, even if an item of it has gone from the catalogue since.

    Only refused sales are looked up, so that a batch in order costs no statement more.
    """
    refused = [sale for sale in placed if sale.position in answers]
    if not refused:
        return
    identities = [
        orders.Identity(sale.command.source, sale.command.source_id, body_sha256(sale.command)) for sale in refused
    ]
    for sale, answer in zip(refused, orders.recorded_before(identities=identities), strict=True):
        if isinstance(answer, SaleRecorded):
            answers[sale.position] = answer


def _resolved(command: CompleteSale, store: Store, items: Mapping[str, PricedItem], *, costed: bool) -> RecordSale:
    """The sale with every line filled up from the catalogue, dated by the clock of its store."""
    lines: list[SaleLine] = []
    total = variance = 0
    for number, stated in enumerate(command.lines, start=1):
        line, ours_minor = build_line(
            number,
            stated,
            priced=items.get(stated.code),
            accept_unknown=command.accept_unknown_items,
            costed=costed,
        )
        lines.append(line)
        total += line.amount_minor
        if ours_minor is not None:
            variance += line.amount_minor - ours_minor
    local = store.local(command.completed_at)
    return RecordSale(
        source=command.source,
        source_id=command.source_id,
        body_sha256=body_sha256(command),
        chain_id=store.chain_id,
        store_id=store.id,
        store_code=store.code,
        workstation=command.workstation,
        operator=command.operator,
        receipt_number=command.receipt_number or command.source_id,
        channel=command.channel,
        currency=store.currency,
        completed_at=command.completed_at,
        business_date=command.business_date or store.business_date(command.completed_at),
        local_hour=local.hour,
        customer=command.customer,
        lines=tuple(lines),
        tenders=settled(command.tenders, total_minor=total, currency=store.currency),
        variance_minor=variance,
    )
