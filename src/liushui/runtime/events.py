"""Events as CloudEvents 1.0, written with what made them true and read in the order the relay gave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. (source, id) names it for ever; `data` is its JSON body, complete enough that nobody calls back."""

    id: UUID
    source: str  # liushui/orders
    type: str  # liushui.sale.completed.v1
    subject: str  # sale:<id>
    time: datetime
    data: bytes
    seq: int | None = None  # place in the log; None until the relay has published it


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A reader of the log. `apply` gets events of `types` in seq order, each once, inside a transaction it shares
    with the position: what it writes there is kept exactly when the position is."""

    name: str
    types: frozenset[str]
    apply: Callable[[Sequence[Event]], None]
