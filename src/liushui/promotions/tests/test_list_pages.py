"""The list of promotions: how each stands, what it says and costs, pausing, the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from liushui.promotions import facade
from liushui.promotions.contracts import Basket, Line, SoldWith
from liushui.promotions.domain.pricing import price
from liushui.promotions.tests.browsing import LIST, SPEND, text
from liushui.promotions.tests.conftest import Office, person, ten_percent

pytestmark = pytest.mark.django_db


def test_an_empty_list_offers_the_templates(ma: Client, office: Office) -> None:
    page = text(ma.get(LIST))
    assert "No promotions yet" in page
    assert page.count('class="starter"') == 11
    reader = text(person(office, "auditor").get(LIST))
    assert "No promotions yet" in reader
    assert 'class="starter"' not in reader


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


def test_pausing_is_done_at_once_by_those_who_may(ma: Client, office: Office) -> None:
    office.publish(SPEND, ten_percent(), now=datetime.now(UTC) - timedelta(hours=1))
    chosen = {"do": "pause", "chosen": ["spend", "ten"], "reason": "Out of stock"}
    assert person(office, "auditor").post("/promotions/chosen/", chosen).status_code == 403
    assert ma.post("/promotions/chosen/", chosen).status_code == 302
    assert office.statuses(at=datetime.now(UTC)) == {"spend": "paused", "ten": "paused"}
    ma.post("/promotions/of/spend/", {"do": "resume", "reason": "Back"})
    [draft] = facade.drafts(chain_ids=[office.chain_id], states=("in_review",))
    assert facade.draft_changes(draft_id=draft.id, principal=office.ma).ids("resumed") == ("spend",)


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
    assert "¥15.00 <br><small>2 receipts</small>" in text(ma.get(LIST))
    page = " ".join(text(ma.get("/promotions/of/ten/")).split())
    assert "<dt>Receipts so far</dt><dd>2</dd>" in page
    assert "<dt>Cost so far</dt><dd>¥15.00</dd>" in page
