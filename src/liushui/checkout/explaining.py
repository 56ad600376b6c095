"""A sale's stored price explanation in words: orders keep it, promotions know the words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from liushui.orders.contracts import ExplainedPrice, PriceExplanation, SaleSummary
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import order_key


def explained_price(chain_id: int, sale: SaleSummary, stored: PriceExplanation) -> ExplainedPrice:
    """The words, by the version that priced the sale."""
    answer = json.loads(stored.answer)
    found = promotions.explain_answer(chain_id=chain_id, answer=answer, currency=sale.currency, at=datetime.now(UTC))
    key = order_key(source=sale.source, source_id=sale.source_id)
    book = promotions.published_rulebook(chain_id=chain_id, digest=stored.rulebook_digest)
    return ExplainedPrice(
        lines=found.lines,
        applied=found.applied,
        rejected=found.rejected,
        near_misses=found.near_misses,
        gained=found.gained,
        coupons=promotions.issued_coupons(order_key=key) if answer.get("issued") else (),
        certificate=found.certificate,
        is_proven=found.is_proven,
        rulebook_version=stored.rulebook_version,
        rulebook_id=book.id if book is not None else None,
    )
