"""Run a backtest to its end: read the receipts, price them under both rulebooks, keep the figures."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from liushui.catalog import facade as catalog
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import HelperDied, Rulebook
from liushui.runtime.long_run import few_collections
from liushui.stores import facade as stores
from liushui.trials.contracts import Backtest
from liushui.trials.domain.baskets import LeftOut, Place, Shelf, chunks, trials
from liushui.trials.domain.needs import Needs, needs_of
from liushui.trials.errors import BacktestBroken, BacktestBusy, BacktestNotFound
from liushui.trials.models import BacktestRow
from liushui.trials.queries import backtest_of

OnProgress = Callable[[int], bool]  # receipts done → whether to go on
_TELL_SECONDS = 0.5


def run_backtest(*, backtest_id: UUID, processes: int | None = None) -> Backtest:
    """Run a backtest from its beginning; one that is done or was cancelled is answered as it is.

    Raises BacktestBusy while another process runs it. A crash leaves it `running`, and running it again begins anew.
    """
    row = BacktestRow.objects.filter(id=backtest_id).first()
    if row is None:
        raise BacktestNotFound(f"There is no backtest {backtest_id}")
    with _only_one(backtest_id), few_collections():
        row.refresh_from_db()
        if row.status not in ("waiting", "running"):
            return backtest_of(row)
        _set(row, status="running", receipts_done=0, begun_at=datetime.now(UTC))
        try:
            _run(row, processes=processes)
        except LiushuiError as error:
            _set(row, status="failed", problem=error.problem(), finished_at=datetime.now(UTC))
            raise
    return backtest_of(row)


def _run(row: BacktestRow, *, processes: int | None) -> None:
    progress = _Progress(row)
    result = try_on_receipts(
        live=Rulebook.from_json(row.live_document),
        draft=Rulebook.from_json(row.draft_document),
        chain_id=row.chain_id,
        store_ids=frozenset(row.store_ids),
        first=row.first,
        last=row.last,
        member_tier=row.member_tier,
        processes=processes,
        on_progress=progress.tell,
    )
    if result is None:
        _set(row, status="cancelled", receipts_done=progress.done, finished_at=datetime.now(UTC))
    else:
        done = result["receipts"]
        _set(row, status="done", result=result, receipts_done=done, finished_at=datetime.now(UTC))


def try_on_receipts(
    *,
    live: Rulebook,
    draft: Rulebook,
    chain_id: int,
    store_ids: frozenset[int],
    first: date,
    last: date,
    member_tier: str = "",
    processes: int | None = None,
    on_progress: OnProgress = lambda done: True,
) -> dict[str, Any] | None:
    """The figures of these stores and business days; None when `on_progress` said to stop."""
    needs = needs_of(live) | needs_of(draft)
    totals = orders.past_totals(store_ids=store_ids, first=first, last=last)
    left_out = LeftOut()
    sales = orders.past_sales(
        store_ids=store_ids,
        first=first,
        last=last,
        counted_store_ids=_stores_of(chain_id) if needs & Needs.ORDERS_BEFORE else (),
        methods=bool(needs & Needs.PAYMENT_METHOD),
    )
    try:
        result = promotions.backtest(
            live=live,
            draft=draft,
            chunks=chunks(sales, left_out),
            load=trials,
            shared=_shelf(chain_id, member_tier),
            processes=processes or settings.LIUSHUI.backtest_processes or os.cpu_count() or 1,
            on_progress=on_progress,
        )
    except HelperDied as error:
        raise BacktestBroken(
            str(error).strip().splitlines()[-1], remedy="Run it again; if it ends so again, report the receipts' days."
        ) from error
    if result is not None:
        result["left_out"] = {
            "sales_voided": totals.sales_voided,
            "sales_returned": totals.sales_returned,
            "lines_returned": totals.lines_returned,
            "sales_empty": left_out.sales_empty,
            "lines_without_units": left_out.lines_without_units,
            "rounded_minor": left_out.rounded_minor,
        }
    return result


def _stores_of(chain_id: int) -> frozenset[int]:
    return frozenset(store.id for store in stores.stores() if store.chain_id == chain_id)


def _shelf(chain_id: int, member_tier: str) -> Shelf:
    regions = {region.id: region.code for region in stores.regions()}
    return Shelf(
        goods={goods.sku: goods for goods in catalog.goods(chain_id=chain_id)},
        places={
            store.id: Place(store.code, regions.get(store.region_id, ""), store.time_zone)
            for store in stores.stores()
            if store.chain_id == chain_id
        },
        member_tier=member_tier,
        floors_in=next(chain.currency for chain in stores.chains() if chain.id == chain_id),
    )


class _Progress:
    """Writes down how far it is, now and then, and hears whether somebody wants it stopped."""

    def __init__(self, row: BacktestRow) -> None:
        self._row = row
        self._told_at = time.monotonic()
        self.done = 0

    def tell(self, done: int) -> bool:
        self.done = done
        if time.monotonic() - self._told_at < _TELL_SECONDS:
            return True
        self._told_at = time.monotonic()
        rows = BacktestRow.objects.filter(id=self._row.id)
        rows.update(receipts_done=done, updated_at=datetime.now(UTC))
        return not rows.filter(cancel_requested=True).exists()


def _set(row: BacktestRow, **values: object) -> None:
    values["updated_at"] = datetime.now(UTC)
    for name, value in values.items():
        setattr(row, name, value)
    BacktestRow.objects.filter(id=row.id).update(**values)


@contextmanager
def _only_one(backtest_id: UUID) -> Iterator[None]:
    """Hold the lock of a backtest: the system lets go of it when the process dies, however it dies."""
    folder: Path = settings.LIUSHUI.data_dir / "backtests"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{backtest_id}.lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BacktestBusy(
                "This backtest is running already", remedy="Wait for it, or stop that process."
            ) from None
        yield
    path.unlink(missing_ok=True)
