"""Named errors of loyalty."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotFound


class InvalidProgramme(LiushuiError):
    """The document is not of the form that a loyalty programme takes.

    `pointer` holds the JSON path as in `earning.rows[3].per_minor`.
    """

    status = 422
    type = "invalid-loyalty-programme"


class UnknownProgramme(NotFound):
    """There is no such version, draft or trial of a loyalty programme, or it is not yours to see."""

    type = "unknown-loyalty-programme"


class ProgrammeDraftChanged(Conflict):
    """Somebody else has changed this draft of the loyalty programme meanwhile."""

    type = "programme-draft-changed"


class ProgrammeDraftClosed(Conflict):
    """This draft of the loyalty programme is in review, published or discarded."""

    type = "programme-draft-closed"


class ProgrammeUnchanged(Conflict):
    """The draft changes nothing in the loyalty programme."""

    type = "programme-unchanged"


class ProgrammeMoved(Conflict):
    """Another version of the loyalty programme was published or cancelled since this draft was begun."""

    type = "programme-moved"


class ProgrammeStartRefused(InvalidValue):
    """A version of the loyalty programme can't start then."""

    type = "programme-start-refused"


class ProgrammeStarted(Conflict):
    """This version of the loyalty programme has started, or was cancelled before."""

    type = "programme-started"


class ProgrammeImmutable(Conflict):
    """What is published never changes."""

    type = "programme-immutable"


class UnknownMember(NotFound):
    """There is no such member, or it is not yours to see."""

    type = "unknown-member"


class MemberClosed(Conflict):
    """This member was merged into another one, or erased."""

    type = "member-closed"


class JoinRefused(InvalidValue):
    """Nobody can join like this."""

    type = "join-refused"


class CardTaken(Conflict):
    """This card belongs to another member."""

    type = "card-taken"


class MergeRefused(Conflict):
    """These two members cannot be merged."""

    type = "merge-refused"


class MergeNeedsApproval(MergeRefused):
    """The member that goes has value. Another person has to approve this merge."""

    type = "merge-needs-approval"


class MergedAlready(MergeRefused):
    """These two members were merged meanwhile."""

    type = "merged-already"


class MergeGrew(MergeRefused):
    """The member that goes has much more now than when this merge was asked for. Ask again."""

    type = "merge-grew"


class NotEnoughPoints(Conflict):
    """The member has fewer points than that.

    `context` tells what he has and what is needed.
    """

    type = "not-enough-points"


class NotEnoughValue(Conflict):
    """There is less stored value, or less on the gift card, than that.

    `context` tells what there is, what is needed, and the number of the gift card if it is one.
    """

    type = "not-enough-value"


class PointsNotTaken(Conflict):
    """Points pay for nothing in this chain at present."""

    type = "points-not-taken"


class GiftCardUnknown(NotFound):
    """There is no such gift card, or it can't be used."""

    type = "unknown-gift-card"


class GiftCardClosed(Conflict):
    """The gift card is not in a state that allows this."""

    type = "gift-card-state"


class CodesTold(Conflict):
    """The codes of these gift cards were taken out before. They are told once."""

    type = "gift-codes-told"


class CodesLost(Conflict):
    """The codes of these gift cards can't be told any more: the server's secret key was changed since."""

    type = "gift-codes-lost"


class CardBatchMoving(Conflict):
    """The cards of this batch are being blocked or opened just now."""

    type = "gift-card-batch-moving"


class GiftCardExpired(Conflict):
    """The validity of this gift card is over."""

    type = "gift-card-expired"


class HoldConflict(Conflict):
    """This order holds other points or value, or is completed otherwise."""

    type = "value-hold-conflict"


class UnknownHold(NotFound):
    """No points or value were held for this order."""

    type = "unknown-value-hold"


class TooMuchBack(Conflict):
    """More would be given back than was spent, or taken back than was earned."""

    type = "too-much-back"


class EntryConflict(Conflict):
    """This was booked before, with other amounts."""

    type = "ledger-entry-conflict"


class UnknownEntry(NotFound):
    """There is no such entry in the ledger."""

    type = "unknown-ledger-entry"
