"""Where the choices of a random case come from: a seed, or hypothesis, which makes a failing case smaller."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Source(Protocol):
    """Where choices come from."""

    def integer(self, low: int, high: int) -> int: ...

    def pick(self, values: Sequence[T]) -> T: ...


class Seeded:
    """Choices of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def pick(self, values: Sequence[T]) -> T:
        return self._random.choice(values)


class Drawn:
    """Choices of hypothesis, which knows how to make them smaller."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return int(self._draw(st.integers(low, high)))

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self._draw(st.integers(0, len(values) - 1)))]


def chance(source: Source, one_in: int) -> bool:
    return source.integer(1, one_in) == one_in


def some(source: Source, values: Sequence[str], most: int = 2) -> list[str]:
    """One or more of them, each once."""
    return sorted({source.pick(values) for _ in range(source.integer(1, most))})
