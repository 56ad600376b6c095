"""The frame: what the menu, the store switch and the search show to whom."""

from __future__ import annotations

import pytest
from django.test import Client

from liushui.console.tests.settings_world import World, build_world, hire, signed_in
from liushui.runtime.access import Grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world()


def cashier_of_n1(world: World) -> Client:
    grant = Grant(role="cashier", chain_id=world.chain_id, store_id=world.n1.id)
    _id, password = hire("kim", grant)
    return signed_in("kim", password)


def test_the_menu_has_only_what_one_may_open_and_carries_the_store(world: World) -> None:
    admin = signed_in("admin", world.admin_password).get("/settings/staff/?store=N1").content.decode()
    assert 'href="/settings/staff/?store=N1" aria-current="page"' in admin
    assert 'href="/reports/' not in admin

    cashier = cashier_of_n1(world).get("/settings/staff/")
    assert cashier.status_code == 403
    assert 'href="/settings/' not in cashier.content.decode()
    assert 'href="/orders/"' in cashier.content.decode()


def test_the_switch_offers_own_places_on_the_same_page(world: World) -> None:
    browser = signed_in("admin", world.admin_password)
    answer = browser.get("/search/places/", headers={"HX-Current-URL": "http://testserver/orders/?channel=web&page=3"})
    text = answer.content.decode()
    assert 'href="/orders/?channel=web&amp;store=N1"' in text
    assert 'href="/orders/?channel=web&amp;region=north"' in text
    assert "R1" not in text and "page=3" not in text


def test_the_switch_never_leaves_this_site(world: World) -> None:
    browser = signed_in("admin", world.admin_password)
    answer = browser.get("/search/places/", headers={"HX-Current-URL": "https://elsewhere.example//evil/?a=1"})
    assert 'href="//' not in answer.content.decode()
    assert "elsewhere" not in answer.content.decode()


def test_search_finds_pages_and_own_stores_only(world: World) -> None:
    browser = signed_in("admin", world.admin_password)
    assert "Store N1" in browser.get("/search/?q=store n").content.decode()
    assert "Store R1" not in browser.get("/search/?q=store r").content.decode()
    assert 'href="/settings/audit/"' in browser.get("/search/?q=audit").content.decode()
    nothing = browser.get("/search/?q=%3Cscript%3E").content.decode()
    assert "<script>" not in nothing and "&lt;script&gt;" in nothing


def test_search_and_switch_need_a_person() -> None:
    assert Client().get("/search/").status_code == 302
    assert Client().get("/search/places/").status_code == 302


def test_the_theme_is_kept_and_strangers_are_not_returned_to() -> None:
    answer = Client().post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"
    assert answer.cookies["liushui_theme"].value == "dark"
    assert Client().post("/theme/", {"theme": "<b>", "next": "/orders/"}).cookies["liushui_theme"].value == "auto"


def test_a_page_that_does_not_exist_says_so_in_the_reader_s_language() -> None:
    answer = Client(headers={"accept-language": "en"}).get("/no/such/page/")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()
