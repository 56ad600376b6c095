"""The world of the access matrix for a whole file of attacks, with marks on all that belongs to others.

`world` is built once a file and rolled back at its end; what one test changes is rolled back after it. Texts of the
other region and of the other chain carry a mark (MARKS), so that a leak is found by looking for the mark in whatever
the server answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from tests.architecture import conftest as matrix

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem
from liushui.intake import facade as intake
from liushui.runtime import oauth
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.runtime.models import ApiClient, StaffUser
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation

SYSTEM = system_principal(name="security")
MARKS = {"other_region": "zzsouthmark", "other_chain": "zzrivalmark"}
_SOLD_AT = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder is the security gate, which `make security` runs apart; what a test writes is rolled back."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.security)
            if "world" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.django_db)


@dataclass(slots=True)
class Speaker:
    """Somebody who asks: a browser with a session, or a program with a token."""

    client: Client

    def __call__(self, method: str, path: str, body: Any = "", **headers: str) -> tuple[HttpResponseBase, bytes]:
        """The answer and its whole body; text that begins as JSON is sent as JSON, other text as a form."""
        if not isinstance(body, str | bytes):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        kind = headers.pop("content_type", None) or (
            "application/json" if data[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
        )
        answer = self.client.generic(method, path, data, content_type=kind, headers=headers)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        return answer, content


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[matrix.World]:
    """The little world, marked; one transaction for the file, taken back at its end."""
    with matrix.standing(tmp_path_factory.mktemp("imports"), django_db_blocker) as made:
        yield _marked(made)


@pytest.fixture(autouse=True)
def no_token_is_remembered() -> Iterator[None]:
    """Tokens that one test revoked are not believed in the next."""
    oauth.tokens.clear()
    yield
    oauth.tokens.clear()


@pytest.fixture
def speak(world: matrix.World) -> Callable[..., Speaker]:
    """`speak("cashier", scope="store")` is that role of the own store, `speak("machine")` the API client."""

    def made(subject: str = "anonymous", *, scope: str = "store") -> Speaker:
        return Speaker(world.browser(subject=subject, scope=scope))

    return made


def _marked(world: matrix.World) -> matrix.World:
    """Give the other region and the other chain a sale, a till, staff, an item and a quarantined sale with its mark."""
    for target, mark in MARKS.items():
        words = world.words[target]
        store = stores.stores_by_code()[words["chain"], words["store"]]
        stores.save_workstations(
            workstations=[NewWorkstation(chain_code=words["chain"], store_code=store.code, code=mark, name=mark)]
        )
        here = Grant(role="integration", chain_id=store.chain_id, store_id=store.id)
        client_id, _secret = create_client(
            name=mark, source=mark, grants=[here], scopes=["sale.write"], principal=SYSTEM
        )
        row = ApiClient.objects.get(client_id=client_id)
        sender = oauth.machine_principal(client=row, scopes=["sale.write"], address="10.0.0.9")
        for name, code in ((mark, "TEA"), (f"{mark}-odd", mark)):
            sale = {
                "id": name,
                "store": store.code,
                "completed_at": _SOLD_AT.isoformat(),
                "operator": mark,
                "workstation": mark,
                "receipt_number": mark,
                "customer": mark,
                "lines": [{"code": code, "amount": "9.90", "name": mark}],
            }
            body = json.dumps(sale).encode()
            intake.take_sale(body=body, content_type="application/json", principal=sender, now=_SOLD_AT)
        create_staff(
            username=mark,
            display_name=mark,
            grants=[Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)],
            principal=SYSTEM,
        )
        if target == "other_chain":
            catalog.save_categories(
                categories=[NewCategory(chain_id=store.chain_id, path=mark, name_zh=mark, name_en=mark)]
            )
            catalog.save_items(
                items=[
                    NewItem(chain_id=store.chain_id, sku=mark, name_zh=mark, name_en=mark, category=mark, brand=mark)
                ]
            )
    return world


@pytest.fixture
def staff_user(world: matrix.World) -> Callable[[str], StaffUser]:
    """The account that speaks for a role: `staff_user("cashier")`."""
    return lambda role, scope="store": StaffUser.objects.get(username=f"{role}-{scope}")
