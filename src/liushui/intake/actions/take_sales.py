"""Sales as tills and shops send them: kept as received, read, completed, and quarantined when a rule refuses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Refusal, SaleRecorded
from liushui.checkout.errors import StoreNotAllowed
from liushui.intake import quarantine
from liushui.intake.contracts import Taken
from liushui.intake.domain.people import hidden_body
from liushui.intake.domain.sale_json import SaleIn, decode_batch, decode_sale, loose_json, to_command
from liushui.intake.errors import InvalidSale
from liushui.intake.quarantine import Quarantined
from liushui.intake.raw_messages import keep_message
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.runtime.access import Principal
from liushui.stores import facade as stores

BATCH_MAX = 1_000


def take_sale(*, body: bytes, content_type: str, principal: Principal, now: datetime) -> Taken:
    """Take one sale. Raises MalformedJson, InvalidSale, NotAllowed and Conflict; what a rule of the trade refuses is
    quarantined and answered with its id. One statement beside those of the checkout."""
    body = hidden_body(body)
    sale = decode_sale(body)
    source = source_of(principal)
    raw_id, is_awaited = keep_message(body=body, content_type=content_type, source=source, now=now, source_id=sale.id)
    reach = Reach.of(principal)
    chain = sale.chain or reach.own_chain
    reach.check(chain, sale.store)
    try:
        command = to_command(sale, source=source, chain=chain, currency=currency_of(sale, chain))
        recorded = checkout.complete_sale(command=command, principal=principal, now=now)
    except InvalidValue as error:
        if isinstance(error, InvalidSale):
            raise
        problem = error.problem()
        entry = _entry(sale, source, reach.place(chain, sale.store), loose_json(body), problem, raw_id)
        [entry_id] = quarantine.put(entries=[entry], now=now).values()
        return _quarantined(sale.id, problem, entry_id)
    if is_awaited:
        quarantine.resolve(source=source, sales={sale.id: recorded.sale_id}, now=now, closed_by=principal.subject)
    return _recorded(recorded)


def take_batch(*, body: bytes, content_type: str, principal: Principal, now: datetime) -> list[Taken]:
    """Take up to 1,000 sales; answers stand in their order, and a bad one keeps no other back."""
    body = hidden_body(body)
    raws = decode_batch(body)
    if len(raws) > BATCH_MAX:
        raise InvalidSale(f"The batch has {len(raws)} sales, at most {BATCH_MAX} are taken", remedy="Send it in parts.")
    source, reach = source_of(principal), Reach.of(principal)
    raw_id = keep_message(body=body, content_type=content_type, source=source, now=now).id
    answers: list[Taken | None] = [None] * len(raws)
    commands: list[tuple[int, SaleIn, CompleteSale]] = []
    entries: list[tuple[int, Quarantined]] = []
    for i, raw in enumerate(raws):
        try:
            sale = decode_sale(raw)
            chain = sale.chain or reach.own_chain
            reach.check(chain, sale.store)
        except LiushuiError as error:
            answers[i] = Taken(
                status="refused", problem=error.problem(), source_id=_loose_id(raw), http_status=error.status
            )
            continue
        try:
            commands.append((i, sale, to_command(sale, source=source, chain=chain, currency=currency_of(sale, chain))))
        except InvalidSale as error:
            answers[i] = Taken(status="refused", problem=error.problem(), source_id=sale.id, http_status=error.status)
        except InvalidValue as error:
            place = reach.place(chain, sale.store)
            entries.append((i, _entry(sale, source, place, loose_json(raw), error.problem(), raw_id)))
    results = checkout.complete_sales(commands=[command for *_, command in commands], principal=principal, now=now)
    recorded: dict[str, UUID] = {}
    for (i, sale, command), result in zip(commands, results, strict=True):
        if isinstance(result, SaleRecorded):
            recorded[sale.id] = result.sale_id
            answers[i] = _recorded(result)
        elif result.problem["status"] == 422:
            place = reach.place(command.chain, sale.store)
            entries.append((i, _entry(sale, source, place, loose_json(raws[i]), result.problem, raw_id)))
        else:
            answers[i] = _refused(sale.id, result)
    ids = quarantine.put(entries=[entry for _, entry in entries], now=now)
    for i, entry in entries:
        answers[i] = _quarantined(entry.source_id, dict(entry.problem), ids[entry.source, entry.source_id])
    if recorded:
        quarantine.resolve(source=source, sales=recorded, now=now, closed_by=principal.subject)
    return [answer for answer in answers if answer is not None]


def source_of(principal: Principal) -> str:
    """The name under which a sender's sales stand."""
    return principal.source or principal.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a sender may put anything at all, be it sales or what waits to be mended."""

    chains: frozenset[str]
    store_ids: frozenset[int]

    @classmethod
    def of(cls, principal: Principal) -> Reach:
        ids = principal.chains("sale.write")
        return cls(
            chains=frozenset(chain.code for chain in stores.chains() if chain.id in ids),
            store_ids=principal.stores("sale.write"),
        )

    @property
    def own_chain(self) -> str:
        """Code of the only chain; empty when there are several, which the checkout refuses."""
        return next(iter(self.chains)) if len(self.chains) == 1 else ""

    def check(self, chain: str, store_code: str) -> None:
        """Raise StoreNotAllowed for a store of an own chain that is not the sender's, whatever else the sale says."""
        store = stores.stores_by_code().get((chain, store_code)) if chain in self.chains else None
        if store is not None and store.id not in self.store_ids:
            raise StoreNotAllowed(f"Store {store_code!r} is not one you send sales for", pointer="/store")

    def place(self, chain: str, store_code: str) -> tuple[str, str]:
        """(chain, store) in whose quarantine a sale waits: never in a chain that its sender has nothing to do with."""
        return (chain, store_code) if chain in self.chains else (self.own_chain, f"{chain}/{store_code}")


def currency_of(sale: SaleIn, chain: str) -> str:
    """The currency in which decimal texts are read: the sale's, else the store's; for an unknown store any will do,
    since the sale is refused for that."""
    if sale.currency:
        return sale.currency
    store = stores.stores_by_code().get((chain, sale.store))
    return store.currency if store is not None else "CNY"


def _entry(
    sale: SaleIn, source: str, place: tuple[str, str], command: Any, problem: dict[str, object], raw_id: UUID
) -> Quarantined:
    chain, store_code = place
    return Quarantined(
        source=source,
        source_id=sale.id,
        origin="api",
        chain=chain,
        store_code=store_code,
        command=command,
        problem=problem,
        raw_message_id=raw_id,
    )


def _recorded(recorded: SaleRecorded) -> Taken:
    return Taken(
        status="replayed" if recorded.is_replay else "created",
        recorded=recorded,
        source_id=recorded.source_id,
        http_status=200 if recorded.is_replay else 201,
    )


def _quarantined(source_id: str, problem: dict[str, object], entry_id: UUID) -> Taken:
    return Taken(
        status="quarantined", problem=problem | {"quarantine_id": str(entry_id)}, source_id=source_id, http_status=422
    )


def _refused(source_id: str, refusal: Refusal) -> Taken:
    status = int(str(refusal.problem["status"]))
    word = "conflict" if status == 409 else "refused"
    return Taken(status=word, problem=refusal.problem, source_id=source_id, http_status=status)


def _loose_id(raw: msgspec.Raw) -> str | None:
    try:
        value = loose_json(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return found[:128] if isinstance(found, str) else None
