"""JSON lines in, JSON lines out: what the command line prices and refunds, one document a line.

A line that is wrong becomes `{"error": {…}}`, an RFC 9457 problem with the line's number, in its place.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from traceback import print_exc
from typing import Any, Literal, TypeVar

import msgspec

from liushui.kernel.errors import LiushuiError
from liushui.kernel.strict_json import shown
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.lint import blocking, lint, written_exclusions
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.refund import refund
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.errors import InvalidDocument

RULEBOOKS_KEPT = 32
NODES = 20_000

Read = TypeVar("Read")

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PRICE = frozenset({"rulebook", "basket"})
_REFUND = frozenset(
    {"answer", "returned", "already", "rulebook", "basket", "units", "already_units", "already_refunded"}
)


def written(document: Mapping[str, Any]) -> str:
    """A document on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


class Rulebooks:
    """Rulebooks that lines brought, each compiled once: known by the digest of their text."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[Rulebook, CompiledRulebook]] = OrderedDict()

    def of(self, text: bytes) -> tuple[Rulebook, CompiledRulebook]:
        """The rulebook of that text. Raises InvalidDocument."""
        key = hashlib.sha256(text).digest()
        found = self._kept.get(key)
        if found is None:
            rulebook = Rulebook.from_json(text)
            found = self._kept[key] = (rulebook, compile_rulebook(rulebook))
            if len(self._kept) > RULEBOOKS_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


class PriceLines:
    """Prices `{"rulebook": …, "basket": …}` lines, or lines that are baskets when the rulebook is given once."""

    def __init__(
        self, *, rulebook: bytes | None = None, explain: Literal["touching", "all"] = "all", node_limit: int = NODES
    ) -> None:
        self._rulebooks = Rulebooks()
        self._given = None if rulebook is None else self._rulebooks.of(rulebook)
        self._explain = explain
        self._node_limit = node_limit

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer for one line. Raises InvalidDocument."""
        if self._given is not None:
            compiled, basket = self._given[1], Basket.from_json(line)
        else:
            parts = _parts(line, known=_PRICE, required=("rulebook", "basket"))
            compiled = _inside("rulebook", lambda: self._rulebooks.of(parts["rulebook"]))[1]
            basket = _inside("basket", lambda: Basket.from_json(parts["basket"]))
        return price(compiled, basket, explain=self._explain, node_limit=self._node_limit).to_json()


class RefundLines:
    """Refunds for `{"answer": …, "returned": {line: n}, "already": {line: n}, "rulebook": …}` lines."""

    def __init__(self, *, rulebook: bytes | None = None) -> None:
        self._rulebooks = Rulebooks()
        self._given = None if rulebook is None else self._rulebooks.of(rulebook)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The refund for one line. Raises InvalidDocument, InvalidReturn."""
        parts = _parts(line, known=_REFUND, required=("answer", "returned"))
        rulebook = self._given
        if "rulebook" in parts and parts["rulebook"] != b"null":
            rulebook = _inside("rulebook", lambda: self._rulebooks.of(parts["rulebook"]))
        basket = None
        if parts.get("basket", b"null") != b"null":
            basket = _inside("basket", lambda: Basket.from_json(parts["basket"]))
        answer = _object(parts, "answer")
        assert answer is not None  # nosec B101  # for the type checker
        return refund(
            answer=answer,
            returned=_object(parts, "returned") or {},
            already=_object(parts, "already") or {},
            rulebook=rulebook[0] if rulebook else None,
            compiled=rulebook[1] if rulebook else None,
            basket=basket,
            units=_named_units(parts, "units"),
            already_units=_named_units(parts, "already_units"),
            already_refunded=_object(parts, "already_refunded"),
        ).to_json()


def lint_document(text: bytes, *, at: datetime, max_discount_bp: int) -> tuple[list[dict[str, Any]], bool]:
    """The findings about a rulebook, and whether none of them stops publishing. Raises InvalidDocument."""
    document = strict.loads(text)
    rulebook = Rulebook.from_json(document)
    exclusions = written_exclusions(document=document)  # reading says each on both sides
    findings = lint(rulebook, max_discount_bp=max_discount_bp, written=exclusions, at=at)
    return [finding.to_json() for finding in findings], not blocking(findings)


def answered(answer: Callable[[bytes], dict[str, Any]], line: bytes, *, number: int) -> tuple[str, bool]:
    """What to write for a line, and whether it went well."""
    try:
        return written(answer(line)), True
    except LiushuiError as error:
        problem = error.problem()
    except Exception as error:  # a defect of ours: the other lines are still answered
        print_exc()
        problem = LiushuiError(
            f"{type(error).__name__}: {error}", remedy="Tell the maintainers, with this line."
        ).problem()
    return written({"error": problem | {"line": number}}), False


def _parts(line: bytes, *, known: frozenset[str], required: tuple[str, ...]) -> dict[str, bytes]:
    """The members of a line, each still as its own bytes: a rulebook that was read before is not read again."""
    try:
        parts = {name: bytes(raw) for name, raw in _members.decode(line).items()}
    except (msgspec.DecodeError, RecursionError):
        # Whatever it is, the strict reader says where; what it takes is no object.
        strict.members(strict.loads(line), at="", known=known, required=required, what="A line")
        raise InvalidDocument("This line cannot be read", pointer="$") from None
    if any(line.count(f'"{name}"'.encode()) > 1 for name in known):
        strict.loads(line)  # refuses a name that stands twice
    strict.members(parts, at="", known=known, required=required, what="A line")
    return parts


def _inside(name: str, read: Callable[[], Read]) -> Read:
    """Read a member; what is wrong in it is told with the path from the line."""
    try:
        return read()
    except InvalidDocument as error:
        pointer = name if error.pointer in (None, "$") else f"{name}.{error.pointer}"
        raise InvalidDocument(error.detail, pointer=pointer, remedy=error.remedy, context=error.context) from None


def _object(parts: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    if name not in parts:
        return None
    value = _inside(name, lambda: strict.loads(parts[name]))
    if not isinstance(value, dict):
        raise InvalidDocument(f"An object is wanted; {shown(value)} was given", pointer=name)
    return value


def _named_units(parts: Mapping[str, bytes], name: str) -> dict[str, list[int]] | None:
    value = _object(parts, name)
    if value is None:
        return None
    return {line: strict.elements(places, at=f"{name}.{line}") for line, places in value.items()}
