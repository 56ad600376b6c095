"""What another does between two statements of a deed: every such interleaving, one after the other, in one process.

A race shows them by luck, this by force. The other's deed is done where a real other could: on SQLite outside of
transactions, which exclude each other; on PostgreSQL inside of one as well, as long as it has written and locked
nothing. For tests whose transaction is rolled back: what both did is undone before they meet again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from django.db import connection, transaction
from tests.races import kept

_ENDS = ("RELEASE", "ROLLBACK")  # of a transaction, which is over to Django already


class _Undone(Exception):
    """Ends the transaction of one meeting."""


def meetings(deed: Callable[[], Any], other: Callable[[], Any]) -> Iterator[tuple[str, Any]]:
    """Where the other's deed fell and what `deed` answered: before its first statement, its second … to its last."""
    for number in count(1):
        meeting = _Meeting(number, other)
        kept.forget()
        try:
            with transaction.atomic():
                meeting.depth = len(connection.savepoint_ids)
                with connection.execute_wrapper(meeting.watch):
                    answer = deed()
                raise _Undone
        except _Undone:
            pass
        if not meeting.place:
            return
        yield meeting.place, answer


class _Meeting:
    """One run of the deed, into which the other's falls before the statement of this number."""

    def __init__(self, number: int, other: Callable[[], Any]) -> None:
        self.left, self.other = number, other
        self.depth = 0  # of transactions that are the test's, not the deed's
        self.reads = self.holds = False  # the deed's transaction has read, has written or locked something
        self.place = ""

    def watch(self, execute: Any, sql: str, *rest: Any) -> Any:
        if not self.place and self._is_open(sql):
            self.left -= 1
            if not self.left:
                self.place = f"before {sql[:300]}"
                self.other()
        return execute(sql, *rest)

    def _is_open(self, sql: str) -> bool:
        """Whether another could be served just before this statement."""
        if sql.startswith(_ENDS):
            return False
        if len(connection.savepoint_ids) == self.depth:
            self.reads = self.holds = False
            return True
        is_open = connection.vendor == "postgresql" and self.reads and not self.holds
        self.reads = True
        self.holds = self.holds or not sql.startswith("SELECT") or "FOR UPDATE" in sql
        return is_open
