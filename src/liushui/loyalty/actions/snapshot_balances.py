"""Take new entries of the ledger into the sums of each month's beginning.

An entry is read here once: by its id it is in the sums or behind them, whatever day it is for. The sums of the next
month are there all month long and grow with it; an entry that is booked late goes into those of all months after its
day. All of it is one transaction that moves the head on from where it was seen, so of two workers one does it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Max, Min

from liushui.loyalty import sql
from liushui.loyalty.balances import Key, Sums, entries_by_key, next_month, stated_on, sums_of_entries, taken_in
from liushui.loyalty.models import BalanceDayRow, BalanceHeadRow, BalanceRow, EntryRow
from liushui.loyalty.models.balances import NO_STORE

ENTRIES_AT_ONCE = 50_000
MONTHS_MAX = 120  # what was booked for days before that is in the first of them
_ROWS_AT_ONCE = 200
_LOCK_WAIT = "250ms"
_KEYS = ("chain_id", "day", "store_id", "account_kind", "currency")

Months = dict[date, dict[Key, Sums]]  # by the first day of the month after the entries'


def snapshot_balances(*, now: datetime, seconds_max: float = 5.0, entries_max: int = ENTRIES_AT_ONCE) -> int:
    """Take in what was booked since the last time; how many entries. Safe to repeat, and to break off."""
    upto_id = taken_in()
    if not EntryRow.objects.filter(id__gt=upto_id).exists():
        return 0
    settled = _settled_id()
    begun, done = time.monotonic(), 0
    while upto_id < settled:
        last_id = _id_after(upto_id, settled, entries_max)
        chains, count = _months(upto_id, last_id)  # entries never change, so they are read before the transaction
        if not _take_in(chains, upto_id, last_id, today=now.date()):
            break
        done, upto_id = done + count, last_id
        if time.monotonic() - begun >= seconds_max:
            break
    return done


def forget_balances() -> None:
    """Drop all sums; they are made anew by the clock, and reports are right meanwhile."""
    with transaction.atomic():
        BalanceRow.objects.all().delete()
        BalanceDayRow.objects.all().delete()
        BalanceHeadRow.objects.all().delete()


def _settled_id() -> int:
    """The id up to which no entry can appear any more; 0 when those who book kept us waiting.

    SQLite has one writer, whose ids are in order. On PostgreSQL an entry may be committed after one with a higher id;
    whoever books holds a lock on the table from before it takes an id to its end, so once we have had SHARE, all that
    have an id are to be seen.
    """
    if connection.vendor != "postgresql":
        return _last_id()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
            cursor.execute("LOCK TABLE loyalty_entry IN SHARE MODE")
            return _last_id()
    except OperationalError:
        return 0


def _last_id() -> int:
    return EntryRow.objects.aggregate(last=Max("id"))["last"] or 0


def _id_after(upto_id: int, settled: int, entries_max: int) -> int:
    """Where the next part ends: some thousands of ids behind the first that is there."""
    first = EntryRow.objects.filter(id__gt=upto_id).aggregate(first=Min("id"))["first"] or settled
    return min(settled, first - 1 + entries_max)


def _months(after_id: int, upto_id: int) -> tuple[dict[int, Months], int]:
    """Of each chain with entries between two ids: their sums by month; and how many entries that are."""
    rows = EntryRow.objects.filter(id__gt=after_id, id__lte=upto_id)
    grouped = rows.values_list("chain_id", "on_date", "store_id", "account_kind", "currency")
    found: dict[int, Months] = {}
    entries = 0
    counted = grouped.annotate(*sums_of_entries(), Count("id")).order_by()
    for chain_id, on_date, store_id, kind, currency, *sums, count in counted:
        entries += count
        month = found.setdefault(chain_id, {}).setdefault(next_month(on_date), {})
        key = (store_id or NO_STORE, kind, currency)
        month[key] = month.get(key, Sums()).plus(Sums(*sums))
    return found, entries


def _take_in(chains: Mapping[int, Months], seen_id: int, next_id: int, *, today: date) -> bool:
    """Move the head on and the sums with it; False when somebody else has."""
    BalanceHeadRow.objects.bulk_create([BalanceHeadRow(id=1)], ignore_conflicts=True)
    with transaction.atomic():
        if not BalanceHeadRow.objects.filter(id=1, upto_id=seen_id).update(upto_id=next_id):
            return False
        for chain_id, months in sorted(chains.items()):
            days = _make_days(chain_id, seen_id, min(months), today=today)
            _add(chain_id, _running(months, days))
    return True


def _make_days(chain_id: int, seen_id: int, first: date, *, today: date) -> list[date]:
    """The days of a chain that have sums, up to the first of the next month; those that lack are made."""
    rows = BalanceDayRow.objects.filter(chain_id=chain_id)
    days = list(rows.order_by("day").values_list("day", flat=True))
    last = days[-1] if days else None
    wanted = next_month(today)
    if last is None:
        earliest = EntryRow.objects.filter(chain_id=chain_id).aggregate(first=Min("on_date"))["first"]
        day = max(min(first, next_month(earliest)), date(wanted.year - MONTHS_MAX // 12, wanted.month, 1))
    else:
        day = next_month(last)
    while day <= wanted:
        BalanceDayRow.objects.create(chain_id=chain_id, day=day)
        _add(chain_id, {day: _as_it_was(chain_id, last, day, seen_id)})
        days.append(day)
        last, day = day, next_month(day)
    return days


def _as_it_was(chain_id: int, last: date | None, day: date, seen_id: int) -> dict[Key, Sums]:
    """The sums before a day, of the entries that were taken in: from those of the day before it that has some."""
    found = stated_on(chain_id=chain_id, day=last) if last is not None else {}
    entries = EntryRow.objects.filter(chain_id=chain_id, on_date__lt=day, id__lte=seen_id)
    if last is not None:
        entries = entries.filter(on_date__gte=last)
    if seen_id:
        for key, sums, _count in entries_by_key(entries):
            found[key] = found.get(key, Sums()).plus(sums)
    return found


def _running(months: Months, days: Iterable[date]) -> Months:
    """What each day's sums grow by: the entries of all months before it."""
    rest = sorted(months)
    stands: dict[Key, Sums] = {}
    found: Months = {}
    for day in days:
        while rest and rest[0] <= day:
            for key, sums in months[rest.pop(0)].items():
                stands[key] = stands.get(key, Sums()).plus(sums)
        found[day] = dict(stands)
    return found


def _add(chain_id: int, days: Mapping[date, Mapping[Key, Sums]]) -> None:
    rows = [
        (chain_id, day, *key, *sums)
        for day, by_key in sorted(days.items())
        for key, sums in sorted(by_key.items())
        if any(sums)
    ]
    columns = (*_KEYS, *Sums._fields)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        marks = f"({', '.join(['%s'] * len(columns))})"
        sets = ", ".join(f"{name} = loyalty_balance.{name} + excluded.{name}" for name in Sums._fields)
        sql.run(
            f"INSERT INTO loyalty_balance ({', '.join(columns)}) VALUES {', '.join([marks] * len(part))}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
            f" ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET {sets}",
            [value for row in part for value in row],
        )
