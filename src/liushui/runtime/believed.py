"""What was checked against the database a moment ago and is believed for some seconds more, in this process.

Tokens, tills and operators are asked for on every request; asking the database each time would cost more than the
answer. A change made in this process is felt at once (`forget_all`), in the others when their seconds are over.
"""

from __future__ import annotations

import hashlib
import threading
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
_everything: list[Believed[object]] = []


def digest_of(secret: str) -> str:
    """SHA-256 in hex: how secrets are kept and compared. They are random, so nothing slower is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


class Believed(Generic[Thing]):
    """Things by the SHA-256 of the secret that names them, so that a leaked memory dump holds no secret."""

    def __init__(self, *, most: int = 10_000) -> None:
        self.most = most  # in use at one time; beyond it the oldest is asked for again
        self._things: dict[str, tuple[Thing, float]] = {}
        self._lock = threading.Lock()
        _everything.append(self)  # type: ignore[arg-type]  # whatever it holds, it can be cleared

    def get(self, *, digest: str, now: float) -> Thing | None:
        """What is believed under this digest at this moment (monotonic seconds); None when it must be asked for."""
        found = self._things.get(digest)
        return found[0] if found is not None and now < found[1] else None

    def put(self, *, digest: str, thing: Thing, until: float) -> None:
        """Believe it until then; the oldest is forgotten when there are too many."""
        with self._lock:
            self._things.pop(digest, None)
            while len(self._things) >= self.most:
                del self._things[next(iter(self._things))]
            self._things[digest] = (thing, until)

    def clear(self) -> None:
        """Believe nothing."""
        with self._lock:
            self._things.clear()


def forget_all() -> None:
    """Ask the database again for every token, till and operator: after a right, a person or a secret was taken away."""
    for things in _everything:
        things.clear()
