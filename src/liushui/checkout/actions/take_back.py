"""What a sale takes back: asked of returns, who know the receipt and the chain's rules, and approved where they say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.checkout.contracts import CompleteSale, refund_target
from liushui.checkout.domain.take_backs import TakenBack, taken_back, unreceipted, wanted_by_sale
from liushui.kernel.errors import LiushuiError, NotFound
from liushui.returns import facade as returns
from liushui.returns.contracts import APPROVAL_KIND, ReturnQuote
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import ApprovalMissing
from liushui.stores.contracts import Store


def take_back(
    command: CompleteSale,
    *,
    store: Store,
    principal: Principal,
    capability: str,
    now: datetime,
    is_asked_only: bool = False,
) -> TakenBack | None:
    """The returned lines of a command as they are to be recorded, with all that goes back; None where it returns
    nothing that we look up. Raises what returns refuse, ReturnDiffers and ApprovalMissing.

    A statement for each sale that goods come back of, and those of points and stored value that paid them.
    `is_asked_only`: nobody has approved it yet.
    """
    asked, goods = wanted_by_sale(command), unreceipted(command)
    if not asked and not goods:
        return None
    quotes = [
        _quoted(command, sale_id, asked, store=store, principal=principal, capability=capability)
        for sale_id in sorted(asked)
    ]
    if goods:
        quotes.append(
            returns.quote_unreceipted(
                goods=[each for _, each in goods], at=command.completed_at, store_id=store.id, principal=principal,
                capability=capability,
            )
        )  # fmt: skip
    return taken_back(
        command, asked, quotes, unreceipted=[number for number, _ in goods],
        approved_by=""
        if is_asked_only
        else _approved_by(command, quotes, store=store, principal=principal, now=now),
    )  # fmt: skip


def needs_approval(quotes: Sequence[ReturnQuote], *, store: Store) -> str:
    """Why another person has to agree to what comes back in one ticket, one of returns' reasons; or empty."""
    why = next((quote.needs_approval for quote in quotes if quote.needs_approval), "")
    refund_minor = sum(quote.refund_minor for quote in quotes)
    if not why and len(quotes) > 1 and refund_minor > returns.policy(chain_id=store.chain_id).approval_over_minor:
        why = "over_limit"
    return why


def note_details(command: CompleteSale, taken: TakenBack, *, store: Store, order_key: str, now: datetime) -> None:
    """Write down why the goods come back and who agreed, before the sale is recorded: its event finds it."""
    returns.record_return_details(
        order_key=order_key, chain_id=store.chain_id, store_id=store.id, lines=taken.details,
        approval_id=command.returns.approval_id if command.returns is not None else None,
        approved_by=taken.approved_by, now=now,
    )  # fmt: skip


def use_approval(command: CompleteSale, *, now: datetime) -> None:
    """Note that the approval of a recorded return has served. It names this very sale, so nothing depends on it."""
    terms = command.returns
    if terms is None or terms.approval_id is None:
        return
    try:
        approvals.use(approval_id=terms.approval_id, kind=APPROVAL_KIND, target=_target(command), now=now)
    except ApprovalMissing:  # another process that sends the same sale has noted it
        return


def _quoted(command, sale_id, asked, *, store, principal, capability) -> ReturnQuote:  # type: ignore[no-untyped-def]
    try:
        return returns.quote_return(
            sale_id=sale_id, wanted=[wanted for _, wanted in asked[sale_id]], at=command.completed_at,
            store_id=store.id, principal=principal, capability=capability,
        )  # fmt: skip
    except LiushuiError as refusal:
        if refusal.pointer is None:
            first = asked[sale_id][0][0]
            refusal.pointer = f"/lines/{first - 1}/original"
        raise


def _approved_by(
    command: CompleteSale, quotes: Sequence[ReturnQuote], *, store: Store, principal: Principal, now: datetime
) -> str:
    """Who approved what needs another person; empty where nobody has to. Raises ApprovalMissing."""
    why = needs_approval(quotes, store=store)
    refund_minor = sum(quote.refund_minor for quote in quotes)
    terms = command.returns
    if not why or terms is None or terms.approved_by:
        return terms.approved_by if terms is not None else ""
    if terms.approval_id is None:
        raise ApprovalMissing(
            f"This return needs the approval of another person: {why}",
            pointer="/returns/approval_id",
            remedy="Ask for one.",
            context={"why": why, "kind": APPROVAL_KIND, "target": _target(command), "refund_minor": refund_minor},
        )
    try:
        found = approvals.approval(approval_id=terms.approval_id)
    except NotFound:
        found = None
    if (
        found is None
        or (found.kind, found.target, found.state) != (APPROVAL_KIND, _target(command), "approved")
        or (found.used_at is None and found.expires_at <= now)
        or (found.amount_minor or 0) < refund_minor
        or found.store_id != store.id
        or found.decided_by == principal.subject
    ):
        raise ApprovalMissing(
            "There is no approval of this return in this store that is still good, by another person and for as much",
            pointer="/returns/approval_id",
            remedy="Ask for one.",
            context={"why": why, "kind": APPROVAL_KIND, "target": _target(command), "refund_minor": refund_minor},
        )
    return found.decided_by_name


def _target(command: CompleteSale) -> str:
    return refund_target(source=command.source, source_id=command.source_id)
