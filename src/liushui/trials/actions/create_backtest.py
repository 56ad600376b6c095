"""Ask for a backtest, stop it, or have it run again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from liushui.kernel.errors import NotAllowed
from liushui.kernel.ids import new_id
from liushui.orders import facade as orders
from liushui.promotions.contracts import Rulebook
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.trials.contracts import STALLED_AFTER, Backtest, NewBacktest
from liushui.trials.domain.dates import without_dates
from liushui.trials.errors import BacktestNotFound, BacktestRefused
from liushui.trials.models import BacktestRow
from liushui.trials.queries import backtest_of

DAYS_MAX = 1100  # about three years


def create_backtest(*, new: NewBacktest, principal: Principal, now: datetime) -> Backtest:
    """Write a backtest down, to be run by a job. Both rulebooks are read strictly first."""
    if not new.store_ids or not new.store_ids <= principal.stores("promotion.write"):
        raise NotAllowed("These stores are not all yours to try promotions on", remedy="Choose stores of yours.")
    if not 0 <= (new.last - new.first).days < DAYS_MAX:
        raise BacktestRefused(
            f"{new.first} to {new.last} can't be tried",
            pointer="/first",
            remedy=f"Choose 1 to {DAYS_MAX} days in order.",
        )
    Rulebook.from_json(new.live.document)
    Rulebook.from_json(new.draft.document)
    draft = without_dates(new.draft.document, than=new.live.document) if new.ignores_dates else new.draft.document
    totals = orders.past_totals(store_ids=new.store_ids, first=new.first, last=new.last)
    if len(totals.currencies) != 1:
        raise BacktestRefused(
            f"There are receipts in {', '.join(totals.currencies)}" if totals.currencies else "There are no receipts",
            pointer="/first",
            remedy="Choose days on which these stores have sold, and stores of one currency.",
        )
    row = BacktestRow(
        id=new_id(),
        chain_id=new.chain_id,
        name=new.name[:200],
        currency=totals.currencies[0],
        live_name=new.live.name[:200],
        live_document=new.live.document,
        draft_name=new.draft.name[:200],
        draft_document=draft,
        first=new.first,
        last=new.last,
        store_ids=sorted(new.store_ids),
        member_tier=new.member_tier[:64],
        ignores_dates=new.ignores_dates,
        receipts_total=totals.sales,
        started_by=principal.name[:128],
        created_at=now,
        updated_at=now,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        audit.record(
            principal=principal,
            action="promotions.backtest",
            target=f"backtest:{row.id}",
            after={"live": row.live_name, "draft": row.draft_name, "first": str(row.first), "last": str(row.last)},
        )
    return backtest_of(row)


def cancel_backtest(*, backtest_id: UUID, principal: Principal, now: datetime) -> None:
    """Stop a running backtest after the receipts in hand, or take a waiting one off the queue."""
    _writable(backtest_id, principal)
    rows = BacktestRow.objects.filter(id=backtest_id)
    rows.filter(status="running").update(cancel_requested=True, updated_at=now)
    rows.filter(status="waiting").update(status="cancelled", finished_at=now, updated_at=now)


def queue_again(*, backtest_id: UUID, principal: Principal, now: datetime) -> bool:
    """Put a cancelled, failed or stalled backtest back on the queue, to begin anew; whether that changed anything."""
    _writable(backtest_id, principal)
    stopped = Q(status__in=("cancelled", "failed")) | Q(status="running", updated_at__lt=now - STALLED_AFTER)
    rows = BacktestRow.objects.filter(stopped, id=backtest_id)
    return bool(
        rows.update(
            status="waiting", finished_at=None, cancel_requested=False, problem=None, receipts_done=0, updated_at=now
        )
    )


def _writable(backtest_id: UUID, principal: Principal) -> None:
    store_ids = BacktestRow.objects.filter(id=backtest_id).values_list("store_ids", flat=True).first()
    if store_ids is None or not principal.stores("promotion.read").issuperset(store_ids):
        raise BacktestNotFound(f"There is no backtest {backtest_id}")
    if not principal.stores("promotion.write").issuperset(store_ids):
        raise NotAllowed("This backtest is not yours to change", remedy="Ask whoever started it.")
