"""A chain with a programme, members who are signed in, and the way a shopper's browser goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

PHONE, OTHER_PHONE = "13812345678", "13987654321"
LEVELS = [
    {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "spend_minor": 100_000, "grace_days": 0},
    {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "spend_minor": 500_000, "grace_days": 30},
]


@dataclass(frozen=True)
class Shop:
    """The chain, its store, and what is sent to phones."""

    chain_id: int
    store_id: int
    folder: Path

    def member(self, phone: str = PHONE, **fields: str) -> Member:
        """Somebody who joined at the till."""
        return loyalty.join(
            chain_id=self.chain_id, phone=phone, channel="till", consents={"membership": "1"},
            now=datetime.now(UTC), **fields,
        ).member  # fmt: skip

    def sell(self, member: Member | None, *amounts: int) -> Any:
        """A sale of these amounts; the id of the receipt."""
        done = checkout.complete_sale(
            command=CompleteSale(
                source="test", source_id=uuid4().hex, store="S1", completed_at=datetime.now(UTC),
                customer=member.number if member else "", accept_unknown_items=True,
                lines=tuple(LineCommand(code=f"tea{n}", amount_minor=amount, name=f"Tea {n}")
                            for n, amount in enumerate(amounts)),
            ),
            principal=system_principal(name="test"), now=datetime.now(UTC),
        )  # fmt: skip
        return done.sale_id

    def code(self) -> str:
        """The last code that was sent."""
        last = json.loads((self.folder / "outbox" / "messages.jsonl").read_text().splitlines()[-1])
        return next(word for word in last["text"].split() if word.isdigit() and len(word) == 6)

    def sign_in(self, phone: str = PHONE) -> Client:
        """A browser in which this phone's member is signed in."""
        client = Client(headers={"accept-language": "en"})
        assert client.post("/my/sign-in/", {"phone": phone}).status_code == 302
        assert client.post("/my/code/", {"code": self.code()}).status_code == 302
        return client


@pytest.fixture
def shop(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shop]:
    """A yuan earns a point, 100 points pay one yuan, two tiers; a data folder of the test's own."""
    monkeypatch.setattr(settings, "LIUSHUI", settings.LIUSHUI.model_copy(update={"data_dir": tmp_path}))
    chain = stores.save_chain(code="tea", name_zh="茶馆", name_en="Tea House", currency="CNY")
    stores.save_region(chain_code="tea", code="r1", name_zh="东", name_en="East")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="tea", region_code="r1", code="S1", name_zh="一店", name_en="First Store")]
    )
    publish(chain.id)
    yield Shop(chain_id=chain.id, store_id=store.id, folder=tmp_path)
    stores.forget()


def publish(chain_id: int) -> None:
    """A programme in force since long ago."""
    ma, fei = (
        Principal(subject=f"staff:{role}", name=role, grants=(Grant(role=role, chain_id=chain_id),))
        for role in ("marketer", "finance")
    )
    now = datetime.now(UTC) - timedelta(days=400)
    draft = loyalty.create_programme_draft(chain_id=chain_id, name="First", principal=ma, now=now)
    document = json.loads(draft.document) | {
        "earning": {"match": "first", "tenders_without_points": ["points"], "rows": [{"points": 1, "per_minor": 100}]},
        "redemption": {"points": 100, "minor": 100, "max_share_bp": 5000},
        "tiers": {"window_months": 12, "levels": LEVELS},
    }
    draft = loyalty.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=document, principal=ma, now=now
    )
    draft = loyalty.submit_programme(
        draft_id=draft.id, revision=draft.revision, reason="start", starts_at=None, principal=ma, now=now
    )
    loyalty.decide_programme(draft_id=draft.id, approve=True, principal=fei, now=now)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Settings of the environment, for one test."""

    def put(**values: Any) -> None:
        monkeypatch.setattr(settings, "LIUSHUI", settings.LIUSHUI.model_copy(update=values))

    return put
