"""HTTP: items and prices."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from liushui.catalog import facade
from liushui.catalog.contracts import Item, NewPrice
from liushui.catalog.costs import chains_with_costs
from liushui.catalog.errors import InvalidPrice, UnknownItem
from liushui.catalog.schemas import (
    BatchBody,
    ItemAnswer,
    ItemBody,
    ItemsAnswer,
    PriceAnswer,
    PriceBody,
    PricesAnswer,
    PricesBody,
    ResultAnswer,
    ResultsAnswer,
    item_answer,
)
from liushui.kernel.errors import InvalidValue, LiushuiError, NotAllowed
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.oauth import Bearer
from liushui.runtime.places import ChainPlace

router = Router(tags=["items"])
Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]


def _chain(principal: Principal, capability: str, code: str) -> ChainPlace:
    """The chain of that code, or the only one; raises NotAllowed for one in which the capability is not held."""
    allowed = principal.chains(capability)
    chains = [chain for chain in places.directory().chains() if chain.id in allowed and code in ("", chain.code)]
    if len(chains) == 1:
        return chains[0]
    if chains:
        raise InvalidValue("You work for several chains", pointer="/chain", remedy="Say which one: ?chain=code.")
    raise NotAllowed(f"This needs the right {capability!r} in that chain")


def _item(chain: ChainPlace, sku: str) -> Item:
    item = facade.find_items(chain_id=chain.id, codes=[sku]).get(sku)
    if item is None:
        raise UnknownItem(f"The chain lists no item {sku!r}")
    return item


@router.get("/items", auth=Bearer("catalog.read"), response=ItemsAnswer, summary="Search items", operation_id="items")
def search_items(
    request: HttpRequest,
    text: Annotated[str, Query(max_length=200)] = "",
    category: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[str, Query(max_length=64)] = "",
    chain: str = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> ItemsAnswer:
    """Items by the beginning of a SKU or barcode, a part of a name, pinyin or its initials; all without a text."""
    principal = _principal(request)
    chain_id = _chain(principal, "catalog.read", chain).id
    with_cost = chain_id in chains_with_costs(principal)
    found = facade.search_items(
        chain_ids=[chain_id],
        text=text,
        category=category,
        tag=tag,
        limit=limit,
        offset=offset,
    )
    return ItemsAnswer(
        items=[item_answer(item, with_cost=with_cost) for item in found.items],
        total=found.total,
        total_is_capped=found.total_is_capped,
    )


@router.post(
    "/items/batch",
    auth=Bearer("catalog.write"),
    response=ResultsAnswer,
    summary="List or change up to 1,000 items",
    operation_id="put_items",
)
def put_items(request: HttpRequest, body: BatchBody, chain: str = "") -> ResultsAnswer:
    """Each item stands for itself: one that is refused says why, the others are kept."""
    principal = _principal(request)
    chain_id = _chain(principal, "catalog.write", chain).id
    results = []
    for entry in body.items:
        try:
            facade.change_item(
                item=entry.new_item(chain_id=chain_id, sku=entry.sku), is_active=entry.is_active, principal=principal
            )
            results.append(ResultAnswer(sku=entry.sku, status=200))
        except LiushuiError as error:
            results.append(ResultAnswer(sku=entry.sku, status=error.status, problem=error.problem()))
    return ResultsAnswer(results=results)


@router.get(
    "/items/{sku}", auth=Bearer("catalog.read"), response=ItemAnswer, summary="Read an item", operation_id="item"
)
def read_item(request: HttpRequest, sku: str, chain: str = "") -> ItemAnswer:
    """One item, by its SKU or its GTIN."""
    principal = _principal(request)
    home = _chain(principal, "catalog.read", chain)
    return item_answer(_item(home, sku), with_cost=home.id in chains_with_costs(principal))


@router.put(
    "/items/{sku}",
    auth=Bearer("catalog.write"),
    response=ItemAnswer,
    summary="List or change an item",
    operation_id="put_item",
)
def put_item(request: HttpRequest, sku: str, body: ItemBody, chain: str = "") -> ItemAnswer:
    """Bring the item under this SKU to these values. Sending it again changes nothing."""
    principal = _principal(request)
    chain_id = _chain(principal, "catalog.write", chain).id
    item = facade.change_item(
        item=body.new_item(chain_id=chain_id, sku=sku), is_active=body.is_active, principal=principal
    )
    return item_answer(item, with_cost=True)


@router.get(
    "/items/{sku}/prices",
    auth=Bearer("catalog.read"),
    response=PricesAnswer,
    summary="Read the prices of an item",
    operation_id="item_prices",
)
def read_prices(request: HttpRequest, sku: str, chain: str = "") -> PricesAnswer:
    """Every price of the item, past, present and to come, in all places."""
    item = _item(_chain(_principal(request), "catalog.read", chain), sku)
    regions = {region.id: region.code for region in places.directory().regions()}
    stores = {store.id: store.code for store in places.directory().stores()}
    return PricesAnswer(
        prices=[
            PriceAnswer(
                amount_minor=price.amount_minor,
                starts_at=price.starts_at,
                ends_at=price.ends_at,
                region=regions[price.region_id] if price.region_id else "",
                store=stores[price.store_id] if price.store_id else "",
            )
            for price in facade.prices(item_id=item.id)
        ]
    )


@router.post(
    "/prices/batch",
    auth=Bearer("price.write"),
    response=ResultsAnswer,
    summary="Set up to 1,000 prices",
    operation_id="put_prices",
)
def put_prices(request: HttpRequest, body: PricesBody, chain: str = "") -> ResultsAnswer:
    """Each price stands for itself. One with the same item, place and start replaces the other."""
    principal = _principal(request)
    home = _chain(principal, "price.write", chain)
    results = []
    for entry in body.prices:
        try:
            facade.set_price(price=_new_price(home, entry), principal=principal)
            results.append(ResultAnswer(sku=entry.sku, status=200))
        except LiushuiError as error:
            results.append(ResultAnswer(sku=entry.sku, status=error.status, problem=error.problem()))
    return ResultsAnswer(results=results)


def _new_price(chain: ChainPlace, body: PriceBody) -> NewPrice:
    directory = places.directory()
    regions = {region.code: region.id for region in directory.regions() if region.chain_id == chain.id}
    stores = {store.code: store.id for store in directory.stores() if store.chain_id == chain.id}
    if body.region and body.region not in regions:
        raise InvalidPrice(f"The chain has no region {body.region!r}", pointer="/region")
    if body.store and body.store not in stores:
        raise InvalidPrice(f"The chain has no store {body.store!r}", pointer="/store")
    return NewPrice(
        chain_id=chain.id,
        sku=body.sku,
        amount_minor=body.amount_minor,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        region_id=regions.get(body.region),
        store_id=stores.get(body.store),
    )


def _principal(request: HttpRequest) -> Principal:
    return request.auth  # type: ignore[attr-defined,no-any-return]  # set by Bearer
