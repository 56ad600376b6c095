"""Puts the demo chain into the database by the way every chain's data takes: stores, catalogue, checkout, worker."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from liushui.app.consumers import CONSUMERS
from liushui.app.demo import chain as made_up
from liushui.app.demo.assortment import Assortment, DemoItem
from liushui.app.demo.baskets import SOURCE, TIME_ZONE, Baskets, sale_id
from liushui.app.demo.chain import DemoStore
from liushui.app.demo.pricing import priced_by_us
from liushui.app.demo.spending import brought_back, of_member, paid_otherwise
from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Refusal, SaleRecorded
from liushui.kernel.errors import Conflict
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.orders import facade as orders
from liushui.orders.errors import SaleConflict
from liushui.runtime import worker
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, NewWorkstation

PRICES_FROM = datetime(2025, 1, 1, tzinfo=UTC)
_SALES_A_BATCH = 1000
_ITEMS_A_BATCH = 2000
_TAGGED_EVERY = 40
_TAGS = {5: ("new",), 20: ("clearance",), 30: ("organic",)}  # by the item's place among so many
_ONE_VOID_IN = 900
_VOID_REASONS = ("收银员扫错商品", "顾客取消付款", "重复录入")


class DemoRefused(Conflict):
    """The demo chain's own sale was refused."""

    type = "demo-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What one run of the loader did."""

    sales: int
    lines: int
    voids: int
    first: date
    last: date


def load_places(*, demo_stores: Sequence[DemoStore]) -> Chain:
    """The chain, its regions, stores and workstations."""
    chain = stores.save_chain(
        code=made_up.CHAIN_CODE,
        name_zh=made_up.CHAIN_NAME_ZH,
        name_en=made_up.CHAIN_NAME_EN,
        currency=made_up.CURRENCY,
        weighed_patterns=(made_up.WEIGHED_PATTERN,),
    )
    for code, zh, en in made_up.REGIONS:
        stores.save_region(chain_code=chain.code, code=code, name_zh=zh, name_en=en)
    stores.save_stores(
        stores=[
            NewStore(
                chain_code=chain.code,
                region_code=store.region,
                code=store.code,
                name_zh=store.name_zh,
                name_en=store.name_en,
                day_starts_at=made_up.DAY_STARTS_AT,
                gln=store.gln,
                uscc=store.uscc,
            )
            for store in demo_stores
        ]
    )
    stores.save_workstations(
        workstations=[
            NewWorkstation(chain_code=chain.code, store_code=store.code, code=f"T{till}", name=f"收银台 {till}")
            for store in demo_stores
            for till in range(1, made_up.TILLS + 1)
        ]
    )
    return chain


def load_catalogue(*, chain: Chain, assortment: Assortment) -> None:
    """Categories, items and their prices."""
    catalog.save_categories(
        categories=[
            NewCategory(chain_id=chain.id, path=node.path, name_zh=node.name_zh, name_en=node.name_en)
            for node in assortment.categories
        ]
    )
    for start in range(0, len(assortment.items), _ITEMS_A_BATCH):
        batch = assortment.items[start : start + _ITEMS_A_BATCH]
        catalog.save_items(items=_new_items(chain, batch, first=start))
        catalog.save_prices(
            prices=[
                NewPrice(chain_id=chain.id, sku=item.sku, amount_minor=item.price_minor, starts_at=PRICES_FROM)
                for item in batch
            ]
        )


def _new_items(chain: Chain, batch: Sequence[DemoItem], *, first: int) -> list[NewItem]:
    """The items of the demo; what people have tagged since stays when it is started again."""
    known = catalog.find_items(chain_id=chain.id, codes=[item.sku for item in batch])
    return [
        NewItem(
            chain_id=chain.id,
            sku=item.sku,
            gtin=item.gtin,
            name_zh=item.name_zh,
            name_en=item.name_en,
            category=item.category,
            brand=item.brand,
            unit=item.unit,
            weighed=item.weighed,
            tax_rate_bp=item.tax_rate_bp,
            tax_code=item.tax_code,
            cost_minor=item.cost_minor,
            tags=known[item.sku].tags if item.sku in known else _TAGS.get(number % _TAGGED_EVERY, ()),
            floor_price_minor=known[item.sku].floor_price_minor if item.sku in known else None,
        )
        for number, item in enumerate(batch, start=first)
    ]


def load_sales(
    *,
    baskets: Baskets,
    demo_stores: Sequence[DemoStore],
    days: int,
    now: datetime,
    principal: Principal,
    members: Mapping[str, Member] | None = None,
    progress: Callable[[date, int], None] = lambda day, sales: None,
    adding_up: Callable[[int], None] = lambda sales: None,
) -> Loaded:
    """The receipts of the last `days` days up to now, from where an earlier run ended; then the figures from them.

    `progress` hears of each day and the sales so far, `adding_up` when only the figures are left to be made. What is
    recorded already is recognised by its id. With `members`, by their marks, receipts carry their numbers, some are
    paid with points and stored value, and some goods come back.
    """
    today = now.astimezone(TIME_ZONE).date()
    first = _resume_from(demo_stores[0], first=today - timedelta(days=days - 1), last=today)
    sales = lines = voids = 0
    batch: list[CompleteSale] = []
    kept = catalog.KeptItems()
    for day in _days(first, today):
        for store in demo_stores:
            made = [of_member(sale, members or {}) for sale in baskets.day(store=store, day=day, until=now)]
            batch += [priced_by_us(sale) for sale in made] if day == today else made
        while len(batch) >= _SALES_A_BATCH or (batch and day == today):
            recorded, batch = batch[:_SALES_A_BATCH], batch[_SALES_A_BATCH:]
            answers, voided = _record(recorded, principal=principal, now=now, kept=kept)
            if members:
                _take_back(recorded, answers, principal=principal, now=now)
            voids += voided
            sales += len(recorded)
            lines += sum(len(sale.lines) for sale in recorded)
        progress(day, sales)
    adding_up(sales)
    worker.run(consumers=CONSUMERS, once=True)
    for chain_id in {member.chain_id for member in (members or {}).values()}:
        loyalty.evaluate_tiers(chain_id=chain_id, now=now)
    return Loaded(sales=sales, lines=lines, voids=voids, first=first, last=today)


def _record(
    commands: Sequence[CompleteSale], *, principal: Principal, now: datetime, kept: catalog.KeptItems
) -> tuple[list[SaleRecorded | Refusal], int]:
    """Record a batch and void the few that were mistakes; the answers, and how many were voided."""
    at = _soon_after(commands, now)
    answers = checkout.complete_sales(commands=commands, principal=principal, now=at, kept=kept)
    answers = _without_value(commands, answers, principal=principal, now=at)
    voids = 0
    for answer in answers:
        if isinstance(answer, Refusal):
            if answer.problem.get("status") == SaleConflict.status:
                continue  # recorded by an earlier run with other options; it stays as it is
            raise DemoRefused(
                f"Sale {answer.source_id}: {answer.problem.get('detail')}",
                remedy="`liushui demo --reset` starts anew.",
            )
        draw = zlib.crc32(answer.source_id.encode())
        if draw % _ONE_VOID_IN == 0:
            reason = _VOID_REASONS[draw // _ONE_VOID_IN % len(_VOID_REASONS)]
            orders.void_sale(sale_id=answer.sale_id, reason=reason, principal=principal, now=now)
            voids += 1
    return answers, voids


def _without_value(
    commands: Sequence[CompleteSale], answers: Sequence[SaleRecorded | Refusal], *, principal: Principal, now: datetime
) -> list[SaleRecorded | Refusal]:
    """The answers, with those of members who had too few points or too little value by other means of payment."""
    short = [
        index
        for index, (command, answer) in enumerate(zip(commands, answers, strict=True))
        if isinstance(answer, Refusal) and command.account and answer.problem.get("status") != SaleConflict.status
    ]
    found = list(answers)
    if short:
        again = [paid_otherwise(commands[index]) for index in short]
        for index, answer in zip(
            short, checkout.complete_sales(commands=again, principal=principal, now=now), strict=True
        ):
            found[index] = answer
    return found


def _take_back(
    commands: Sequence[CompleteSale],
    answers: Sequence[SaleRecorded | Refusal],
    *,
    principal: Principal,
    now: datetime,
) -> None:
    """Bring back a few things of these sales. What the chain's rules refuse, such as goods of a voided sale, stays."""
    returned = [
        back
        for command, answer in zip(commands, answers, strict=True)
        if isinstance(answer, SaleRecorded)
        for back in [brought_back(command, sale_id=answer.sale_id, until=now)]
        if back is not None
    ]
    if returned:
        checkout.complete_sales(commands=returned, principal=principal, now=_soon_after(returned, now))


def _soon_after(commands: Sequence[CompleteSale], now: datetime) -> datetime:
    """When a batch of the past is recorded: minutes after its last receipt, so that the books have it on its day."""
    return min(now, max(command.completed_at for command in commands) + timedelta(minutes=5))


def _resume_from(store: DemoStore, *, first: date, last: date) -> date:
    """The latest day with a receipt of the first, always busy store: days before it are complete, it may not be."""
    for day in reversed(list(_days(first, last))):
        if orders.find_sale(source=SOURCE, source_id=sale_id(store=store, day=day, number=1)) is not None:
            # A batch spans days, so the day before may lack its end as well.
            return max(first, day - timedelta(days=1))
    return first


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))
