"""The base of every named error, and its form on the wire (RFC 9457 problem details)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class LiushuiError(Exception):
    """Something went wrong that the caller can understand and mend.

    A subclass is one kind of error: its docstring's first line is the title, `status` the HTTP status, and
    `type` the last part of the problem URI. An instance says what was wrong in this case (`detail`), where
    (`pointer`, a JSON pointer as in RFC 6901, or a file position in `context`), and what to do (`remedy`).
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str,
        *,
        pointer: str | None = None,
        remedy: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.remedy = remedy
        self.context = dict(context or {})

    @property
    def title(self) -> str:
        """The first line of the class's docstring, without its full stop."""
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0].rstrip(".")

    def problem(self) -> dict[str, Any]:
        """This error as an RFC 9457 problem document; members that are absent are left out.

        `context` adds members; it cannot take the place of those that the standard names.
        """
        document: dict[str, Any] = {
            "type": f"urn:liushui:problem:{self.type}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.pointer is not None:
            document["pointer"] = self.pointer
        if self.remedy is not None:
            document["remedy"] = self.remedy
        return document | {name: value for name, value in self.context.items() if name not in document}


class InvalidValue(LiushuiError):
    """A value is not of the form that its field takes."""

    status = 422
    type = "invalid-value"


class NotFound(LiushuiError):
    """There is no such thing, or it is not yours to see."""

    status = 404
    type = "not-found"


class NotAllowed(LiushuiError):
    """You may not do this."""

    status = 403
    type = "not-allowed"


class NotSignedIn(LiushuiError):
    """Nobody is signed in, or the token is missing, unknown or expired."""

    status = 401
    type = "not-signed-in"


class Conflict(LiushuiError):
    """This contradicts what is already recorded."""

    status = 409
    type = "conflict"
