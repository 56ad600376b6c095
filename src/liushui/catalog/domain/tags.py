"""Short codes that items carry, for rules and searches to name: their form, and how a column keeps them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from liushui.catalog.errors import InvalidItem

TAGS_MAX = 16
TAG_LENGTH_MAX = 32
COLUMN_LENGTH = TAGS_MAX * (TAG_LENGTH_MAX + 1) + 1
_TAG = re.compile(r"[^\W_][\w.-]*")
_BETWEEN = re.compile(r"[\s,，、;；|]+")


def split_tags(text: str) -> tuple[str, ...]:
    """The tags of "new, clearance" as somebody wrote them, with blanks, commas, semicolons or bars between."""
    return tuple(filter(None, _BETWEEN.split(text)))


def plain_tag(text: str) -> str:
    """A tag in its normal form, without looking at what it is made of: small letters, no full-width ones."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags in their normal form, each once, in order; raises InvalidItem."""
    found = sorted({plain_tag(tag) for tag in tags})
    for tag in found:
        if len(tag) > TAG_LENGTH_MAX or not _TAG.fullmatch(tag):
            raise InvalidItem(
                f"{tag[:80]!r} is not a tag",
                pointer="/tags",
                remedy=f"A tag is 1 to {TAG_LENGTH_MAX} letters, digits, dots, dashes and underscores, as clearance.",
            )
    if len(found) > TAGS_MAX:
        raise InvalidItem(
            f"{len(found)} tags are more than {TAGS_MAX}", pointer="/tags", remedy="Take some of them away."
        )
    return tuple(found)


def column_of(tags: Iterable[str]) -> str:
    """Checked tags as the column keeps them: a blank before, between and after, so that each is found whole."""
    text = " ".join(tags)
    return f" {text} " if text else ""


def tags_of(column: str) -> tuple[str, ...]:
    """The tags of a column."""
    return tuple(column.split()) if column else ()
