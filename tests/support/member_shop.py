"""A shop with members: points and stored value on accounts, gift cards, a programme and coupons in force.

What stands here can be told exactly: MILK costs 10.00, BREAD 5.00; with a code of the batch AUTUMN 1.00 is off, at most
a million times; 1 point is worth 1 fen, points may pay half; a yuan earns a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tests.support import rulebooks

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.checkout.contracts import CompleteSale, LineCommand, OriginalLine, ReturnReason, ReturnTerms, Tender
from liushui.loyalty import facade as loyalty
from liushui.loyalty.actions.join import open_account
from liushui.loyalty.domain import numbers
from liushui.loyalty.domain.programme_json import EMPTY
from liushui.loyalty.ledger import NEVER, NewEntry, book
from liushui.loyalty.models import MemberRow
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, Store

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # a Sunday, 12:00 in Shanghai
EARLIER = NOON - timedelta(days=1)
MILK_MINOR, BREAD_MINOR, OFF_MINOR = 1000, 500, 100
_SPACE = UUID(int=5)
PROGRAMME: dict[str, Any] = {
    **EMPTY,
    "earning": {"match": "first", "tenders_without_points": ["points"], "rows": [{"points": 1, "per_minor": 100}]},
    "redemption": {"points": 1, "minor": 1, "max_share_bp": 5000},
}
COUPON: dict[str, Any] = {
    "id": "autumn",
    "name": {"zh": "秋季券", "en": "Autumn"},
    "when": [{"type": "coupon", "batch": "AUTUMN"}],
    "effects": [{"type": "amount_off", "amount": OFF_MINOR, "level": "order"}],
    "limits": {"total": 1_000_000},
}


@dataclass(frozen=True)
class MemberShop:
    """Ids of what was made."""

    chain: Chain
    store: Store
    other_store: Store


def open_member_shop() -> MemberShop:
    """The chain, two stores, items and the programme."""
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    first, second = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=code, name_en=code)
            for code in ("SH01", "SH02")
        ]
    )
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    goods = (("MILK", "牛奶", MILK_MINOR), ("BREAD", "面包", BREAD_MINOR))
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku=sku, name_zh=name, name_en=sku, category="food", tax_rate_bp=900)
            for sku, name, _price in goods
        ]
    )
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku=sku, amount_minor=price, starts_at=starts) for sku, _name, price in goods
        ]
    )
    publish_programme(chain_id=chain.id)
    return MemberShop(chain=chain, store=first, other_store=second)


def publish_programme(*, chain_id: int, document: dict[str, Any] = PROGRAMME, now: datetime = EARLIER) -> None:
    """The programme in force, by the way that people take."""
    ma, fei = rulebooks.person("ma", "marketer", chain_id), rulebooks.person("fei", "finance", chain_id)
    draft = loyalty.create_programme_draft(chain_id=chain_id, name="Points", principal=ma, now=now)
    draft = loyalty.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=document, principal=ma, now=now
    )
    waiting = loyalty.submit_programme(
        draft_id=draft.id, revision=draft.revision, reason="test", starts_at=None, principal=ma, now=now
    )
    loyalty.decide_programme(draft_id=waiting.id, approve=True, principal=fei, now=now)


def publish_coupons(*, chain_id: int, count: int) -> list[str]:
    """The rulebook with the coupon, and so many codes of it."""
    codes = rulebooks.coupons(chain_id=chain_id, batch="AUTUMN", count=count, now=EARLIER)
    rulebooks.publish(chain_id=chain_id, rules=[COUPON], now=EARLIER)
    return codes


def add_members(
    *, chain_id: int, count: int, first: int = 1, points: int = 0, principal_minor: int = 0, gift_minor: int = 0
) -> list[UUID]:
    """Members without personal data, each with so much on the account."""
    ids = [uuid5(_SPACE, f"{chain_id}:{number}") for number in range(first, first + count)]
    MemberRow.objects.bulk_create(
        MemberRow(
            id=member_id, chain_id=chain_id, number=numbers.member_number(value=number), joined_at=EARLIER,
            join_channel="import",
        )
        for number, member_id in enumerate(ids, start=first)
    )  # fmt: skip
    for member_id in ids:
        open_account(account_id=member_id, chain_id=chain_id, kind="member", currency="CNY")
    if points or principal_minor or gift_minor:
        book(
            NewEntry(
                account_id=member_id, chain_id=chain_id, kind="adjust", cause="opening", currency="CNY", at=EARLIER,
                on_date=EARLIER.date(), points=points, principal_minor=principal_minor, gift_minor=gift_minor,
                lot_until=NEVER if points else None,
            )
            for member_id in ids
        )  # fmt: skip
    return ids


def add_gift_card(*, chain_id: int, paid_minor: int, name: str) -> str:
    """A gift card with so much on it: its number."""
    [card] = loyalty.issue_gift_cards(batch_id=uuid5(_SPACE, name), chain_id=chain_id, count=1, now=EARLIER)
    loyalty.activate_gift_card(
        activation_id=uuid5(_SPACE, f"activate:{name}"), chain_id=chain_id, number=card.number, paid_minor=paid_minor,
        store_id=None, operator="li", tender="cash", now=EARLIER,
    )  # fmt: skip
    return card.number


def member_sale(
    source_id: str,
    *,
    member_id: UUID | None,
    codes: Sequence[str] = (),
    units: int = 2,
    tenders: Sequence[Tender] = (),
    **fields: Any,
) -> CompleteSale:
    """So many units of MILK, priced by us."""
    return CompleteSale(
        **{
            "source": "web", "source_id": source_id, "chain": "HM", "store": "SH01", "completed_at": NOON,
            "lines": (LineCommand(code="MILK", units=units),), "member_id": member_id, "codes": tuple(codes),
            "tenders": tuple(tenders), "channel": "web", **fields,
        }
    )  # fmt: skip


def return_of(
    source_id: str, *, sale_id: UUID, units: int, line_number: int = 1, lines: Sequence[LineCommand] = (), **fields: Any
) -> CompleteSale:
    """So many units of a line back, beside new goods."""
    back = LineCommand(code="", units=-units, original=OriginalLine(sale_id=sale_id, line_number=line_number))
    terms = ReturnTerms(reasons=(ReturnReason(line_number=len(lines) + 1, reason="unwanted", condition="sealed"),))
    return CompleteSale(
        **{
            "source": "web", "source_id": source_id, "chain": "HM", "store": "SH01", "completed_at": NOON,
            "lines": (*lines, back), "returns": terms, "channel": "web", **fields,
        }
    )  # fmt: skip
