"""The demo's promotions: eight that the lint lets through, tenders for another total."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liushui.app.demo.accounts import ensure_accounts
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import Baskets
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.load import load_catalogue, load_places, load_sales
from liushui.app.demo.pricing import tenders_for
from liushui.app.demo.promotions import live_promotions, load_backtest, load_promotions
from liushui.checkout.contracts import Tender
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import Rulebook
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.trials import facade as trials

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)  # a Sunday evening in Shanghai


def test_the_live_promotions_are_eight_of_different_kinds() -> None:
    book = Rulebook.from_json({"version": "1", "promotions": live_promotions(NOW)})
    assert len(book.promotions) == 8
    assert len({effect.type for each in book.promotions for effect in each.effects}) == 6
    assert [each.id for each in book.promotions if each.limits.budget] == ["fruit-happy-hour"]
    assert [each.id for each in book.promotions if each.starts_at and each.starts_at > NOW] == ["beer-bundle"]


def test_the_last_tender_pays_what_the_others_leave() -> None:
    gift, wallet = (Tender(type="other", method="gift-card", amount_minor=5_000), Tender(type="mobile", amount_minor=9))
    assert [each.amount_minor for each in tenders_for((gift, wallet), 6_200)] == [5_000, 1_200]
    assert [each.amount_minor for each in tenders_for((gift, wallet), 4_000)] == [4_000]
    assert [each.amount_minor for each in tenders_for((wallet,), 0)] == [0]


@pytest.mark.django_db
@pytest.mark.slow
def test_the_chain_is_priced_by_its_promotions_and_has_a_finished_backtest(settings, tmp_path) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"data_dir": tmp_path, "backtest_processes": 1})
    me, assortment, places = system_principal(name="demo"), demo_assortment(packaged_items_a_category=8), demo_stores()
    chain = load_places(demo_stores=places)
    load_catalogue(chain=chain, assortment=assortment)
    ensure_accounts(chain=chain, folder=tmp_path, principal=me)
    coupons = load_promotions(chain=chain, now=NOW)
    assert len(coupons) == 3
    baskets = Baskets(assortment=assortment, tickets=4)
    load_sales(baskets=baskets, demo_stores=places[:3], days=4, now=NOW, principal=me)
    load_backtest(chain=chain, now=NOW)
    live = promotions.live_rulebook(chain_id=chain.id, at=NOW)
    assert live is not None
    codes = {each.id for each in live.rulebook.promotions}
    ids = frozenset(store.id for store in stores.stores())
    today = places[0]
    day = stores.stores_by_code()[chain.code, today.code].business_date(NOW)
    given = set()
    for batch in orders.past_sales(store_ids=ids, first=day, last=day):
        for sale in batch:
            detail = orders.sale(sale_id=sale.id, store_ids=ids)
            given |= {discount.code for line in detail.lines for discount in line.discounts}
    assert given
    assert given <= codes
    [tried] = trials.backtests(chain_ids=[chain.id], store_ids=ids, offset=0, limit=9).backtests
    assert (tried.status, tried.name) == ("done", "零食周 Snack week")
    assert [each.name for each in promotions.drafts(chain_ids=[chain.id], states=["in_review"])] == [
        "银卡周二 Silver Tuesday"
    ]
    assert load_promotions(chain=chain, now=NOW) == coupons  # a second run makes nothing anew
    assert len(promotions.versions(chain_id=chain.id, at=NOW)) == 1
