"""Whether goods may come back here and now, and whether another person has to agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liushui.orders.contracts import ReturnedSoFar, SaleSummary
from liushui.returns.contracts import ApprovalWhy, UnreceiptedLine, WantedReturn
from liushui.returns.domain.lines import LineState
from liushui.returns.domain.policy import ReturnPolicy
from liushui.returns.errors import NotReturnable, OtherStoreRefused, ReasonRefused


def check_state(sale: SaleSummary, so_far: ReturnedSoFar, *, currency: str) -> None:
    """A sale that was voided has nothing to come back."""
    if sale.status != "completed" or so_far.state != "open":
        raise NotReturnable(f"Receipt {sale.receipt_number} is voided")
    if sale.currency != currency:
        raise NotReturnable(f"Receipt {sale.receipt_number} is in {sale.currency}, this store in {currency}")


def check_place(sale: SaleSummary, *, store_id: int, policy: ReturnPolicy) -> bool:
    """Whether the goods were bought in another store; raises OtherStoreRefused where those are not taken."""
    is_elsewhere = sale.store_id != store_id
    if is_elsewhere and policy.other_store == "refuse":
        raise OtherStoreRefused(f"Receipt {sale.receipt_number} is of store {sale.store_code}")
    return is_elsewhere


def check_codes(wanted: Sequence[WantedReturn | UnreceiptedLine], policy: ReturnPolicy) -> None:
    """Reasons and conditions are those of the policy; one that is not given yet is asked for when it is recorded."""
    reasons = {each.code for each in policy.reasons if each.is_active}
    conditions = {each.code for each in policy.conditions if each.is_active}
    said = [
        (place, one.reason, one.condition)
        for place, each in enumerate(wanted)
        for one in (each, *(each.parts if isinstance(each, WantedReturn) else ()))
    ]
    for place, reason, condition in said:
        for name, given, known in (("reason", reason, reasons), ("condition", condition, conditions)):
            if given and given not in known:
                raise ReasonRefused(
                    f"The chain has no {name} {given!r}",
                    pointer=f"/lines/{place}/{name}",
                    remedy=f"Use one of {', '.join(sorted(known))}.",
                )


def check_wanted(wanted: Sequence[WantedReturn], states: Mapping[int, LineState]) -> None:
    """Each line once, at least a unit of it, and one that was bought."""
    if not wanted:
        raise NotReturnable("Nothing comes back")
    seen = set()
    for place, each in enumerate(wanted):
        at = f"/lines/{place}"
        if each.line_number not in states:
            raise NotReturnable(f"The sale has no bought line {each.line_number}", pointer=f"{at}/line_number")
        if each.line_number in seen:
            raise NotReturnable(f"Line {each.line_number} is named twice", pointer=f"{at}/line_number")
        if type(each.units) is not int or each.units < 1:
            raise NotReturnable(f"{each.units!r} is not a number of units that come back", pointer=f"{at}/units")
        parts = [part.units for part in each.parts]
        if parts and (min(parts) < 1 or sum(parts) >= each.units):
            raise NotReturnable(f"{parts} are no parts of {each.units} units", pointer=f"{at}/parts")
        seen.add(each.line_number)


def approval_whys(
    policy: ReturnPolicy, *, age_days: int, is_elsewhere: bool, refund_minor: int, refunded_minor: int
) -> tuple[ApprovalWhy, ...]:
    """Why another person has to agree; none where nobody has to. The limit is one of the whole receipt: in how many
    parts its goods come back makes no difference."""
    found = []
    if policy.days_max and age_days > policy.days_max:
        found.append(ApprovalWhy(code="late", found=age_days, limit=policy.days_max))
    if is_elsewhere and policy.other_store == "approve":
        found.append(ApprovalWhy(code="other_store"))
    if refunded_minor + refund_minor > policy.approval_over_minor:
        found.append(
            ApprovalWhy(code="over_limit", found=refunded_minor + refund_minor, limit=policy.approval_over_minor)
        )
    return tuple(found)
