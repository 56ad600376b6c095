"""A coupon batch of each chain, for the access matrix."""

from __future__ import annotations

from datetime import UTC, datetime

from liushui.promotions import facade
from liushui.promotions.contracts import NewBatch
from liushui.runtime.grants import system_principal
from liushui.stores.contracts import Store

_AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def coupon_things(store: Store) -> dict[str, str]:
    """The id of the chain's batch and a code of it; for the second store of a chain it is the same batch."""
    principal = system_principal(name="access matrix")
    batch = NewBatch(chain_id=store.chain_id, code="MATRIX", name_zh="矩阵券", name_en="Matrix", kind="unique", size=10)
    made = facade.make_batch(batch=batch, principal=principal, now=_AT)
    issue = facade.issue_codes(
        chain_id=store.chain_id, batch="MATRIX", count=1, key="matrix", principal=principal, now=_AT
    )
    [(_serial, code)] = facade.issued_codes(issue=issue)
    return {"coupon_batch_id": str(made.id), "coupon_code": code}
