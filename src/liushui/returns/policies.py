"""The policy of a chain: kept in hand for a second, changed by one conditional statement on its version."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from liushui.kernel.errors import NotAllowed
from liushui.returns.contracts import PolicyView, ReturnCodes, ReturnPolicy
from liushui.returns.domain.policy import DEFAULT, from_json, to_json
from liushui.returns.errors import PolicyChanged
from liushui.returns.models import ReturnPolicyRow
from liushui.runtime import audit
from liushui.runtime.access import Principal

CAPABILITY = "loyalty.approve"  # publishes rules that money depends on
KEPT_SECONDS = 1.0
_lock = threading.Lock()
_kept: dict[int, tuple[float, ReturnPolicy]] = {}


def policy(*, chain_id: int) -> ReturnPolicy:
    """The policy in force; no statement where it was asked for less than a second ago."""
    now = time.monotonic()
    with _lock:
        found = _kept.get(chain_id)
    if found is not None and now - found[0] < KEPT_SECONDS and not connection.in_atomic_block:
        return found[1]
    read = policy_view(chain_id=chain_id).policy
    if not connection.in_atomic_block:
        with _lock:
            _kept[chain_id] = (now, read)
    return read


def return_codes(*, chain_id: int) -> ReturnCodes:
    """Reasons and conditions, also those that are no longer offered: old returns name them."""
    found = policy(chain_id=chain_id)
    return ReturnCodes(reasons=found.reasons, conditions=found.conditions)


def forget() -> None:
    """Drop what is kept in hand; after a change, and for tests."""
    with _lock:
        _kept.clear()


def policy_view(*, chain_id: int) -> PolicyView:
    """The policy with its version and who changed it last."""
    row = ReturnPolicyRow.objects.filter(chain_id=chain_id).first()
    if row is None:
        return PolicyView(chain_id=chain_id, version=0, policy=DEFAULT, changed_by="", changed_at=None)
    return PolicyView(
        chain_id=chain_id,
        version=row.version,
        policy=from_json(row.document),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def save_policy(
    *, chain_id: int, policy: ReturnPolicy, expected_version: int, principal: Principal, now: datetime
) -> PolicyView:
    """Change what the chain allows, for those who change it for the whole chain (CAPABILITY).

    Raises PolicyChanged when somebody else was faster, InvalidPolicy for what can't be.
    """
    if chain_id not in principal.whole_chains(CAPABILITY):
        raise NotAllowed(f"This needs the right {CAPABILITY!r} in the whole chain")
    document = to_json(from_json(to_json(policy)))
    before = policy_view(chain_id=chain_id)
    try:
        with transaction.atomic():
            changed = _write(chain_id, document, expected_version, principal.name, now)
            if changed:
                audit.record(
                    principal=principal, action="returns.policy", target=f"chain:{chain_id}", chain_id=chain_id,
                    before=_differing(to_json(before.policy), document),
                    after=_differing(document, to_json(before.policy)),
                )  # fmt: skip
    except IntegrityError as error:
        raise _changed() from error
    if not changed:
        raise _changed()
    forget()
    return policy_view(chain_id=chain_id)


def _write(chain_id: int, document: dict[str, Any], expected: int, who: str, now: datetime) -> bool:
    values = {"document": document, "changed_by": who[:128], "changed_at": now}
    if expected == 0:
        ReturnPolicyRow.objects.create(chain_id=chain_id, version=1, **values)
        return True
    found = ReturnPolicyRow.objects.filter(chain_id=chain_id, version=expected)
    return bool(found.update(version=expected + 1, **values))


def _differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if other.get(name) != value}


def _changed() -> PolicyChanged:
    return PolicyChanged("The policy is not as you saw it", remedy="Look at it again.")
