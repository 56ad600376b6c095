"""The items of the demo chain: a few carry tags, and what people change of them stays."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.load import load_catalogue, load_places
from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.stores import facade as stores


@pytest.mark.django_db
def test_tags_and_floors_that_people_gave_stay_when_the_demo_is_started_again() -> None:
    stores.forget()
    assortment = demo_assortment(packaged_items_a_category=1)
    assortment = replace(assortment, items=assortment.items[:50])
    chain = load_places(demo_stores=demo_stores()[:1])
    load_catalogue(chain=chain, assortment=assortment)
    assert catalog.tags(chain_id=chain.id, limit=9) == (("clearance", 1), ("new", 2), ("organic", 1))
    tagged, plain = assortment.items[5], assortment.items[0]
    found = catalog.find_items(chain_id=chain.id, codes=[tagged.sku, plain.sku])
    names = NewItem.__dataclass_fields__
    mine = {name: value for name, value in asdict(found[plain.sku]).items() if name in names}
    taken = {name: value for name, value in asdict(found[tagged.sku]).items() if name in names}
    catalog.save_items(
        items=[NewItem(**mine | {"tags": ("mine",), "floor_price_minor": 1}), NewItem(**taken | {"tags": ()})]
    )
    load_catalogue(chain=chain, assortment=assortment)
    again = catalog.find_items(chain_id=chain.id, codes=[tagged.sku, plain.sku])
    assert (again[plain.sku].tags, again[plain.sku].floor_price_minor) == (("mine",), 1)
    assert again[tagged.sku].tags == ()
