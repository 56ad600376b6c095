"""Rulebooks in a race: people publish, pause and cancel while others sell."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from tests.support.crash import crash_at_step

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import DraftView
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

SKUS = ("MILK", "SOAP")


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """A store that sells two things at 100.00 each."""
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First")]
    )
    catalog.save_items(items=[NewItem(chain_id=chain.id, sku=sku, name_zh=sku, name_en=sku) for sku in SKUS])
    catalog.save_prices(
        prices=[
            NewPrice(
                chain_id=chain.id, sku=sku, amount_minor=10_000, starts_at=datetime.now(UTC) - timedelta(days=1)
            )
            for sku in SKUS
        ]
    )  # fmt: skip


def publish(*, first: int, last: int) -> list[str]:
    """Versions one after another, each of which takes as many percent off both things as its number."""
    return [_published(percent) for percent in range(first, last + 1)]


def publish_or_sell(*, name: str, count: int) -> list[Any]:
    """Publish until that version when no name is given, slowly; otherwise sell so often by each of two threads."""
    if name:
        return sell(name=name, count=count, threads=2)
    states = []
    for percent in range(2, count + 1):
        states.append(_published(percent))
        time.sleep(0.3)
    return states


def draft(*, percent: int) -> int:
    """A draft in review."""
    return _in_review(percent).id


def approve(*, draft_id: int) -> str:
    """Approve it, and say how it ended."""
    try:
        return promotions.decide_review(
            draft_id=draft_id, approve=True, principal=_person("fei", "finance"), now=datetime.now(UTC)
        ).state
    except LiushuiError as error:
        return error.type


def save(*, draft_id: int, revision: int, name: str) -> str:
    """Rename a draft, and say how it ended."""
    try:
        return promotions.rename_draft(
            draft_id=draft_id, revision=revision, name=name, principal=_person(name, "marketer"),
            now=datetime.now(UTC),
        ).name  # fmt: skip
    except LiushuiError as error:
        return error.type


def open_draft() -> list[int]:
    """A draft that can be saved: its id and revision."""
    found = promotions.create_draft(
        chain_id=_chain(), name="Race", principal=_person("ma", "marketer"), now=datetime.now(UTC)
    )
    return [found.id, found.revision]


def pause(*, promotion_id: str) -> str:
    """Stop a promotion, and say how it ended."""
    try:
        return promotions.pause_promotion(
            chain_id=_chain(), promotion_id=promotion_id, reason="race", principal=_person("ma", "marketer"),
            now=datetime.now(UTC),
        ).version  # fmt: skip
    except LiushuiError as error:
        return error.type


def numbers() -> list[int]:
    """The versions there are."""
    found = promotions.versions(chain_id=_chain(), at=datetime.now(UTC), limit=1000)
    return sorted(version.number for version in found)


def sell(*, name: str, count: int, threads: int) -> list[list[Any]]:
    """Sell both things again and again, by threads, so often and until another version has come or a minute has
    passed; for each sale its version and what came off each line."""
    sold: list[list[Any]] = []
    until = time.monotonic() + 60

    def go(thread: int) -> None:
        try:
            for number in itertools.count():
                if number >= count and (len({each[0] for each in list(sold)}) > 1 or time.monotonic() > until):
                    break
                sold.append(_sell(f"{name}-{thread}-{number}"))
        finally:
            connection.close()

    running = [threading.Thread(target=go, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sold


def publish_budget(*, budget: int) -> None:
    """A rulebook of one promotion that takes 1.50 off a sale while its budget lasts."""
    maker, now = _person("ma", "marketer"), datetime.now(UTC)
    found = promotions.create_draft(chain_id=_chain(), name="Budget", principal=maker, now=now)
    effect = {"type": "amount_off", "amount": 150, "level": "order"}
    document = {"promotions": [{"id": "budget", "effects": [effect], "limits": {"budget": budget}}]}
    found = promotions.save_draft(
        draft_id=found.id, revision=found.revision, document=document, principal=maker, now=now
    )
    promotions.submit_for_review(draft_id=found.id, revision=found.revision, reason="race", principal=maker, now=now)
    promotions.decide_review(draft_id=found.id, approve=True, principal=_person("fei", "finance"), now=now)


def sell_one(*, name: str, at: str, crash_at: int | None = None) -> list[int]:
    """Sell milk, and die at a step if told to; what it came to, and the steps that it took."""
    with crash_at_step(crash_at) as steps:
        answer = checkout.complete_sale(
            command=CompleteSale(
                source="web", source_id=name, store="SH01", completed_at=datetime.fromisoformat(at),
                lines=(LineCommand(code="MILK"),),
            ),
            principal=_person("web", "integration"),
            now=datetime.now(UTC),
        )  # fmt: skip
    return [answer.total_minor, len(steps)]


def spent() -> list[int]:
    """What was spent of the budget, and how many orders spent it."""
    found = promotions.usage(chain_id=_chain(), promotion_ids=["budget"], member_id=None)
    return [found["budget"].spent, found["budget"].total]


def _sell(source_id: str) -> list[Any]:
    now = datetime.now(UTC)
    answer = checkout.complete_sale(
        command=CompleteSale(
            source="web", source_id=source_id, store="SH01", completed_at=now,
            lines=tuple(LineCommand(code=sku) for sku in SKUS),
        ),
        principal=_person("web", "integration"),
        now=now,
    )  # fmt: skip
    store_ids = {store.id for store in stores.stores()}
    sale = orders.sale(sale_id=answer.sale_id, store_ids=store_ids)
    stored = orders.price_explanation(sale_id=answer.sale_id, store_ids=store_ids)
    assert stored is not None
    again = promotions.replay(chain_id=_chain(), digest=stored.rulebook_digest, basket=stored.basket)
    assert again.answer_text() == stored.answer
    percent = next(each.effects[0].percent for each in again.rulebook.rulebook.promotions)
    return [percent, *(line.discount_minor for line in sale.lines)]


def _published(percent: int) -> str:
    found = promotions.decide_review(
        draft_id=_in_review(percent).id, approve=True, principal=_person("fei", "finance"), now=datetime.now(UTC)
    )
    return found.state


def _in_review(percent: int) -> DraftView:
    maker, now = _person("ma", "marketer"), datetime.now(UTC)
    found = promotions.create_draft(chain_id=_chain(), name=f"{percent} %", principal=maker, now=now)
    found = promotions.save_draft(
        draft_id=found.id, revision=found.revision, principal=maker, now=now,
        document={
            "promotions": [
                {
                    "id": sku.lower(),
                    "effects": [
                        {"type": "percent_off", "percent": percent, "level": "unit", "scope": {"sku_in": [sku]}}
                    ],
                }
                for sku in SKUS
            ]
        },
    )  # fmt: skip
    return promotions.submit_for_review(
        draft_id=found.id, revision=found.revision, reason="race", principal=maker, now=now
    )


def _chain() -> int:
    [chain] = stores.chains()
    return chain.id


def _person(name: str, role: str) -> Principal:
    return Principal(subject=f"staff:{name}", name=name, grants=(Grant(role=role, chain_id=_chain()),))
