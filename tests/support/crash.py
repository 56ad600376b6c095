"""Kill this process, as a power cut would, just before its n-th step at the database; or only count the steps.

A step is a message of one or more statements, a COPY, the moment before and after a commit, or after a message that
writes outside of a transaction, and so is one. SIGKILL leaves nothing time to clean up: no
`finally`, no rollback, no flush.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.db import connection
from psycopg.pq import TransactionStatus

from liushui.runtime import at_once

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH\b.*\b(UPDATE|INSERT))\b", re.DOTALL)


@dataclass
class Steps:
    """What has been done at the database so far."""

    fatal: int | None  # the step that is not lived through
    names: list[str] = field(default_factory=list)
    begins: int = 0  # that were round trips of their own

    def take(self, name: str) -> None:
        """Note the step that comes next, or die before it."""
        self.names.append(name)
        if len(self.names) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def __len__(self) -> int:
        return len(self.names)

    def round_trips(self) -> int:
        """How often the server was waited for; what happens after a step is none. psycopg sends BEGIN by itself,
        before the first statement of a transaction; a message of runtime.at_once brings it along."""
        return sum(not name.startswith("after ") for name in self.names) + self.begins


@contextmanager
def crash_at_step(fatal: int | None) -> Iterator[Steps]:
    """Run a block that dies before its step number `fatal` (1, 2, …); with None it lives and its steps are counted."""
    steps = Steps(fatal)
    wrapper = type(connection._connections[connection._alias])  # the class behind Django's proxy
    commit = wrapper._commit

    def watch_statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        name = sql.split(None, 1)[0]
        steps.begins += _begins(sql)
        steps.take(name)
        answer = execute(sql, params, many, context)
        if _WRITES.match(sql) and not connection.in_atomic_block:
            steps.take(f"after {name}")
        return answer

    def watch_commit(self: Any) -> None:
        steps.take("before COMMIT")
        commit(self)
        steps.take("after COMMIT")

    with connection.execute_wrapper(watch_statement), mock.patch.object(wrapper, "_commit", watch_commit), _copy(steps):
        yield steps


def _begins(sql: str) -> bool:
    """Whether psycopg sends BEGIN before this statement, and waits for it."""
    if connection.vendor != "postgresql" or isinstance(sql, at_once.Text) or not connection.in_atomic_block:
        return False
    status: TransactionStatus = connection.connection.pgconn.transaction_status
    return status == TransactionStatus.IDLE


@contextmanager
def _copy(steps: Steps) -> Iterator[None]:
    """psycopg's COPY passes Django's wrappers by."""
    if connection.vendor != "postgresql":
        yield
        return
    import psycopg

    copy = psycopg.Cursor.copy

    def watch_copy(self: Any, *args: Any, **kwargs: Any) -> Any:
        steps.take("COPY")
        return copy(self, *args, **kwargs)

    with mock.patch.object(psycopg.Cursor, "copy", watch_copy):
        yield
