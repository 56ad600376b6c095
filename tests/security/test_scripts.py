"""Texts that mean something to a browser stay texts, stored or typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from tests.security.conftest import SYSTEM
from tests.security.reading import READING, renamed

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation

SCRIPT = "<script>zzxss()</script>"
PAYLOADS = (
    SCRIPT, '"><img src=zzxss onerror=zzxss()>', "' autofocus onfocus=zzxss() x='", "</script><script>zzxss()</script>",
    "<!--<script>", "{{7*7}}{% debug %}", "javascript:zzxss()", "</title></textarea><svg onload=zzxss()>",
)  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as browsers do, and notes what would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.alive: list[str] = []
        self.kind: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kind = dict(attrs).get("type") or "" if tag == "script" else None
        for name, value in attrs:
            runs = name.startswith("on") and name != "on"
            target = (value or "").strip().lower() if name in ("href", "src", "action", "formaction") else ""
            leads = target.startswith("javascript:")
            if runs or leads or name == "style":
                self.alive.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        if self.kind is not None and (("zzxss" in data and "json" not in self.kind) or "<" in data):
            self.alive.append(data[:80])

    def handle_endtag(self, tag: str) -> None:
        self.kind = None


@pytest.fixture
def planted(world: Any, speak: Callable[..., Any]) -> Iterator[str]:
    """Every text field that somebody can fill, filled with every payload; yields the payloads as one text."""
    words = world.words["own"]
    chain_id, client = int(words["chain_id"]), speak("machine")
    text = " ".join(PAYLOADS)
    catalog.save_categories(
        categories=[NewCategory(chain_id=chain_id, path="xss", name_zh=text[:128], name_en=text[:128])]
    )
    catalog.save_items(
        items=[
            NewItem(
                chain_id=chain_id, sku=f"XSS-{number}", name_zh=payload, name_en=payload, category="xss", brand=payload,
                unit=payload[:32], cost_minor=1,
            )
            for number, payload in enumerate(PAYLOADS)
        ]
    )  # fmt: skip
    stores.save_region(chain_code=words["chain"], code=words["region"], name_zh=SCRIPT, name_en=SCRIPT)
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code=words["chain"], store_code=words["store"], code="X9", name=text[:128])]
    )
    here = stores.store(store_id=int(words["store_id"]))
    stores.change_store(store_id=here.id, store=renamed(here, words, PAYLOADS[1]), is_open=True, principal=SYSTEM)
    for number, payload in enumerate(PAYLOADS):
        sale = {
            "id": f"x{number}{payload}"[:128], "store": words["store"], "completed_at": datetime.now(UTC).isoformat(),
            "receipt_number": payload[:64], "operator": payload[:64], "workstation": payload[:32],
            "customer": payload[:64],
            "lines": [
                {"code": f"XSS-{number}", "regular_minor": 200, "amount_minor": 100, "name": payload,
                 "discounts": [{"code": payload[:64], "name": payload[:128], "amount_minor": 100}]}
            ],
            "tenders": [{"type": "other", "method": "x", "reference": payload[:64], "amount_minor": 100}],
        }  # fmt: skip
        client("POST", "/api/v1/sales", sale)
        client("POST", "/api/v1/sales", sale | {"id": f"q{number}", "lines": [{"code": payload, "amount": "1.00"}]})
    user = StaffUser.objects.get(username="cashier-own")
    StaffUser.objects.filter(pk=user.pk).update(display_name=text[:128])
    speak("store_manager")("POST", f"/orders/{words['sale_id']}/void/", urlencode({"reason": text[:400]}))
    yield text


def alive(body: bytes) -> str | None:
    """The first thing in the page that a browser would run, or that would break out of a block of JSON."""
    reader = Reader()
    reader.feed(body.decode(errors="replace"))
    return reader.alive[0] if reader.alive else None


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["store_manager", "it_admin", "auditor", "marketer"])
def test_no_stored_text_runs_in_a_browser(world: Any, speak: Callable[..., Any], planted: str, subject: str) -> None:
    wrong, seen = [], 0
    for route, row in READING.items():
        if route.startswith("api/"):
            continue
        path = world.fill(row["path"] or "/" + route, target="own")
        for address in {path, path.split("?")[0]}:
            answer, body = speak(subject, scope="chain")("GET", address)
            assert answer.status_code != 500, address
            seen += b"zzxss" in body
            found = alive(body) if answer.headers.get("Content-Type", "").startswith("text/html") else None
            wrong += [f"{address}: {found}"] if found else []
    assert wrong == []
    assert seen >= 3, "the payloads are on pages at all"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_typed_runs_when_it_is_shown_again(world: Any, speak: Callable[..., Any], payload: str) -> None:
    typed = quote(payload)
    for path in (
        f"/search/?q={typed}", f"/orders/?q={typed}&from={typed}&min={typed}", 
        f"/catalog/items/?q={typed}&category={typed}",
        f"/stores/?q={typed}&state={typed}", f"/?store={typed}", f"/reports/items/?sort={typed}&q={typed}",
        f"/intake/quarantine/?reason={typed}", f"/{typed}/", f"/orders/export/?format={typed}",
    ):  # fmt: skip
        _answer, body = speak("store_manager", scope="chain")("GET", path)
        assert alive(body) is None, path
    _answer, body = speak()("POST", "/sign-in/", urlencode({"username": payload, "password": payload, "next": payload}))
    assert alive(body) is None
    _answer, body = speak("it_admin")("POST", "/settings/staff/new/", urlencode({"username": payload, "role": payload}))
    assert alive(body) is None


def test_the_look_for_scripts_sees_one() -> None:
    assert alive(b"<p><script>zzxss()</script>") is not None
    assert alive(b'<a title=""><img src=zzxss onerror=zzxss()>">') is not None
    assert alive(b'<script id="x" type="application/json">"</b>"</script>') is not None
    assert alive(b'<a href="JavaScript:zzxss()">') is not None
    assert alive(b'<input title="&quot; onfocus=zzxss()">') is None
    assert alive(b"<p>&lt;script&gt;zzxss()</p>") is None


def test_no_url_of_somebody_is_a_script(world: Any, speak: Callable[..., Any]) -> None:
    """Addresses of pictures are https or of this server; `javascript:` and others never get into the catalogue."""
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "http://x/y",
        "file:///etc/passwd",
        "https:///x",
        " /x",
        "ftp://x/y",
    ):
        body = {"name_zh": "杯", "image_url": url}
        answer, _ = speak("machine", scope="chain")(
            "PUT", f"/api/v1/items/CUP?chain={world.words['own']['chain']}", body
        )
        assert answer.status_code == 422, url
