"""Catalogue pages: what they show, who may change, and what a change leaves behind."""

from __future__ import annotations

from io import BytesIO

import pytest
from django_tasks_db.models import DBTaskResult

from liushui.catalog import facade
from liushui.catalog.contracts import NewItem
from liushui.runtime import audit

FORM = {
    "sku": "2001", "gtin": "", "name_zh": "可乐", "name_en": "Cola", "category": "food", "brand": "", "unit": "can",
    "tax_rate": "13", "tax_code": "1030307030000000000", "discountable": "on", "cost": "1.50", "image_url": "",
    "is_active": "on",
}  # fmt: skip


def test_the_list_shows_items_with_the_price_of_the_chain(items, sign_in) -> None:
    body = sign_in("marketer").get("/catalog/items/").content.decode()
    assert "Mengniu milk" in body and "¥3.50" in body and "¥2.10" in body and "Prices of the whole chain" in body


def test_the_list_finds_by_pinyin_initials_best_first(items, sign_in) -> None:
    body = sign_in("marketer", language="zh-hans").get("/catalog/items/?q=nn").content.decode()
    assert body.index(">牛奶<") < body.index("蒙牛纯牛奶250ml")


def test_a_price_set_for_a_store_shows_there_only(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    response = client.post(
        f"/catalog/items/{items['1001']}/",
        {"place": "store:S1", "price": "3.30", "starts_at": "2026-01-02T00:00", "ends_at": ""},
    )
    assert response.status_code == 302
    assert "¥3.30" in client.get("/catalog/items/?store=S1").content.decode()
    assert "¥3.30" not in client.get("/catalog/items/?store=S2").content.decode()
    entry = audit.entries(target=f"item:{items['1001']}")[0]
    assert (entry.action, entry.store_id, entry.after["amount_minor"]) == ("price.set", chain.first.id, 330)


def test_a_price_with_a_fraction_of_a_fen_is_refused(items, sign_in) -> None:
    response = sign_in("marketer").post(
        f"/catalog/items/{items['1001']}/", {"place": "chain", "price": "3.305", "starts_at": "2026-01-02T00:00"}
    )
    assert response.status_code == 422
    assert "has a fraction of the smallest unit of CNY" in response.content.decode()
    assert [price.amount_minor for price in facade.prices(item_id=items["1001"])] == [350]


def test_who_may_only_read_sees_no_forms_and_cannot_post(chain, items, sign_in) -> None:
    client = sign_in("cashier", store_id=chain.first.id)
    body = client.get(f"/catalog/items/{items['1001']}/").content.decode()
    assert "Set the price" not in body and "Mengniu milk" in body
    response = client.post(
        f"/catalog/items/{items['1001']}/", {"place": "chain", "price": "1", "starts_at": "2026-01-02"}
    )
    assert response.status_code == 403
    assert client.get("/catalog/items/new/").status_code == 403
    assert client.get("/catalog/imports/").status_code == 403


def test_a_new_item_is_listed_and_audited(chain, items, sign_in) -> None:
    response = sign_in("marketer").post("/catalog/items/new/", FORM)
    assert response.status_code == 302
    item = facade.find_items(chain_id=chain.id, codes=["2001"])["2001"]
    assert (item.name_en, item.tax_rate_bp, item.cost_minor, item.category) == ("Cola", 1300, 150, "food")
    assert audit.entries(target=f"item:{item.id}")[0].action == "item.list"


def test_a_change_keeps_what_it_was_before(items, sign_in) -> None:
    client = sign_in("marketer")
    form = {**FORM, "sku": "1001", "name_zh": "蒙牛纯牛奶250ml", "name_en": "Mengniu milk", "category": "food/milk"}
    form |= {"unit": "piece", "tax_code": "", "cost": "2.20", "gtin": "6901234567892"}
    assert client.post(f"/catalog/items/{items['1001']}/edit/", form).status_code == 302
    entry = audit.entries(target=f"item:{items['1001']}")[0]
    assert (entry.action, entry.before["cost_minor"], entry.after["cost_minor"]) == ("item.change", 210, 220)
    assert set(entry.after) <= {"cost_minor", "gtin"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("gtin", "6901234567893", "The check digit of GTIN 6901234567893 is 3, it should be 2"),
        ("gtin", "06901234567892", "GTIN 06901234567892 belongs to item"),
        ("category", "food/nonsense", "There is no category"),
        ("tax_code", "123", "It has 19 digits"),
        ("sku", "1001", "lists &#x27;1001&#x27; already"),
        ("cost", "1.234", "fraction of the smallest unit"),
        ("tax_rate", "abc", "is not a tax rate"),
        ("image_url", "javascript:alert(1)", "is not the address of an image"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field(items, sign_in, field, value, said) -> None:
    response = sign_in("marketer").post("/catalog/items/new/", {**FORM, field: value})
    assert response.status_code == 422
    assert said in response.content.decode()


def test_the_export_can_be_imported_again_and_changes_nothing(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    for language in ("en", "zh-hans"):
        export = client.get("/catalog/items/export/?format=csv&state=all", headers={"accept-language": language})
        content = b"".join(export.streaming_content)
        upload = BytesIO(content)
        upload.name = "items.csv"
        response = client.post("/catalog/imports/", {"kind": "items", "file": upload})
        assert response.status_code == 302
        run_id = response["Location"].rstrip("/").rsplit("/", 1)[1]
        preview = facade.preview_import(run_id=run_id, chain_ids=frozenset({chain.id}))
        assert [row.state for row in preview.rows] == ["unchanged"] * 3, (language, preview)


def test_an_import_goes_from_upload_over_preview_to_the_wrong_rows(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    upload = BytesIO("商品编码,品名,售价\n3001,=HYPERLINK(1),9.9\n3002,糖,1.001\n".encode("gbk"))
    upload.name = "新品.csv"
    response = client.post("/catalog/imports/", {"kind": "items", "file": upload})
    page = response["Location"]
    body = client.get(page).content.decode()
    assert "gb18030" in body and "fraction of the smallest unit" in body
    assert client.post(page, {"do": "start"}).status_code == 302
    assert DBTaskResult.objects.count() == 1
    run = facade.run_import(run_id=page.rstrip("/").rsplit("/", 1)[1])
    assert (run.status, run.rows_new, run.rows_wrong) == ("done", 1, 1)
    assert client.get(f"{page}progress/")["HX-Refresh"] == "true"
    assert "糖" not in client.get("/catalog/items/").content.decode()
    lines = b"".join(client.get(f"{page}wrong-rows/?format=csv").streaming_content).decode().splitlines()
    assert lines[0] == "\ufeff商品编码,品名,售价,Line,Reason,Remedy"
    assert lines[1].startswith("3002,糖,1.001,3,")
    export = b"".join(client.get("/catalog/items/export/?format=csv&q=3001").streaming_content).decode()
    assert ",'=HYPERLINK(1)," in export and ",9.90," in export


def test_starting_twice_is_a_conflict(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    upload = BytesIO(b"sku,name\n1,a\n")
    upload.name = "a.csv"
    page = client.post("/catalog/imports/", {"kind": "items", "file": upload})["Location"]
    assert client.post(page, {"do": "start"}).status_code == 302
    assert client.post(page, {"do": "start"}).status_code == 409
    assert DBTaskResult.objects.count() == 1


def test_the_templates_are_taken_as_they_are(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    for kind in ("items", "prices"):
        for format in ("csv", "xlsx"):
            response = client.get(f"/catalog/imports/template/?kind={kind}&format={format}")
            upload = BytesIO(b"".join(response.streaming_content))
            upload.name = f"t.{format}"
            page = client.post("/catalog/imports/", {"kind": kind, "file": upload})["Location"]
            run_id = page.rstrip("/").rsplit("/", 1)[1]
            preview = facade.preview_import(run_id=run_id, chain_ids=frozenset({chain.id}))
            assert (preview.missing, preview.ignored) == ((), ())


def test_the_category_tree_counts_items_below(items, sign_in) -> None:
    client = sign_in("marketer")
    body = client.get("/catalog/categories/").content.decode()
    assert "Dairy" in body and "food/milk" in body
    assert (
        client.post("/catalog/categories/", {"path": "toys", "name_zh": "玩具", "name_en": "Toys"}).status_code == 302
    )
    assert "Toys" in client.get("/catalog/categories/").content.decode()
    assert audit.entries(target="category:toys")[0].action == "category.add"


def test_every_page_reads_in_chinese(items, sign_in) -> None:
    client = sign_in("marketer", language="zh-hans")
    for address in ("/catalog/items/", f"/catalog/items/{items['1001']}/", "/catalog/categories/", "/catalog/imports/"):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("role", "sees"), [("cashier", False), ("it_admin", False), ("finance", True), ("marketer", True)]
)
def test_costs_are_for_those_who_see_margins_or_keep_items(items, sign_in, role, sees) -> None:
    client = sign_in(role)
    pages = [client.get(path).content.decode() for path in ("/catalog/items/", f"/catalog/items/{items['1001']}/")]
    assert [("¥2.10" in page, ">Cost" in page) for page in pages] == [(sees, sees)] * 2


def test_who_sees_no_costs_cannot_sort_by_them(items, sign_in) -> None:
    cashier = sign_in("cashier")
    by_cost, plain = (cashier.get(f"/catalog/items/{query}").context["rows"] for query in ("?sort=-cost_minor", ""))
    assert [row["item"].sku for row in by_cost] == [row["item"].sku for row in plain]


@pytest.mark.parametrize(
    ("role", "status"), [("cashier", 403), ("it_admin", 403), ("regulator", 403), ("finance", 200)]
)
def test_the_export_of_items_needs_the_right_to_export_and_to_read_them(items, sign_in, role, status) -> None:
    client = sign_in(role)
    assert client.get("/catalog/items/export/").status_code == status
    button = "/catalog/items/export/" in client.get("/catalog/items/").content.decode()
    assert button == (status == 200)


def test_units_and_the_rate_of_nothing_are_words(items, sign_in) -> None:
    body = sign_in("marketer", language="zh-hans").get(f"/catalog/items/{items['1001']}/").content.decode()
    assert "<dd>件</dd>" in body and "<dd>13%</dd>" in body and "编辑" in body


def test_without_images_there_is_no_column_of_them(chain, items, sign_in) -> None:
    client = sign_in("marketer")
    assert ">Image<" not in client.get("/catalog/items/").content.decode()
    pictured = NewItem(chain_id=chain.id, sku="1002", name_zh="牛奶", name_en="Milk", image_url="/media/1002.jpg")
    facade.save_items(items=[pictured])
    assert ">Image<" in client.get("/catalog/items/").content.decode()
