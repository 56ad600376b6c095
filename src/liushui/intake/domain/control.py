"""The amount expression as SQL: money in is summed from raw columns by DuckDB, apart from the evaluator."""

from __future__ import annotations

from decimal import Decimal

from liushui.intake.domain.expressions import (
    Case,
    Column,
    Condition,
    Constant,
    Expression,
    FirstOf,
    Negate,
    Product,
    Scale,
    Sum,
)
from liushui.intake.domain.mapping import Mapping
from liushui.intake.domain.values import NumberFormat
from liushui.intake.errors import MappingError

EXACT = "DECIMAL(38, 12)"
_PLAIN = "DECIMAL(18, 6)"


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def amount_sql(mapping: Mapping, texts: frozenset[str]) -> str:
    """The control amount of a row. `texts` are the columns that hold text; the others are numbers already."""
    amount = _number(mapping.line["amount"], mapping, texts)
    if mapping.returned_when is not None:
        amount = f"CASE WHEN {_condition(mapping.returned_when, mapping, texts)} THEN -({amount}) ELSE {amount} END"
    return f"CAST({amount} AS {EXACT})"


def _number(expression: Expression, mapping: Mapping, texts: frozenset[str]) -> str:
    def sql(part: Expression) -> str:
        return _number(part, mapping, texts)

    match expression:
        case Column(name):
            return _column(name, mapping, texts)
        case Constant(value):
            return f"CAST({literal(str(value))} AS {_PLAIN})"
        case Sum(parts):
            return "(" + " + ".join(sql(part) for part in parts) + ")"
        case Product(parts) if len(parts) == 2:
            left, right = (f"CAST({sql(part)} AS {_PLAIN})" for part in parts)
            return f"CAST({left} * {right} AS {EXACT})"
        case Negate(part):
            return f"(-({sql(part)}))"
        case Scale(part, power):
            factor = Decimal(1).scaleb(power)
            return f"CAST(CAST({sql(part)} AS {_PLAIN}) * CAST('{factor:f}' AS {_PLAIN}) AS {EXACT})"
        case FirstOf(parts):
            return "COALESCE(" + ", ".join(sql(part) for part in parts) + ")"
        case Case(branches, otherwise):
            whens = " ".join(f"WHEN {_condition(when, mapping, texts)} THEN {sql(part)}" for when, part in branches)
            return f"CASE {whens} ELSE {sql(otherwise)} END"
    raise MappingError(
        "line.amount has to be a plain calculation: the reconciliation adds it up a second time from the raw columns",
        pointer="line.amount",
        remedy="Use columns, numbers, sum, difference, product of two, negate, scale, first_of and case.",
    )


def _text(name: str, mapping: Mapping) -> str:
    blank = f"NULLIF(trim(CAST({quoted(name)} AS VARCHAR)), '')"
    words = ", ".join(literal(word) for word in sorted(mapping.file.missing))
    return f"CASE WHEN {blank} IN ({words}) THEN NULL ELSE {blank} END" if words else blank


def _column(name: str, mapping: Mapping, texts: frozenset[str]) -> str:
    if name not in texts:
        return f"CAST({quoted(name)} AS {_PLAIN})"
    form: NumberFormat = mapping.file.numbers
    digits = f"regexp_replace({_text(name, mapping)}, '[¥￥$€£元 \u00a0]', '', 'g')"
    if form.thousands:
        digits = f"replace({digits}, {literal(form.thousands)}, '')"
    if form.decimal_point != ".":
        digits = f"replace({digits}, {literal(form.decimal_point)}, '.')"
    digits = f"regexp_replace({digits}, '^\\((.*)\\)$', '-\\1')"
    digits = f"regexp_replace({digits}, '^(.*[0-9.])-$', '-\\1')"
    return f"TRY_CAST({digits} AS {_PLAIN})"


def _condition(condition: Condition, mapping: Mapping, texts: frozenset[str]) -> str:
    text = _text(condition.column, mapping)
    if condition.is_missing is not None:
        return f"({text}) IS {'' if condition.is_missing else 'NOT '}NULL"
    if condition.equals is not None:
        return f"COALESCE(({text}) IN ({', '.join(literal(word) for word in sorted(condition.equals))}), false)"
    if condition.matches is not None:
        return f"COALESCE(regexp_matches({text}, {literal(condition.matches.pattern)}), false)"
    number = _column(condition.column, mapping, texts)
    if condition.below is not None:
        return f"COALESCE({number} < {condition.below:f}, false)"
    return f"COALESCE({number} >= {condition.at_least:f}, false)"
