"""Named errors of portal."""

from __future__ import annotations

from liushui.kernel.errors import LiushuiError, NotFound


class PortalClosed(NotFound):
    """These pages are not set up here."""

    type = "portal-closed"


class TooOften(LiushuiError):
    """That was asked for too often: wait a while."""

    status = 429
    type = "too-often"


class BirthdayAgain(LiushuiError):
    """A birthday is changed once a year: benefits hang on it."""

    status = 409
    type = "birthday-again"


class NoSuchPage(NotFound):
    """This page does not exist."""

    type = "no-such-page"
