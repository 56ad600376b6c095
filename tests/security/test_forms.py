"""Forms and bodies: nothing is done for another site, no field sets what it should not, no redirect leads away."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from tests.architecture import test_access_matrix as matrix

from liushui.runtime.access import Grant
from liushui.runtime.grants import grants_of, staff_subject
from liushui.runtime.models import ApiClient, StaffUser
from liushui.stores import facade as stores

# POSTs that carry their own proof: the client's secret, the provider's signature, a token. A browser never sends those.
WITHOUT_FORM = ("oauth/token/", "oauth/revoke/", "oauth/device", "payments/notify/", "api/v1/")
STATES_CHANGED_BY = {"POST", "PUT", "PATCH", "DELETE"}
POSTS = sorted(
    {
        route
        for route, view in matrix.routes()
        if matrix.methods(view) & STATES_CHANGED_BY and not route.startswith(WITHOUT_FORM)
    }
)
EVIL = (
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "https:///evil.example",
    "http://testserver@evil.example/",
    "http://evil.example#@testserver/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    " https://evil.example",
    "\thttps://evil.example",
    "/%0a/evil.example",
    "/\n/evil.example",
    "/\t/evil.example",
    "%2f%2fevil.example",
    "ftp://testserver/",
    "//testserver:80@evil.example",
    "http:\\\\evil.example",
    "\x00//evil.example",
    "\x1f//evil.example",
    "/\u3000/evil.example",
    "//evil。example",
)


SAMPLES = {"uuid": "00000000-0000-7000-8000-000000000000", "int": "1", "str": "2026-03-02", "slug": "x", "path": "x"}


def path_of(route: str) -> str:
    """An address of the route: the matrix's, else one with any id, which the refusal must not look at."""
    for row in matrix.rows():
        if row["route"] == route and row["method"] != "GET" and row["path"]:
            return row["path"]
    return "/" + re.sub(r"<(\w+):\w+>", lambda match: SAMPLES[match[1]], route)


def test_the_list_of_forms_is_the_resolver_s() -> None:
    assert "sign-in/" in POSTS
    assert "settings/staff/<int:user_id>/" in POSTS
    assert len(POSTS) > 15


@pytest.mark.parametrize("route", POSTS)
def test_a_form_of_another_site_does_nothing(world: Any, route: str) -> None:
    """Without the token, with one of another's, with one but from another origin: refused before the view sees it."""
    path = world.fill(path_of(route), target="own")
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.cookies["sessionid"] = world.sessions["it_admin", "chain"]
    browser.get("/stores/")
    cookie = browser.cookies["csrftoken"].value
    assert browser.post(path, {}).status_code == 403
    assert browser.post(path, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    token = {"csrfmiddlewaretoken": cookie}
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        assert browser.post(path, token, headers={"origin": origin}).status_code == 403
    assert (
        browser.post(path, token, headers={"hx-request": "true", "origin": "https://evil.example"}).status_code == 403
    )


def test_the_api_needs_no_csrf_token_because_it_takes_no_cookie(world: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["sessionid"] = world.sessions["it_admin", "chain"]
    answer = browser.post("/api/v1/sales", world.words["own"]["sale_body"], content_type="application/json")
    assert answer.status_code == 401


def test_no_page_that_reads_changes_anything(world: Any, speak: Callable[..., Any]) -> None:
    """GET with the values that a POST would take: the same grants, stores and accounts afterwards."""

    def state() -> list[Any]:
        return [
            sorted(StaffUser.objects.values_list("username", "is_active", "password")),
            sorted(ApiClient.objects.values_list("client_id", "revoked_at", "rotated_at")),
            grants_of(subjects=[staff_subject(pk) for pk in StaffUser.objects.values_list("pk", flat=True)]),
            stores.stores(),
        ]

    before = state()
    for row in matrix.rows():
        if row["method"] == "POST" and not row["route"].startswith(("api/", "oauth/")):
            path = world.fill(row["path"] or "/" + row["route"], target="own")
            body = world.fill(row["body"], target="own")
            answer, _ = speak("it_admin", scope="chain")("GET", f"{path}{'&' if '?' in path else '?'}{body}")
            assert answer.status_code in (200, 302, 403, 404, 405), path
    assert state() == before


# Mass assignment.


@pytest.mark.parametrize("extra", ["is_superuser", "is_staff", "is_active", "id", "password", "grants", "last_login"])
def test_a_new_account_takes_nothing_but_what_the_form_has(world: Any, speak: Callable[..., Any], extra: str) -> None:
    words = world.words["own"]
    place = f"{words['chain']} · Store · {words['store']} · {words['store']}"
    form = f"username=mallory&display_name=M&role=cashier&place={quote(place)}&{extra}=1&is_active=&id=4711"
    form += f"&chain_id={world.words['other_chain']['chain_id']}&store_id={world.words['other_chain']['store_id']}"
    answer, _ = speak("it_admin")("POST", "/settings/staff/new/", form + "&role=it_admin&role=cashier")
    assert answer.status_code == 200
    made = get_user_model().objects.get(username="mallory")
    assert made.pk != 4711
    assert made.is_active
    assert not made.check_password("1")
    [held] = grants_of(subjects=[staff_subject(made.pk)]).values()
    assert held == (Grant(role="cashier", chain_id=int(words["chain_id"]), store_id=int(words["store_id"])),)


def test_a_changed_store_keeps_its_chain_and_code(world: Any, speak: Callable[..., Any]) -> None:
    words, other = world.words["own"], world.words["other_chain"]
    before = stores.store(store_id=int(words["store_id"]))
    form = {
        "do": "store", "name_zh": "新", "name_en": "New", "region": str(before.region_id), "time_zone": "Asia/Shanghai",
        "currency": "CNY", "day_starts_at": "00:00", "is_open": "on", "code": "HACK", "chain": other["chain"],
        "chain_id": other["chain_id"], "id": other["store_id"],
    }  # fmt: skip
    body = "&".join(f"{name}={quote(value)}" for name, value in form.items())
    answer, _ = speak("it_admin")("POST", f"/stores/{before.id}/", body)
    assert answer.status_code == 302
    after = stores.store(store_id=before.id)
    assert (after.chain_id, after.code, after.name_en) == (before.chain_id, before.code, "New")
    region = stores.store(store_id=int(other["store_id"])).region_id
    answer, _ = speak("it_admin")(
        "POST", f"/stores/{before.id}/", body.replace(f"region={before.region_id}", f"region={region}")
    )
    assert answer.status_code == 422, "a region of another chain"
    assert stores.store(store_id=before.id).region_id == before.region_id


EXTRA_MEMBERS = {
    "source": "tills", "sale_id": "00000000-0000-7000-8000-000000000000", "chain_id": 2, "store_id": 3,
    "business_date": "2020-01-01", "total_minor": 1, "status": "voided", "is_training": True, "currency_": "USD",
    "recorded_at": "2020-01-01T00:00:00Z", "__class__": "x", "__proto__": {"admin": True}, "constructor": {},
}  # fmt: skip


@pytest.mark.parametrize("member", EXTRA_MEMBERS)
@pytest.mark.parametrize("where", ["sale", "line", "tender"])
def test_a_sale_with_a_member_too_many_is_refused(
    world: Any, speak: Callable[..., Any], member: str, where: str
) -> None:
    sale = json.loads(world.words["own"]["sale_body"])
    sale["tenders"] = [{"type": "cash", "amount": "9.90"}]
    target = {"sale": sale, "line": sale["lines"][0], "tender": sale["tenders"][0]}[where]
    target[member] = EXTRA_MEMBERS[member]
    answer, body = speak("machine")("POST", "/api/v1/sales", sale)
    assert answer.status_code == 422
    assert json.loads(body)["type"] == "urn:liushui:problem:invalid-sale"


def test_a_sale_takes_its_source_from_the_token_alone(world: Any, speak: Callable[..., Any]) -> None:
    answer, body = speak("machine")("POST", "/api/v1/sales", world.words["own"]["sale_body"])
    assert (answer.status_code, json.loads(body)["source"]) == (201, "machine-store")


@pytest.mark.parametrize("member", ["id", "chain_id", "sku", "created_at", "sku_key", "is_admin"])
def test_an_item_with_a_member_too_many_is_refused(world: Any, speak: Callable[..., Any], member: str) -> None:
    body = {"name_zh": "杯", member: 1}
    path = f"/api/v1/items/CUP?chain={world.words['own']['chain']}"
    answer, _ = speak("machine", scope="chain")("PUT", path, body)
    assert answer.status_code == 422


def test_a_member_twice_says_one_thing_only(world: Any, speak: Callable[..., Any]) -> None:
    """A duplicated member must not be read one way where it is checked and another where it is used."""
    own, other = world.words["own"], world.words["other_chain"]
    body = own["sale_body"].replace('"store": "N1"', f'"store": "N1", "chain": "{other["chain"]}", "store": "R1"')
    answer, _ = speak("machine", scope="chain")("POST", "/api/v1/sales", body)
    assert answer.status_code in (403, 422)


# Open redirects.


def leads_away(location: str) -> bool:
    """As a browser reads it: backslashes are slashes, controls and blanks at the front do not count."""
    read = "".join(sign for sign in location if sign not in "\t\r\n").strip(" \x00\x1f").replace("\\", "/")
    parts = urlsplit(read)
    return bool(parts.scheme or parts.netloc or read.startswith("//"))


@pytest.mark.parametrize("wanted", EVIL)
def test_no_redirect_leads_to_another_site(world: Any, wanted: str) -> None:
    """After sign-in, by language and theme, when one is signed in already, and by the page that one came from."""
    user = get_user_model().objects.get(username="marketer-store")
    user.set_password("river-stone-lamp")
    user.save()
    browser = Client(raise_request_exception=False)
    form = {"username": "marketer-store", "password": "river-stone-lamp"}
    answers = [
        browser.post("/language/", {"language": "en", "next": wanted}),
        browser.post("/language/", {"language": "en"}, headers={"referer": wanted.replace("\n", "")}),
        browser.post("/theme/", {"theme": "dark", "next": wanted}),
        browser.post(f"/sign-in/?next={quote(wanted)}", form | {"next": wanted}),
        browser.get(f"/sign-in/?next={quote(wanted)}"),
        browser.get(f"/verify/?next={quote(wanted)}"),
    ]
    away = [answer["location"] for answer in answers if "location" in answer and leads_away(answer["location"])]
    assert away == []


def test_the_check_of_redirects_knows_a_bad_one() -> None:
    assert [leads_away(wanted) for wanted in ("//evil.example", "/\\evil.example", "/\t/evil.example", "/ok/")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_the_sign_in_page_keeps_no_address_of_another_site(world: Any) -> None:
    for wanted in EVIL:
        page = Client().get(f"/sign-in/?next={quote(wanted)}").content.decode()
        [kept] = re.findall(r'<input type="hidden" name="next" value="([^"]*)">\s*<(?!/form)', page)[:1]
        assert not leads_away(html.unescape(kept)), wanted
