"""Named errors of returns."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed


class NotReturnable(Conflict):
    """These goods can't come back."""

    type = "not-returnable"


class TooMuchReturned(Conflict):
    """More would come back than was bought."""

    type = "too-much-returned"


class OtherStoreRefused(NotAllowed):
    """Goods of another store are not taken back here."""

    type = "other-store-refused"


class UnreceiptedRefused(NotAllowed):
    """Without a receipt these goods are not taken back."""

    type = "unreceipted-refused"


class ReasonRefused(InvalidValue):
    """A return has a reason and a condition that the chain's policy knows."""

    type = "reason-refused"


class InvalidPolicy(InvalidValue):
    """A setting of the return policy is out of what can be."""

    type = "invalid-return-policy"


class PolicyChanged(Conflict):
    """Somebody else has changed the return policy meanwhile."""

    type = "return-policy-changed"
