"""A sale's stored price explanation in words: orders keep it, promotions know the words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from liushui.orders.contracts import ExplainedPrice, PriceExplanation
from liushui.promotions import facade as promotions


def explained_price(chain_id: int, currency: str, stored: PriceExplanation) -> ExplainedPrice:
    """The words, by the version that priced the sale."""
    found = promotions.explain_answer(
        chain_id=chain_id, answer=json.loads(stored.answer), currency=currency, at=datetime.now(UTC)
    )
    book = promotions.published_rulebook(chain_id=chain_id, digest=stored.rulebook_digest)
    return ExplainedPrice(
        lines=found.lines,
        applied=found.applied,
        rejected=found.rejected,
        near_misses=found.near_misses,
        gained=found.gained,
        certificate=found.certificate,
        is_proven=found.is_proven,
        rulebook_version=stored.rulebook_version,
        rulebook_id=book.id if book is not None else None,
    )
