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
    """Another version of the loyalty programme was published since this draft was begun."""

    type = "programme-moved"


class ProgrammeStartRefused(InvalidValue):
    """A version of the loyalty programme can't start then."""

    type = "programme-start-refused"


class ProgrammeImmutable(Conflict):
    """What is published never changes."""

    type = "programme-immutable"
