"""Named errors of privacy. None of them ever holds the data itself."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotAllowed, NotFound


class InvalidPersonalData(InvalidValue):
    """This is not a phone number, e-mail address, birthday, name or number plate that can be kept.

    `pointer` names the field; the value itself is never repeated.
    """

    type = "invalid-personal-data"


class UndeclaredField(InvalidValue):
    """This field of personal data is not declared in the registry, so it is not stored."""

    type = "undeclared-personal-field"


class UnknownSubject(NotFound):
    """There is no such person, or the data was erased."""

    type = "unknown-subject"


class DataTaken(Conflict):
    """Another person has this already."""

    type = "personal-data-taken"


class KeyMissing(LiushuiError):
    """The key that opens this data is not on this machine."""

    status = 503
    type = "privacy-key-missing"


class IndexChanging(Conflict):
    """The secret by which people are found is being changed, and that is not at its end."""

    type = "blind-index-changing"


class DataUnreadable(LiushuiError):
    """Stored personal data does not open with its key: it was changed, or moved to another row."""

    status = 500
    type = "personal-data-unreadable"


class TooManyReveals(LiushuiError):
    """Too much personal data was revealed within an hour: wait a while."""

    status = 429
    type = "too-many-reveals"


class ReasonMissing(InvalidValue):
    """Say why, in a few words."""

    type = "reason-missing"


class ConsentMissing(NotAllowed):
    """The person has not agreed to this."""

    type = "consent-missing"


class UnknownNotice(InvalidValue):
    """There is no privacy notice of this version."""

    type = "unknown-notice"


class TooManyCodes(LiushuiError):
    """Too many codes were asked for: wait a while."""

    status = 429
    type = "too-many-codes"


class WrongCode(InvalidValue):
    """This code is not right, was used, or is too old."""

    type = "wrong-code"


class MessageFailed(LiushuiError):
    """The message could not be handed to the gateway, or nobody knows whether it was: try again in a minute.

    Its detail is a word for what went wrong, never the receiver or the text.
    """

    status = 503
    type = "message-failed"
