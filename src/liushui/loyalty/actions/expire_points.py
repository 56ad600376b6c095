"""Let points end whose day has come, over all accounts of a chain: in ranges, each whole or not at all.

An account that was looked at is due again on a later day, so a run that was killed goes on with what is left, and two
at once share the work. How far it has come stands in a row of its own, written with each range.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from liushui.kernel.ids import new_id
from liushui.loyalty import ledger, sql
from liushui.loyalty.contracts import ExpiryProgress
from liushui.loyalty.models import AccountRow, ExpiryRunRow
from liushui.runtime import bulk

_AT_ONCE = 1_000  # accounts of one range
_WAIT_SECONDS = 0.05  # when all that are left are locked by sales
_ENTRY_COLUMNS = (
    *("account_id", "account_kind", "chain_id", "kind", "cause", "points", "principal_minor", "gift_minor"),
    *("currency", "at", "on_date", "order_key", "operator", "reason"),
)
# One statement, so that a hold that is posted meanwhile counts once, as a hold or as an entry.
_DUE = """
SELECT account_id, SUM(due), MIN(next_on), SUM(held) FROM (
 SELECT account_id, SUM(CASE WHEN lot_until IS NULL OR lot_until <= {day} THEN points ELSE 0 END) AS due,
  MIN(CASE WHEN lot_until > {day} AND lot_until < {never} AND points > 0 THEN lot_until END) AS next_on, 0 AS held
 FROM loyalty_entry WHERE account_id IN ({ids}) GROUP BY account_id
 UNION ALL
 SELECT account_id, -SUM(points), NULL, SUM(points) FROM loyalty_hold
 WHERE state = 'held' AND account_id IN ({ids}) GROUP BY account_id
) AS both_kinds GROUP BY account_id
"""


def expire_points(
    *,
    chain_id: int,
    on: date,
    now: datetime,
    seconds_max: float | None = None,
    tell: Callable[[ExpiryProgress], None] | None = None,
) -> ExpiryProgress:
    """Take from every account of the chain what is gone by that day; safe to repeat and to run twice at once.

    `tell` is called after each range. With `seconds_max` it stops after the range in which that time is over.
    """
    run = _run_row(chain_id, on, now)
    begun = time.monotonic()
    while True:
        looked_at = _range(run, on, now)
        if not looked_at:
            if not _due(chain_id, on).exists():
                break
            time.sleep(_WAIT_SECONDS)
        if tell is not None and looked_at:
            tell(expiry_progress(chain_id=chain_id, on=on) or _view(run))
        if seconds_max is not None and time.monotonic() - begun >= seconds_max:
            return expiry_progress(chain_id=chain_id, on=on) or _view(run)
    ExpiryRunRow.objects.filter(id=run.id, finished_at=None).update(finished_at=now)
    return expiry_progress(chain_id=chain_id, on=on) or _view(run)


def expiry_progress(*, chain_id: int, on: date) -> ExpiryProgress | None:
    """How far the run of a day has come; None when there was none."""
    row = ExpiryRunRow.objects.filter(chain_id=chain_id, on_date=on).first()
    return _view(row) if row is not None else None


def chains_due(*, on: date) -> tuple[int, ...]:
    """The chains with accounts that expiry has to look at."""
    rows = AccountRow.objects.filter(next_expiry_on__lte=on, is_open=True, kind="member")
    return tuple(sorted(rows.values_list("chain_id", flat=True).distinct()))


def _run_row(chain_id: int, on: date, now: datetime) -> ExpiryRunRow:
    """The day's row; a day on which something came back after its run is gone on with."""
    total = _due(chain_id, on).count()
    row, is_new = ExpiryRunRow.objects.get_or_create(
        chain_id=chain_id, on_date=on, defaults={"accounts_total": total, "started_at": now}
    )
    if not is_new and total:
        ExpiryRunRow.objects.filter(id=row.id).update(accounts_total=F("accounts_done") + total, finished_at=None)
    return row


def _due(chain_id: int, on: date) -> QuerySet[AccountRow]:
    return AccountRow.objects.filter(chain_id=chain_id, next_expiry_on__lte=on, is_open=True, kind="member")


def _range(run: ExpiryRunRow, on: date, now: datetime) -> int:
    """Look at the next accounts, in one transaction; how many they were."""
    with transaction.atomic():
        rows = list(
            _due(run.chain_id, on)
            .order_by("next_expiry_on", "id")
            .select_for_update(skip_locked=True)
            .values_list("id", "currency", "points_free")[:_AT_ONCE]
        )
        if not rows:
            return 0
        found = _sums([id for id, _currency, _free in rows], on)
        changes: list[tuple[UUID, int, date | None]] = []
        entries: list[tuple[object, ...]] = []
        cause = f"expire:{on}:{new_id().hex}"
        for id, currency, free in rows:
            due, next_on, held = found.get(id, (0, None, 0))
            gone = max(0, min(due, free))
            if held:  # what is held now and given back later is due at once
                next_on = min(on + timedelta(days=1), next_on or ledger.NEVER)
            changes.append((id, gone, next_on))
            if gone:
                entries.append(
                    (id, "member", run.chain_id, "expire", cause, -gone, 0, 0, currency, now, on, "", "", "")
                )  # fmt: skip
        bulk.insert_rows(table="loyalty_entry", columns=_ENTRY_COLUMNS, rows=entries)
        _change(changes)
        ExpiryRunRow.objects.filter(id=run.id).update(
            accounts_done=F("accounts_done") + len(rows),
            accounts_expired=F("accounts_expired") + len(entries),
            points_expired=F("points_expired") + sum(gone for _id, gone, _next in changes),
        )
    return len(rows)


def _sums(ids: Sequence[UUID], on: date) -> dict[UUID, tuple[int, date | None, int]]:
    """Of each account: what is due less what is held, the next day on which something ends, what is held."""
    marks = ", ".join(["%s"] * len(ids))
    day = sql.typed("date")
    rows = sql.run(_DUE.format(day=day, never=day, ids=marks), [on, on, ledger.NEVER, *ids, *ids])
    return {
        sql.read_uuid(account_id): (int(due), sql.read_date(next_on), int(held))
        for account_id, due, next_on, held in rows
    }


def _change(changes: Sequence[tuple[UUID, int, date | None]]) -> None:
    """Take the points off and note the next day, all accounts by one statement."""
    mark = f"({sql.typed('uuid')}, {sql.typed('bigint')}, {sql.typed('date')})"
    values = [value for change in changes for value in change]
    marks = ", ".join([mark] * len(changes))
    sql.run(
        f"WITH v(id, gone, next_on) AS (VALUES {marks}) UPDATE loyalty_account"  # noqa: S608  # nosec B608  # our own marks, values are parameters
        " SET points_free = points_free - v.gone, next_expiry_on = v.next_on FROM v WHERE loyalty_account.id = v.id",
        values,
    )


def _view(row: ExpiryRunRow) -> ExpiryProgress:
    return ExpiryProgress(
        chain_id=row.chain_id,
        on_date=row.on_date,
        accounts_total=row.accounts_total,
        accounts_done=row.accounts_done,
        accounts_expired=row.accounts_expired,
        points_expired=row.points_expired,
        is_finished=row.finished_at is not None,
    )
