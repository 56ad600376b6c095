"""What several files of attacks share: every address that is read, and a store under another name."""

from __future__ import annotations

from typing import Any

from tests.architecture import test_access_matrix as matrix

from liushui.stores.contracts import NewStore

READING = {row["route"]: row for row in matrix.rows() if row["method"] == "GET"}


def renamed(store: Any, words: dict[str, str], name: str) -> NewStore:
    """The store with this text as its names in both languages."""
    return NewStore(
        chain_code=words["chain"], region_code=words["region"], code=store.code, name_zh=name, name_en=name,
        time_zone=store.time_zone, currency=store.currency, day_starts_at=store.day_starts_at,
    )  # fmt: skip
