"""Ask another person to agree to a return before it is sent: by the API, into the inbox of those who may approve it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liushui.checkout.actions.take_back import approval_whys, take_back
from liushui.checkout.asked_returns import asked_payload
from liushui.checkout.contracts import CompleteSale, refund_target
from liushui.checkout.domain.places import Senders
from liushui.checkout.domain.sale_checks import check_currency, check_head
from liushui.checkout.errors import ApprovalNotNeeded
from liushui.kernel.errors import NotFound
from liushui.orders import facade as orders
from liushui.returns.contracts import APPROVAL_KIND
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval
from liushui.stores import facade as stores

_CAPABILITY = "sale.write"


def ask_approval(*, command: CompleteSale, reason: str, principal: Principal, now: datetime) -> Approval:
    """Ask for what `complete_sale` would refuse this return without: exactly these goods, in this store, for no more.

    Asking again for the same gives what was asked, also when it is approved already; asking for something else under
    the same id takes back what still waits. Raises ApprovalNotNeeded where nobody has to agree or the return is
    recorded already, and whatever complete_sale refuses besides.
    """
    senders = Senders.of(
        principal, chains=stores.chains(), stores_by_code=stores.stores_by_code(), capability=_CAPABILITY
    )
    store = senders.store_for(command)
    check_head(command, now=now)
    check_currency(command, store_currency=store.currency)
    if orders.find_sale(source=command.source, source_id=command.source_id) is not None:
        raise ApprovalNotNeeded(
            f"{command.source_id!r} is recorded already", remedy="Send it to have its answer again."
        )
    taken = take_back(
        command, store=store, principal=principal, capability=_CAPABILITY, now=now, is_asked_only=True
    )  # fmt: skip
    whys = approval_whys(taken.quotes, store=store) if taken is not None else ()
    if taken is None or not whys:
        raise ApprovalNotNeeded("Nothing comes back that another person has to agree to", remedy="Send it.")
    target = refund_target(source=command.source, source_id=command.source_id)
    payload = asked_payload(command, taken, whys, store_id=store.id)
    for known in approvals.still_good(
        kind=APPROVAL_KIND, target=target, chain_id=store.chain_id, store_id=store.id, principal=principal, now=now
    ):
        if known.payload == payload and known.amount_minor == taken.refund_minor:
            return known
        if known.state == "pending":
            approvals.withdraw(approval_id=known.id, principal=principal, now=now)
    return approvals.request(
        kind=APPROVAL_KIND, target=target, chain_id=store.chain_id, store_id=store.id, reason=reason,
        principal=principal, now=now, payload=payload, amount_minor=taken.refund_minor, currency=store.currency,
    )  # fmt: skip


def asked_approval(*, approval_id: UUID, principal: Principal) -> Approval:
    """What this sender asked for; raises NotFound for anything else."""
    found = approvals.approval(approval_id=approval_id)
    if found.kind != APPROVAL_KIND or found.requested_by != principal.subject:
        raise NotFound(f"You asked for no approval {approval_id}")
    return found


def withdraw_approval(*, approval_id: UUID, principal: Principal, now: datetime) -> Approval:
    """Take back what still waits; what was decided stays as it is. Raises NotFound like `asked_approval`."""
    asked_approval(approval_id=approval_id, principal=principal)
    approvals.withdraw(approval_id=approval_id, principal=principal, now=now)
    return asked_approval(approval_id=approval_id, principal=principal)
