"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
import threading
from uuid import UUID

from liushui.kernel.clock import Clock, SystemClock

_lock = threading.Lock()
_last_tick = 0


def new_id(*, clock: Clock | None = None) -> UUID:
    """A fresh UUIDv7, greater than every one this process made before at the same or an earlier time.

    48 bits of Unix milliseconds, then 12 bits of sub-millisecond fraction that is bumped when two calls fall
    on one tick (RFC 9562, section 6.2, method 3), then 62 random bits.
    """
    global _last_tick
    nanoseconds = (clock or SystemClock()).nanoseconds()
    tick = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        _last_tick = tick = max(tick, _last_tick + 1)
    return UUID(int=(tick >> 12 << 80) | 7 << 76 | (tick & 0xFFF) << 64 | 2 << 62 | secrets.randbits(62))
