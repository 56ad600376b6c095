"""Which texts can be stored."""

from __future__ import annotations


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: half of a surrogate pair, which JSON can carry, can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
