"""What loyalty does by the clock, and in the background."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.utils import timezone
from django_tasks import task

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade
from liushui.runtime.ticks import Tick

_SECONDS_AT_ONCE = 5.0
_logger = structlog.get_logger(__name__)


@task()
def run_dry_run(run_id: str) -> None:
    """Try a draft on the members. Who may ask for it was checked when it was queued; failures stand on its page."""
    try:
        facade.run_dry_run(run_id=UUID(run_id))
    except LiushuiError as error:
        _logger.warning("dry_run_failed", run_id=run_id, problem=error.problem())


def _settle_reviews(now: datetime) -> int:
    return facade.settle_programme_reviews(now=now)


def _evaluate_tiers(now: datetime) -> int:
    """Look at members' tiers once a business day is over, and when other rules are in force."""
    return facade.evaluate_some(now=now)


def _tell_tiers(now: datetime) -> int:
    """Have promotions know the tiers of versions that have started."""
    return facade.tell_tiers(now=now)


def _settle_adjustments(now: datetime) -> int:
    return facade.settle_adjustments(now=now)


def _expire_holds(now: datetime) -> int:
    """Give back what orders hold past their time."""
    return facade.expire_holds(now=now)


def _expire_points(now: datetime) -> int:
    """Let points end whose day has come in all stores of their chain, some seconds at a time; the next tick goes on."""
    today, done = timezone.localdate(now), 0
    for chain_id in facade.chains_due(on=today):
        over = facade.last_day_over(chain_id=chain_id, now=now)
        on = min(today, over + timedelta(days=1)) if over is not None else today
        if chain_id in facade.chains_due(on=on):
            facade.expire_points(chain_id=chain_id, on=on, now=now, seconds_max=_SECONDS_AT_ONCE)
            done += 1
    return done


def _expire_gift_cards(now: datetime) -> int:
    """End gift cards the day after their last one is over everywhere: a store's business day may end at night."""
    return facade.expire_gift_cards(on=timezone.localdate(now) - timedelta(days=1), now=now)


def _settle_extensions(now: datetime) -> int:
    return facade.settle_card_extensions(now=now)


def _settle_unblocks(now: datetime) -> int:
    return facade.settle_gift_card_unblocks(now=now)


def _make_gift_cards(now: datetime) -> int:
    """Make cards of large batches, some seconds at a time; the next tick goes on."""
    return facade.make_gift_cards(now=now, seconds_max=_SECONDS_AT_ONCE)


def _settle_card_batches(now: datetime) -> int:
    """Open batches of cards whose unblocking was approved, and go on with those being blocked or opened."""
    return facade.settle_card_batch_unblocks(now=now, seconds_max=_SECONDS_AT_ONCE)


def _settle_merges(now: datetime) -> int:
    return facade.settle_merges(now=now)


def _snapshot_balances(now: datetime) -> int:
    """Take what was booked into the sums that reports begin from."""
    return facade.snapshot_balances(now=now)


def _finish_merges(now: datetime) -> int:
    """Free the phones of duplicates whose merge was broken off."""
    return facade.finish_merges(now=now)


TICKS: tuple[Tick, ...] = (
    Tick(name="loyalty-adjustments", every_seconds=3, run=_settle_adjustments),
    Tick(name="loyalty-holds", every_seconds=10, run=_expire_holds),
    Tick(name="loyalty-expiry", every_seconds=30, run=_expire_points),
    Tick(name="loyalty-gift-cards", every_seconds=60, run=_expire_gift_cards),
    Tick(name="loyalty-extensions", every_seconds=3, run=_settle_extensions),
    Tick(name="loyalty-unblocks", every_seconds=3, run=_settle_unblocks),
    Tick(name="loyalty-gift-card-batches", every_seconds=1, run=_make_gift_cards),
    Tick(name="loyalty-gift-card-blocks", every_seconds=1, run=_settle_card_batches),
    Tick(name="loyalty-settle-merges", every_seconds=3, run=_settle_merges),
    Tick(name="loyalty-balances", every_seconds=300, run=_snapshot_balances),
    Tick(name="loyalty-merges", every_seconds=60, run=_finish_merges),
    Tick(name="loyalty-settle-reviews", every_seconds=3, run=_settle_reviews),
    Tick(name="loyalty-tiers", every_seconds=20, run=_evaluate_tiers),
    Tick(name="loyalty-tell-tiers", every_seconds=60, run=_tell_tiers),
)
