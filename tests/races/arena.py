"""A process that forks: each deed is done by real processes of their own, which can be killed without hurting the test.

The test starts `python -m tests.races.arena <module of deeds>` and writes one JSON request a line,
{"deed": …, "kwargs": [{…}, …], "alone": …}; the arena forks a process for each of the kwargs, lets them all start at
one instant, and answers one JSON line: a list with the exit code and the answer of each.

What is done alone and has to live needs no process of its own: the arena does it, then closes its connection, so that
nothing is shared with a fork, and forgets what the product believes for seconds. What Python makes at its first use
(patterns, translations, the SQL of querysets) is then there for all forks, each of which would make it for itself.
"""

from __future__ import annotations

import contextvars
import gc
import json
import os
import signal
import sys
import threading
import traceback
from importlib import import_module
from types import ModuleType
from typing import Any

import django
from django.db import connections
from tests.races.stir import stirred
from tests.support.fast_hashes import hash_fast

DIED = -signal.SIGKILL


def main() -> None:
    """Serve requests until the input ends."""
    django.setup()
    hash_fast()
    deeds = import_module(sys.argv[1])  # before the forks, which then start in an instant
    kept = import_module("tests.races.kept")
    _say("ready")
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        if request.pop("alone"):
            _say([_here(deeds, **request)])
            kept.forget()
        else:
            gc.freeze()  # or collecting garbage would have every fork copy the whole heap
            _say(run(deeds, number=number, **request))


def _here(deeds: ModuleType, *, deed: str, kwargs: list[dict[str, Any]]) -> dict[str, Any]:
    """Do the deed in this process, and leave nothing open that a fork could take over."""
    [arguments] = kwargs
    try:
        done = {"exit": 0, "answer": contextvars.copy_context().run(getattr(deeds, deed), **arguments)}
    except BaseException:
        traceback.print_exc()
        done = {"exit": 1, "answer": None}
    connections.close_all()
    assert threading.active_count() == 1, f"{deed} left a thread, which no fork has"
    return done


def run(deeds: ModuleType, *, number: int, deed: str, kwargs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fork one process for each set of arguments; all wait at the gate until the last one stands there."""
    gate_read, gate_write = os.pipe()
    children = []
    for place, arguments in enumerate(kwargs):
        answer_read, answer_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(gate_write)
            os.close(answer_read)
            with stirred(race=number, process=place):
                _child(deeds, deed, arguments, gate_read, answer_write)
        os.close(answer_write)
        children.append((pid, answer_read))
    os.close(gate_read)
    os.close(gate_write)  # opens the gate: every child reads the end of the pipe
    results = []
    for pid, answer_read in children:
        with os.fdopen(answer_read) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        results.append({"exit": os.waitstatus_to_exitcode(status), "answer": json.loads(text) if text else None})
    return results


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _child(deeds: ModuleType, deed: str, arguments: dict[str, Any], gate: int, out: int) -> None:
    code = 0
    try:
        deeds.warm_up()
        os.read(gate, 1)
        answer = getattr(deeds, deed)(**arguments)
        with os.fdopen(out, "w") as pipe:
            json.dump(answer, pipe)
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


if __name__ == "__main__":
    main()
