"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
import threading
from uuid import UUID
from weakref import WeakKeyDictionary

from liushui.kernel.clock import Clock, SystemClock

_lock = threading.Lock()
_system = SystemClock()
_last_tick: WeakKeyDictionary[Clock, int] = WeakKeyDictionary()  # a clock that is moved about disturbs no other


def new_id(*, clock: Clock | None = None) -> UUID:
    """A fresh UUIDv7, greater than every one that this process made before by the same clock.

    48 bits of Unix milliseconds, then 12 bits of sub-millisecond fraction that is bumped when two calls fall
    on one tick or the clock is set back (RFC 9562, section 6.2, method 3), then 62 random bits.
    """
    clock = clock or _system
    nanoseconds = clock.nanoseconds()
    tick = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        _last_tick[clock] = tick = max(tick, _last_tick.get(clock, 0) + 1)
    return UUID(int=(tick >> 12 << 80) | 7 << 76 | (tick & 0xFFF) << 64 | 2 << 62 | secrets.randbits(62))
