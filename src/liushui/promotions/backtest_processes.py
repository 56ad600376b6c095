"""Other processes of this machine that price chunks of a backtest: plain Python without Django, one each core.

Pickled messages over pipes of our own children. A child ends when its pipe does, so none is left behind by a parent
that was killed, and it gives way to whatever else the machine does: tills come first.
"""

from __future__ import annotations

import gc
import os
import pickle  # nosec B403  # between processes of our own
import queue
import subprocess  # nosec B404  # this very Python, with fixed arguments
import sys
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any

from liushui.promotions.domain.backtest import Bench, Guessed, Plan
from liushui.promotions.domain.trial import Row

_NICE = 5
_SWITCH_SECONDS = 0.0005  # a thread with a priced chunk waits no longer than this for the one that counts
_ALLOCATIONS = 200_000  # between two looks for reference cycles, which baskets and answers have none of


class HelperDied(RuntimeError):
    """A process that prices receipts ended, or met an error, which is told."""


class Processes:
    """So many processes with the plan in each; a context manager that ends them."""

    def __init__(self, plan: Plan, *, count: int) -> None:
        self.count = count
        self._children = [_start() for _ in range(count)]
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="backtest")
        message = pickle.dumps(plan, pickle.HIGHEST_PROTOCOL)
        for child in self._children:
            _stream(child.stdin).write(message)
            _stream(child.stdin).flush()
            self._idle.put(child)

    def __enter__(self) -> Processes:
        self._switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setswitchinterval(self._switch_seconds)
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()
        self._threads.shutdown(wait=True)
        for child in self._children:
            _close(child)

    def hand_out(self, payload: Any, guessed: Guessed) -> Future[list[Row]]:
        """Begin pricing a chunk."""
        return self._threads.submit(self._ask, payload, guessed)

    def take(self, ticket: Future[list[Row]]) -> list[Row]:
        """The chunk priced; raises HelperDied."""
        return ticket.result()

    def _ask(self, payload: Any, guessed: Guessed) -> list[Row]:
        child = self._idle.get()
        try:
            pickle.dump((payload, guessed), _stream(child.stdin), pickle.HIGHEST_PROTOCOL)
            _stream(child.stdin).flush()
            rows, problem = pickle.load(_stream(child.stdout))  # noqa: S301  # nosec B301  # our own child
        except (OSError, EOFError, ValueError) as error:
            raise HelperDied("A process that prices receipts has ended") from error
        finally:
            self._idle.put(child)
        if problem:
            raise HelperDied(problem)
        return rows  # type: ignore[no-any-return]


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # nosec B603  # this very Python and module
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise HelperDied("A process that prices receipts has no pipe")
    return pipe


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        try:
            _stream(pipe).close()
        except OSError:  # what was still to be written has nowhere to go
            continue


def main() -> None:
    """The life of a helper: the plan, then chunk after chunk until the pipe ends."""
    os.nice(_NICE)
    gc.set_threshold(_ALLOCATIONS, 10, 10)
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed must not get between the answers
    bench = Bench(pickle.load(source))  # noqa: S301  # nosec B301  # from our own parent
    while True:
        try:
            payload, guessed = pickle.load(source)  # noqa: S301  # nosec B301  # from our own parent
        except EOFError:
            return
        try:
            answer: tuple[list[Row], str] = (bench.price(payload, guessed), "")
        except Exception:  # told to the parent, who raises it
            answer = ([], traceback.format_exc())
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
