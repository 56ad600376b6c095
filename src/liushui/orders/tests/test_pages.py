"""The list of receipts and the receipt, as people see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from urllib.parse import parse_qsl

import pytest
from python_calamine import CalamineWorkbook

from liushui.orders import facade
from liushui.orders.contracts import Tender
from liushui.orders.models import Sale
from liushui.orders.pages.filters import read_filters
from liushui.orders.pages.words import quantity_text
from liushui.orders.tests.examples import NOON, line, sale
from liushui.stores.contracts import Place

pytestmark = pytest.mark.django_db
DAYS = "from=2026-11-22&to=2026-11-22"


@pytest.fixture
def sales(house):
    place = {"chain_id": house.chain_id, "store_id": house.here.id}
    return facade.record_sales(
        commands=[
            sale("R-1", lines=(line(1, amount=1000, regular=1200), line(2, amount=-300, units=-1)), **place),
            sale("R-2", completed_at=NOON + timedelta(hours=1), local_hour=13, operator='=1+1"', **place),
            sale("R-3", store_id=house.there.id, store_code="SH02", chain_id=house.chain_id),
        ],
        recorded_at=NOON,
    )


def test_the_list_shows_the_readers_stores_only_with_totals(signed_in, sales):
    page = signed_in().get(f"/orders/?{DAYS}").content.decode()
    assert page.index("R-2") < page.index("R-1")
    assert "R-3" not in page
    assert "2 receipts" in page
    assert "¥19.50" in page  # 7.00 and 12.50


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hour=13", ["R-2"]),
        ("returns=1", ["R-1"]),
        ("min=7.01", ["R-2"]),
        ("max=7.00", ["R-1"]),
        ("sku=S002", ["R-1"]),
        ("category=food", ["R-1", "R-2"]),
        ("category=foo", []),
        ("tender=cash", ["R-1", "R-2"]),
        ("tender=card", []),
        ("status=voided", []),
        ("q=R-1", ["R-1"]),
        ("channel=web", []),
        ("customer=5", []),
        ("source=pos&store=SH01", ["R-1", "R-2"]),
        ("from=2026-11-21&to=2026-11-21", []),
    ],
)
def test_filters_in_the_address_find(signed_in, sales, query, found):
    page = signed_in().get(f"/orders/?{DAYS}&{query}").content.decode()
    assert [number for number in ("R-1", "R-2", "R-3") if f">{number}<" in page] == found


def test_what_can_not_be_read_is_said_beside_the_field(signed_in, sales):
    page = signed_in().get(f"/orders/?{DAYS}&min=cheap&after=nonsense").content.decode()
    assert "Write an amount such as 12.50." in page
    assert ">R-1<" in page


def test_a_day_without_receipts_says_what_to_do(signed_in, sales):
    assert "No receipts on these days" in signed_in().get("/orders/?from=2020-01-01&to=2020-01-01").content.decode()


def test_pages_follow_each_other_without_repeating(signed_in, house, settings):
    place = {"chain_id": house.chain_id, "store_id": house.here.id}
    facade.record_sales(commands=[sale(f"P-{n:03}", **place) for n in range(120)], recorded_at=NOON)
    client, seen, address = signed_in(), [], f"/orders/?{DAYS}"
    while address:
        response = client.get(address)
        seen += [row.sale.source_id for row in response.context["rows"]]
        address = f"/orders/?{DAYS}&after={response.context['after']}" if response.context["after"] else ""
    assert len(seen) == len(set(seen)) == 120


def test_the_export_has_every_row_and_no_formula(signed_in, sales):
    client = signed_in()
    text = b"".join(client.get(f"/orders/export/?{DAYS}&format=csv").streaming_content).decode("utf-8-sig")
    header, second, first = text.splitlines()
    assert header.startswith("Receipt,Store,Business day,Time,Channel")
    assert second.split(",")[6] == '"\'=1+1"""'
    assert (
        first == "R-1,SH01,2026-11-22,2026-11-22 12:00:00,pos,T1,7,,2,0,CNY,9.00,2.00,3.00,7.00,0.00,completed,pos,R-1"
    )
    book = b"".join(client.get(f"/orders/export/?{DAYS}&format=xlsx").streaming_content)
    rows = CalamineWorkbook.from_filelike(BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[2][:3] == ["R-1", "SH01", date(2026, 11, 22)]


def test_the_export_needs_its_own_right(signed_in, sales):
    assert signed_in("cashier").get(f"/orders/export/?{DAYS}").status_code == 403


def test_a_receipt_shows_lines_tenders_taxes_and_where_it_came_from(signed_in, sales):
    page = signed_in().get(f"/orders/{sales[0].sale_id}/").content.decode()
    for text in ("Receipt R-1", "会员价", "Returned", "Cash", "9%", "Source id", "¥7.00", "2026-11-22 12:00:00"):
        assert text in page


def test_the_paper_form_is_eighty_millimetres_wide(signed_in, sales):
    page = signed_in().get(f"/orders/{sales[0].sale_id}/paper/").content.decode()
    assert 'data-paper="80"' in page
    assert "¥7.00" in page


def test_a_receipt_of_another_store_is_not_there(signed_in, sales):
    client = signed_in()
    assert client.get(f"/orders/{sales[2].sale_id}/").status_code == 404
    assert client.get(f"/orders/{sales[2].sale_id}/paper/").status_code == 404
    assert client.post(f"/orders/{sales[2].sale_id}/void/", {"reason": "x"}).status_code == 404


def test_a_manager_voids_with_a_reason(signed_in, sales):
    client = signed_in()
    client.post(f"/orders/{sales[0].sale_id}/void/", {"reason": "  "})
    assert Sale.objects.get(source_id="R-1").status == "completed"
    page = client.post(f"/orders/{sales[0].sale_id}/void/", {"reason": "rung up twice"}, follow=True).content.decode()
    assert "The sale is voided." in page
    assert "rung up twice" in page
    assert Sale.objects.get(source_id="R-1").status == "voided"
    assert "¥12.50" in client.get(f"/orders/?{DAYS}").content.decode().split("<tfoot>")[1]  # the other one alone


def test_voiding_a_large_sale_asks_for_fresh_proof(signed_in, sales, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"step_up_amount_minor": 1})
    client = signed_in()  # signed in without giving a password: nothing is fresh
    answer = client.post(
        f"/orders/{sales[0].sale_id}/void/",
        {"reason": "rung up twice"},
        headers={"referer": f"http://testserver/orders/{sales[0].sale_id}/"},
    )
    assert answer["Location"] == f"/verify/?next=%2Forders%2F{sales[0].sale_id}%2F"
    assert Sale.objects.get(source_id="R-1").status == "completed"
    assert client.session["liushui_kept_form"]["fields"] == [["reason", "rung up twice"]]


def test_a_cashier_sees_no_void_form_and_may_not_void(signed_in, sales):
    client = signed_in("cashier")
    assert "void-reason" not in client.get(f"/orders/{sales[0].sale_id}/").content.decode()
    assert client.post(f"/orders/{sales[0].sale_id}/void/", {"reason": "x"}).status_code == 403
    assert Sale.objects.filter(status="voided").count() == 0


@pytest.mark.parametrize(("method", "name"), [("wechat", "WeChat Pay"), ("moon-pay", "Mobile payment · moon-pay")])
def test_a_tender_has_a_name_and_an_odd_one_its_own_word(signed_in, house, method, name):
    [answer] = facade.record_sales(
        commands=[
            sale(
                "W",
                chain_id=house.chain_id,
                store_id=house.here.id,
                tenders=(Tender(type="mobile", method=method, amount_minor=1250, reference="4200001"),),
            )
        ],
        recorded_at=NOON,
    )
    page = signed_in().get(f"/orders/{answer.sale_id}/").content.decode()
    assert f"<td>{name}</td><td>4200001</td>" in page


@pytest.mark.parametrize(
    ("units", "grams", "text"), [(1, 677, "677 g"), (-1, 1677, "-1,677 g"), (3, 1500, "3 · 1,500 g"), (-2, None, "-2")]
)
def test_weighed_goods_show_what_the_scale_said(units, grams, text):
    sold = line(1, units=units)
    assert quantity_text(replace(sold, measure_value=grams, measure_unit="g" if grams else None)) == text


@pytest.mark.parametrize(
    ("query", "preset", "first", "last"),
    [
        ("", "last7", date(2026, 11, 16), date(2026, 11, 22)),
        ("period=today", "today", date(2026, 11, 22), date(2026, 11, 22)),
        ("period=yesterday&channel=app", "yesterday", date(2026, 11, 21), date(2026, 11, 21)),
        ("period=last30&q=R-1", "last30", date(2026, 10, 24), date(2026, 11, 22)),
        ("period=nonsense", "last7", date(2026, 11, 16), date(2026, 11, 22)),
        ("from=2026-11-01&to=2026-11-02&period=today", "", date(2026, 11, 1), date(2026, 11, 2)),
        ("q=R-1", "", None, None),
    ],
)
def test_the_address_says_the_days_by_name_or_by_date(house, query, preset, first, last):
    asked = dict(parse_qsl(query))
    here = house.here
    place = Place(
        chain=None, region=None, store=here, store_ids=frozenset({here.id}), currency="CNY", currencies=("CNY",)
    )
    found = read_filters(asked, place=place, stores={here.id: here}, now=NOON, limit=50)
    assert (found.preset, found.first, found.last) == (preset, first, last)
    assert found.more == ("channel" in asked)


def test_a_return_is_marked_and_its_amounts_are_negative(signed_in, sales):
    row = signed_in().get(f"/orders/?{DAYS}&returns=1").content.decode().split("<tbody>")[1].split("</tr>")[0]
    assert "-¥3.00" in row
    assert ">Returned<" in row
    assert ">Store</td>" in row  # the channel pos
