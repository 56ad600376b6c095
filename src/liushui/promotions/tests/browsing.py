"""What tests of the pages of promotions share: a promotion, forms as a browser sends them, answers as text."""

from __future__ import annotations

import json
from typing import Any

from liushui.promotions import facade
from liushui.promotions.contracts import DraftView
from liushui.promotions.tests.conftest import Office

LIST = "/promotions/"
SPEND = {
    "id": "spend",
    "name": {"zh": "满减", "en": "Spend and save"},
    "when": [{"type": "subtotal_at_least", "amount": 20000}],
    "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
}


def text(reply: Any, status: int = 200) -> str:
    assert reply.status_code == status, (reply.status_code, reply.headers.get("Location"))
    return str(reply.content.decode())


def builder(draft: DraftView, promotion: str, part: str = "") -> str:
    return f"/promotions/drafts/{draft.id}/promotions/{promotion}/{part}"


def posted(draft: DraftView, **fields: str) -> dict[str, str]:
    """The builder's form with these fields; a double underscore stands for a dot."""
    form = {"revision": str(draft.revision), "percent_as": "off"}
    return form | {name.replace("__", "."): value for name, value in fields.items()}


def promotions_of(draft_id: int, office: Office) -> list[dict[str, Any]]:
    return json.loads(facade.draft(draft_id=draft_id, principal=office.ma).document)["promotions"]
