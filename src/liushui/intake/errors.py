"""What can go wrong while sales come in."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotFound


class MappingError(InvalidValue):
    """The mapping file is not right."""

    type = "mapping"


class UnreadableFile(InvalidValue):
    """The file cannot be read as what it is said to be."""

    type = "unreadable-file"


class MissingColumn(InvalidValue):
    """The file lacks a column that the mapping names."""

    type = "missing-column"


class MalformedJson(LiushuiError):
    """The body is not JSON."""

    status = 400
    type = "malformed-json"


class BodyTooLarge(LiushuiError):
    """The body is larger than this server takes."""

    status = 413
    type = "body-too-large"


class InvalidSale(InvalidValue):
    """The sale is not of the form that this address takes."""

    type = "invalid-sale"


class ImportBusy(Conflict):
    """This import is running in another process."""

    type = "import-busy"


class ImportNotFound(NotFound):
    """There is no such import, or it is not yours to see."""

    type = "import-not-found"


class FileGone(Conflict):
    """The file of this import is no longer kept."""

    type = "import-file-gone"


class EntryNotFound(NotFound):
    """There is no such quarantined sale, or it is not yours to see."""

    type = "quarantine-not-found"


class EntryClosed(Conflict):
    """This quarantined sale has been dealt with already."""

    type = "quarantine-closed"
