"""The expressions of a mapping: a small closed set, parsed strictly. docs/reference/mapping.md says what each means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from liushui.intake.domain.section import Section, did_you_mean
from liushui.intake.errors import MappingError


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column; `items.x` is column x of the items file."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every row."""

    value: str | Decimal


@dataclass(frozen=True, slots=True)
class Sum:
    """All parts added."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """All parts multiplied; exact, nothing is rounded before the end."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Negate:
    """The other sign."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Scale:
    """Times a power of ten: -2 turns 1250 into 12.50."""

    part: Expression
    power: int


@dataclass(frozen=True, slots=True)
class Join:
    """Texts one after the other; missing ones are left out."""

    parts: tuple[Expression, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first part that is not missing."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The text that a table of the mapping gives for another; `default` None makes an unknown one a fault."""

    part: Expression
    table: tuple[tuple[str, str], ...]
    default: str | None


@dataclass(frozen=True, slots=True)
class Replace:
    """Regular expressions replaced in a text, in order."""

    part: Expression
    patterns: tuple[tuple[re.Pattern[str], str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first branch whose condition holds."""

    branches: tuple[tuple[Condition, Expression], ...]
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about one column of a row; exactly one of the tests is set."""

    column: str
    equals: frozenset[str] | None = None
    matches: re.Pattern[str] | None = None
    below: Decimal | None = None
    at_least: Decimal | None = None
    is_missing: bool | None = None


Expression = Column | Constant | Sum | Product | Negate | Scale | Join | FirstOf | Lookup | Replace | Case

_KINDS = (
    "column", "value", "sum", "difference", "product", "negate", "scale", "join", "first_of", "lookup", "replace",
    "case",
)  # fmt: skip


def columns_of(expression: Expression | None) -> Iterator[str]:
    """Names of all columns that an expression reads."""
    match expression:
        case Column(name):
            yield name
        case Sum(parts) | Product(parts) | FirstOf(parts) | Join(parts):
            for part in parts:
                yield from columns_of(part)
        case Negate(part) | Scale(part) | Lookup(part) | Replace(part):
            yield from columns_of(part)
        case Case(branches, otherwise):
            for condition, part in branches:
                yield condition.column
                yield from columns_of(part)
            yield from columns_of(otherwise)
        case _:
            return


def parse_expression(raw: Any, path: str, lookups: dict[str, dict[str, str]]) -> Expression:
    """An expression from TOML: a bare text is a column, a number is itself, a table names one of the kinds."""
    if isinstance(raw, str):
        return Column(raw)
    if isinstance(raw, bool):
        return Constant("true" if raw else "false")
    if isinstance(raw, int):
        return Constant(Decimal(raw))
    if isinstance(raw, float):
        raise MappingError(
            f"{path}: {raw!r} is a binary fraction", pointer=path, remedy='Write it as { value = "0.5" }.'
        )
    section = Section(raw, path)
    found = [kind for kind in _KINDS if kind in raw]
    if len(found) != 1:
        unknown = next((key for key in raw if key not in _KINDS), "")
        remedy = did_you_mean(unknown, _KINDS) if not found and unknown else f"Use exactly one of {', '.join(_KINDS)}."
        raise MappingError(f"{path}: {sorted(raw)} is not an expression", pointer=path, remedy=remedy)
    result = _parse_kind(section, found[0], lookups)
    section.finish()
    return result


def _parse_kind(section: Section, kind: str, lookups: dict[str, dict[str, str]]) -> Expression:
    def one(key: str) -> Expression:
        return parse_expression(section.required(key), section.at(key), lookups)

    def many(key: str) -> tuple[Expression, ...]:
        raw = section.required(key)
        if not isinstance(raw, list) or not raw:
            raise section.wrong(key, "is not a list of expressions")
        return tuple(parse_expression(part, f"{section.at(key)}[{i}]", lookups) for i, part in enumerate(raw))

    match kind:
        case "column":
            return Column(section.text("column"))
        case "value":
            return _constant(section)
        case "sum":
            return Sum(many("sum"))
        case "difference":
            first, *rest = many("difference")
            return Sum((first, *(Negate(part) for part in rest)))
        case "product":
            return Product(many("product"))
        case "negate":
            return Negate(one("negate"))
        case "scale":
            return Scale(one("scale"), section.whole("power", 0))
        case "join":
            return Join(many("join"), section.text("separator"))
        case "first_of":
            return FirstOf(many("first_of"))
        case "lookup":
            return _lookup(section, one("lookup"), lookups)
        case "replace":
            return _replace(section, one("replace"))
    return _case(section, one, lookups)


def _constant(section: Section) -> Constant:
    value = section.required("value")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise section.wrong("value", f"{value!r} is neither a text nor a whole number", "Put it in quotes.")
    return Constant(Decimal(value) if isinstance(value, int) else value)


def _lookup(section: Section, part: Expression, lookups: dict[str, dict[str, str]]) -> Lookup:
    name = section.text("table")
    if name not in lookups:
        raise section.wrong("table", f"there is no table [lookups.{name}]", did_you_mean(name, lookups))
    return Lookup(part, tuple(lookups[name].items()), section.text("default") if "default" in section else None)


def _replace(section: Section, part: Expression) -> Replace:
    patterns = []
    for i, pair in enumerate(section.required("with")):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise section.wrong(f"with[{i}]", "is not a pair of texts", 'Write ["pattern", "text"].')
        patterns.append((_pattern(pair[0], section.at(f"with[{i}]")), pair[1]))
    return Replace(part, tuple(patterns))


def _case(section: Section, one: Any, lookups: dict[str, dict[str, str]]) -> Case:
    branches = []
    for branch in section.sections("case"):
        condition = parse_condition(branch.required("when"), branch.at("when"))
        branches.append((condition, parse_expression(branch.required("then"), branch.at("then"), lookups)))
        branch.finish()
    return Case(tuple(branches), one("else"))


def parse_condition(raw: Any, path: str) -> Condition:
    """A condition from TOML: a column and exactly one test."""
    section = Section(raw, path)
    column = section.required("column")
    if not isinstance(column, str):
        raise section.wrong("column", "is not a text")
    tests = [key for key in ("equals", "one_of", "matches", "below", "at_least", "missing") if key in section]
    if len(tests) != 1:
        raise MappingError(
            f"{path}: a condition has exactly one test",
            pointer=path,
            remedy="Use one of equals, one_of, matches, below, at_least, missing.",
        )
    section_condition = _condition(section, column, tests[0])
    section.finish()
    return section_condition


def _condition(section: Section, column: str, test: str) -> Condition:
    match test:
        case "equals":
            return Condition(column, equals=frozenset({str(section.get("equals"))}))
        case "one_of":
            return Condition(column, equals=frozenset(section.texts("one_of")))
        case "matches":
            return Condition(column, matches=_pattern(section.text("matches"), section.at("matches")))
        case "missing":
            return Condition(column, is_missing=section.flag("missing"))
    try:
        limit = Decimal(str(section.get(test)))
    except InvalidOperation:
        raise section.wrong(test, "is not a number") from None
    return Condition(column, below=limit) if test == "below" else Condition(column, at_least=limit)


def _pattern(text: str, path: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise MappingError(f"{path}: {text!r} is not a regular expression: {error}", pointer=path) from None
