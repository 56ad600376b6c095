"""What comes back by the clock, and the sandbox as a process: what the app starts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings

from liushui.kernel.errors import LiushuiError
from liushui.payments import facade
from liushui.payments.providers.offered import SANDBOX_FOLDER
from liushui.payments.sandbox.server import SandboxServer, serve
from liushui.runtime.ticks import Tick

_logger = structlog.get_logger(__name__)
_BILLS_FROM_HOUR = 10  # providers have yesterday's bill by then


def resolve(now: datetime) -> int:
    """Ask about what is due."""
    return facade.resolve_unknown(now=now)


def reconcile_yesterday(now: datetime) -> int:
    """Compare yesterday's bills, once, from ten o'clock on; a bill that is not there yet is looked for again."""
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    if local.hour < _BILLS_FROM_HOUR:
        return 0
    done = 0
    for provider in facade.provider_names():
        bill_date = local.date() - timedelta(days=1)
        if facade.is_reconciled(provider=provider, bill_date=bill_date):
            continue
        try:
            facade.reconcile(provider=provider, bill_date=bill_date, now=now)
            done += 1
        except LiushuiError as error:
            _logger.warning("bill_not_compared", provider=provider, bill_date=str(bill_date), detail=error.detail)
    return done


TICKS = (
    Tick(name="payments.resolve", every_seconds=2, run=resolve),
    Tick(name="payments.reconcile", every_seconds=1800, run=reconcile_yesterday),
)


def sandbox_server(*, host: str, port: int, public_url: str, by_amount: bool, bills_of_today: bool) -> SandboxServer:
    """The sandbox provider, listening; port 0 takes any that is free."""
    return SandboxServer(
        host=host,
        port=port,
        folder=settings.LIUSHUI.data_dir / SANDBOX_FOLDER,
        public_url=public_url,
        zone=ZoneInfo(settings.TIME_ZONE),
        by_amount=by_amount,
        bills_of_today=bills_of_today,
    )


def serve_sandbox(server: SandboxServer) -> None:
    """Answer until the process is told to end."""
    serve(server)
