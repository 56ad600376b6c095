"""Work on many thousands of small objects at a time, as imports and consumers do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 200_000  # between two looks for cycles; Python's own 700 costs an import a tenth of its time
_OF_REQUESTS = 10_000  # the same for a process that serves: some ten requests' worth


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for reference cycles less often meanwhile: lines and rows have none, and there are millions of them.

    What is there already, Django above all, is not looked at again at all until the end.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def settle() -> None:
    """For the rest of this process: never look again at what is loaded by now, seldom at what requests leave behind.

    Called once by a process that serves, when all its modules are loaded (decision 0203).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OF_REQUESTS, *gc.get_threshold()[1:])
