"""HTTP: the stores that a machine works with."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest
from ninja import Router, Schema

from liushui.runtime.oauth import Bearer
from liushui.stores import facade

router = Router(tags=["stores"])


class StoreAnswer(Schema):
    """A store. `business_date` is the business day that it is in now."""

    chain: str
    region: str
    code: str
    name_zh: str
    name_en: str
    time_zone: str
    currency: str
    day_starts_at: str
    business_date: str
    gln: str
    uscc: str
    is_open: bool


class StoresAnswer(Schema):
    """Stores in the order of their chains and codes."""

    stores: list[StoreAnswer]


@router.get("/stores", auth=Bearer("store.read"), response=StoresAnswer, summary="List stores", operation_id="stores")
def list_stores(request: HttpRequest) -> StoresAnswer:
    """The stores that your client may see, open and closed."""
    allowed = request.auth.stores("store.read")  # type: ignore[attr-defined]
    stores = facade.stores()  # before its regions and chains, which are then known even if one was made just now
    regions = {region.id: region.code for region in facade.regions()}
    chains = {chain.id: chain.code for chain in facade.chains()}
    now = datetime.now(UTC)
    return StoresAnswer(
        stores=[
            StoreAnswer(
                chain=chains[store.chain_id],
                region=regions[store.region_id],
                code=store.code,
                name_zh=store.name_zh,
                name_en=store.name_en,
                time_zone=store.time_zone,
                currency=store.currency,
                day_starts_at=store.day_starts_at.isoformat("minutes"),
                business_date=store.business_date(now).isoformat(),
                gln=store.gln,
                uscc=store.uscc,
                is_open=store.is_open,
            )
            for store in stores
            if store.id in allowed
        ]
    )
