"""HTTP: coupons handed out to other systems, and how one stands. Guide: docs/guides/coupons.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.promotions import facade
from liushui.promotions.schemas import CodeAnswer, IssueAnswer, IssueCommand, Text
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.oauth import Bearer

router = Router(tags=["coupons"])


@router.post(
    "/coupon-batches/{code}/codes",
    auth=Bearer("coupon.issue"),
    response=IssueAnswer,
    summary="Hand out coupons",
    operation_id="issue_coupons",
)
def issue_coupons(request: HttpRequest, code: str, command: IssueCommand, chain: Text = "") -> dict[str, Any]:
    """Hand out the next codes of a batch, or give members one each. Safe to repeat: under the same key, and to the same
    member, the same codes are answered. They are kept nowhere, so keep what you need."""
    principal = _principal(request)
    chain_id, now = _chain_id(principal, "coupon.issue", chain), datetime.now(UTC)
    if (command.count is None) == (command.members is None):
        raise InvalidValue("Give either a count or members", pointer="/count")
    if command.members is not None:
        given = facade.give_codes(
            chain_id=chain_id, batch=code, member_ids=command.members, principal=principal, now=now
        )
        return {
            "batch": code,
            "is_repeat": all(each.is_repeat for each in given),
            "codes": [{"code": each.code, "member": each.member_id} for each in given],
        }
    if not command.key:
        raise InvalidValue("Name this handing out, so that it can be sent again", pointer="/key")
    issue = facade.issue_codes(
        chain_id=chain_id,
        batch=code,
        count=command.count,
        key=f"{principal.subject}:{command.key}",
        principal=principal,
        now=now,
    )
    return {
        "batch": code,
        "is_repeat": issue.is_repeat,
        "codes": [{"code": each, "number": serial} for serial, each in facade.issued_codes(issue=issue)],
    }


@router.get(
    "/coupons/{code}",
    auth=Bearer("promotion.read"),
    response=CodeAnswer,
    summary="One coupon",
    operation_id="get_coupon",
)
def get_coupon(request: HttpRequest, code: str, chain: Text = "") -> dict[str, Any]:
    """How a code stands: free, reserved by an order, used or void. A mistyped code is a 404 that says so."""
    principal = _principal(request)
    found = facade.coupon_state(chain_id=_chain_id(principal, "promotion.read", chain), code=code)
    return {
        "batch": found.batch,
        "kind": found.kind,
        "number": found.serial,
        "state": found.state,
        "uses": found.uses,
        "uses_max": found.uses_max,
        "member": found.member_id,
        "order": found.order_key,
        "sale_id": found.sale_id,
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
        "batch_status": found.batch_status,
    }


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal


def _chain_id(principal: Principal, capability: str, code: str) -> int:
    """The chain of this code, or the only one in which the capability is held; else NotAllowed."""
    allowed = principal.chains(capability)
    chains = [chain for chain in places.directory().chains() if chain.id in allowed and code in ("", chain.code)]
    if not chains:
        raise NotAllowed(f"This needs the right {capability!r} in that chain")
    if len(chains) > 1:
        raise InvalidValue("Several chains are within reach", pointer="/chain", remedy="Name one with `chain`.")
    return chains[0].id
