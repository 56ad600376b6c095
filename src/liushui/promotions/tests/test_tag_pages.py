"""Promotions by tag: picked in the builder, tried on a basket beside it, looked over with floors."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.promotions import facade
from liushui.promotions.tests.browsing import builder, posted, promotions_of, text
from liushui.promotions.tests.conftest import Office

pytestmark = pytest.mark.django_db
CLEARANCE = {
    "id": "clearance",
    "name": {"zh": "清仓七折", "en": "Clearance"},
    "effects": [{"type": "percent_off", "percent": 30, "level": "line", "scope": {"tag_in": ["clearance"]}}],
}


@pytest.fixture
def goods(office: Office) -> None:
    chain_id = office.chain_id
    catalog.save_items(
        items=[
            NewItem(chain_id=chain_id, sku="CAKE", name_zh="蛋糕", name_en="Cake", tags=("new",)),
            NewItem(
                chain_id=chain_id, sku="TEA", name_zh="红茶", name_en="Black tea", tags=("clearance", "winter"),
                floor_price_minor=9000,
            ),
            NewItem(chain_id=chain_id, sku="TINS", name_zh="罐头", name_en="Tins", tags=("clearance",)),
        ]
    )  # fmt: skip
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain_id, sku=sku, amount_minor=amount, starts_at=starts)
            for sku, amount in (("CAKE", 1000), ("TEA", 9900), ("TINS", 1000))
        ]
    )


def test_tags_are_found_as_one_types_with_how_many_items_carry_them(ma: Client, office: Office, goods: None) -> None:
    hits = text(ma.get("/promotions/find/tags/?q=EAR"))
    assert (hits.count("data-code="), 'data-code="clearance"' in hits, "2 items" in hits) == (1, True, True)
    assert text(ma.get("/promotions/find/tags/")).count("data-code=") == 3
    assert "Nothing found for “zzz”" in text(ma.get("/promotions/find/tags/?q=zzz"))


def test_the_builder_has_a_picker_of_tags_in_sight_and_saves_what_was_picked(
    ma: Client, office: Office, goods: None
) -> None:
    draft = office.draft(CLEARANCE, now=datetime.now(UTC))
    page = text(ma.get(builder(draft, "clearance")))
    assert 'data-picker="tags"' in page
    assert page.index('data-picker="tags"') < page.index("effects.0.scope.category_not_in")
    assert 'name="effects.0.scope.tag_in"' in page
    fields = posted(
        draft, name__zh="清仓", name__en="Clearance", effects__0__type="percent_off", effects__0__percent="30%",
        effects__0__level="line", effects__0__scope__tag_in="clearance\nwinter", when__0__type="contains",
        when__0__scope__tag_in="new",
    )  # fmt: skip
    assert ma.post(builder(draft, "clearance"), fields).status_code == 302
    [saved] = promotions_of(draft.id, office)
    assert saved["effects"][0]["scope"] == {"tag_in": ["clearance", "winter"]}
    assert saved["when"] == [{"type": "contains", "scope": {"tag_in": ["new"]}}]
    assert "30% off" in text(ma.get(f"/promotions/drafts/{draft.id}/"))


def test_the_basket_beside_it_begins_with_tagged_goods_and_stops_at_their_floor(
    ma: Client, office: Office, goods: None
) -> None:
    draft = office.draft(CLEARANCE, now=datetime.now(UTC))
    assert "try.quantity.TEA" in text(ma.get(builder(draft, "clearance")))
    assert "try.quantity.CAKE" not in text(ma.get(builder(draft, "clearance")))
    fields = posted(
        draft, effects__0__type="percent_off", effects__0__percent="30%", effects__0__level="line",
        effects__0__scope__tag_in="clearance",
    )  # fmt: skip
    tried = {"try.quantity.TEA": "2", "try.quantity.TINS": "1", "try.quantity.CAKE": "1"}
    result = ma.post(builder(draft, "clearance", "preview/"), fields | tried).context["result"]
    # 30 % of the tea would be 29.70 a unit, its floor leaves 9.00
    assert {line.sku: (line.gross, line.net) for line in result.lines} == {
        "TEA": (19_800, 18_000), "TINS": (1_000, 700), "CAKE": (1_000, 1_000),
    }  # fmt: skip


def test_the_lint_knows_which_goods_carry_a_tag_and_what_their_floor_keeps_back(office: Office, goods: None) -> None:
    nothing = json.loads(json.dumps(CLEARANCE).replace('"tag_in": ["clearance"]', '"tag_in": ["summer"]'))
    draft = office.draft(CLEARANCE, nothing | {"id": "summer"}, now=datetime.now(UTC))
    report = facade.lint_draft(draft_id=draft.id, principal=office.ma, now=datetime.now(UTC))
    found = {(each.code, each.promotions) for each in report.findings}
    assert ("at_floor", ("clearance",)) in found
    assert ("nothing_in_catalogue", ("summer",)) in found
    assert ("nothing_in_catalogue", ("clearance",)) not in found


def test_stopping_without_a_reason_is_refused_in_the_readers_language(ma: Client, office: Office, goods: None) -> None:
    office.publish(CLEARANCE, now=datetime.now(UTC))
    ma.cookies["liushui_language"] = "zh-hans"
    address = "/promotions/of/clearance/"
    answer = ma.post(address, {"do": "pause", "reason": "  "}, follow=True)
    assert "请填写原因" in text(answer)
    assert "Give a reason" not in text(answer)
    [found] = facade.promotions(chain_id=office.chain_id, at=datetime.now(UTC))
    assert found.status == "live"
