"""Every page of the console, found in the URL conf: silent, accessible, never wider than the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, Page
from tests.browser.conftest import (
    SCREENSHOTS,
    OpenPage,
    Served,
    Watched,
    assert_fits_all_widths,
    axe_violations,
    context_for,
    pictures,
    screenshots,
    watch,
)

LOOKS = (("zh-hans", "light", 1366), ("en", "dark", 360))
# The pages that people look at most: pictured in both languages and themes at four widths.
PICTURED = (
    "analytics:home", "orders:sales", "orders:sale", "catalog:items", "intake:quarantine", "promotions:list",
    "promotions:draft", "promotions:builder", "promotions:coupons", "promotions:coupon-batch",
    "loyalty:members", "loyalty:member", "loyalty:rules", "loyalty:liability",
)  # fmt: skip


def console_pages(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """URL name and parameter names of every view that runtime.web.page made."""
    for pattern in (resolver or get_resolver("liushui.app.urls")).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from console_pages(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "capability"):
            yield f"{namespace}{pattern.name}", tuple(pattern.pattern.converters)


PAGES = dict(console_pages())
AT_TILL = "T2"  # where a shift is open
# Answer about one request of an app, a till or its operator, and are nothing without it.
WITHOUT_PAGE = {
    "oauth-authorize",
    "till:receipt-asked",
    "till:paid-out-asked",
    "till:paid-out-state",
    "till:device-revoke",
}


def address(name: str, served: Served) -> str:
    """A page's address with ids of the served world; a parameter that is not known there fails the test."""
    known = parameters(served.facts)
    return reverse(name, urlconf="liushui.app.urls", kwargs={key: known[key] for key in PAGES[name]})


def cookies_for(path: str, served: Served) -> str:
    """Who asks for this address: the owner, or at the till the cashier."""
    if not path.startswith("/till/"):
        return f"sessionid={served.facts['sessions']['owner']}"
    held = served.facts["tills"][AT_TILL]
    return f"liushui_till={held['device_cookie']}; liushui_operator={held['operator_cookie']}"


def is_page(url: str, *, cookies: str) -> bool:
    """Whether this answers a whole page: not a file, not a fragment, and not only to POST. Anything wrong raises."""
    try:
        answer = urlopen(Request(url, headers={"Cookie": cookies}), timeout=60)
    except HTTPError as error:
        if error.code != 405:
            raise
        return False
    with answer:
        return "text/html" in answer.headers["Content-Type"] and b"<html" in answer.read()


def parameters(facts: dict[str, Any]) -> dict[str, Any]:
    """A value for every parameter of a console address."""
    return {
        "sale_id": facts["sale_ids"]["E1"][3],
        "item_id": facts["item_ids"]["SKU-01"],
        "store_id": facts["store_ids"]["E1"],
        "user_id": facts["staff"]["cashier"],
        "client_id": facts["client_id"],
        "entry_id": facts["entry_ids"][0],
        "import_id": facts["import_id"],
        "run_id": facts["item_import_id"],
        "shift_id": facts["shift_id"],
        "day": facts["day"],
        "approval_id": facts["approval_ids"][0],
        "ticket_id": facts["ticket_id"],
        "payment_id": facts["payment_id"],
        "value_id": facts["value_id"],
        "case_id": facts["case_id"],
        "provider": "sandbox",
        "backtest_id": facts["backtest_id"],
        "batch_id": facts["coupon_batch_id"],
        "rulebook_id": facts["rulebook_id"],
        "draft_id": facts["draft_id"],
        "promotion_id": "gold-5",
        "source": "items",
        "member_id": facts["member_id"],
        "subject_id": facts["subject_id"],
        "adjustment_id": facts["adjustment_id"],
        "programme_id": facts["programme_id"],
        "programme_draft_id": facts["programme_draft_id"],
        "dry_run_id": facts["dry_run_id"],
        "card_batch_id": facts["card_batch_id"],
        "gift_card_id": facts["gift_card_id"],
        "merge_id": facts["merge_id"],
    }


@pytest.fixture(scope="module")
def windows(browser: Browser, served: Served) -> Iterator[Callable[[dict[str, Any]], tuple[Page, Watched]]]:
    """One window for each look and person, in which page after page is opened, as people do."""
    opened: dict[str, tuple[Page, Watched]] = {}

    def window(look: dict[str, Any]) -> tuple[Page, Watched]:
        key = repr(look)
        if key not in opened:
            page, watched = context_for(browser, served, **look).new_page(), Watched()
            watch(page, watched)
            opened[key] = page, watched
        return opened[key]

    yield window
    for page, _watched in opened.values():
        page.context.close()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_silent_accessible_and_fits(
    windows: Callable[[dict[str, Any]], tuple[Page, Watched]], served: Served, name: str
) -> None:
    if name in WITHOUT_PAGE:
        return
    path = address(name, served)
    if not is_page(served.url + path, cookies=cookies_for(path, served)):
        return
    who: dict[str, Any] = {"user": None, "till": AT_TILL} if path.startswith("/till/") else {"user": "owner"}
    for language, theme, width in LOOKS:
        page, watched = windows({"language": language, "theme": theme, "width": width, **who})
        watched.troubles.clear()  # another test's
        page.set_viewport_size({"width": width, "height": 900 if width > 500 else 780})
        page.goto(path)
        page.wait_for_load_state("networkidle")
        picture = SCREENSHOTS / "pages" / f"{name.replace(':', '-')}-{language[:2]}-{theme}-{width}.png"
        page.screenshot(path=picture, full_page=True)
        assert axe_violations(page) == []
        assert_fits_all_widths(page)
        assert watched.troubles == []


@pictures
@pytest.mark.parametrize("name", PICTURED)
def test_main_page_is_pictured(open_page: OpenPage, served: Served, name: str) -> None:
    screenshots(open_page, name.replace(":", "-"), address(name, served))


@pytest.mark.parametrize(
    ("name", "path", "user", "status"),
    [
        ("sign-in", "/sign-in/", None, 200),
        ("help", "/help/", "owner", 200),
        ("help-page", "/help/store-manager/", "owner", 200),
        ("help-at-a-till", "/help/cashier/", None, 200),
        ("not-found", "/no/such/page/", "owner", 404),
        ("named-error", "/gallery/missing/", "owner", 404),
        ("no-access", "/settings/staff/", "cashier", 403),
        ("server-error", "/gallery/broken/", "owner", 500),
    ],
)
def test_page_outside_the_menu_is_accessible(
    open_page: OpenPage, name: str, path: str, user: str | None, status: int
) -> None:
    for language, theme, _width in LOOKS:
        page = open_page(path, user=user, language=language, theme=theme, allow=(status,))
        assert axe_violations(page) == []
        page.screenshot(path=SCREENSHOTS / "pages" / f"{name}-{language[:2]}-{theme}.png")
