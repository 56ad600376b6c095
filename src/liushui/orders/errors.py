"""What can be wrong with recording, finding and voiding sales."""

from __future__ import annotations

from uuid import UUID

from liushui.kernel.errors import Conflict, InvalidValue


class SaleConflict(Conflict):
    """This sale is already recorded with other contents."""

    type = "sale-conflict"

    def __init__(self, *, source: str, source_id: str, sale_id: UUID, recorded_sha256: str, given_sha256: str) -> None:
        super().__init__(
            f"{source} sent {source_id!r} before with other contents: recorded is {recorded_sha256[:12]}…, "
            f"this one is {given_sha256[:12]}…",
            remedy="Send the sale as it was sent first, or give a changed sale an id of its own.",
            context={
                "source": source,
                "source_id": source_id,
                "sale_id": str(sale_id),
                "recorded_sha256": recorded_sha256,
                "given_sha256": given_sha256,
            },
        )


class SaleUnbalanced(InvalidValue):
    """The tenders of a sale do not come to its total."""

    type = "sale-unbalanced"


class ReturnedMeanwhile(Conflict):
    """Something of this sale came back, or it was voided, since it was looked at."""

    type = "returned-meanwhile"

    def __init__(self, *, sale_id: UUID) -> None:
        super().__init__(
            f"Sale {sale_id} is not as it was when its return was worked out",
            remedy="Work the return out again.",
            context={"sale_id": str(sale_id)},
        )


class ReturnUnclaimed(InvalidValue):
    """Returned lines and the sales that they take back do not agree."""

    type = "return-unclaimed"


class SaleHasReturns(Conflict):
    """A sale of which goods came back can't be voided."""

    type = "sale-has-returns"


class VoidNeedsNobody(Conflict):
    """Nobody has to agree to this void."""

    type = "approval-not-needed"


class ValueGivenBack(Conflict):
    """A return that gave points or stored value back can't be voided."""

    type = "value-given-back"


class VoidReasonMissing(InvalidValue):
    """A sale is voided for a reason, and none was given."""

    type = "void-reason-missing"


class CursorUnknown(InvalidValue):
    """The cursor of a list is not one that a page before gave."""

    type = "cursor-unknown"


class VoidAtTill(Conflict):
    """A sale of a till is voided at the till, which also gives the money back."""

    type = "void-at-till"
