"""Tags and floor prices on the pages of items and through the API."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from django.test import Client

from liushui.catalog import facade
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.runtime import audit, believed, oauth
from liushui.runtime.access import Grant, Principal

FORM = {
    "sku": "2001", "name_zh": "可乐", "name_en": "Cola", "unit": "can", "tax_rate": "13", "is_active": "on",
    "discountable": "on", "tags": "Clearance, new", "floor_price": "1.20",
}  # fmt: skip


def item(chain, sku: str = "2001"):
    return facade.find_items(chain_id=chain.id, codes=[sku]).get(sku)


def test_what_is_wrong_with_an_item_stands_in_the_readers_language_only(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    wrong = FORM | {"tax_rate": "200"}
    said = "&#x27;200%&#x27; is not a tax rate. Write 13%, 13 or 0.13."
    client.cookies["liushui_language"] = "en"
    assert said in client.post("/catalog/items/new/", wrong).content.decode()
    client.cookies["liushui_language"] = "zh-hans"
    page = client.post("/catalog/items/new/", wrong).content.decode()
    assert "is not a tax rate" not in page
    assert "“200%”不是税率。请写 13%、13 或 0.13。" in page


def test_the_form_keeps_tags_and_floor_and_shows_them_again(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    assert client.post("/catalog/items/new/", FORM).status_code == 302
    found = item(chain)
    assert (found.tags, found.floor_price_minor) == (("clearance", "new"), 120)
    page = client.get(f"/catalog/items/{found.id}/").content.decode()
    assert "<dd>¥1.20</dd>" in page
    assert '?tag=clearance">clearance</a>' in page
    form = client.get(f"/catalog/items/{found.id}/edit/").content.decode()
    assert 'name="tags" value="clearance new"' in form
    assert 'name="floor_price" value="1.20"' in form
    client.post(f"/catalog/items/{found.id}/edit/", FORM | {"tags": "", "floor_price": ""})
    assert (item(chain).tags, item(chain).floor_price_minor) == ((), None)
    entry = audit.entries(target=f"item:{found.id}")[0]
    assert (entry.before["tags"], entry.before["floor_price_minor"]) == (["clearance", "new"], 120)
    assert (entry.after["tags"], entry.after["floor_price_minor"]) == ([], None)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("tags", "50%", "&#x27;50%&#x27; is not a tag"),
        ("tags", " ".join(f"t{n}" for n in range(17)), "17 tags are more than 16"),
        ("floor_price", "-1", "A floor price is zero or more; -100 was given"),
        ("floor_price", "1.005", "&#x27;1.005&#x27; has a fraction of the smallest unit of CNY"),
        ("floor_price", "cheap", "&#x27;cheap&#x27; is not an amount"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(chain, items, sign_in, field, value, said) -> None:
    response = sign_in("marketer").post("/catalog/items/new/", FORM | {field: value})
    body = response.content.decode()
    after = body[body.index(f'name="{field}"') :]
    assert (response.status_code, said in after[: after.index('class="field"')]) == (422, True)
    assert item(chain) is None


def test_the_list_and_its_export_are_filtered_by_tag(chain, items, sign_in) -> None:
    chain_id = chain.id
    facade.save_items(
        items=[
            NewItem(chain_id=chain_id, sku="2001", name_zh="可乐", name_en="Cola", tags=("new",), floor_price_minor=99),
            NewItem(chain_id=chain_id, sku="2002", name_zh="雪碧", name_en="Sprite", tags=("newest",)),
        ]
    )
    client = sign_in("marketer")
    page = client.get("/catalog/items/?tag=NEW").content.decode()
    assert ("Cola" in page, "Sprite" in page, "Mengniu" in page) == (True, False, False)
    assert '<option value="newest"></option>' in page
    assert "tag=NEW" in page[: page.index("Excel")]
    exported = b"".join(client.get("/catalog/items/export/?tag=new&format=csv").streaming_content).decode("utf-8-sig")
    head, *rows = exported.strip().splitlines()
    assert len(rows) == 1
    cells = dict(zip(head.split(","), rows[0].split(","), strict=True))
    assert (cells["SKU"], cells["Tags"], cells["Floor price"]) == ("2001", "new", "0.99")


def test_a_price_below_the_floor_is_marked(chain, items, sign_in) -> None:
    facade.save_items(
        items=[NewItem(chain_id=chain.id, sku="2001", name_zh="可乐", name_en="Cola", floor_price_minor=300)]
    )
    for amount in (299, 300):
        start = datetime(2026, 1, amount - 298, tzinfo=UTC)
        facade.save_prices(prices=[NewPrice(chain_id=chain.id, sku="2001", amount_minor=amount, starts_at=start)])
    page = sign_in("marketer").get(f"/catalog/items/{item(chain).id}/").content.decode()
    assert page.count("Below the floor price") == 1
    chinese = sign_in("store_manager", language="zh-hans").get(f"/catalog/items/{item(chain).id}/").content.decode()
    assert [text for text in ("最低限价", "标签", "低于最低限价") if text not in chinese] == []


def test_the_api_keeps_finds_and_answers_both(chain, items) -> None:
    principal = Principal(
        subject="client:erp", name="erp", grants=(Grant(role="marketer", chain_id=chain.id),),
        scopes=frozenset({"catalog.read", "catalog.write"}),
    )  # fmt: skip
    oauth.tokens.put(digest=believed.digest_of("of-erp"), thing=principal, until=time.monotonic() + 3600)
    client = Client(headers={"authorization": "Bearer of-erp"})

    def put(**values: object):
        body = json.dumps({"name_en": "Cola"} | values)
        return client.put("/api/v1/items/2001", body, content_type="application/json")

    answer = put(tags=["Sale", "new"], floor_price_minor=150).json()
    assert (answer["tags"], answer["floor_price_minor"]) == (["new", "sale"], 150)
    found = client.get("/api/v1/items?tag=sale").json()
    assert ([each["sku"] for each in found["items"]], found["total"]) == (["2001"], 1)
    assert client.get("/api/v1/items?tag=sal").json()["total"] == 0
    wrong = put(tags=["50%"])
    assert (wrong.status_code, wrong.json()["pointer"]) == (422, "/tags")
    assert put(floor_price_minor=-1).status_code == 422
    assert put(tags="new").status_code == 422
    batch = {"items": [{"sku": "2001", "name_en": "Cola"}, {"sku": "2003", "name_en": "X", "tags": ["a b"]}]}
    results = client.post("/api/v1/items/batch", json.dumps(batch), content_type="application/json").json()["results"]
    assert [(each["sku"], each["status"]) for each in results] == [("2001", 200), ("2003", 422)]
    assert (item(chain).tags, item(chain).floor_price_minor) == ((), None)  # what is left out is taken away
