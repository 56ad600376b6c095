"""What can be wrong with a basket, a rulebook, a coupon or the use of a promotion."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotFound


class InvalidDocument(LiushuiError):
    """The document is not of the form that promotions take.

    `pointer` holds the JSON path as in `promotions[3].effects[0].percent`; `context["promotion"]` the promotion's id
    where it is known.
    """

    status = 422
    type = "invalid-promotion-document"


class UnknownRulebook(NotFound):
    """There is no such version or draft, or it is not yours to see."""

    type = "unknown-rulebook"


class Immutable(Conflict):
    """What is published never changes."""

    type = "immutable"


class DraftChanged(Conflict):
    """Somebody else has changed this draft meanwhile."""

    type = "draft-changed"


class DraftClosed(Conflict):
    """This draft is in review, published or discarded."""

    type = "draft-closed"


class NothingChanged(Conflict):
    """The draft changes nothing."""

    type = "nothing-changed"


class BaseMoved(Conflict):
    """Another version was published since this draft was begun.

    `context["promotions"]` names those that both sides changed.
    """

    type = "base-moved"


class LintRefused(Conflict):
    """What was found in this draft stops publishing.

    `context["findings"]` names each as code:promotion.
    """

    type = "lint-refused"


class NotAcknowledged(Conflict):
    """There are warnings that the reviewer has not acknowledged.

    `context["findings"]` names each as code:promotion.
    """

    type = "not-acknowledged"


class StartRefused(InvalidValue):
    """A version can't start then."""

    type = "start-refused"


class AlreadyStarted(Conflict):
    """This version has started, or was taken back before."""

    type = "already-started"


class PromotionState(Conflict):
    """The promotion is not in a state that allows this."""

    type = "promotion-state"


class LimitReached(Conflict):
    """A limit or the budget of a promotion is used up meanwhile: price again.

    `context["promotion"]` names the promotion, `context["limit"]` total, per_member, budget, coupon or coupon_member.
    """

    type = "limit-reached"


class CouponTaken(LimitReached):
    """A coupon was used or withdrawn meanwhile: price again.

    `context["batch"]` names its batch.
    """

    type = "coupon-taken"


class ReservationConflict(Conflict):
    """This order is completed with other promotions."""

    type = "reservation-conflict"


class UnknownBatch(NotFound):
    """There is no such coupon batch, or it is not yours to see."""

    type = "unknown-coupon-batch"


class UnknownCode(NotFound):
    """There is no such coupon."""

    type = "unknown-coupon"


class BatchExists(Conflict):
    """A coupon batch of this code exists, with other contents."""

    type = "coupon-batch-exists"


class CodesIssued(Conflict):
    """So many codes are not left to be handed out."""

    type = "coupon-codes-issued"


class BatchVoid(Conflict):
    """The coupon batch was voided."""

    type = "coupon-batch-void"


class CouponInUse(Conflict):
    """The coupon is used, or an order holds it at this moment."""

    type = "coupon-in-use"


class InvalidReturn(LiushuiError):
    """These units cannot come back, or what their refund stands on is missing.

    `pointer` holds the JSON path; `context` the line, how many were bought and how many came back before.
    """

    status = 422
    type = "invalid-return"
