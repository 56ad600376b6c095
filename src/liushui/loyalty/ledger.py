"""The one place where accounts are booked: entries are added, and the accounts follow by what was added.

Locks are taken in one order by all who book: the order's holds, the entries by account and cause, the accounts by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import sql
from liushui.loyalty.domain import lots
from liushui.loyalty.models import AccountRow, EntryRow
from liushui.stores import facade as stores

NEVER = date(9999, 12, 31)  # until when a lot is good that has no end
_AT_ONCE = 200  # rows of one statement
_COLUMNS = (
    *("account_id", "account_kind", "chain_id", "kind", "cause", "points", "principal_minor", "gift_minor"),
    *("currency", "at", "on_date", "store_id", "lot_until", "sale_id", "order_key", "operator", "reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """A line to be booked. `moves_free` is False for what a hold has kept back already."""

    account_id: UUID
    chain_id: int
    kind: str
    cause: str
    currency: str
    at: datetime
    on_date: date
    points: int = 0
    principal_minor: int = 0
    gift_minor: int = 0
    account_kind: str = "member"
    store_id: int | None = None
    lot_until: date | None = None
    sale_id: UUID | None = None
    order_key: str = ""
    operator: str = ""
    reason: str = ""
    moves_free: bool = True
    lot_of: tuple[UUID, str] | None = None  # account and cause of the line that earned what is taken back here

    @property
    def key(self) -> tuple[UUID, str]:
        """What it is known by for ever."""
        return (self.account_id, self.cause)

    def row(self) -> tuple[object, ...]:
        """The values in the order of the table's columns."""
        return tuple(getattr(self, name) for name in _COLUMNS)


def book(entries: Iterable[NewEntry]) -> frozenset[tuple[UUID, str]]:
    """Add the entries that are not there yet and move their accounts; the (account, cause) of those added.

    Runs in the caller's transaction. What is there under the same cause stays as it is and moves nothing.
    """
    by_key: dict[tuple[UUID, str], NewEntry] = {}
    for entry in entries:
        by_key.setdefault(entry.key, entry)  # of two with one cause the first is booked, and moves its account once
    ordered = _with_lots([by_key[key] for key in sorted(by_key)])
    added: set[tuple[UUID, str]] = set()
    for first in range(0, len(ordered), _AT_ONCE):
        rows = sql.insert(
            table="loyalty_entry",
            columns=_COLUMNS,
            rows=[entry.row() for entry in ordered[first : first + _AT_ONCE]],
            keys="account_id, cause",
            returning="account_id, cause",
        )
        added |= {(sql.read_uuid(account_id), cause) for account_id, cause in rows}
    move([entry for entry in ordered if entry.key in added and entry.moves_free])
    _ease([entry for entry in ordered if entry.key in added and _takes_what_may_have_ended(entry)])
    return frozenset(added)


def _with_lots(entries: Sequence[NewEntry]) -> Sequence[NewEntry]:
    """What is taken back gets the day of the lot that it came from."""
    wanted = {entry.lot_of for entry in entries if entry.lot_of is not None}
    if not wanted:
        return entries
    found = EntryRow.objects.filter(
        account_id__in={account_id for account_id, _cause in wanted}, cause__in={cause for _account_id, cause in wanted}
    )
    days = {
        (account_id, cause): until for account_id, cause, until in found.values_list("account_id", "cause", "lot_until")
    }
    days |= {entry.key: entry.lot_until for entry in entries if entry.key in wanted}
    return [entry if entry.lot_of is None else replace(entry, lot_until=days.get(entry.lot_of)) for entry in entries]


def _takes_what_may_have_ended(entry: NewEntry) -> bool:
    return (
        entry.kind == "take_back"
        and entry.points < 0
        and entry.lot_until is not None
        and entry.lot_until <= entry.on_date
    )


def _ease(entries: Sequence[NewEntry]) -> None:
    """Points that nobody spent before their day was over are gone already: taking them back takes nothing more."""
    for entry in entries:
        lock([entry.account_id])
        rows = EntryRow.objects.filter(account_id=entry.account_id).exclude(points=0).exclude(cause=entry.cause)
        lines = (
            lots.Line(points, until, kind == "expire")
            for points, until, kind in rows.order_by("id").values_list("points", "lot_until", "kind")
        )
        assert entry.lot_until is not None  # nosec B101  # for the type checker
        points = min(-entry.points, lots.ended(lines=lines, until=entry.lot_until))
        if points:
            book([replace(entry, kind="expire", cause=f"ended:{entry.cause}", points=points, lot_of=None)])


def move(entries: Sequence[NewEntry]) -> None:
    """Change accounts by the sums of these entries, in the order of their ids: one statement for each account."""
    sums: dict[UUID, list[int]] = {}
    due: dict[UUID, date] = {}
    for entry in entries:
        total = sums.setdefault(entry.account_id, [0, 0, 0])
        total[0] += entry.points
        total[1] += entry.principal_minor
        total[2] += entry.gift_minor
        day = _looked_at(entry)
        if day is not None:
            due[entry.account_id] = min(day, due.get(entry.account_id, day))
    for account_id in sorted(sums):
        give(account_id=account_id, sums=sums[account_id], due_on=due.get(account_id))


def _looked_at(entry: NewEntry) -> date | None:
    """The day on which expiry must look at the account because of this entry; None: the entry changes nothing."""
    if entry.points <= 0:
        return None
    if entry.lot_until is None:
        return entry.on_date  # points that came back may belong to a lot whose day is over
    return None if entry.lot_until == NEVER else entry.lot_until


def give(*, account_id: UUID, sums: Sequence[int], due_on: date | None = None) -> None:
    """Add (points, principal, gift), each of either sign, to what is free of an account."""
    changes = "points_free = points_free + %s, principal_free_minor = principal_free_minor + %s, "
    changes += "gift_free_minor = gift_free_minor + %s"
    values: list[object] = [*sums]
    if due_on is not None:
        day = sql.typed("date")
        changes += f", next_expiry_on = CASE WHEN next_expiry_on < {day} THEN next_expiry_on ELSE {day} END"
        values += [due_on, due_on]
    sql.run(
        f"UPDATE loyalty_account SET {changes} WHERE id = %s",  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        [*values, account_id],
    )


def lock(account_ids: Collection[UUID]) -> dict[UUID, AccountRow]:
    """The accounts, locked until the end of the transaction, in the order in which all lock them."""
    rows = AccountRow.objects.filter(id__in=account_ids).order_by("id").select_for_update()
    return {row.id: row for row in rows}


def is_same(entry: NewEntry) -> bool:
    """Whether what is booked under the entry's cause has its amounts."""
    found = EntryRow.objects.filter(account_id=entry.account_id, cause=entry.cause).values_list(
        "kind", "points", "principal_minor", "gift_minor"
    )
    return list(found) == [(entry.kind, entry.points, entry.principal_minor, entry.gift_minor)]


def is_booked(*, account_id: UUID, cause: str) -> bool:
    """Whether an account has an entry of this cause."""
    return EntryRow.objects.filter(account_id=account_id, cause=cause).exists()


def booked(*, account_id: UUID, cause: str) -> int:
    """The principal of an account's entry of this cause; 0 when there is none."""
    found = EntryRow.objects.filter(account_id=account_id, cause=cause)
    return found.values_list("principal_minor", flat=True).first() or 0


def business_date(*, chain_id: int, store_id: int | None, at: datetime) -> date:
    """The day that something is counted in: the store's business day, or the date by the installation's clock.

    Raises InvalidValue for a store of another chain.
    """
    if store_id is None:
        return timezone.localdate(at)
    store = next((each for each in stores.stores() if each.id == store_id), None)
    if store is None or store.chain_id != chain_id:
        raise InvalidValue(f"Store {store_id} does not belong to chain {chain_id}", pointer="/store_id")
    return store.business_date(at)


def currency_of(*, chain_id: int) -> str:
    """The currency of a chain's accounts."""
    found = next((chain.currency for chain in stores.chains() if chain.id == chain_id), None)
    if found is None:
        raise InvalidValue(f"There is no chain {chain_id}", pointer="/chain_id")
    return found
