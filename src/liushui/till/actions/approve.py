"""Another person's word: a manager at the till by badge or PIN, or by the inbox; and taking it for the deed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from liushui.kernel.errors import InvalidValue
from liushui.orders import facade as orders
from liushui.runtime import approvals, operators
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval, ApprovalMissing, SamePerson
from liushui.stores import facade as stores
from liushui.till import kinds, storage
from liushui.till.contracts import Till
from liushui.till.errors import OverLimit

GOOD_FOR = timedelta(minutes=15)  # an approval given at the till is for what stands on the screen
_AT_TILL = {"at_till": True}


def approve_here(
    *, till: Till, kind: str, target: str, reason: str, username: str = "", pin: str = "", badge: str = "",
    amount_minor: int | None = None, now: datetime,
) -> UUID:  # fmt: skip
    """A manager beside the cashier approves by badge or PIN; the id of the approval, good for a quarter of an hour.

    Raises OperatorRefused, SamePerson, NotAllowed for someone without till.approve here, and OverLimit for money given
    back over LIUSHUI_TILL_REFUND_LIMIT_MINOR: that is approved in the console, behind a password.
    """
    amount = _amount(till, kind, target, amount_minor)
    if kind in kinds.LIMITED and _over_limit(amount):
        raise OverLimit(f"{amount} is over the limit for a PIN", remedy="Ask for it by the inbox.")
    manager = operators.checker(
        store_id=till.store_id, chain_id=till.chain_id, username=username, pin=pin, badge=badge, now=now,
        address=till.principal.address,
    )  # fmt: skip
    if manager.subject == till.principal.subject:
        raise SamePerson("You asked for this yourself", remedy="Ask another person who may approve it.")
    manager.require_store("till.approve", store_id=till.store_id)
    asked = _request(till, kind, target, reason, amount, now, payload=_AT_TILL, waits=GOOD_FOR)
    return approvals.decide(approval_id=asked.id, approve=True, principal=manager, now=now).id


def ask_approval(
    *, till: Till, kind: str, target: str, reason: str, amount_minor: int | None = None, now: datetime
) -> Approval:
    """Ask by the inbox of those who may approve here."""
    amount = _amount(till, kind, target, amount_minor)
    return _request(till, kind, target, reason, amount, now, payload=None, waits=approvals.WAITS)


def used_approval(
    *, approval_id: UUID | None, kind: str, target: str, principal: Principal | None, now: datetime,
    amount_minor: int | None = None,
) -> Approval:  # fmt: skip
    """Take the approval, in the transaction of the deed.

    Raises ApprovalMissing, also for one given for less money; SamePerson when who approved does it himself; OverLimit
    for money back over the limit that was approved by PIN.
    """
    if approval_id is None:
        raise ApprovalMissing("This needs the approval of another person", remedy="Ask for one.")
    found = approvals.use(approval_id=approval_id, kind=kind, target=target, now=now)
    if principal is not None and found.decided_by == principal.subject:
        raise SamePerson("You approved this yourself", remedy="Whoever asked for it does it.")
    if amount_minor is not None and (found.amount_minor is None or amount_minor > found.amount_minor):
        raise ApprovalMissing(f"Approved is {found.amount_minor}, not {amount_minor}", remedy="Ask for the whole.")
    if kind in kinds.LIMITED and found.payload == _AT_TILL and _over_limit(found.amount_minor):
        raise OverLimit("This is over the limit for a PIN", remedy="Ask for it by the inbox.")
    return found


def _request(
    till: Till, kind: str, target: str, reason: str, amount: int | None, now: datetime, *,
    payload: dict[str, bool] | None, waits: timedelta,
) -> Approval:  # fmt: skip
    if kind not in kinds.ASKED_HERE:
        raise InvalidValue(f"{kind!r} is not asked for at tills", pointer="/kind")
    currency = stores.store(store_id=till.store_id).currency
    return approvals.request(
        kind=kind, target=target, chain_id=till.chain_id, store_id=till.store_id, reason=reason,
        principal=till.principal, now=now, payload=payload, amount_minor=amount,
        currency=currency if amount is not None else "", waits=waits,
    )  # fmt: skip


def _amount(till: Till, kind: str, target: str, stated: int | None) -> int | None:
    """What a refund is about is looked up, never believed."""
    if kind not in kinds.REFUNDS:
        return stated
    noun, _, text = target.partition("/")[0].partition(":")
    try:
        found = UUID(text)
    except ValueError as error:
        raise InvalidValue(f"{target!r} is nothing to give money back for", pointer="/target") from error
    if kind == kinds.RETURN and noun == "ticket":
        row = storage.load(till=till, ticket_id=found)
        if target == kinds.return_target(ticket_id=found, returned=storage.returned_of(row)):
            return row.returned_minor
    if kind == kinds.RETURN or noun != "sale" or "/" in target:
        raise InvalidValue(f"{target!r} is nothing to give money back for", pointer="/target")
    return abs(orders.sale(sale_id=found, store_ids={till.store_id}).summary.total_minor)


def _over_limit(amount: int | None) -> bool:
    return amount is None or amount > settings.LIUSHUI.till_refund_limit_minor
