"""A sale over a limit is voided by two: one asks and does it, another agrees in between."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings

from liushui.orders import queries
from liushui.orders.contracts import SaleDetail
from liushui.orders.errors import VoidNeedsNobody
from liushui.orders.kinds import VOID
from liushui.runtime import approvals
from liushui.runtime.access import Principal, SystemPrincipal
from liushui.runtime.approvals import Approval
from liushui.stores import facade as stores


def ask_void(*, sale_id: UUID, reason: str, principal: Principal, now: datetime) -> Approval:
    """Ask another person who may void in that store to agree; asking again gives what was asked and is still good.

    Raises NotFound and NotAllowed as `void_sale` does, VoidNeedsNobody for a sale that is voided already or below the
    limit.
    """
    principal.require("sale.void")
    sale = queries.sale(sale_id=sale_id, store_ids=principal.stores("sale.read") | principal.stores("sale.void"))
    principal.require_store("sale.void", store_id=sale.summary.store_id)
    if sale.summary.status != "completed" or not needs_two(sale, principal=principal):
        raise VoidNeedsNobody(f"Receipt {sale.summary.receipt_number} is voided without another person, or voided")
    known = asked_void(sale, principal=principal, now=now)
    if known is not None:
        return known
    return approvals.request(
        kind=VOID, target=_target(sale), chain_id=_chain_id(sale), store_id=sale.summary.store_id, reason=reason,
        principal=principal, now=now, amount_minor=at_stake(sale), currency=sale.summary.currency,
    )  # fmt: skip


def asked_void(sale: SaleDetail, *, principal: Principal, now: datetime) -> Approval | None:
    """What this person has asked for this void, waiting or approved, while it is good; None otherwise. One that is
    approved comes before one that waits."""
    found = approvals.still_good(
        kind=VOID, target=_target(sale), chain_id=_chain_id(sale), store_id=sale.summary.store_id,
        principal=principal, now=now,
    )  # fmt: skip
    return min(found, key=lambda each: each.state != "approved", default=None)


def last_void_request(*, sale_id: UUID, principal: Principal) -> Approval:
    """What this person asked last for this void, whatever became of it. Raises NotFound."""
    principal.require("sale.void")
    sale = queries.sale(sale_id=sale_id, store_ids=principal.stores("sale.void"))
    return approvals.last_of(kind=VOID, target=_target(sale), chain_id=_chain_id(sale), principal=principal)


def needs_two(sale: SaleDetail, *, principal: Principal) -> bool:
    """Whether nobody voids this sale alone, but the operator at the command line."""
    return at_stake(sale) > settings.LIUSHUI.void_limit_minor and not isinstance(principal, SystemPrincipal)


def at_stake(sale: SaleDetail) -> int:
    """What a void moves: what was sold or what came back, whichever is more, so that an exchange counts in full."""
    sold = sum(line.amount_minor for line in sale.lines if line.amount_minor > 0)
    back = sum(-line.amount_minor for line in sale.lines if line.amount_minor < 0)
    return max(sold, back)


def _target(sale: SaleDetail) -> str:
    return f"sale:{sale.summary.id}"


def _chain_id(sale: SaleDetail) -> int:
    return stores.store(store_id=sale.summary.store_id).chain_id
