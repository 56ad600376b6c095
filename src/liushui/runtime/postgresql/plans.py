"""Statements whose plan a connection keeps: read and planned by the server once, then sent as EXECUTE (decision 0202).

With row security, reading and planning a statement costs the server more than carrying it out. A statement is prepared
in front of the message that first brings it, in that message: no round trip. Values are still bound on our side, so
that a message of several statements stays one message of the simple protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import abc
from psycopg.adapt import Transformer

from liushui.runtime.at_once import Text

PLANS_MAX = 400  # of one connection; what comes later is sent as it is
VALUES_MAX = 100  # a statement with more is one of many rows, and seldom of as many again
_MARK = re.compile(r"%(.)")


class Message(NamedTuple):
    """What is sent: `prepared` statements come first, whose names are known once it went well."""

    sql: bytes
    prepared: dict[str, bytes]


def message_of(connection: Any, text: Text, values: Sequence[Any]) -> Message | None:
    """The statements as EXECUTE, each with its values; None where one of them is not to be kept."""
    known: dict[str, bytes] = connection.__dict__.setdefault("liushui_plans", {})
    if len(known) + len(text.statements) > PLANS_MAX and not all(sql in known for sql in text.statements):
        return None
    prepared: dict[str, bytes] = {}
    parts: list[bytes] = []
    position = 0
    for sql in text.statements:
        plan = _plan_of(sql)
        if plan.values > VALUES_MAX:
            return None
        name = known.get(sql) or prepared.get(sql)
        if name is None:
            number = connection.liushui_plan_number = getattr(connection, "liushui_plan_number", 0) + 1
            name = prepared[sql] = b"liushui_%d" % number
        given = b", ".join([literal(connection, value) for value in values[position : position + plan.values]])
        parts.append(b"EXECUTE %b (%b)" % (name, given) if given else b"EXECUTE %b" % name)
        position += plan.values
    first = [b"PREPARE %b AS %b" % (name, _plan_of(sql).sql) for sql, name in prepared.items()]
    return Message(b"; ".join([*first, *parts]), prepared)


def learn(connection: Any, message: Message) -> None:
    """Note what is prepared now. What a failed message brought is prepared anew, under another name."""
    if message.prepared:
        connection.liushui_plans.update(message.prepared)


def literal(connection: Any, value: Any) -> bytes:
    """A value as it stands in the text of a message; its type is that of the parameter that it is given for."""
    kind = type(value)
    if kind is str:
        return _text(connection, value)
    form = _FORMS.get(kind)
    return form(value) if form is not None else _adapted(connection, value)


def _adapted(connection: Any, value: Any) -> bytes:
    found: bytes = transformer(connection).as_literal(value)
    return found


def transformer(connection: Any) -> abc.Transformer:
    """What a connection writes values and reads answers with; kept, since it learns the types that it meets."""
    kept: abc.Transformer | None = connection.__dict__.get("liushui_transformer")
    if kept is None:
        kept = connection.liushui_transformer = Transformer(connection)
    return kept


def _text(connection: Any, value: str) -> bytes:
    if "'" in value or "\\" in value or "\0" in value:
        return _adapted(connection, value)
    return b"'%b'" % value.encode()


# What needs no quoting, past psycopg.
_FORMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"NULL",
    bool: lambda value: b"true" if value else b"false",
    int: lambda value: b"%d" % value,
    UUID: lambda value: b"'%b'" % value.hex.encode(),
    date: lambda value: b"'%b'" % value.isoformat().encode(),
    datetime: lambda value: b"'%b'" % value.isoformat().encode(),
}


class _Plan(NamedTuple):
    sql: bytes  # with $1, $2 …
    values: int


@lru_cache(maxsize=1000)
def _plan_of(sql: str) -> _Plan:
    count = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] == "%":
            return "%"
        count += 1
        return f"${count}"

    return _Plan(_MARK.sub(mark, sql).encode(), count)
