"""What a shopper is told when something he typed is not right: in his language, without repeating it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from liushui.kernel.errors import LiushuiError
from liushui.portal.errors import BirthdayAgain
from liushui.privacy.errors import DataTaken, InvalidPersonalData, MessageFailed, TooManyCodes, WrongCode


def problem_text(error: LiushuiError) -> str:
    """One sentence under the field, or above the form."""
    if isinstance(error, (WrongCode, TooManyCodes)):
        return error.detail  # translated where it is raised
    if isinstance(error, MessageFailed):
        return _("We could not send the message just now. Please try again in a minute.")
    if isinstance(error, BirthdayAgain):
        return _("A birthday can be changed once a year. If it is wrong, ask in a store.")
    if isinstance(error, DataTaken):
        return _("This belongs to another membership already.")
    if isinstance(error, InvalidPersonalData):
        return _field_text(error.pointer or "")
    return _("That did not work. Please try again.")


def _field_text(pointer: str) -> str:
    texts = {
        "/phone": _("Give a mobile number of 11 digits."),
        "/email": _("Give an e-mail address as in someone@example.cn."),
        "/birthday": _("Give your birthday as a day of the calendar."),
        "/name": _("Give a name of up to 64 characters."),
        "/plate": _("Give a Chinese number plate."),
    }
    return texts.get(pointer, _("That did not work. Please try again."))
