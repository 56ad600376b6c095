"""What named errors say, in the reader's language.

Details and remedies are English sentences where they are raised: programs and logs read them, and the API answers with
them whatever its caller's language. Pages say them in the reader's. A sentence with values in it is found by its shape:
`Draft {1} is {2}` stands as a msgid of the context "error" in the catalogue of the module that raises it, and the
values are put into the translation. Which shapes there are is read from the sources by tools/error_texts.py, and one
without a translation fails the tests. A value that is a sentence or a word of the same kind is translated too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from django.utils import translation
from django.utils.translation import gettext, trans_real

from liushui.kernel.errors import InvalidValue, LiushuiError

CONTEXT = "error"
LONGEST = 2_000  # characters; what is longer is no sentence of ours
DEEPEST = 4  # sentences within sentences
_MARK = f"{CONTEXT}\x04"
_VALUE = re.compile(r"\{(\d)\}")
_QUOTED = re.compile(" ?(“[^”]*”) ?")
_BESIDE = re.compile("(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")
_CHINESE = re.compile("[\u4e00-\u9fff]")

Pieces = tuple[str, ...]


def translated(text: str) -> str:
    """A detail or remedy in the language that is active now; as it is where nobody has translated it."""
    language = translation.get_language()
    if not text or not language or language.startswith("en") or len(text) > LONGEST:
        return text
    return _by_sentences(text, language) or _translated(text, language)


def readable(text: str) -> str:
    """A detail or remedy in the reader's language, else nothing: a page says no half of itself in another one."""
    said = translated(text)
    return said if said and (not _is_chinese() or _CHINESE.search(said)) else ""


def error_text(error: LiushuiError, *, with_remedy: bool = False) -> str:
    """What is wrong, as pages say it: title and detail (the detail alone where the title says no more than "wrong"),
    and what to do, each only where it is in the reader's language."""
    title, detail = gettext(error.title), "" if error.detail == error.title else readable(str(error.detail))
    colon = "：" if _is_chinese() else ": "
    text = title if not detail else detail if type(error) is InvalidValue else f"{title}{colon}{detail}"
    remedy = readable(error.remedy or "") if with_remedy else ""
    if not remedy:
        return text
    stop = "" if text[-1:] in "。.！!？?" else "。" if _is_chinese() else "."
    return f"{text}{stop}{remedy}" if _is_chinese() else f"{text}{stop} {remedy}"


def _is_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


@lru_cache(maxsize=4096)
def _translated(text: str, language: str, depth: int = 0) -> str:
    exact, shapes = _sentences(language)
    if text in exact:
        return exact[text]
    for pieces, answer in shapes if depth <= DEEPEST else ():
        values = _fitted(text, pieces)
        if values is not None:
            answers = _VALUE.split(answer)  # texts, and the numbers of the values between them
            answers[1::2] = [_said(values[int(number) - 1], language, depth + 1) for number in answers[1::2]]
            return _spaced("".join(answers))
    return text


def _by_sentences(text: str, language: str) -> str:
    """A detail and a remedy that were kept as one text; nothing where it is not two that are known."""
    for stop in re.finditer(r"\. (?=[A-Z])", text):
        both = text[: stop.start()], text[stop.end() :]
        first, second = (_translated(each, language) for each in both)
        if first != both[0] and second != both[1]:
            return f"{first}。{second}"
    return ""


def _spaced(text: str) -> str:
    """Blanks as Chinese sets them: none beside quotation marks, one between its signs and Latin letters or figures."""
    return _BESIDE.sub(" ", _QUOTED.sub(r"\1", text))


def _said(value: str, language: str, depth: int) -> str:
    """A value as people write it: what Python puts into quotes stands in those of the page."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" and value[0] not in value[1:-1]:
        return f"“{value[1:-1]}”"
    return _translated(value, language, depth)


def _fitted(text: str, pieces: Pieces) -> list[str] | None:
    """The values between the pieces of a shape, each as short as can be; None where the text is not of that shape."""
    first, *rest = pieces
    if not text.startswith(first) or not text.endswith(rest[-1]):
        return None
    at, values = len(first), []
    for piece in rest[:-1]:
        end = text.find(piece, at + 1)
        if end < 0:
            return None
        values.append(text[at:end])
        at = end + len(piece)
    end = len(text) - len(rest[-1])
    return [*values, text[at:end]] if end > at else None


@lru_cache(maxsize=8)
def _sentences(language: str) -> tuple[Mapping[str, str], tuple[tuple[Pieces, str], ...]]:
    """Of a language: the sentences without values, and the shapes, those that say most first."""
    exact: dict[str, str] = {}
    shapes: list[tuple[Pieces, str]] = []
    for msgid, answer in _catalogue(language):
        pieces = tuple(_VALUE.split(msgid)[::2])
        if len(pieces) == 1:
            exact[msgid] = answer
        else:
            shapes.append((pieces, answer))
    shapes.sort(key=lambda shape: (-sum(map(len, shape[0])), shape[0]))
    return exact, tuple(shapes)


def _catalogue(language: str) -> Iterator[tuple[str, str]]:
    """Every sentence of an error with its translation, from the catalogues of all modules."""
    for key, answer in trans_real.translation(language)._catalog.items():  # type: ignore[attr-defined]  # not in the stubs
        if isinstance(key, str) and key.startswith(_MARK):
            yield key.removeprefix(_MARK), answer
