"""Complete sales: from what a source states to what is recorded, in one pass that can be read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Basket
from liushui.checkout.actions import value
from liushui.checkout.actions.price_sales import Placed, Priced, hold, hold_in, price_sales, recording
from liushui.checkout.actions.take_back import note_details, take_back, use_approval
from liushui.checkout.contracts import CompleteSale, Refusal, SaleRecorded
from liushui.checkout.domain.fingerprint import body_sha256
from liushui.checkout.domain.places import Senders
from liushui.checkout.domain.sale_checks import check_currency, check_head
from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import RecordSale
from liushui.orders.errors import ReturnedMeanwhile, SaleConflict
from liushui.promotions import facade as promotions
from liushui.runtime.access import Principal
from liushui.runtime.at_once import Message, Statement
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, Store

Answer = SaleRecorded | LiushuiError
TRIES_MAX = 5  # each means that something else of the same receipt came back meanwhile


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
) -> list[Answer]:
    answers = _complete_once(commands, principal=principal, now=now, kept=kept, capability=capability)
    for _ in range(TRIES_MAX):
        # Something else of the same receipt came back meanwhile: what these give back is worked out anew.
        late = [index for index, answer in enumerate(answers) if isinstance(answer, ReturnedMeanwhile)]
        if not late:
            break
        again = _complete_once(
            [commands[index] for index in late], principal=principal, now=now, kept=kept, capability=capability
        )
        for index, answer in zip(late, again, strict=True):
            answers[index] = answer
    return answers


def _complete_once(
    commands: Sequence[CompleteSale],
    *,
    principal: Principal,
    now: datetime,
    kept: catalog.KeptItems | None,
    capability: str,
) -> list[Answer]:
    answers: dict[int, Answer] = {}
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
    ready: list[Placed] = []
    for sale in placed:
        try:
            ready.append(_with_member_and_returns(sale, principal=principal, capability=capability, now=now))
        except LiushuiError as refusal:
            answers[sale.position] = refusal

    resolved: list[tuple[Held, RecordSale]] = []
    keys: set[str] = set()  # of orders that hold something: one that stands in the batch twice holds it once
    for sale, priced in zip(ready, price_sales(ready), strict=True):
        held = _held(priced, keys, now=now)
        if isinstance(held, LiushuiError):
            answers[sale.position] = held
        else:
            resolved.append(held)

    _answer_repeats(answers, placed)

    ending = _Ending(*resolved[0], now=now) if len(resolved) == 1 else None
    recorded = orders.record_sales(
        commands=[command for _, command in resolved], recorded_at=now, beside=ending.beside if ending else None
    )
    for (held_sale, record), answer in zip(resolved, recorded, strict=True):
        answers[held_sale.placed.position] = answer
        _settle(held_sale, record, answer, ending, now=now)
    return [answers[position] for position in range(len(commands))]


def _placed(
    taken: Sequence[tuple[int, CompleteSale, Store]], *, chains: Sequence[Chain], kept: catalog.KeptItems | None
) -> list[Placed]:
    """The commands with the items they name, looked up together."""
    items = catalog.price_baskets(
        baskets=[
            Basket(
                store=store, at=command.completed_at,
                codes={line.code for line in command.lines if line.original is None},
            )
            for _, command, store in taken
        ],
        kept=kept,
    )  # fmt: skip
    currencies = {chain.id: chain.currency for chain in chains}
    return [
        Placed(
            position=position, command=command, body_sha256=body_sha256(command), store=store, items=found,
            costed=store.currency == currencies[store.chain_id],
        )
        for (position, command, store), found in zip(taken, items, strict=True)
    ]  # fmt: skip


def _with_member_and_returns(sale: Placed, *, principal: Principal, capability: str, now: datetime) -> Placed:
    """The sale with the member's account and with what it takes back; itself where it has neither."""
    command = value.with_member(sale.command, store=sale.store)
    taken = take_back(command, store=sale.store, principal=principal, capability=capability, now=now)
    if command is sale.command and taken is None:
        return sale
    return replace(sale, command=command, taken_back=taken)


class Held(NamedTuple):
    """What a priced sale holds until it is recorded: uses and coupons of promotions, points and value of loyalty."""

    placed: Placed
    uses: bool
    value: bool


def _held(priced: Priced | LiushuiError, keys: set[str], *, now: datetime) -> tuple[Held, RecordSale] | LiushuiError:
    """The sale as it is recorded, with what its price uses up reserved and what it pays with held; its key is noted."""
    if isinstance(priced, LiushuiError):
        return priced
    try:
        sale = recording(priced)  # before anything is held: the tenders may not come to the total
    except LiushuiError as refusal:
        return refusal
    placed, key, uses = priced.placed, priced.placed.key(), False
    if key in keys:
        return Held(placed, False, False), sale
    if placed.taken_back is None and _held_at_once(priced, sale, key, now=now):
        keys.add(key)
        return Held(placed, True, True), sale
    if priced.is_limited():
        held = hold(priced, now=now)
        if isinstance(held, LiushuiError):
            return held
        uses = True
        if held is not priced:
            try:
                sale = recording(held)
            except LiushuiError as refusal:
                promotions.release(order_key=key, now=now)
                return refusal
    try:
        pays = value.hold(
            placed.command, tenders=sale.tenders, sold_minor=_sold_minor(sale), order_key=key, store=placed.store,
            now=now,
        )  # fmt: skip
    except LiushuiError as refusal:
        if uses:
            promotions.release(order_key=key, now=now)
        return refusal
    if uses or pays:
        keys.add(key)
    if placed.taken_back is not None:
        note_details(placed.command, placed.taken_back, store=placed.store, order_key=key, now=now)
    return Held(placed, uses, pays), sale


def _held_at_once(priced: Priced, sale: RecordSale, key: str, *, now: datetime) -> bool:
    """What promotions and loyalty both keep back for a new order, by one transaction in one message: the usual case on
    PostgreSQL. False, with nothing done, where one of them has nothing to do or anything is out of the ordinary: then
    each is asked by itself, and says what is wrong. Counters that all sales move are locked last."""
    if connection.vendor != "postgresql" or not priced.is_limited():
        return False
    placed, message = priced.placed, Message()
    try:
        is_held = value.hold_in(
            message, placed.command, tenders=sale.tenders, sold_minor=_sold_minor(sale), order_key=key,
            store=placed.store, now=now,
        )  # fmt: skip
        if is_held is None:
            return False
        is_reserved = hold_in(message, priced, now=now)
        with transaction.atomic():
            message.send()
            if not (is_held() and is_reserved()):
                raise _OneByOne
    except (_OneByOne, LiushuiError):
        return False
    return True


class _OneByOne(Exception):  # never leaves this file: undoes what was held so far
    """Something is out of the ordinary."""


def _sold_minor(sale: RecordSale) -> int:
    return sum(max(line.amount_minor, 0) for line in sale.lines)


class _Ending:
    """Makes what a sale holds final in the very message that records it, where the database takes such a message and
    nothing is out of the ordinary; whoever finds that it did not does it afterwards."""

    def __init__(self, held: Held, record: RecordSale, *, now: datetime) -> None:
        self._held, self._record, self._now = held, record, now
        self.value_is_spent: Callable[[], bool] = bool
        self.uses_are_committed: Callable[[], bool] = bool

    def beside(self, message: Message, sale_id: UUID, only_if: Statement) -> None:
        """What orders' message is to do besides recording the sale of this id."""
        placed = self._held.placed
        key = placed.key()
        if self._held.value:
            self.value_is_spent = value.spend_with_sale(
                placed.command, message, tenders=self._record.tenders, order_key=key, sale_id=sale_id,
                store=placed.store, now=self._now, only_if=only_if,
            )  # fmt: skip
        if self._held.uses:
            self.uses_are_committed = promotions.commit_in(
                message, order_key=key, sale_id=sale_id, now=self._now, only_if=only_if
            )


def _settle(held: Held, record: RecordSale, answer: Answer, ending: _Ending | None, *, now: datetime) -> None:
    """Make what was held final for the recorded sale, and give back what its returned lines owe. Whoever dies before is
    mended by the sale's event. A sale that is refused lets go of what it held; one that is in conflict with a recorded
    one leaves the value alone, which that one may be about to spend."""
    key = held.placed.key()
    if not isinstance(answer, SaleRecorded):
        if held.uses:
            promotions.release(order_key=key, now=now)
        if held.value and not isinstance(answer, SaleConflict):
            loyalty.void(order_key=key, now=now)
        return
    if held.value and not (ending and ending.value_is_spent()):
        value.spend(
            held.placed.command, tenders=record.tenders, order_key=key, sale_id=answer.sale_id,
            store=held.placed.store, now=now,
        )  # fmt: skip
    if held.uses and not (ending and ending.uses_are_committed()):
        promotions.commit(order_key=key, sale_id=answer.sale_id, now=now)
    taken = held.placed.taken_back
    if taken is not None:
        loyalty.give_back_sale(
            order_key=key, sale_id=answer.sale_id, store_id=record.store_id, give_backs=record.give_backs, now=now
        )
        use_approval(held.placed.command, now=now)


def _answer_repeats(answers: dict[int, Answer], placed: Sequence[Placed]) -> None:
    """A sale that was taken once is answered as it was then, even if an item of it has gone from the catalogue since.

    Only refused sales are looked up, so that a batch in order costs no statement more.
    """
    refused = [sale for sale in placed if sale.position in answers]
    if not refused:
        return
    identities = [orders.Identity(sale.command.source, sale.command.source_id, sale.body_sha256) for sale in refused]
    for sale, answer in zip(refused, orders.recorded_before(identities=identities), strict=True):
        if isinstance(answer, SaleRecorded):
            answers[sale.position] = answer
