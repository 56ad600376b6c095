"""What the ledger comes to before a day: the sums of a month's beginning and the entries after it.

Entries are counted by their day, also those that are booked late: an entry for a day before the sums that is not in
them yet stands behind the id up to which the ledger was taken in (actions/snapshot_balances.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, F, QuerySet, Sum

from liushui.loyalty.contracts import BalanceProblem
from liushui.loyalty.models import BalanceDayRow, BalanceHeadRow, BalanceRow, EntryRow
from liushui.loyalty.models.balances import NO_STORE

_TRIES = 3  # sums move on once in minutes
_PROBLEMS_MAX = 1_000


class Sums(NamedTuple):
    """Points, principal and gift part; of entries or of several sums."""

    points: int = 0
    principal_minor: int = 0
    gift_minor: int = 0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(*(mine + its for mine, its in zip(self, other, strict=True)))


Key = tuple[int, str, str]  # store or NO_STORE, kind of account, currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What there was before a day."""

    sums: dict[Key, Sums]
    balances_read: int
    entries_read: int


def before(*, chain_id: int, day: date, store_ids: Collection[int] | None = None) -> Opening:
    """What a chain's ledger, or that of some stores, comes to before a day. Six statements.

    They agree unless the sums moved on between them; then they are asked again, at last for the ledger alone.
    """
    for _attempt in range(_TRIES):
        upto_id = taken_in()
        found = _before(chain_id, day, store_ids, _latest_day(chain_id, day), upto_id)
        if taken_in() == upto_id:
            return found
    return _before(chain_id, day, store_ids, None, 0)


def taken_in() -> int:
    """The id up to which entries are in the sums."""
    return BalanceHeadRow.objects.values_list("upto_id", flat=True).first() or 0


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def entries_by_key(rows: QuerySet[EntryRow]) -> Iterator[tuple[Key, Sums, int]]:
    """Sums of entries by store, kind of account and currency, and how many they are of. One statement."""
    grouped = rows.values_list("store_id", "account_kind", "currency").annotate(*sums_of_entries(), Count("id"))
    for store_id, account_kind, currency, *sums, count in grouped.order_by():
        yield (store_id or NO_STORE, account_kind, currency), Sums(*sums), count


def sums_of_entries() -> tuple[Sum, Sum, Sum]:
    """What is summed of entries, in the order of Sums."""
    return Sum("points"), Sum("principal_minor"), Sum("gift_minor")


def verify_balances(*, chain_id: int | None = None) -> tuple[BalanceProblem, ...]:
    """Every sum that is not what the entries up to the same id come to; empty when all are right.

    Reads the ledger once. At most a thousand are named.
    """
    while True:
        upto_id = taken_in()
        stated = _stated(chain_id)
        if taken_in() == upto_id:
            break
    explained = _explained(chain_id, upto_id)
    problems = []
    for chain, day in sorted(stated):
        has, wants = stated[chain, day], _up_to(explained.get(chain, {}), day)
        for key in sorted({*has, *wants}):
            pairs = zip(Sums._fields, has.get(key, Sums()), wants.get(key, Sums()), strict=True)
            problems += [
                BalanceProblem(
                    chain_id=chain, day=day, store_id=key[0] or None, account_kind=key[1], currency=key[2],
                    what=what, stated=one, explained=other,
                )
                for what, one, other in pairs
                if one != other
            ]  # fmt: skip
    return tuple(problems[:_PROBLEMS_MAX])


def stated_on(*, chain_id: int, day: date, store_ids: Collection[int] | None = None) -> dict[Key, Sums]:
    """The sums that are kept of what was booked before a day. One statement."""
    rows = BalanceRow.objects.filter(chain_id=chain_id, day=day)
    if store_ids is not None:
        rows = rows.filter(store_id__in=store_ids)
    return {
        (row.store_id, row.account_kind, row.currency): Sums(row.points, row.principal_minor, row.gift_minor)
        for row in rows
    }


def _latest_day(chain_id: int, day: date) -> date | None:
    rows = BalanceDayRow.objects.filter(chain_id=chain_id, day__lte=day).order_by("-day")
    return rows.values_list("day", flat=True).first()


def _before(
    chain_id: int, day: date, store_ids: Collection[int] | None, since: date | None, upto_id: int
) -> Opening:  # fmt: skip
    """The sums of the day `since`, and the entries that are not in them; None: the entries alone."""
    entries = EntryRow.objects.all()
    if store_ids is not None:
        entries = entries.filter(store_id__in=store_ids)
    found = stated_on(chain_id=chain_id, day=since, store_ids=store_ids) if since is not None else {}
    balances_read, count = len(found), 0
    after = entries.filter(chain_id=chain_id, on_date__lt=day)
    reads = [after]
    if since is not None:
        # By the id alone: an index that begins with the chain would be read from the first day on.
        late = entries.annotate(in_chain=F("chain_id") + 0).filter(id__gt=upto_id, on_date__lt=since, in_chain=chain_id)
        reads = [after.filter(on_date__gte=since), late]
    for rows in reads:
        for key, sums, number in entries_by_key(rows):
            found[key] = found.get(key, Sums()).plus(sums)
            count += number
    return Opening(sums=found, balances_read=balances_read, entries_read=count)


def _stated(chain_id: int | None) -> dict[tuple[int, date], dict[Key, Sums]]:
    days, rows = BalanceDayRow.objects.all(), BalanceRow.objects.all()
    if chain_id is not None:
        days, rows = days.filter(chain_id=chain_id), rows.filter(chain_id=chain_id)
    found: dict[tuple[int, date], dict[Key, Sums]] = {each: {} for each in days.values_list("chain_id", "day")}
    for row in rows:
        key = (row.store_id, row.account_kind, row.currency)
        sums = Sums(row.points, row.principal_minor, row.gift_minor)
        found.setdefault((row.chain_id, row.day), {})[key] = sums
    return found


def _explained(chain_id: int | None, upto_id: int) -> dict[int, dict[date, dict[Key, Sums]]]:
    """Of each chain: by day, what the entries of that day come to."""
    rows = EntryRow.objects.filter(id__lte=upto_id)
    if chain_id is not None:
        rows = rows.filter(chain_id=chain_id)
    grouped = rows.values_list("chain_id", "on_date", "store_id", "account_kind", "currency")
    found: dict[int, dict[date, dict[Key, Sums]]] = {}
    ordered = grouped.annotate(*sums_of_entries()).order_by("chain_id", "on_date")
    for (chain, on_date), group in groupby(ordered, key=lambda row: (row[0], row[1])):
        found.setdefault(chain, {})[on_date] = {
            (store_id or NO_STORE, kind, currency): Sums(*sums) for _c, _d, store_id, kind, currency, *sums in group
        }
    return found


def _up_to(days: dict[date, dict[Key, Sums]], day: date) -> dict[Key, Sums]:
    found: dict[Key, Sums] = {}
    for on_date, sums in days.items():
        if on_date < day:
            for key, each in sums.items():
                found[key] = found.get(key, Sums()).plus(each)
    return found
