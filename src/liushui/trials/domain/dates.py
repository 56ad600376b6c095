"""A draft that begins next month, tried on the days of last month."""

from __future__ import annotations

import json
from typing import Any

_DATES = ("starts_at", "ends_at")


def without_dates(document: str, *, than: str) -> str:
    """A rulebook whose promotions that differ from those of the other have no start and no end.

    Weekdays and hours stay, and so do the dates of promotions that are the same in both. Both are rulebooks that have
    been read.
    """
    draft, live = json.loads(document), json.loads(than)
    known = {each["id"]: each for each in live.get("promotions", [])}
    draft["promotions"] = [
        each if known.get(each["id"]) == each else _undated(each) for each in draft.get("promotions", [])
    ]
    return json.dumps(draft, ensure_ascii=False, separators=(",", ":"))


def _undated(promotion: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in promotion.items() if key not in _DATES}
