"""What a promotion says, in one plain sentence or a few: for people who make promotions and for those who check them.

Every condition, scope, effect and limit is said, and every number; nothing that merely stands at its default is.
The words are in sentence_zh.py and sentence_en.py; names of categories, items and places come in from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from liushui.promotions.domain import sentence_en, sentence_zh
from liushui.promotions.domain.rulebook import Promotion
from liushui.promotions.domain.sentence_names import Names

Language = Literal["zh", "en"]
_SPEAKERS: Mapping[str, Callable[[Promotion, Names], str]] = {"zh": sentence_zh.say, "en": sentence_en.say}


def sentence(promotion: Promotion, *, language: Language, names: Names | None = None) -> str:
    """The promotion in words. Amounts are in the currency of `names`, times in its zone or else as they are written."""
    return _SPEAKERS[language](promotion, names or Names())


__all__ = ["Language", "Names", "sentence"]
