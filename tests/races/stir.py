"""Small waits before what a process of a race says to the database, so that races interleave in ways that a quiet
machine never shows. STIR=<seed> in the environment of the tests turns it on: the same seed, the same waits.

SQLite lets one transaction write at a time: to wait within would only keep the others out.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db import connection

# Most statements go at once; some wait as long as others take, a few as long as a whole sale does.
WAITS = (0.0,) * 12 + (0.001, 0.002, 0.005, 0.010, 0.020, 0.050)
SEED = os.environ.get("STIR", "")


@contextmanager
def stirred(*, race: int, process: int) -> Iterator[None]:
    """Statements, messages and commits of the block wait now and then; nothing waits unless STIR is set."""
    if not SEED:
        yield
        return
    dice = random.Random(f"{SEED} {race} {process}")
    proxy: Any = connection
    wrapper = type(proxy._connections[proxy._alias])  # the class behind Django's proxy
    commit = wrapper._commit

    def wait() -> None:
        if connection.vendor == "postgresql" or not connection.in_atomic_block:
            time.sleep(dice.choice(WAITS))

    def late_statement(execute: Any, *statement: Any) -> Any:
        wait()
        return execute(*statement)

    def late_commit(self: Any) -> None:
        wait()
        commit(self)

    with connection.execute_wrapper(late_statement), mock.patch.object(wrapper, "_commit", late_commit):
        yield
