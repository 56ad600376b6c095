"""What one person asks for and another has to agree to: its row waits until it is carried out, once, or closed with the
reason why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from liushui.kernel.errors import LiushuiError
from liushui.loyalty.models import AdjustmentRow, CardBatchBlockRow, CardBlockRow, CardExtensionRow, MergeRow
from liushui.runtime import approvals
from liushui.runtime.approvals import Approval

_logger = structlog.get_logger(__name__)

Asked = AdjustmentRow | CardBatchBlockRow | CardBlockRow | CardExtensionRow | MergeRow


def settle(row: Asked, *, carry_out: Callable[[Approval], bool], now: datetime) -> bool:
    """Carry it out if it is approved, close it if it is rejected, withdrawn or expired; whether it ended now.

    `carry_out` moves the row on from `waiting` by one conditional statement and tells whether it was the one that did.
    What it raises, since what it is about has changed meanwhile, closes the row with the error's title. Safe to run
    twice at once.
    """
    if row.state != "waiting" or row.approval_id is None:
        return False
    decided = approvals.approval(approval_id=row.approval_id)
    state = decided.state_at(now)
    if state == "pending":
        return False
    problem = state
    if state == "approved":
        try:
            return carry_out(decided)
        except LiushuiError as error:
            _logger.warning("approved_and_not_done", table=row._meta.db_table, id=str(row.id), problem=error.type)
            problem = error.title
    waiting = type(row).objects.filter(id=row.id, state="waiting")
    return waiting.update(state="refused", problem=problem, ended_at=now) > 0
