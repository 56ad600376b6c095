"""What every answer carries, and what none may carry: headers, cookies, errors, hosts, methods."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.architecture import test_access_matrix as matrix

READING = [row for row in matrix.rows() if row["method"] == "GET" and not row["route"].startswith("api/")]
PAGES = sorted({row["route"] for row in READING})
OPEN = ("/healthz", "/readyz", "/metrics")

INSIDES = re.compile(
    rb"Traceback|site-packages|File \"|liushui/[a-z_]+/[a-z_]+\.py|SELECT .* FROM|django\.|psycopg|sqlite3?\.|"
    rb"SECRET_KEY|DEBUG = True|OperationalError|/usr/lib|/tmp/"
)


def paths_of(world: Any) -> list[str]:
    """One address of every page, and addresses where there is nothing."""
    rows = {row["route"]: row for row in READING}
    paths = [world.fill(rows[route]["path"] or "/" + route, target="own") for route in PAGES if "<" not in route]
    paths += [world.fill(rows[route]["path"], target="own") for route in PAGES if "<" in route and rows[route]["path"]]
    return [*paths, "/nothing-here/", "/api/v1/nothing-here", "/static/nothing.js", "/orders/%ff/", "/static/"]


def directives(policy: str) -> dict[str, str]:
    """A Content-Security-Policy by directive."""
    parts = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _blank, value in parts if name}


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["anonymous", "it_admin", "store_manager"])
def test_every_answer_carries_the_headers_that_browsers_need(
    world: Any, speak: Callable[..., Any], subject: str
) -> None:
    wrong = []
    for path in paths_of(world):
        answer, _ = speak(subject, scope="chain")("GET", path)
        headers = answer.headers
        policy = directives(headers.get("Content-Security-Policy", ""))
        faults = [
            name
            for name, is_right in {
                "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
                "referrer": headers.get("Referrer-Policy") == "same-origin",
                "frame": headers.get("X-Frame-Options") == "DENY",
                "opener": headers.get("Cross-Origin-Opener-Policy") == "same-origin",
                "resource": headers.get("Cross-Origin-Resource-Policy") == "same-origin",
                "permissions": "camera=()" in headers.get("Permissions-Policy", ""),
                "default": policy.get("default-src") == "'none'",
                "scripts": policy.get("script-src") == "'self'",
                "styles": policy.get("style-src") == "'self'",
                "objects": policy.get("object-src") == "'none'",
                "base": policy.get("base-uri") == "'none'",
                "framed": policy.get("frame-ancestors") == "'none'",
                "forms": policy.get("form-action") == "'self'",
                "unsafe": "unsafe" not in headers.get("Content-Security-Policy", "unsafe"),
                "server": "Server" not in headers and "X-Powered-By" not in headers,
                "origin": "Access-Control-Allow-Origin" not in headers,
            }.items()
            if not is_right
        ]
        kind = headers.get("Content-Type", "")
        if (
            answer.status_code not in (301, 302, 304)
            and kind.startswith("text/")
            and "charset=utf-8" not in kind.lower()
        ):
            faults.append(f"charset of {kind!r}")
        wrong += [f"{path} ({answer.status_code}): {', '.join(faults)}"] if faults else []
    assert wrong == []


@pytest.mark.parametrize("subject", ["it_admin", "store_manager"])
def test_no_browser_or_proxy_keeps_what_needs_a_right(world: Any, speak: Callable[..., Any], subject: str) -> None:
    wrong = []
    for path in paths_of(world):
        answer, _ = speak(subject, scope="chain")("GET", path)
        if answer.status_code == 200 and path not in OPEN:
            kept = answer.headers.get("Cache-Control", "")
            wrong += [] if "no-store" in kept else [f"{path}: {kept!r}"]
    assert wrong == []


def test_the_api_s_answers_are_not_kept_either(speak: Callable[..., Any]) -> None:
    answer, _ = speak("machine")("GET", "/api/v1/orders")
    assert "no-store" in answer.headers["Cache-Control"]


def test_files_with_a_hash_in_their_name_may_be_kept(world: Any) -> None:
    page = Client().get("/sign-in/").content.decode()
    found = re.search(r'/static/dist/assets/[^"]+\.css', page)
    assert found, "the front end is built"
    assert "immutable" in Client().get(found[0]).headers["Cache-Control"]


def test_cookies_cannot_be_read_by_scripts_nor_sent_by_other_sites(world: Any) -> None:
    browser = Client()
    browser.get("/sign-in/")
    browser.post("/language/", {"language": "en"})
    browser.post("/theme/", {"theme": "dark"})
    assert set(browser.cookies) >= {"csrftoken", "liushui_language", "liushui_theme"}
    for name, cookie in browser.cookies.items():
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert cookie["path"] == "/", name
        assert cookie["domain"] == "", name
        assert cookie["httponly"] or name == "liushui_theme", name  # which the page's own script writes too
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE in ("Lax", "Strict")


def test_over_tls_every_cookie_is_for_tls_and_this_host_alone() -> None:
    """The settings as they are with LIUSHUI_SECURE_COOKIES, read in a process of their own."""
    import json
    import os
    import subprocess
    import sys

    code = (
        "import django, json; django.setup(); from django.conf import settings as s;"
        "print(json.dumps({n: getattr(s, n) for n in ('SESSION_COOKIE_SECURE', 'CSRF_COOKIE_SECURE',"
        "'LANGUAGE_COOKIE_SECURE', 'SESSION_COOKIE_NAME', 'CSRF_COOKIE_NAME', 'SECURE_HSTS_SECONDS')}))"
    )
    environment = os.environ | {"LIUSHUI_SECURE_COOKIES": "true", "DJANGO_SETTINGS_MODULE": "liushui.app.settings"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(said.stdout)
    assert found == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "LANGUAGE_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SECURE_HSTS_SECONDS": 31536000,
    }


def test_strict_transport_is_said_over_tls_only(world: Any) -> None:
    assert "Strict-Transport-Security" not in Client().get("/sign-in/").headers
    answer = Client().get("/sign-in/", secure=True)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost:80@evil.example", "localhost evil", "[::1", "a\tb", ""],
)
def test_a_host_that_is_not_ours_is_refused_and_never_repeated(world: Any, host: str) -> None:
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        answer = Client(raise_request_exception=False).get("/sign-in/", headers={"host": host})
        assert answer.status_code == 400
        assert b"evil" not in answer.content


def test_no_forwarded_host_or_address_is_believed(world: Any) -> None:
    headers = {
        "x-forwarded-host": "evil.example", "x-host": "evil.example", "forwarded": "host=evil.example",
        "x-original-url": "/settings/audit/", "x-rewrite-url": "/settings/audit/",
    }  # fmt: skip
    answer = Client().get("/orders/", headers=headers)
    assert answer["location"] == "/sign-in/?next=%2Forders%2F"
    assert b"evil.example" not in Client().get("/sign-in/", headers=headers).content


def test_metrics_are_for_this_machine_alone(world: Any) -> None:
    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics").status_code in (401, 403)
    for header in ("x-forwarded-for", "x-real-ip", "forwarded"):
        assert Client().get("/metrics", headers={header: "127.0.0.1"}).status_code in (401, 403)


@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "a\nSet-Cookie: sessionid=EVIL", "a\r\n\r\n<script>", "\x00", "é" * 200]
)
def test_no_value_makes_a_header_of_its_own(world: Any, speak: Callable[..., Any], value: str) -> None:
    """Names of exports, places to go back to, request ids, languages: what goes into headers again."""
    from urllib.parse import quote

    asked = quote(value)
    answers = [
        speak("it_admin")("GET", f"/stores/export/?format={asked}&q={asked}")[0],
        speak("it_admin")("GET", f"/intake/imports/mapping/?name={asked}")[0],
        speak()("POST", "/language/", f"language={asked}&next=/{asked}")[0],
        speak()("POST", "/theme/", f"theme={asked}&next=/{asked}")[0],
        speak()("GET", f"/orders/?next={asked}")[0],
        speak()("GET", "/sign-in/", **{"x-request-id": value.replace("\r", "").replace("\n", "")})[0],
        speak("machine")("GET", f"/api/v1/items/{asked}")[0],
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert "X-Evil" not in answer.headers
        for name, content in answer.items():
            assert "\n" not in content, name
            assert "\r" not in content, name
        assert "sessionid=EVIL" not in answer.cookies.output()


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "PUT", "DELETE", "PATCH", "G'ET"])
def test_methods_that_no_page_has_do_nothing(world: Any, speak: Callable[..., Any], method: str) -> None:
    for path in ("/", "/sign-in/", "/orders/", "/stores/", "/oauth/token/", "/healthz", "/api/v1/orders", "/static/"):
        answer, body = speak("it_admin", scope="chain")(method, path, **{"x-secret": "zzecho"})
        assert answer.status_code in (302, 401, 403, 404, 405), f"{method} {path}: {answer.status_code}"
        assert b"zzecho" not in body


def test_a_method_in_a_header_or_field_changes_nothing(world: Any, speak: Callable[..., Any]) -> None:
    answer, _ = speak("it_admin")("POST", "/stores/export/", "_method=GET", **{"x-http-method-override": "GET"})
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "path", ["/static/", "/static/dist/", "/static/dist/.vite/", "/static/dist/.vite/manifest.json/", "/.git/config",
             "/.env", "/data/", "/secret_key", "/static/../secret_key", "/static/%2e%2e/%2e%2e/secret_key",
             "/static/dist/..%2f..%2f..%2fapp%2fsettings.py", "/static//etc/passwd", "/server-status", "/admin/",
             "/static/dist/%00", "/api/v1/docs", "/oauth/applications/", "/oauth/authorized_tokens/"],
)  # fmt: skip
def test_nothing_is_listed_and_no_file_of_ours_is_served(world: Any, path: str) -> None:
    answer = Client(raise_request_exception=False).get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert answer.status_code in (302, 400, 404, 405)
    assert settings.SECRET_KEY.encode() not in body


@pytest.mark.parametrize(
    "path", ["/orders/%ff/", "/api/v1/orders/none", "/api/v1/orders?limit=-1", "/?first=%00", "/orders/?after=%ff%fe",
             "/api/v1/orders?cursor=%00", "/catalog/items/99999999999999999999999/", "/stores/99999999999999999999999/",
             "/settings/staff/99999999999999999999999/", "/api/v1/items/%00", "/reports/items/?store=%F0%9F%92%A3",
             "/catalog/items/?page=99999999999999999999", "/orders/?min=1e400&max=NaN", "/intake/imports/?page=²",
             "/reports/sales/?from=9999-12-31&to=0001-01-01", "/search/?q=%00%01", "/settings/audit/?from=x&page=-1"],
)  # fmt: skip
@pytest.mark.parametrize("subject", ["anonymous", "it_admin", "auditor", "store_manager", "machine"])
def test_no_error_shows_our_insides(world: Any, speak: Callable[..., Any], subject: str, path: str) -> None:
    answer, body = speak(subject, scope="chain")("GET", path)
    assert answer.status_code < 500, body[:2000]
    assert INSIDES.search(body) is None


def test_a_failure_inside_says_nothing_of_itself(
    world: Any, speak: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a page and in the API: an apology with a request id; the cause is in the log."""
    from liushui.orders import facade

    def broken(**_: Any) -> None:
        raise RuntimeError("zzsecret SELECT password FROM users")

    monkeypatch.setattr(facade, "sales", broken)
    for subject, path in (("store_manager", "/orders/"), ("machine", "/api/v1/orders")):
        answer, body = speak(subject)("GET", path)
        assert answer.status_code == 500
        assert b"zzsecret" not in body
        assert b"RuntimeError" not in body


def test_debug_is_off_unless_asked_for() -> None:
    from liushui.runtime.environment import Environment

    assert Environment.model_fields["debug"].default is False
    assert settings.DEBUG is False
