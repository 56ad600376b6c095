"""What the processes of a race about an approved return do; each runs in a fork of its own, in plain JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.races.member_deeds import ME, _chain, _complete, deliver, prepare, recovered, sell, warm_up
from tests.support.member_shop import NOON, return_of

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale
from liushui.orders import facade as orders
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal

__all__ = ["approved", "came_back", "deliver", "prepare", "recovered", "send", "used", "warm_up"]
UNITS = 60  # 600.00, above what one person gives back


def approved(*, name: str) -> dict[str, str]:
    """Twice as many sold, and an approval for the return of this name."""
    sold = sell(name=f"{name}-sold", units=2 * UNITS)
    asked = checkout.ask_approval(command=_return(name, sold["sale_id"]), reason="faulty", principal=ME, now=NOON)
    boss = Principal(subject="staff:boss", name="Mia", grants=(Grant(role="store_manager", chain_id=_chain()),))
    approvals.decide(approval_id=asked.id, approve=True, principal=boss, now=NOON)
    return {"sale_id": sold["sale_id"], "approval": str(asked.id)}


def send(
    *, name: str, sale_id: str, approval: str, receipt: str = "", crash_at: int | None = None,
    wait_at: int | None = None, gate: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Send the return with its approval, on a receipt of this number."""
    command = replace(_return(name, sale_id), receipt_number=receipt)
    assert command.returns is not None
    command = replace(command, returns=replace(command.returns, approval_id=UUID(approval)))
    return _complete(command, crash_at=crash_at, slow=0.0, wait_at=wait_at, gate=gate)


def came_back(*, sale_id: str) -> int:
    """How many units of the sale's line came back."""
    lines = orders.for_return(sale_id=UUID(sale_id), chain_id=_chain()).so_far.lines
    return lines[1].units if 1 in lines else 0


def used(*, approval: str) -> bool:
    """Whether the approval has served."""
    return approvals.approval(approval_id=UUID(approval)).used_at is not None


def _return(name: str, sale_id: str) -> CompleteSale:
    return return_of(name, sale_id=UUID(sale_id), units=UNITS)
