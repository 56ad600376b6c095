"""What can be refused at a till; each error is named, so that the page can say it in the cashier's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotAllowed, NotFound
from liushui.till.contracts import Blocker


class UnknownCode(NotFound):
    """There is no item under this code."""

    type = "unknown-code"


class PriceMissing(InvalidValue):
    """This item has no price in this store now."""

    type = "till-price-missing"


class MeasureNeeded(InvalidValue):
    """This item is sold by weight: weigh it first."""

    type = "measure-needed"


class LineRefused(InvalidValue):
    """This line cannot be sold so."""

    type = "line-refused"


class TicketFull(Conflict):
    """A ticket cannot have more lines."""

    type = "ticket-full"


class CodeRefused(InvalidValue):
    """This coupon code does not count."""

    type = "coupon-refused"

    def __init__(self, detail: str, *, problem: str) -> None:
        """`problem`: unknown, mistyped, void, used, not_started, expired, not_yours, member_needed, repeated …"""
        super().__init__(detail, context={"problem": problem})
        self.reason = problem


class MemberRefused(InvalidValue):
    """Nobody can be a member so."""

    type = "member-refused"


class MemberUnknown(NotFound):
    """No member has this phone, card or number."""

    type = "member-unknown"


class MemberNeeded(Conflict):
    """Points and stored value are a member's: say who buys."""

    type = "member-needed"


class NothingUsable(InvalidValue):
    """There is not so much to be used."""

    type = "nothing-usable"


class ValueRefused(Conflict):
    """This cannot be topped up, sold or taken back here and now."""

    type = "value-refused"


class GiftCardSold(ValueRefused):
    """This gift card has been sold already."""

    type = "gift-card-sold"


class GiftRefused(Conflict):
    """This gift is not offered any more."""

    type = "gift-refused"


class TicketMissing(NotFound):
    """There is no such ticket."""

    type = "ticket-missing"


class TicketChanged(Conflict):
    """The ticket has changed since it was shown."""

    type = "ticket-changed"


class WrongState(Conflict):
    """The ticket is not in a state for this."""

    type = "wrong-state"


class TicketInTheWay(Conflict):
    """Another ticket is at hand at this till."""

    type = "ticket-in-the-way"


class NothingToPay(Conflict):
    """The ticket has no lines to be paid."""

    type = "nothing-to-pay"


class AmountRefused(InvalidValue):
    """This amount is not one that can be taken here."""

    type = "till-amount-refused"


class NotEnough(AmountRefused):
    """The money given is less than what is to be paid with it."""

    type = "not-enough"


class ChangeTooMuch(AmountRefused):
    """So much change is never given."""

    type = "change-too-much"


class TenderRefused(InvalidValue):
    """This way of paying cannot be taken here."""

    type = "till-tender-refused"


class PaymentCodeNeeded(InvalidValue):
    """This is no payment code of a phone."""

    type = "payment-code-needed"


class TooManyGiftCodes(LiushuiError):
    """Too many wrong codes of gift cards were entered here."""

    status = 429
    type = "too-many-gift-codes"

    def __init__(self, *, until: datetime) -> None:
        """`until`: when codes are taken again, by the store's clock."""
        super().__init__(
            f"Codes of gift cards are taken again at {until:%H:%M}", remedy="Wait until then.",
            context={"until": until.isoformat()},
        )  # fmt: skip
        self.until = until


class TenderKept(Conflict):
    """This tender is paid through a provider and stays; cancel the ticket to give it back."""

    type = "tender-kept"


class PriceChanged(Conflict):
    """A price has changed since it was shown: look at the new total before taking the money."""

    type = "price-changed"


class NotAtTraining(Conflict):
    """This cannot be done in training."""

    type = "not-at-training"


class ReasonMissing(InvalidValue):
    """Say why."""

    type = "reason-missing"


class NotVoidable(Conflict):
    """This sale cannot be voided here and now."""

    type = "not-voidable"


class NotOnReceipt(NotFound):
    """This is not on the receipt."""

    type = "not-on-receipt"


class TooWide(InvalidValue):
    """This would find too many receipts."""

    type = "too-wide"


class ReturnInTheWay(Conflict):
    """Goods with and without a receipt do not come back on one ticket."""

    type = "return-in-the-way"


class TooManyReceipts(Conflict):
    """Goods of so many receipts do not come back on one ticket."""

    type = "too-many-receipts"


class NothingToGiveBack(Conflict):
    """There is nothing to give back on this ticket."""

    type = "nothing-to-give-back"


class OverLimit(NotAllowed):
    """This is over the limit that may be approved at a till."""

    type = "over-limit"


class ShiftMissing(Conflict):
    """No shift is open at this till."""

    type = "shift-missing"


class ShiftUnknown(NotFound):
    """There is no such shift."""

    type = "shift-unknown"


class ShiftOpen(Conflict):
    """A shift is open at this till already."""

    type = "shift-open"


class ShiftClosed(Conflict):
    """The shift is counted or closed: nothing more is sold on it."""

    type = "shift-closed"


class CountRefused(InvalidValue):
    """The count names something that is not cash of this currency."""

    type = "count-refused"


class SameOperator(Conflict):
    """A drawer is handed over to another person."""

    type = "same-operator"


class DayUnknown(NotFound):
    """There is no such business day."""

    type = "day-unknown"


class _Blocked(Conflict):
    """Something is in the way."""

    def __init__(self, detail: str, *, blockers: Sequence[Blocker]) -> None:
        super().__init__(
            detail,
            remedy="Finish or cancel what is named.",
            context={"blockers": [{"kind": b.kind, "id": b.id, "number": b.number} for b in blockers]},
        )
        self.blockers = tuple(blockers)


class ShiftBlocked(_Blocked):
    """The shift cannot be closed yet."""

    type = "shift-blocked"


class DayBlocked(_Blocked):
    """The day cannot be closed yet."""

    type = "day-blocked"
