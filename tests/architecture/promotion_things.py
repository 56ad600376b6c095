"""A published version and an open draft of each chain, for the access matrix."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from liushui.promotions import facade
from liushui.runtime.grants import system_principal
from liushui.stores.contracts import Store

_AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
_PROMOTION = {
    "id": "matrix",
    "name": {"zh": "矩阵", "en": "Matrix"},
    "when": [{"type": "channel_in", "channels": ["none"]}],
    "effects": [{"type": "percent_off", "percent": 10, "level": "unit"}],
}


def promotion_things(store: Store) -> dict[str, str]:
    """Ids of the chain's version and draft; for the second store of a chain they are the same."""
    found = facade.drafts(chain_ids=[store.chain_id], states=("open",))
    if found:
        [version] = facade.versions(chain_id=store.chain_id, at=datetime.now(UTC))
        return {"draft_id": str(found[0].id), "rulebook_id": str(version.id)}
    maker = system_principal(name="access matrix")
    checker = replace(maker, subject="system:checker")
    first = facade.create_draft(chain_id=store.chain_id, name="First", principal=maker, now=_AT)
    first = facade.put_promotion(
        draft_id=first.id, revision=first.revision, promotion=_PROMOTION, principal=maker, now=_AT
    )
    facade.submit_for_review(draft_id=first.id, revision=first.revision, reason="first", principal=maker, now=_AT)
    published = facade.decide_review(draft_id=first.id, approve=True, principal=checker, now=_AT)
    draft = facade.create_draft(chain_id=store.chain_id, name="Draft", principal=maker, now=_AT)
    return {"draft_id": str(draft.id), "rulebook_id": str(published.rulebook_id)}
