"""Complete sales: from what a source states to what is recorded, in one pass that can be read from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Basket
from liushui.checkout.actions.price_sales import Placed, Priced, hold, price_sales, recording
from liushui.checkout.contracts import CompleteSale, Refusal, SaleRecorded
from liushui.checkout.domain.fingerprint import body_sha256
from liushui.checkout.domain.places import Senders
from liushui.checkout.domain.sale_checks import check_currency, check_head
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale
from liushui.promotions import facade as promotions
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, Store


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

    taken: list[tuple[int, CompleteSale, Store]] = []
    for position, command in enumerate(commands):
        try:
            store = senders.store_for(command)
            check_head(command, now=now)
            check_currency(command, store_currency=store.currency)
            taken.append((position, command, store))
        except LiushuiError as refusal:
            answers[position] = refusal
    placed = _placed(taken, chains=chains, kept=kept)

    resolved: list[tuple[Priced, RecordSale]] = []
    keys: set[str] = set()  # of orders that hold something: one that stands in the batch twice holds it once
    for sale, priced in zip(placed, price_sales(placed), strict=True):
        held = _held(priced, keys, now=now)
        if isinstance(held, LiushuiError):
            answers[sale.position] = held
        else:
            resolved.append(held)

    _answer_repeats(answers, placed)

    recorded = orders.record_sales(commands=[command for _, command in resolved], recorded_at=now)
    for (priced_sale, _command), answer in zip(resolved, recorded, strict=True):
        answers[priced_sale.placed.position] = answer
        if priced_sale.placed.key() in keys:
            _settle(priced_sale.placed.key(), answer, now=now)
    return [answers[position] for position in range(len(commands))]


def _placed(
    taken: Sequence[tuple[int, CompleteSale, Store]], *, chains: Sequence[Chain], kept: catalog.KeptItems | None
) -> list[Placed]:
    """The commands with the items they name, looked up together."""
    items = catalog.price_baskets(
        baskets=[
            Basket(store=store, at=command.completed_at, codes={line.code for line in command.lines})
            for _, command, store in taken
        ],
        kept=kept,
    )
    currencies = {chain.id: chain.currency for chain in chains}
    return [
        Placed(
            position=position, command=command, store=store, items=found,
            costed=store.currency == currencies[store.chain_id],
        )
        for (position, command, store), found in zip(taken, items, strict=True)
    ]  # fmt: skip


def _held(priced: Priced | LiushuiError, keys: set[str], *, now: datetime) -> tuple[Priced, RecordSale] | LiushuiError:
    """The sale as it is recorded, with what its price uses up reserved; its key is noted then."""
    if isinstance(priced, LiushuiError):
        return priced
    try:
        sale = recording(priced)  # before anything is held: the tenders may not come to the total
    except LiushuiError as refusal:
        return refusal
    if priced.placed.key() in keys or not priced.is_limited():
        return priced, sale
    held = hold(priced, now=now)
    if isinstance(held, LiushuiError):
        return held
    keys.add(held.placed.key())
    try:
        return held, sale if held is priced else recording(held)
    except LiushuiError as refusal:
        promotions.release(order_key=held.placed.key(), now=now)
        return refusal


def _settle(order_key: str, answer: SaleRecorded | LiushuiError, *, now: datetime) -> None:
    """Commit what was held to the recorded sale; whoever dies before is mended by the sale's event. A sale that is in
    conflict with a recorded one gives back what it held."""
    if isinstance(answer, SaleRecorded):
        promotions.commit(order_key=order_key, sale_id=answer.sale_id, now=now)
    else:
        promotions.release(order_key=order_key, now=now)


def _answer_repeats(answers: dict[int, SaleRecorded | LiushuiError], placed: Sequence[Placed]) -> None:
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
