"""The builder: templates, fields and what is wrong in them, parts, pickers, the preview."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.promotions import facade
from liushui.promotions.pages.form_view import all_fields
from liushui.promotions.tests.browsing import SPEND, builder, posted, promotions_of, text
from liushui.promotions.tests.conftest import Office, person, ten_percent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("starter", "said"),
    [
        ("spend-off", "Spending ¥200 or more: ¥30 off the order."),
        ("every-off", "¥40 off for every ¥300 of all items."),
        ("second-half", "The 2nd of all items at half price (the cheapest first)."),
        ("buy-get", "Buy 2 of all items, get 1 more free (the cheapest first)."),
        ("bundle", "Any 3 of all items for ¥10."),
        ("percent", "20% off on all items."),
        ("member-price", "For members: 5% off on all items."),
        ("happy-hour", "at 20:00–22:00: 30% off on all items."),
        ("coupon", "With code WELCOME, spending ¥100 or more: ¥20 off the order."),
        ("blank", "10% off on all items."),
    ],
)
def test_each_template_is_a_whole_promotion(ma: Client, office: Office, starter: str, said: str) -> None:
    address = ma.post("/promotions/new/", {"starter": starter, "draft": ""}).headers["Location"]
    view = ma.get(address).context["form"]
    typed = {field.name: field.value for field in all_fields(view) if field.kind != "scope" and field.value}
    saved = ma.post(address.split("?")[0], {"revision": "1", "percent_as": "off", **typed})
    assert saved.status_code == 302
    [draft] = facade.drafts(chain_ids=[office.chain_id])
    [promotion] = promotions_of(draft.id, office)
    assert promotion["id"] == f"{starter}-1"
    assert said in text(ma.get(f"/promotions/drafts/{draft.id}/"))


def test_an_add_on_needs_its_item(ma: Client, office: Office, tea: str) -> None:
    address = ma.post("/promotions/new/", {"starter": "add-on", "draft": ""}).headers["Location"].split("?")[0]
    fields = {
        "revision": "1", "percent_as": "zhe", "effects.0.type": "gift_unit", "effects.0.qty": "1",
        "effects.0.percent": "半价",
    }  # fmt: skip
    refused = text(ma.post(address, fields), 422)
    assert 'id="f-effects-0-sku-error">This cannot be empty.' in refused
    assert ma.post(address, {**fields, "effects.0.sku": tea}).status_code == 302
    [draft] = facade.drafts(chain_ids=[office.chain_id])
    [promotion] = promotions_of(draft.id, office)
    assert promotion["effects"] == [{"type": "gift_unit", "sku": "TEA", "qty": 1, "percent": 50}]
    assert "1 × “Black tea” may be added at half price." in text(ma.get(f"/promotions/drafts/{draft.id}/"))


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    fields = posted(draft, effects__0__type="percent_off", effects__0__percent="120", effects__0__level="unit")
    page = text(ma.post(builder(draft, "spend"), fields), 422)
    assert 'id="f-effects-0-percent-error">“120” is not a percentage. Write 10, 12.5 or free.' in page
    assert 'value="120"' in page
    fields = posted(
        draft, effects__0__type="percent_off", effects__0__percent="20", effects__0__level="unit",
        effects__0__max_units="3",
    )  # fmt: skip
    page = text(ma.post(builder(draft, "spend"), fields), 422)
    assert 'id="f-effects-0-unit_order-error">max_units chooses among units' in page  # by the format itself
    assert promotions_of(draft.id, office)[0]["effects"] == SPEND["effects"]


def test_of_two_who_change_a_draft_the_second_is_told(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    facade.rename_draft(
        draft_id=draft.id, revision=draft.revision, name="Winter", principal=office.ma, now=datetime.now(UTC)
    )
    fields = posted(draft, effects__0__type="points", effects__0__add="5")
    page = text(ma.post(builder(draft, "spend"), fields), 422)
    assert "has saved revision" in page
    assert 'name="effects.0.add" value="5"' in page  # what was typed is still there


def test_the_preview_says_it_and_prices_the_basket(ma: Client, office: Office, tea: str) -> None:
    office.publish(ten_percent("now"), now=datetime.now(UTC) - timedelta(days=1))
    draft = office.draft(SPEND, now=datetime.now(UTC))
    fields = posted(
        draft, when__0__type="subtotal_at_least", when__0__amount="200", effects__0__type="amount_off",
        effects__0__amount="50", effects__0__level="order", **{"try.quantity.TEA": "3"},
    )  # fmt: skip
    reply = ma.post(builder(draft, "spend", "preview/"), fields)
    page = text(reply)
    assert "Spending ¥200 or more: ¥50 off the order." in page
    assert "满 200 元：整单减 50 元。" in page
    result = reply.context["result"]
    # 3 × 99.00; now 10 % off; with the draft 50.00 besides
    assert (result.gross, result.live_total, result.total) == (29700, 26730, 21730)
    assert [each.name for each in result.told.applied] == ["10 % off", "spend"]
    fewer = ma.post(builder(draft, "spend", "preview/"), {**fields, "try.quantity.TEA": "2"}).context["result"]
    assert (fewer.total, fewer.live_total) == (17820, 17820)
    assert [each.promotion for each in fewer.told.rejected] == ["spend"]
    alone = ma.post(builder(draft, "spend", "preview/"), {**fields, "try.alone": "on"}).context["result"]
    assert alone.total == 24700
    assert promotions_of(draft.id, office)[1]["effects"] == SPEND["effects"]


def test_a_preview_of_what_is_not_whole_says_what_is_missing(ma: Client, office: Office, tea: str) -> None:
    draft = office.draft(SPEND, now=datetime.now(UTC))
    fields = posted(draft, effects__0__type="amount_off", effects__0__level="order", **{"try.quantity.TEA": "3"})
    page = text(ma.post(builder(draft, "spend", "preview/"), fields))
    assert '<a href="#f-effects-0-amount">Amount off</a>: This cannot be empty.' in page
    assert "As the draft stood before this promotion." in page


def test_parts_are_added_and_taken_away_without_losing_what_was_typed(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    fields = posted(draft, when__0__type="quantity_at_least", when__0__n="so many", effects__0__type="points")
    page = text(ma.post(builder(draft, "spend", "change/"), {**fields, "do": "wrap:when.0"}))
    assert 'name="when.0.parts.0.n" value="so many"' in page
    assert 'name="when.0.parts.1.amount"' in page
    page = text(ma.post(builder(draft, "spend", "change/"), {**fields, "do": "remove:when.0"}))
    assert 'name="when.' not in page
    page = text(ma.post(builder(draft, "spend", "change/"), {**fields, "do": "remove:when.99"}))
    assert 'value="so many"' in page


def test_pickers_find_at_most_twenty(ma: Client, office: Office) -> None:
    catalog.save_items(
        items=[
            NewItem(
                chain_id=office.chain_id, sku=f"T{n:02}", name_zh=f"茶{n}", name_en=f"Tea {n}", brand=f"Brand {n:02}"
            )
            for n in range(30)
        ]
    )
    for source in ("items", "brands"):
        assert text(ma.get(f"/promotions/find/{source}/?q=")).count("data-code=") == 20
    assert 'data-code="T07"' in text(ma.get("/promotions/find/items/?q=T07"))
    assert 'data-code="SH01"' in text(ma.get("/promotions/find/stores/?q=sh"))
    assert "Nothing found for “zzz”" in text(ma.get("/promotions/find/categories/?q=zzz"))
    assert ma.get("/promotions/find/passwords/").status_code == 404


def test_one_store_s_people_try_and_find_their_own_store_alone(office: Office, tea: str) -> None:
    draft = office.draft(SPEND, now=datetime.now(UTC))
    manager = person(office, "store_manager", store_id=office.store.id)
    hits = text(manager.get("/promotions/find/stores/?q="))
    assert 'data-code="SH01"' in hits
    assert 'data-code="SH02"' not in hits
    fields = posted(draft, effects__0__type="points", effects__0__add="5")
    fields |= {"try.quantity.TEA": "1", "try.store": "SH02"}
    reply = manager.post(builder(draft, "spend", "preview/"), fields)
    assert reply.context["result"].gross == 9900
    assert reply.context["wish"].store.code == "SH01"
