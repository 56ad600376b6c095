"""A process that forks: each deed is done by real processes of their own, which can be killed without hurting the test.

The test starts `python -m tests.races.arena <module of deeds>` and writes one JSON request a line,
{"deed": …, "kwargs": [{…}, …]}; the
arena forks a process for each of the kwargs, lets them all start at one instant, and answers one JSON line: a list with
the exit code and the answer of each. The arena never opens the database itself, so nothing is shared between forks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from importlib import import_module
from types import ModuleType
from typing import Any

import django
from tests.support.fast_hashes import hash_fast

DIED = -signal.SIGKILL


def main() -> None:
    """Serve requests until the input ends."""
    django.setup()
    hash_fast()
    deeds = import_module(sys.argv[1])  # before the forks, which then start in an instant
    _say("ready")
    for request in sys.stdin:
        _say(run(deeds, **json.loads(request)))


def run(deeds: ModuleType, *, deed: str, kwargs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fork one process for each set of arguments; all wait at the gate until the last one stands there."""
    gate_read, gate_write = os.pipe()
    children = []
    for arguments in kwargs:
        answer_read, answer_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(gate_write)
            os.close(answer_read)
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
