"""What a sale takes back: asked of returns, who know the receipt and the chain's rules, and approved where they say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from liushui.checkout.asked_returns import approval_problem, whys_of
from liushui.checkout.contracts import CompleteSale, refund_target
from liushui.checkout.domain.places import TILL_CAPABILITY
from liushui.checkout.domain.take_backs import TakenBack, taken_back, unreceipted, wanted_by_sale
from liushui.checkout.errors import TimeRefused
from liushui.kernel.errors import LiushuiError, NotFound
from liushui.returns import facade as returns
from liushui.returns.contracts import APPROVAL_KIND, ApprovalWhy, ReturnQuote
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import ApprovalMissing
from liushui.stores.contracts import Store

RETURN_CLOCK_SKEW = timedelta(minutes=10)  # by which the clocks of two systems may differ
_PROBLEMS = {
    "missing": "This return needs the approval of another person",
    "unknown": "There is no approval of this very return under that id",
    "pending": "Nobody has decided about this return yet",
    "rejected": "This return was rejected",
    "withdrawn": "The request for an approval was taken back",
    "expired": "The approval, or the request for it, is no longer good",
    "same_person": "Who approved a return does not send it",
    "other_return": "What was approved are other goods, units, reasons or another store",
    "larger_refund": "More is given back than was approved",
    "other_reasons": "Something speaks against this return that was not known when it was approved",
}
_REMEDIES = {"pending": "Ask again later: GET /api/v1/returns/approvals/{id}.", "same_person": "Let another send it."}


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
    at = _at(command, capability=capability, now=now)
    quotes: list[ReturnQuote] = []
    for sale_id, lines in sorted(asked.items()):
        numbers = [number for number, _ in lines]
        with _pointing_to(numbers, otherwise=f"/lines/{numbers[0] - 1}/original"):
            quote = returns.quote_return(
                sale_id=sale_id, wanted=[wanted for _, wanted in lines], at=at, store_id=store.id,
                principal=principal, capability=capability,
            )  # fmt: skip
        quotes.append(quote)
    _check_time(command, quotes, capability=capability)
    if goods:
        with _pointing_to([number for number, _ in goods]):
            quote = returns.quote_unreceipted(
                goods=[each for _, each in goods], at=at, store_id=store.id, principal=principal, capability=capability
            )
        quotes.append(quote)
    taken = taken_back(command, asked, quotes, unreceipted=[number for number, _ in goods])
    if is_asked_only:
        return taken
    return replace(taken, approved_by=_approved_by(command, taken, store=store, principal=principal, now=now))


def needs_approval(quotes: Sequence[ReturnQuote], *, store: Store) -> str:
    """Why another person has to agree to what comes back in one ticket, one of returns' reasons; or empty."""
    whys = approval_whys(quotes, store=store)
    return whys[0].code if whys else ""


def approval_whys(quotes: Sequence[ReturnQuote], *, store: Store) -> tuple[ApprovalWhy, ...]:
    """All reasons why another person has to agree to what comes back in one ticket; none where nobody has to."""
    return whys_of(quotes, approval_over_minor=returns.policy(chain_id=store.chain_id).approval_over_minor)


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


def _at(command: CompleteSale, *, capability: str, now: datetime) -> datetime:
    """The moment by which the chain's days and prices count: our tills' own; what comes by the API comes back when it
    reaches us, whatever time it states (decision 0231)."""
    return command.completed_at if capability == TILL_CAPABILITY else now


def _check_time(command: CompleteSale, quotes: Sequence[ReturnQuote], *, capability: str) -> None:
    """Raise TimeRefused for goods that come back before they were sold, by more than clocks differ."""
    if capability == TILL_CAPABILITY:
        return
    late = [quote for quote in quotes if quote.sold_at and command.completed_at < quote.sold_at - RETURN_CLOCK_SKEW]
    if late:
        raise TimeRefused(
            f"{command.completed_at.isoformat()} lies before receipt {late[0].receipt_number} was sold",
            pointer="/completed_at",
            remedy="Give the time at which the goods come back.",
        )


@contextlib.contextmanager
def _pointing_to(numbers: Sequence[int], *, otherwise: str | None = None) -> Iterator[None]:
    """Whatever is refused of what was asked of returns points to the command's lines of these numbers."""
    try:
        yield
    except LiushuiError as refusal:
        refusal.pointer = _in_command(refusal.pointer, numbers) or otherwise
        raise


def _in_command(pointer: str | None, numbers: Sequence[int]) -> str | None:
    """A place among what was asked of returns, as the place in the command, whose lines have these numbers."""
    head, _, rest = (pointer or "").removeprefix("/lines/").partition("/")
    if pointer is None or not pointer.startswith("/lines/") or not head.isdecimal() or int(head) >= len(numbers):
        return pointer
    return f"/lines/{numbers[int(head)] - 1}/{'original/line' if rest == 'line_number' else rest}"


def _approved_by(
    command: CompleteSale, taken: TakenBack, *, store: Store, principal: Principal, now: datetime
) -> str:  # fmt: skip
    """Who approved what needs another person; empty where nobody has to. Raises ApprovalMissing."""
    whys = approval_whys(taken.quotes, store=store)
    terms = command.returns
    if not whys or terms is None or terms.approved_by:
        return terms.approved_by if terms is not None else ""
    found, problem = None, "missing"
    if terms.approval_id is not None:
        with contextlib.suppress(NotFound):
            found = approvals.approval(approval_id=terms.approval_id)
        problem = approval_problem(
            found, command=command, taken=taken, whys=whys, store_id=store.id, sender=principal.subject, now=now
        )
    if found is not None and not problem:
        return found.decided_by_name
    raise ApprovalMissing(
        _PROBLEMS[problem],
        pointer="/approval",
        remedy=_REMEDIES.get(problem, "Ask for one: POST /api/v1/returns/approvals with this sale and a reason."),
        context={
            "why": whys[0].code,
            "whys": [asdict(each) for each in whys],
            "approval_problem": problem,
            "kind": APPROVAL_KIND,
            "target": _target(command),
            "refund_minor": taken.refund_minor,
        },
    )


def _target(command: CompleteSale) -> str:
    return refund_target(source=command.source, source_id=command.source_id)
