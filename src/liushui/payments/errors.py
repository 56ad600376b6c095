"""What can be wrong with payments."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotFound


class PaymentNotFound(NotFound):
    """There is no such payment, or it is not yours to see."""

    type = "payment-not-found"


class ProviderUnknown(InvalidValue):
    """No payment provider of this name is offered here."""

    type = "payment-provider-unknown"


class PaymentConflict(Conflict):
    """A payment under this id was started with other contents."""

    type = "payment-conflict"


class PaymentNotPaid(Conflict):
    """The payment has not been paid, or was taken back."""

    type = "payment-not-paid"


class PaymentTaken(Conflict):
    """The payment belongs to another sale."""

    type = "payment-taken"


class RefundTooMuch(Conflict):
    """More would be given back than was paid."""

    type = "refund-too-much"


class RefundConflict(Conflict):
    """A refund under this id was asked for with other contents."""

    type = "refund-conflict"


class CaseNotFound(NotFound):
    """There is no such difference, or it is not yours to see."""

    type = "payment-case-not-found"


class CaseSettled(Conflict):
    """This difference has been settled already."""

    type = "payment-case-settled"


class BillMissing(Conflict):
    """The provider has no bill for that day yet."""

    type = "payment-bill-missing"


class ProviderUnavailable(LiushuiError):
    """The payment provider cannot be reached, or did not answer as it should."""

    status = 503
    type = "payment-provider-unavailable"
