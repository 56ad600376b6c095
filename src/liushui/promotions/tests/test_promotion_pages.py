"""The pages with which business people make promotions: list, builder, drafts and their review, versions, JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.support.sign_in import sign_in

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.promotions import facade
from liushui.promotions.contracts import Basket, DraftView, Line, SoldWith
from liushui.promotions.domain.pricing import price
from liushui.promotions.pages.form_view import all_fields
from liushui.promotions.tests.conftest import Office, ten_percent
from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.runtime.staff import create_staff
from liushui.runtime.step_up import VERIFIED_AT

pytestmark = pytest.mark.django_db
LIST = "/promotions/"
SPEND = {
    "id": "spend",
    "name": {"zh": "满减", "en": "Spend and save"},
    "when": [{"type": "subtotal_at_least", "amount": 20000}],
    "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
}


def person(office: Office, role: str, store_id: int | None = None) -> Client:
    user_id, _password = create_staff(
        username=role,
        display_name=role.title(),
        grants=[Grant(role=role, chain_id=office.chain_id, store_id=store_id)],
        principal=system_principal(name="test"),
    )
    return sign_in(Client(headers={"accept-language": "en"}), StaffUser.objects.get(pk=user_id))


@pytest.fixture
def ma(office: Office) -> Client:
    return person(office, "marketer")


@pytest.fixture
def fei(office: Office) -> Client:
    return person(office, "finance")


@pytest.fixture
def tea(office: Office) -> str:
    item = NewItem(chain_id=office.chain_id, sku="TEA", name_zh="红茶", name_en="Black tea", brand="Acme")
    catalog.save_items(items=[item])
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(prices=[NewPrice(chain_id=office.chain_id, sku="TEA", amount_minor=9900, starts_at=starts)])
    return "TEA"


def text(reply: Any, status: int = 200) -> str:
    assert reply.status_code == status, (reply.status_code, reply.headers.get("Location"))
    return str(reply.content.decode())


def builder(draft: DraftView, promotion: str, part: str = "") -> str:
    return f"/promotions/drafts/{draft.id}/promotions/{promotion}/{part}"


def posted(draft: DraftView, **fields: str) -> dict[str, str]:
    """The builder's form with these fields; a double underscore stands for a dot."""
    form = {"revision": str(draft.revision), "percent_as": "off"}
    return form | {name.replace("__", "."): value for name, value in fields.items()}


def promotions_of(draft_id: int, office: Office) -> list[dict[str, Any]]:
    return json.loads(facade.draft(draft_id=draft_id, principal=office.ma).document)["promotions"]


def test_an_empty_list_offers_the_templates(ma: Client, office: Office) -> None:
    page = text(ma.get(LIST))
    assert "No promotions yet" in page
    assert page.count('class="starter"') == 11
    reader = text(person(office, "auditor").get(LIST))
    assert "No promotions yet" in reader
    assert 'class="starter"' not in reader


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


def test_the_list_says_how_each_stands_and_what_it_says(ma: Client, office: Office) -> None:
    office.publish(ten_percent("now"), {**SPEND, "starts_at": "2099-01-01T00:00:00+08:00"}, now=datetime.now(UTC))
    office.draft({**ten_percent("idea"), "name": {"zh": "想法", "en": "An idea"}}, now=datetime.now(UTC))
    rows = {row.promotion.id: str(row.status_name) for row in ma.get(LIST).context["rows"]}
    assert rows == {"now": "Running", "spend": "To come", "idea": "In a draft"}
    assert "From 2099-01-01 00:00, spending ¥200 or more: ¥30 off the order." in text(ma.get(LIST))
    found = ma.get(LIST + "?status=scheduled").context["rows"]
    assert [row.promotion.id for row in found] == ["spend"]
    assert [row.promotion.id for row in ma.get(LIST + "?q=IDEA").context["rows"]] == ["idea"]
    assert [row.promotion.id for row in ma.get(LIST + "?sort=-name").context["rows"]] == ["spend", "idea", "now"]
    assert "No promotion is like that" in text(ma.get(LIST + "?q=nothing"))


def test_the_list_goes_into_a_file_in_both_languages(office: Office) -> None:
    office.publish(SPEND, now=datetime.now(UTC))
    reply = person(office, "finance").get("/promotions/export/?format=csv")
    lines = b"".join(reply.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "满 200 元：整单减 30 元。,Spending ¥200 or more: ¥30 off the order." in lines[1]


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


def test_json_comes_out_and_goes_in_again(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    out = ma.get(f"/promotions/drafts/{draft.id}/export/")
    assert out.headers["Content-Disposition"] == f'attachment; filename="promotions-draft-{draft.id}.json"'
    other = office.draft(ten_percent(), name="Other")
    file = SimpleUploadedFile("promotions.json", out.content, content_type="application/json")
    assert ma.post(f"/promotions/drafts/{other.id}/import/", {"file": file, "how": "add"}).status_code == 302
    assert [each["id"] for each in promotions_of(other.id, office)] == ["spend", "ten"]
    one = ma.get(f"/promotions/drafts/{draft.id}/export/?promotion=spend").content.decode()
    assert ma.post(f"/promotions/drafts/{other.id}/import/", {"text": one, "how": "replace"}).status_code == 302
    assert promotions_of(other.id, office) == promotions_of(draft.id, office)


@pytest.mark.parametrize(
    ("text_in", "path"),
    [
        ('{"id": "a", "effects": [{"type": "percent_off", "percent": 0.001, "level": "unit"}]}', "effects[0].percent"),
        ('[{"id": "a", "effects": [{"type": "points", "add": 1}]}, {"id": "b"}]', "promotions[1].effects"),
        ('{"promotions": [{"id": "a", "efects": []}]}', "promotions[0].efects"),
        ("{", "$"),
    ],
)
def test_a_wrong_import_says_the_path_and_changes_nothing(ma: Client, office: Office, text_in: str, path: str) -> None:
    draft = office.draft(SPEND)
    page = text(ma.post(f"/promotions/drafts/{draft.id}/import/", {"text": text_in}), 422)
    assert f"{path}</code>" in page
    assert [each["id"] for each in promotions_of(draft.id, office)] == ["spend"]


def test_a_draft_is_handed_in_and_published_by_a_second_person(ma: Client, fei: Client, office: Office) -> None:
    address = ma.post("/promotions/drafts/", {"name": "Autumn"}).headers["Location"]
    draft_id = int(address.rstrip("/").rsplit("/", 1)[1])
    ma.post(f"/promotions/drafts/{draft_id}/import/", {"text": json.dumps(SPEND)})
    revision = facade.draft(draft_id=draft_id, principal=office.ma).revision
    handed_in = {"do": "submit", "revision": revision, "reason": "For autumn", "start": "now"}
    assert ma.post(address, handed_in).status_code == 302
    own = text(ma.get(address))
    assert "another person has to approve it" in own
    assert 'value="approve"' not in own
    assert "not yours to decide" in text(ma.post(address, {"do": "approve"}), 422)
    review = text(fei.get(address))
    assert "Approving publishes it at once, in all stores of the chain." in review
    assert "Say why" in text(fei.post(address, {"do": "reject", "reason": ""}), 422)
    published = fei.post(address, {"do": "approve", "reason": "Good"})
    page = text(fei.get(published.headers["Location"]))
    assert "In force" in page
    assert "Spending ¥200 or more: ¥30 off the order." in page
    actions = set(AuditEntry.objects.filter(chain_id=office.chain_id).values_list("action", flat=True))
    assert {
        "promotion.draft",
        "promotion.save",
        "approval.request",
        "approval.approved",
        "promotion.publish",
    } <= actions


def test_deciding_asks_for_the_password_again(fei: Client, office: Office) -> None:
    draft = office.submit(office.draft(SPEND))
    session = fei.session
    session[VERIFIED_AT] = 0
    session.save()
    asked = fei.post(f"/promotions/drafts/{draft.id}/", {"do": "approve"})
    assert asked.status_code == 302
    assert "verify" in asked.headers["Location"]
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "in_review"


def test_how_promotions_are_chosen_is_a_change_like_others(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    address = f"/promotions/drafts/{draft.id}/"
    ma.post(address, {"do": "mode", "mode": "sequential", "revision": draft.revision})
    assert "<ins>One after the other, by priority</ins>" in text(ma.get(address))


def test_a_draft_goes_back_to_what_was_before_it(ma: Client, office: Office) -> None:
    office.publish(SPEND, ten_percent())
    draft = office.draft({**SPEND, "priority": 7}, ten_percent("more"))
    address = f"/promotions/drafts/{draft.id}/"
    page = text(ma.get(address))
    assert "<del>Spending ¥200 or more: ¥30 off the order.</del>" in page
    assert "Spending ¥200 or more: ¥30 off the order. Priority 7." in page
    for promotion in ("spend", "more"):
        revision = facade.draft(draft_id=draft.id, principal=office.ma).revision
        ma.post(address, {"do": "restore", "promotion": promotion, "revision": revision})
    assert not facade.draft_changes(draft_id=draft.id, principal=office.ma)
    ma.post(address, {"do": "discard"})
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "discarded"


def test_a_scheduled_version_is_cancelled_and_an_old_one_asked_for_again(ma: Client, office: Office) -> None:
    now = datetime.now(UTC)
    office.publish(ten_percent(), now=now - timedelta(hours=2))
    office.publish(SPEND, now=now - timedelta(hours=1))
    office.approve(
        office.submit(office.draft(ten_percent("later"), now=now), starts_at=now + timedelta(days=2), now=now)
    )
    scheduled, live, first = facade.versions(chain_id=office.chain_id, at=now)
    page = text(ma.get("/promotions/versions/"))
    assert all(state in page for state in ("To come", "In force", "Over"))
    refused = text(ma.post(f"/promotions/versions/{scheduled.id}/", {"do": "cancel", "reason": ""}), 422)
    assert "Give a reason" in refused
    cancelled = ma.post(f"/promotions/versions/{scheduled.id}/", {"do": "cancel", "reason": "Too early"})
    assert "Cancelled" in text(ma.get(cancelled.headers["Location"]))
    asked = ma.post(f"/promotions/versions/{first.id}/", {"do": "roll-back", "reason": "Margin"})
    draft_id = int(asked.headers["Location"].rstrip("/").rsplit("/", 1)[1])
    assert facade.draft(draft_id=draft_id, principal=office.ma).state == "in_review"
    compared = text(ma.get(f"/promotions/versions/{live.id}/?against={first.number}"))
    assert "Added" in compared
    assert "¥30 off the order" in compared


def test_pausing_is_done_at_once_by_those_who_may(ma: Client, office: Office) -> None:
    office.publish(SPEND, ten_percent(), now=datetime.now(UTC) - timedelta(hours=1))
    chosen = {"do": "pause", "chosen": ["spend", "ten"], "reason": "Out of stock"}
    assert person(office, "auditor").post("/promotions/chosen/", chosen).status_code == 403
    assert ma.post("/promotions/chosen/", chosen).status_code == 302
    assert office.statuses(at=datetime.now(UTC)) == {"spend": "paused", "ten": "paused"}
    ma.post("/promotions/of/spend/", {"do": "resume", "reason": "Back"})
    [draft] = facade.drafts(chain_ids=[office.chain_id], states=("in_review",))
    assert facade.draft_changes(draft_id=draft.id, principal=office.ma).ids("resumed") == ("spend",)


def test_a_running_promotion_is_opened_in_a_draft(ma: Client, office: Office) -> None:
    office.publish(SPEND, now=datetime.now(UTC) - timedelta(hours=1))
    page = text(ma.get("/promotions/of/spend/"))
    assert "满 200 元：整单减 30 元。" in page
    first = ma.post("/promotions/of/spend/", {"do": "change"}).headers["Location"]
    [draft] = facade.drafts(chain_ids=[office.chain_id])
    assert first == builder(draft, "spend")
    assert 'value="200"' in text(ma.get(first))
    assert ma.get("/promotions/of/nothing/").status_code == 404
    assert 'value="save-and-close"' not in text(person(office, "auditor").get(first))


def test_what_was_given_so_far_stands_beside_the_budget(ma: Client, office: Office) -> None:
    now = datetime.now(UTC)
    live = office.publish({**SPEND, "limits": {"budget": 10000}}, ten_percent(), now=now - timedelta(hours=1))
    basket = Basket(
        currency="CNY", at=now, lines=(Line(id="1", sku="TEA", unit_price=30000, quantity=1),)
    )  # fmt: skip
    answer = price(live.compiled, basket)
    facade.reserve(
        chain_id=office.chain_id, order_key="one", answer=answer, rulebook=live.rulebook, member_id=None, codes=(),
        expires_at=now + timedelta(hours=1), now=now,
    )  # fmt: skip
    rows = {row.promotion.id: row for row in ma.get(LIST).context["rows"]}
    assert (rows["spend"].receipts, rows["spend"].spent, rows["spend"].burn) == (0, 0, 30)  # held, and not sold yet
    assert (rows["ten"].receipts, rows["ten"].budget) == (0, None)
    assert "30% of ¥100.00" in " ".join(text(ma.get(LIST)).split())


def test_the_cost_of_every_promotion_is_that_of_recorded_sales(ma: Client, office: Office) -> None:
    office.publish(SPEND, ten_percent(), now=datetime.now(UTC) - timedelta(hours=1))
    facade.count_costs(
        sales=[
            SoldWith(chain_id=office.chain_id, amounts={"ten": 1250, "elsewhere": 1}),
            SoldWith(chain_id=office.chain_id, amounts={"ten": 250}),
            SoldWith(chain_id=office.chain_id + 1, amounts={"spend": 9}),
        ]
    )
    rows = {row.promotion.id: row for row in ma.get(f"{LIST}?sort=-spent").context["rows"]}
    assert list(rows) == ["ten", "spend"]
    assert (rows["ten"].receipts, rows["ten"].spent, rows["spend"].receipts, rows["spend"].spent) == (2, 1500, 0, 0)
    assert "¥15.00 <small>2 receipts</small>" in text(ma.get(LIST))
    page = " ".join(text(ma.get("/promotions/of/ten/")).split())
    assert "<dt>Receipts so far</dt><dd>2</dd>" in page
    assert "<dt>Cost so far</dt><dd>¥15.00</dd>" in page
