"""One backtest from its receipts to its figures, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from liushui.promotions.backtest_processes import Processes
from liushui.promotions.domain.backtest import Chunk, Load, Plan, backtest, backtest_with_helpers
from liushui.promotions.domain.backtest_engine import engine_try
from liushui.promotions.domain.backtest_figures import Figures
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.trial import MakeTry, Row


def run_backtest(
    *,
    live: Rulebook,
    draft: Rulebook,
    chunks: Iterable[Chunk],
    load: Load,
    shared: Any = None,
    processes: int = 1,
    make_try: MakeTry = engine_try,
    on_progress: Callable[[int], bool] = lambda receipts: True,
) -> dict[str, Any] | None:
    """The figures of these receipts, which come in the order of time (backtest_figures.py says what they are).

    `load` makes receipts of a chunk's payload and `shared`; it and `make_try` are functions of modules, since other
    processes look them up by name. The figures are the same to the byte however many `processes` there are.
    `on_progress` hears how many receipts are done and says whether to go on; None when it did not.
    """
    plan = Plan(live=live, draft=draft, load=load, make_try=make_try, shared=shared)
    figures = Figures(live=live, draft=draft)
    with _priced(plan, chunks, processes) as priced:
        for rows in priced:
            figures.add(rows)
            if not on_progress(figures.receipts):
                return None
    return figures.document()


@contextmanager
def _priced(plan: Plan, chunks: Iterable[Chunk], processes: int) -> Iterator[Iterator[list[Row]]]:
    if processes <= 1:
        yield backtest(plan, chunks)
        return
    with Processes(plan, count=processes) as helpers, closing(backtest_with_helpers(plan, chunks, helpers)) as rows:
        yield rows
