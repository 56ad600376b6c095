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


class StartRefused(InvalidValue):
    """A version can't start then."""

    type = "start-refused"


class AlreadyStarted(Conflict):
    """This version has started, or was taken back before."""

    type = "already-started"


class PromotionState(Conflict):
    """The promotion is not in a state that allows this."""

    type = "promotion-state"
