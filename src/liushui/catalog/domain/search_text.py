"""What an item can be found by, derived from its codes and names, and how a query is read.

A gram is a piece of text short enough to be indexed: one or two Chinese characters, three letters of a Latin word or
of the pinyin, two or three of the pinyin initials, the first two letters of a Latin word. Every substring that one
may search for has all its grams among those of the item; the text itself decides in the end.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7a3"
_RUN = re.compile(rf"[{_CHINESE}]+|[0-9a-z\u00e0-\u024f\u0400-\u04ff]+")
_IS_CHINESE = re.compile(rf"[{_CHINESE}]")
_PINYIN_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchKeys:
    """The columns of ItemRow that the search reads."""

    sku_key: str
    gtin_key: str
    name_key: str
    name_en_key: str
    initials: str
    pinyin: str
    grams: str


def folded(text: str) -> str:
    """Text as it is compared: full-width forms made plain, capitals made small, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def gtin_key(code: str) -> str:
    """A GTIN without its leading zeros, so that every length of it is the same; empty for what is no number."""
    return code.lstrip("0") if code.isascii() and code.isdigit() else ""


@lru_cache(maxsize=32_768)
def _syllable(character: str) -> str:
    # Loaded at the first Chinese character, without its table of phrases (we read character by character): the
    # table alone would cost every process a second at start and a hundred megabytes.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, lazy_pinyin

    return unicodedata.normalize("NFKD", lazy_pinyin(character, style=Style.NORMAL)[0]).casefold()


def pinyin_of(name: str) -> tuple[str, str]:
    """(initials, full pinyin) of a name, each character in its most common reading; letters and digits stand for
    themselves, anything else is left out: 蒙牛牛奶250ml gives mnnn250ml and mengniuniunai250ml."""
    initials, full = [], []
    for run in _RUN.findall(folded(name)[:_PINYIN_CHARACTERS_MAX]):
        if _IS_CHINESE.match(run):
            syllables = [_syllable(character) for character in run]
            initials += [syllable[0] for syllable in syllables]
            full += syllables
        else:
            initials.append(run)
            full.append(run)
    return "".join(initials)[:200], "".join(full)[:1400]


def search_keys(*, sku: str, gtin: str, name_zh: str, name_en: str) -> SearchKeys:
    """Everything that the search needs to know of an item."""
    return SearchKeys(sku_key=folded(sku)[:64], gtin_key=gtin_key(gtin), **_name_keys(name_zh, name_en))


@lru_cache(maxsize=8_192)  # many articles of a range are called the same
def _name_keys(name_zh: str, name_en: str) -> dict[str, str]:
    initials, pinyin = pinyin_of(name_zh)
    name_key, name_en_key = folded(name_zh)[:200], folded(name_en)[:200]
    grams = {
        gram
        for name in {name_key, name_en_key}
        for run in _RUN.findall(name)
        for gram in _run_grams(run, whole_words=True)
    }
    grams.update(gram for run in _RUN.findall(pinyin) for gram in _run_grams(run, whole_words=False))
    grams.update([initials[i : i + 2] for i in range(len(initials) - 1)])
    grams.update([initials[i : i + 3] for i in range(len(initials) - 2)])
    return {
        "name_key": name_key,
        "name_en_key": name_en_key,
        "initials": initials,
        "pinyin": pinyin,
        "grams": " ".join(sorted(grams)),
    }


@lru_cache(maxsize=32_768)  # names of goods are made of few words
def _run_grams(run: str, *, whole_words: bool) -> tuple[str, ...]:
    if _IS_CHINESE.match(run):
        return (*run, *(run[i : i + 2] for i in range(len(run) - 1)))
    inner = [run[i : i + 3] for i in range(len(run) - 2)]
    return (run[:2], *inner) if whole_words and len(run) >= 2 else tuple(inner)


def query_grams(text: str) -> tuple[str, ...]:
    """The grams that an item must have to hold the folded text; none when the text is too short to be looked for
    inside of names (one letter)."""
    grams: set[str] = set()
    for run in _RUN.findall(text):
        if _IS_CHINESE.match(run):
            grams.update((run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else run)
        elif len(run) >= 3:
            grams.update(run[i : i + 3] for i in range(len(run) - 2))
        elif len(run) == 2:
            grams.add(run)
    return tuple(sorted(grams))
