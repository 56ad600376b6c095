"""Backtests by tag: what items carry today, and no lower than their floor."""

from __future__ import annotations

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.orders import facade as orders
from liushui.stores import facade as stores
from liushui.trials.domain.baskets import Place, Shelf, trial
from liushui.trials.tests.conftest import DAY, shop, three_days
from liushui.trials.tests.test_run_backtest import EMPTY, book, run

__all__ = ["shop", "three_days"]
CLEARANCE = {
    "id": "clearance",
    "effects": [{"type": "percent_off", "percent": 30, "level": "line", "scope": {"tag_in": ["clearance"]}}],
}


def test_a_promotion_by_tag_is_tried_on_past_receipts_and_stops_at_the_floor(shop, three_days):
    catalog.save_items(
        items=[
            NewItem(chain_id=shop.chain_id, sku="CHIPS", name_zh="薯片", name_en="Chips", tags=("clearance", "new")),
            NewItem(
                chain_id=shop.chain_id, sku="SOAP", name_zh="肥皂", name_en="Soap", tags=("clearance",),
                floor_price_minor=2_500,
            ),
        ]
    )  # fmt: skip
    result = run(shop, EMPTY, book(CLEARANCE)).result
    # chips 3 × 900; soap of 20.00 is below its floor, of 30.00 it gives 5.00 a piece instead of 9.00
    assert result["draft"]["given"] == 900 + 900 + 900 + 4 * 500
    assert result["live"]["given"] == 0


def test_a_floor_of_another_currency_is_none(shop, three_days):
    [sale] = [each for batch in orders.past_sales(store_ids=shop.ids, first=DAY, last=DAY) for each in batch][:1]
    goods = catalog.goods(chain_id=shop.chain_id)[0]._replace(tags=("new",), floor_unit_price=2_900)
    places = {each.id: Place(each.code, "EAST", each.time_zone) for each in stores.stores()}
    for currency, floor in (("CNY", 2_900), ("JPY", 0), ("", 0)):
        shelf = Shelf(goods={"CHIPS": goods}, places=places, floors_in=currency)
        chips, soap = trial(sale, shelf).basket.lines
        assert (chips.tags, chips.floor_unit_price) == (("new",), floor)
        assert (soap.tags, soap.floor_unit_price) == ((), 0)
