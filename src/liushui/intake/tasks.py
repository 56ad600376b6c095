"""Background work of intake: imports that were started from the console, and the end of what was kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django_tasks import task

from liushui.intake import facade
from liushui.intake.errors import ImportBusy
from liushui.kernel.errors import LiushuiError
from liushui.runtime.grants import system_principal
from liushui.runtime.ticks import Tick

_BATCHES_AT_ONCE = 50
log = structlog.get_logger(__name__)


@task()
def run_import(import_id: str, started_by: str) -> None:
    """Run or continue an import. Who may start it was checked when it was queued; failures stand on its page."""
    try:
        facade.run_import(import_id=UUID(import_id), principal=system_principal(name=started_by))
    except ImportBusy:
        log.info("import is running already", import_id=import_id)
    except LiushuiError as error:
        log.warning("import failed", import_id=import_id, problem=error.problem())


def _retain(now: datetime) -> int:
    """Take away what is over, a bounded number of batches at a time."""
    me = system_principal(name="retention")
    return facade.apply_retention(now=now, principal=me, batches_max=_BATCHES_AT_ONCE).removed


TICKS: tuple[Tick, ...] = (Tick(name="intake-retention", every_seconds=600, run=_retain),)
