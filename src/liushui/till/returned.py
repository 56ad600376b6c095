"""What comes back on a ticket: contracts of the till, in a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from liushui.orders.contracts import SaleLine
from liushui.returns.contracts import ReturnPart

RECEIPTS_MAX = 5  # of one ticket: what a cashier keeps apart, and what one look at the screen shows


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """Goods that come back, beside the ticket's line that shows them."""

    number: int  # of the ticket's line
    line_number: int  # of the receipt on which they were sold; 0 without one
    code: str  # as it was scanned
    unit_positions: tuple[int, ...]  # which units of that line
    reason: str  # codes of the return policy
    condition: str
    line: SaleLine  # as it is recorded: every sign negative
    parts: tuple[ReturnPart, ...] = ()  # units of it of which something else was said

    @property
    def said(self) -> tuple[ReturnPart, ...]:
        """Reasons and conditions of all of its units, in the order in which they were said."""
        rest = -self.line.units - sum(part.units for part in self.parts)
        return (ReturnPart(units=rest, reason=self.reason, condition=self.condition), *self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRefund:
    """A part of what goes back to the customer, as returns have planned it. Amounts are negative, points positive."""

    type: str  # one of orders.contracts.TENDER_TYPES
    method: str
    reference: str  # of the tender that it undoes
    amount_minor: int
    points: int = 0
    principal_minor: int = 0
    gift_minor: int = 0
    is_credit: bool = False  # stored value in place of money, to the member who bought the goods


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedReceipt:
    """What comes back of one receipt, or without one. Priced when it was chosen, and charged so."""

    sale_id: UUID | None  # None: without a receipt
    receipt_number: str
    store_id: int  # where it was sold
    version: int  # of what had come back of that receipt when this was priced
    lines: tuple[ReturnedLine, ...]
    refund_minor: int  # what they come to, positive
    tenders: tuple[TicketRefund, ...]  # all of it, in the order in which it is given back
    needs_approval: str = ""  # why another person has to approve it; empty: nobody has to
    notes: tuple[str, ...] = ()  # what else the policy says: late | other_store | card_late | clawback …
    points_taken_back: int = 0  # that the goods had earned, as far as is known when they were chosen
    approval_id: UUID | None = None  # of the ticket's approval, if this receipt was on the ticket when it was asked for
    approved_by: str = ""
    approved_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReturn:
    """What comes back on a ticket, receipt by receipt in the order in which they were chosen; one at least."""

    receipts: tuple[ReturnedReceipt, ...]
    is_over_limit: bool = False  # all of them together are more than one person may give back

    @property
    def lines(self) -> tuple[ReturnedLine, ...]:
        """The lines of all receipts."""
        return tuple(line for receipt in self.receipts for line in receipt.lines)

    @property
    def refund_minor(self) -> int:
        """What all of it comes to, positive."""
        return sum(receipt.refund_minor for receipt in self.receipts)

    @property
    def points_taken_back(self) -> int:
        """Points that the goods had earned, of whatever members."""
        return sum(receipt.points_taken_back for receipt in self.receipts)

    @property
    def tenders(self) -> tuple[TicketRefund, ...]:
        """All of it as it is given back: the oldest receipt first, as checkout does; sales' ids begin with a time."""
        ordered = sorted(self.receipts, key=lambda receipt: str(receipt.sale_id))
        return tuple(tender for receipt in ordered for tender in receipt.tenders)

    @property
    def needs_approval(self) -> str:
        """Why another person has to approve what nobody has approved yet; empty where nothing waits for that."""
        for receipt in self.receipts:
            if receipt.approval_id is None and (receipt.needs_approval or self.is_over_limit):
                return receipt.needs_approval or "over_limit"
        return ""

    @property
    def approved_by(self) -> str:
        """Name of the person who approved; an approval is for all that comes back on the ticket when it is given."""
        return next((receipt.approved_by for receipt in self.receipts if receipt.approved_by), "")

    def of(self, sale_id: UUID | None) -> ReturnedReceipt | None:
        """What comes back of this receipt; None: nothing does."""
        return next((receipt for receipt in self.receipts if receipt.sale_id == sale_id), None)
