"""Why a sale is not taken: each says what is wrong, where in the command, and what to do (docs/reference/sales.md)."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed


class SourceNotYours(NotAllowed):
    """You may not send sales in another source's name."""

    type = "source-not-yours"


class StoreNotAllowed(NotAllowed):
    """You may not send sales for this store."""

    type = "store-not-allowed"


class ChainNeeded(InvalidValue):
    """The sale doesn't say of which chain it is, and its sender serves several."""

    type = "chain-needed"


class StoreUnknown(InvalidValue):
    """There is no such store among those you send sales for."""

    type = "store-unknown"


class CurrencyMismatch(InvalidValue):
    """The sale is in another currency than its store."""

    type = "currency-mismatch"


class TextRefused(InvalidValue):
    """A text is missing, too long, or holds a character that can't be stored."""

    type = "text-refused"


class TimeRefused(InvalidValue):
    """The time of the sale has no zone, or can't be true."""

    type = "time-refused"


class LinesRefused(InvalidValue):
    """A sale has at least one line, and not more than can be handled as one."""

    type = "lines-refused"


class AmountRefused(InvalidValue):
    """An amount is not a whole number of minor units, or beyond what can be added up."""

    type = "amount-refused"


class UnitsRefused(InvalidValue):
    """The units of a line are not a whole number, or beyond what can be added up."""

    type = "units-refused"


class MeasureRefused(InvalidValue):
    """The measure of a line is not a whole, non-negative number of a known unit."""

    type = "measure-refused"


class SignMismatch(InvalidValue):
    """Returned goods have negative units and amounts, sold goods positive ones, and a line has only one of both."""

    type = "sign-mismatch"


class ItemUnknown(InvalidValue):
    """The catalogue has no item under this code."""

    type = "item-unknown"


class PriceMissing(InvalidValue):
    """The line states no amount, and this store has no price for the item at that time."""

    type = "price-missing"


class DiscountMismatch(InvalidValue):
    """The discounts of a line don't sum to its regular price minus its amount."""

    type = "discount-mismatch"


class TaxRefused(InvalidValue):
    """The tax of a line is not within its amount."""

    type = "tax-refused"


class TenderRefused(InvalidValue):
    """A tender is not of a known type."""

    type = "tender-refused"


class TendersUnbalanced(InvalidValue):
    """The tenders don't come to the total of the lines."""

    type = "tenders-unbalanced"


class PriceOutOfDate(DiscountMismatch):
    """The price that was agreed is not that of these lines, or no longer known."""

    type = "price-out-of-date"


class ReturnRefused(InvalidValue):
    """A line takes back a sold line in a way that can't be."""

    type = "return-refused"


class ApprovalNotNeeded(Conflict):
    """Nobody has to agree to this."""

    type = "approval-not-needed"


class ReturnDiffers(InvalidValue):
    """What is stated of a returned line is not what the receipt says."""

    type = "return-differs"


class RefundRefused(InvalidValue):
    """What is given back is not what is due for the returned goods."""

    type = "refund-refused"


class MemberNeeded(InvalidValue):
    """Points and stored value belong to a member, and the sale names none of ours."""

    type = "member-needed"


class PointsShareRefused(InvalidValue):
    """Points may pay for a part of a sale only, and this is more."""

    type = "points-share-refused"
