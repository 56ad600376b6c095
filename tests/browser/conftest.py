"""A served chain and a Chromium whose console must stay silent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from tests.support.migrated import Alone, folder_of_run

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 768, 1366, 1920)
LANGUAGES = ("zh-hans", "en")
THEMES = ("light", "dark")
FACTS = "facts.json"
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Records what the Content-Security-Policy refuses, from the first line of every page on.
_LISTEN_TO_POLICY = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sample} ${event.sourceFile ?? ""}`));"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def no_picture_unless_asked() -> Iterator[None]:
    """Pictures are for people to look at, and an eighth of the time: without PICTURES none is taken."""
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("PICTURES"):
            patch.setattr(Page, "screenshot", lambda self, **_how: b"")
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the chain is served, and the ids of what is in it."""

    url: str
    facts: dict[str, Any]
    environment: dict[str, str]


@dataclass(slots=True)
class Watched:
    """A browser page and all that went wrong on it."""

    troubles: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # forms that were sent and came back with what is wrong in them
    said_refused: set[str] = field(default_factory=set)  # addresses of which the console said so


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The product with its gallery page, on SQLite, by granian as in production, with the world of tests/support."""
    with serving(tmp_path_factory.mktemp("browser")) as served:
        yield served


@contextmanager
def serving(folder: Path, *prepare: str) -> Iterator[Served]:
    """A served chain in a folder of its own. `prepare` are modules that add to the world before it is served, each of
    which may print facts."""
    environment = {
        **os.environ,
        "LIUSHUI_DATA_DIR": str(folder),
        "LIUSHUI_DATABASE_URL": "",
        "LIUSHUI_STEP_UP_SECONDS": "86400",  # the sessions below are made once for all tests
        "LIUSHUI_TILL_IDLE_MINUTES": "600",  # the tests take longer than a cashier's pause
        "LIUSHUI_PORTAL_CHAIN": "GREEN",
        "LIUSHUI_DEMO_HINTS": "true",  # one-time codes stand on the page that asks for them
        "DJANGO_SETTINGS_MODULE": "tests.browser.gallery.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    shutil.copytree(_prepared(folder, environment), folder, dirs_exist_ok=True)
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text())
    for module in prepare:
        facts |= _facts_of(module, environment)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    command = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--workers", "1"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "liushui.app.wsgi:application"],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url + "/sign-in/", log)
        yield Served(url=url, facts=facts, environment=environment)
    finally:
        server.terminate()
        server.wait(timeout=20)


def _prepared(folder: Path, environment: dict[str, str]) -> Path:
    """The world of tests/support, made once a run and copied for every chain that is served."""
    made = folder_of_run(folder) / "prepared"
    with Alone(folder):
        if not (made / FACTS).exists():
            facts = _facts_of("tests.browser.prepare", environment | {"LIUSHUI_DATA_DIR": str(made)})
            (made / FACTS).write_text(json.dumps(facts))
    return made


def _facts_of(module: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run a module of these tests in a process of its own; what it printed last."""
    done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _wait_for(url: str, log: Path) -> None:
    for _attempt in range(600):
        try:
            urllib.request.urlopen(url, timeout=60)
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if isinstance(error, urllib.error.HTTPError):
                raise AssertionError(f"{url} answered {error.code}\n{log.read_text()[-4000:]}") from error
            time.sleep(0.2)
    raise AssertionError(f"the server did not start\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The Chromium of this machine, else the one Playwright brought."""
    found = next((path for name in _CHROMIUMS if (path := shutil.which(name))), None)
    browser = playwright.chromium.launch(executable_path=found, args=_CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


OpenPage = Callable[..., Page]
expect.set_options(timeout=20_000)  # a password takes a second to check, and five when the machine is busy
pictures = pytest.mark.skipif(not os.environ.get("PICTURES"), reason="pictures are made by make screenshots")


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[OpenPage]:
    """Open an address as someone, in a language, theme and width; the test fails on anything that goes wrong there.

    Chromium's console counts every status of 400 and more as an error. Of these only one is the page's way to work: a
    form that was sent and is answered 422 with what is wrong in it. `allow` names statuses that the test expects, such
    as (404,). `till` makes the browser the enrolled till of that workstation of E1, "T1" to "T4", with the cashier
    signed in unless `operator` is False.
    """
    contexts: list[BrowserContext] = []
    watched = Watched()

    def open_(
        path: str, *, user: str | None = "owner", language: str = "zh-hans", theme: str = "light", width: int = 1366,
        allow: tuple[int, ...] = (), till: str = "", operator: bool = True,
    ) -> Page:  # fmt: skip
        context = context_for(
            browser, served, user=user, language=language, theme=theme, width=width, till=till, operator=operator
        )
        contexts.append(context)
        page = context.new_page()
        watch(page, watched, allow)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert watched.troubles == []
    assert watched.said_refused <= watched.refused


def context_for(
    browser: Browser, served: Served, *, user: str | None, language: str, theme: str, width: int, till: str = "",
    operator: bool = True,
) -> BrowserContext:  # fmt: skip
    """A browser as somebody left it: language, theme and width chosen, signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width > 500 else 780},
        base_url=served.url,
        locale="zh-CN" if language.startswith("zh") else "en-GB",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    cookies = {"liushui_language": language, "liushui_theme": theme}
    if user is not None:
        cookies["sessionid"] = served.facts["sessions"][user]
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
    if till:
        context.add_cookies(till_cookies(served, till, operator=operator))
    context.add_init_script(_LISTEN_TO_POLICY)
    return context


def till_cookies(served: Served, till: str, *, operator: bool) -> list[Any]:
    """The cookies of an enrolled till as the browser keeps them."""
    held = served.facts["tills"][till]
    values = {"liushui_till": held["device_cookie"]}
    if operator:
        values["liushui_operator"] = held["operator_cookie"]
    return [
        {"name": name, "value": value, "url": f"{served.url}/till/", "httpOnly": True, "sameSite": "Strict"}
        for name, value in values.items()
    ]


def watch(page: Page, watched: Watched, allow: tuple[int, ...] = ()) -> None:
    """Note what goes wrong on the page, from now on."""

    def on_console(message: Any) -> None:
        if message.type == "error" and message.text.endswith("responded with a status of 422 (Unprocessable Entity)"):
            watched.said_refused.add(message.location["url"])
            return
        expected = any(f"status of {status}" in message.text for status in allow)
        if message.type in ("error", "warning") and not expected:
            watched.troubles.append(f"{page.url}: {message.type}: {message.text}")

    def on_failed(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # left for another page before the answer came
            watched.troubles.append(f"{page.url}: {request.url}: {request.failure}")

    def on_response(response: Any) -> None:
        request = response.request
        if response.status == 422 and request.method == "POST" and request.is_navigation_request():
            watched.refused.add(response.url)
        elif response.status >= 400 and response.status not in allow:
            watched.troubles.append(f"{page.url}: {response.url} answered {response.status}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.troubles.append(f"{page.url}: {error}"))
    page.on("requestfailed", on_failed)
    page.on("response", on_response)


def screenshots(open_page: OpenPage, name: str, path: str, *, user: str | None = "owner") -> None:
    """Pictures of one address in both languages and themes at four widths, under build/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for theme in THEMES:
            page = open_page(path, user=user, language=language, theme=theme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_timeout(120)
                assert_no_sideways_scroll(page)
                page.screenshot(path=SCREENSHOTS / f"{name}-{language[:2]}-{theme}-{width}.png", full_page=True)
            page.context.close()


def assert_fits_all_widths(page: Page) -> None:
    """No width of a window makes the page scroll sideways."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scroll(page)


def assert_no_sideways_scroll(page: Page) -> None:
    """A page is never wider than the window; wide tables scroll inside their frames."""
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"{page.url} is {over} px wider than {page.viewport_size}"


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA; evaluate() is not bound by the page's policy."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
                resultTypes: ["violations"]}))
            .violations.flatMap((rule) => rule.nodes.map((node) =>
                `${rule.id}: ${node.target.join(" ")} ${node.failureSummary.replaceAll("\\n", " ")}`))"""
    )
    return list(found)
