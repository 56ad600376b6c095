"""How personal data is written in one way only, so that it can be found again, and how it is hidden."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date

from liushui.privacy.errors import InvalidPersonalData, UndeclaredField

_NAME_MAX, _EMAIL_MAX, _PLATE_MAX = 64, 254, 10
_LOCAL_MAX = 64  # RFC 5321, section 4.5.3.1.1
_PROVINCES = frozenset("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领")
_MAIL_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-")
_HOST_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


def normalised(*, field: str, value: str) -> str:
    """The one way in which this value is stored and looked up; raises InvalidPersonalData, which does not repeat it.

    A phone becomes E.164 (ITU-T), Chinese mobiles +86…; an e-mail address lower case; a birthday YYYY-MM-DD, or
    --MM-DD where the year is nobody's business (ISO 8601:2000, 5.2.1.3 f); a name NFC; a plate capitals without signs.
    """
    if field not in _RULES:
        text = unicodedata.normalize("NFC", value).strip()
        if not text or len(text) > 400 or not text.isprintable():
            raise _invalid(field, "1 to 400 printable characters")
        return text
    return _RULES[field](value)


def refuse_unborn(*, birthday: str, today: date) -> None:
    """Raise InvalidPersonalData for a stored birthday that is later than this day."""
    if not birthday.startswith("--") and date.fromisoformat(birthday) > today:
        raise _invalid("birthday", "a day that has been")


def masked_value(*, mask: str, value: str) -> str:
    """A stored value as everybody may see it."""
    return _MASKS[mask](value)


def month_and_day(value: str) -> tuple[int, int]:
    """Month and day of a stored birthday."""
    return int(value[-5:-3]), int(value[-2:])


def _phone(value: str) -> str:
    text = unicodedata.normalize("NFKC", value)
    text = "".join(sign for sign in text if sign not in " -()\u00a0\t")
    has_plus = text.startswith(("+", "00"))
    digits = text[1:] if text.startswith("+") else text[2:] if text.startswith("00") else text
    if not (digits.isascii() and digits.isdigit()):
        raise _invalid("phone", "a mobile number of 11 digits, or + and the number of another country")
    if has_plus and not digits.startswith("86"):
        if 8 <= len(digits) <= 15 and digits[0] != "0":
            return "+" + digits
        raise _invalid("phone", "+ and 8 to 15 digits")
    national = digits[2:] if digits.startswith("86") and len(digits) == 13 else digits
    if len(national) != 11 or national[0] != "1" or national[1] not in "3456789":
        raise _invalid("phone", "a mobile number of 11 digits, or + and the number of another country")
    return "+86" + national


def _email(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip().lower()
    local, at, host = text.rpartition("@")
    labels = host.split(".")
    is_right = (
        at
        and 0 < len(local) <= _LOCAL_MAX
        and len(text) <= _EMAIL_MAX
        and set(local) <= _MAIL_SIGNS
        and set(host) <= _HOST_SIGNS
        and len(labels) > 1
        and all(0 < len(label) < 64 and label[0] != "-" and label[-1] != "-" for label in labels)
    )
    if not is_right:
        raise _invalid("email", "an address as in someone@example.cn")
    return text


def _birthday(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip()
    form = "YYYY-MM-DD, or MM-DD without the year"
    short = text.removeprefix("--")
    try:
        if len(short) == 5:
            date.fromisoformat(f"2000-{short}")  # a leap year: the 29th of February is somebody's birthday
            return f"--{short}"
        found = date.fromisoformat(text)
    except ValueError:
        raise _invalid("birthday", form) from None
    if len(text) != 10 or found.year < 1900:
        raise _invalid("birthday", form)
    return text


def _name(value: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if not text or len(text) > _NAME_MAX or not text.isprintable():
        raise _invalid("name", f"1 to {_NAME_MAX} characters")
    return text


def _plate(value: str) -> str:
    text = "".join(sign for sign in unicodedata.normalize("NFKC", value).upper() if sign not in " ·-.")
    is_right = (
        7 <= len(text) <= _PLATE_MAX
        and text[0] in _PROVINCES
        and text[1].isascii()
        and text[1].isalpha()
        and text[2:].isalnum()
    )
    if not is_right:
        raise _invalid("plate", "a Chinese number plate")
    return text


def _invalid(field: str, form: str) -> InvalidPersonalData:
    return InvalidPersonalData(f"The {field} is not {form}", pointer=f"/{field}")


def _mask_phone(value: str) -> str:
    if value.startswith("+86"):
        return f"{value[3:6]}****{value[-4:]}"
    return f"{value[:3]}****{value[-4:]}"


def _mask_email(value: str) -> str:
    local, _at, host = value.rpartition("@")
    return f"{local[0]}***@{host}"


_RULES: dict[str, Callable[[str], str]] = {
    "phone": _phone,
    "email": _email,
    "birthday": _birthday,
    "name": _name,
    "plate": _plate,
}
_MASKS: dict[str, Callable[[str], str]] = {
    "phone": _mask_phone,
    "email": _mask_email,
    "birthday": lambda _value: "****-**-**",
    "name": lambda value: value[0] + "**",  # always two: the length of a name tells too
    "plate": lambda value: value[:2] + "****" + value[-1],
    "all": lambda _value: "******",
}


def known_mask(mask: str) -> str:
    """The mask, if there is such a one; raises UndeclaredField."""
    if mask not in _MASKS:
        raise UndeclaredField(f"No such mask: {mask}")
    return mask
