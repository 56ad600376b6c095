"""The basket beside the builder: what somebody picked, priced by what is being written and by what is in force."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import PricedItem
from liushui.promotions import facade
from liushui.promotions.contracts import Basket, Code, Explanation, Line, LineDiscount, Member
from liushui.promotions.domain.sentence_names import Names
from liushui.promotions.pages.chain_names import is_chinese, names_of, told_names
from liushui.promotions.trying import Tried, try_basket, try_live
from liushui.runtime import places
from liushui.runtime.places import ChainPlace, StorePlace

LINES_MAX = 30
QUANTITY_MAX = 10_000
_QUANTITY = re.compile(r"try\.quantity\.(.{1,64})")
_BIRTHDAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the form beside the builder says."""

    store: StorePlace | None
    at: datetime
    quantities: Mapping[str, int]
    tier: str = ""
    is_member: bool = False
    orders: int = 0
    birthday: tuple[int, int] | None = None
    groups: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    channel: str = "pos"
    payment: str = ""
    alone: bool = False


@dataclass(slots=True, kw_only=True)
class LineView:
    """A line of the tried basket, as it costs now and would cost."""

    sku: str
    name: str
    quantity: int
    gross: int
    net: int
    live_net: int | None = None
    discounts: Sequence[LineDiscount] = ()


@dataclass(slots=True, kw_only=True)
class Result:
    """The tried basket: lines, totals, and why, under the draft and under what is in force."""

    lines: list[LineView] = field(default_factory=list)
    gross: int = 0
    total: int = 0
    live_total: int | None = None
    told: Explanation | None = None
    live_told: Explanation | None = None
    missing: list[str] = field(default_factory=list)  # SKUs that the store sells at no price then
    code_problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def difference(self) -> int | None:
        """What the draft makes it cheaper or dearer by; None when nothing is in force."""
        return None if self.live_total is None else self.total - self.live_total


def read_wish(posted: QueryDict, chain: ChainPlace, *, store_ids: frozenset[int]) -> Wish:
    """What was picked; anything that cannot be read is passed over, since the page is for trying.

    `store_ids` are the stores whose prices the reader may see.
    """
    store = _store(posted.get("try.store", ""), chain, store_ids)
    zone = ZoneInfo(store.time_zone) if store else ZoneInfo("UTC")
    quantities: dict[str, int] = {}
    for name in posted:
        found = _QUANTITY.fullmatch(name)
        text = str(posted.get(name, "")).strip()
        if found and text.isascii() and text.isdigit() and 0 < len(text) < 8 and len(quantities) < LINES_MAX:
            quantities[found[1]] = min(int(text), QUANTITY_MAX)
    tier = posted.get("try.tier", "")
    birthday = _BIRTHDAY.fullmatch(posted.get("try.birthday", "").strip())
    return Wish(
        store=store,
        at=_at(posted.get("try.at", ""), zone),
        quantities={sku: quantity for sku, quantity in quantities.items() if quantity},
        tier="" if tier in ("", "-") else tier,
        is_member=tier != "",
        orders=_number(posted.get("try.orders", "")),
        birthday=(int(birthday[1]), int(birthday[2])) if birthday else None,
        groups=_words(posted.get("try.groups", "")),
        codes=_words(posted.get("try.codes", "")),
        channel=posted.get("try.channel", "") or "pos",
        payment=posted.get("try.payment", ""),
        alone=posted.get("try.alone") == "on",
    )


def _store(code: str, chain: ChainPlace, store_ids: frozenset[int]) -> StorePlace | None:
    stores = [each for each in places.directory().stores() if each.chain_id == chain.id and each.id in store_ids]
    return next((store for store in stores if store.code == code), stores[0] if stores else None)


def _at(text: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return datetime.now(zone)
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (each[:64] for each in re.split(r"[\s,，;；]+", text)))))[:20]


def try_it(
    wish: Wish, *, chain: ChainPlace, document: str, promotion: Mapping[str, Any] | None, draft_names: Names
) -> Result:
    """The wished basket under the draft with the promotion as it is being written, and under what is in force.

    Raises InvalidDocument when the promotion is not whole yet.
    """
    store = wish.store
    if store is None or not wish.quantities:
        return Result()
    priced = catalog.price_items(store=store, codes=list(wish.quantities), at=wish.at)
    known = {sku: each for sku, each in priced.items() if each.unit_price_minor is not None}
    result = Result(missing=[sku for sku in wish.quantities if sku not in known])
    if not known:
        return result
    basket, result.code_problems = _basket(wish, store, known, chain)
    tried = try_basket(document=document, promotion=promotion, alone=wish.alone, basket=basket)
    live = try_live(chain_id=chain.id, basket=basket)
    names = names_of(chain, [{"id": "", "sku_in": list(known)}])
    told = {**told_names(draft_names), **told_names(names)}
    result.told = _explained(tried, told, chain)
    result.gross, result.total = tried.answer.gross, tried.answer.total
    if live is not None:
        result.live_total = live.answer.total
        result.live_told = _explained(live, told, chain)
    else:
        result.live_total = tried.answer.gross
    live_nets = {line.id: line.net for line in live.answer.lines} if live else {}
    for line in tried.answer.lines:
        item = known[line.id].item
        first, second = (item.name_zh, item.name_en) if is_chinese() else (item.name_en, item.name_zh)
        result.lines.append(
            LineView(
                sku=line.id,
                name=first or second,
                quantity=wish.quantities[line.id],
                gross=line.gross,
                net=line.net,
                live_net=live_nets.get(line.id, line.gross),
                discounts=result.told.lines.get(line.id, ()),
            )
        )
    return result


def _basket(
    wish: Wish, store: StorePlace, known: Mapping[str, PricedItem], chain: ChainPlace
) -> tuple[Basket, Mapping[str, str]]:
    codes: tuple[Code, ...] = ()
    problems: dict[str, str] = {}
    if wish.codes:
        resolved = facade.resolve_codes(
            chain_id=chain.id, codes=wish.codes, member_id="try" if wish.is_member else None, now=wish.at
        )
        codes = resolved.codes
        problems = {each.code: each.problem for each in resolved.problems if each.problem != "unknown"}
    regions = {region.id: region.code for region in places.directory().regions()}
    member = Member(
        id="try",
        tier=wish.tier or None,
        groups=wish.groups,
        birthday=wish.birthday,
        completed_orders=wish.orders,
    )
    basket = Basket(
        currency=store.currency,
        channel=wish.channel,
        store=store.code,
        region=regions.get(store.region_id),
        at=wish.at,
        lines=tuple(_line(sku, each, wish.quantities[sku]) for sku, each in known.items()),
        payment_method=wish.payment or None,
        codes=codes,
        member=member if wish.is_member else None,
    )
    return basket, problems


def _line(sku: str, priced: PricedItem, quantity: int) -> Line:
    item = priced.item
    return Line(
        id=sku,
        sku=item.sku,
        unit_price=priced.unit_price_minor or 0,
        quantity=quantity,
        category=item.category,
        brand=item.brand,
        tags=item.tags,
        floor_unit_price=priced.floor_unit_price_minor,
        discountable=item.discountable,
    )


def _explained(tried: Tried, told: Mapping[str, Mapping[str, str]], chain: ChainPlace) -> Explanation:
    return facade.explain(answer=tried.answer.to_json(), names=told, currency=chain.currency, rulebook=tried.rulebook)


def sample(chain: ChainPlace, document: Mapping[str, Any] | None) -> dict[str, int]:
    """A basket to begin with: two or three things that the promotion is about, else any that the chain sells."""
    skus = _listed(document, "sku_in")[:3]
    if skus:
        return dict.fromkeys(skus, 2)
    found = catalog.search_items(
        chain_ids=[chain.id],
        text="",
        category=_first(document, "category_in"),
        tag=_first(document, "tag_in"),
        is_active=True,
        limit=3,
        offset=0,
    ).items
    return {item.sku: 2 for item in found}


def _first(value: Any, key: str) -> str:
    return next(iter(_listed(value, key)), "")


def _listed(value: Any, key: str) -> list[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get(key), list):
            return [str(each) for each in value[key]]
        return next((found for each in value.values() if (found := _listed(each, key))), [])
    if isinstance(value, list):
        return next((found for each in value if (found := _listed(each, key))), [])
    return []


def now_text(zone: ZoneInfo) -> str:
    """This minute as `datetime-local` takes it."""
    return f"{datetime.now(UTC).astimezone(zone):%Y-%m-%dT%H:%M}"
