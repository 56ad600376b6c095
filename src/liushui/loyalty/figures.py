"""What a chain owes its members, summed from the ledger; and whether every account is what its entries say."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db.models import Count, Sum

from liushui.loyalty import balances, ledger, sql
from liushui.loyalty.balances import sums_of_entries
from liushui.loyalty.contracts import DayMovement, LedgerProblem, Liability, Movement
from liushui.loyalty.models import AccountRow, EntryRow
from liushui.loyalty.programme_live import live_programme

_PARTS = {
    "earn": "earned",
    "benefit": "earned",
    "top_up": "earned",
    "sell": "earned",
    "take_back": "taken_back",
    "top_up_back": "taken_back",
    "spend": "spent",
    "give_back": "given_back",
    "expire": "expired",
    "forfeit": "expired",
    "extend": "expired",  # undoes it: the value of a card that was extended after its end
    "adjust": "adjusted",
    "merge": "merged",
}
_OUTWARD = {"taken_back", "spent", "expired"}  # told as positive numbers of what went
_WHATS = ("points", "principal", "gift", "gift_card")
_PROBLEMS_MAX = 1_000
_EXPLAINED = """
WITH e AS (
 SELECT account_id, SUM(points) AS points, SUM(principal_minor) AS principal, SUM(gift_minor) AS gift
 FROM loyalty_entry GROUP BY account_id
), h AS (
 SELECT account_id, SUM(points) AS points, SUM(principal_minor) AS principal, SUM(gift_minor) AS gift
 FROM loyalty_hold WHERE state = 'held' GROUP BY account_id
), said AS (
 SELECT a.id, a.points_free AS points, COALESCE(e.points, 0) - COALESCE(h.points, 0) AS points_explained,
  a.principal_free_minor AS principal, COALESCE(e.principal, 0) - COALESCE(h.principal, 0) AS principal_explained,
  a.gift_free_minor AS gift, COALESCE(e.gift, 0) - COALESCE(h.gift, 0) AS gift_explained
 FROM loyalty_account a LEFT JOIN e ON e.account_id = a.id LEFT JOIN h ON h.account_id = a.id
)
SELECT id, points, points_explained, principal, principal_explained, gift, gift_explained FROM said
WHERE points <> points_explained OR principal <> principal_explained OR gift <> gift_explained
UNION ALL
SELECT e.account_id, 0, e.points, 0, e.principal, 0, e.gift FROM e
WHERE NOT EXISTS (SELECT 1 FROM loyalty_account a WHERE a.id = e.account_id)
"""

Sums = dict[tuple[str, str], dict[str, int]]  # by what and currency: the parts of its movement


def liability(
    *, chain_id: int, first: date, last: date, now: datetime, store_ids: Collection[int] | None = None
) -> Liability:
    """How points, stored value and gift cards moved from `first` to `last`, both included, and what they stand at.

    With `store_ids` only what was booked in those stores: opening and closing are then what came to be there. What
    points are worth, and accounts below zero, are those of the whole chain, at the rate of `now`.

    Reads the sums of a month's beginning and the entries after it, however long the ledger is before that.
    """
    rows = EntryRow.objects.filter(chain_id=chain_id, on_date__lte=last, on_date__gte=first)
    if store_ids is not None:
        rows = rows.filter(store_id__in=store_ids)
    opening: dict[int | None, Sums] = {}
    moved: dict[tuple[date, int | None], Sums] = {}
    before = balances.before(chain_id=chain_id, day=first, store_ids=store_ids).sums
    for (store_id, account_kind, currency), sums in before.items():
        _add(opening.setdefault(store_id or None, {}), account_kind, currency, "opening", sums)
    within = rows.values_list("on_date", "store_id", "account_kind", "currency", "kind")
    for on_date, store_id, account_kind, currency, kind, *moves in within.annotate(*sums_of_entries()).order_by():
        _add(moved.setdefault((on_date, store_id), {}), account_kind, currency, _PARTS[kind], moves)
    movements = _movements(_merged([*opening.values(), *moved.values()]))  # before _days adds each day's opening
    programme = live_programme(chain_id=chain_id, at=now)
    points = next((each.closing for each in movements if each.what == "points"), 0)
    below = AccountRow.objects.filter(chain_id=chain_id, points_free__lt=0).aggregate(
        count=Count("id"), points=Sum("points_free")
    )
    return Liability(
        first=first,
        last=last,
        movements=movements,
        days=_days(opening, moved),
        points_worth_minor=programme.worth_minor(points=points),
        currency=ledger.currency_of(chain_id=chain_id),
        negative_accounts=below["count"],
        negative_points=below["points"] or 0,
    )


def verify(*, chain_id: int | None = None) -> tuple[LedgerProblem, ...]:
    """Every account that is not the sum of its entries less its open holds; empty when the books are right.

    One statement over the whole ledger. At most a thousand are named.
    """
    found = sql.run(_EXPLAINED, [])
    problems = [
        LedgerProblem(account_id=sql.read_uuid(row[0]), what=what, stated=int(row[at]), explained=int(row[at + 1]))
        for row in found
        for at, what in ((1, "points"), (3, "principal"), (5, "gift"))
        if row[at] != row[at + 1]
    ]
    if chain_id is not None:
        ids = {problem.account_id for problem in problems}
        other = AccountRow.objects.filter(id__in=ids).exclude(chain_id=chain_id).values_list("id", flat=True)
        elsewhere = set(other)
        problems = [problem for problem in problems if problem.account_id not in elsewhere]
    return tuple(problems[:_PROBLEMS_MAX])


def _add(into: Sums, account_kind: str, currency: str, part: str, sums: Iterable[int]) -> None:
    points, principal, gift = sums
    of_card = account_kind == "gift_card"
    amounts = {"points": points, "gift_card" if of_card else "principal": principal, "gift": gift}
    for what, amount in amounts.items():
        if amount:
            parts = into.setdefault((what, "" if what == "points" else currency), {})
            parts[part] = parts.get(part, 0) + amount


def _merged(all_sums: Iterable[Sums]) -> Sums:
    merged: Sums = {}
    for sums in all_sums:
        for key, parts in sums.items():
            into = merged.setdefault(key, {})
            for part, amount in parts.items():
                into[part] = into.get(part, 0) + amount
    return merged


def _movements(sums: Sums) -> tuple[Movement, ...]:
    return tuple(
        _movement(what, currency, sums[what, currency])
        for what, currency in sorted(sums, key=lambda key: (_WHATS.index(key[0]), key[1]))
    )


def _movement(what: str, currency: str, parts: dict[str, int]) -> Movement:
    names = ("opening", *dict.fromkeys(_PARTS.values()))
    told = {name: parts.get(name, 0) * (-1 if name in _OUTWARD else 1) for name in names}
    return Movement(what=what, currency=currency, closing=sum(parts.values()), **told)


def _days(opening: dict[int | None, Sums], moved: dict[tuple[date, int | None], Sums]) -> tuple[DayMovement, ...]:
    """Day by day and store by store; each begins with what the day before left there."""
    stands = {store_id: {key: sum(parts.values()) for key, parts in sums.items()} for store_id, sums in opening.items()}
    days = []
    for on_date, store_id in sorted(moved, key=lambda key: (key[0], key[1] or 0)):
        here = stands.setdefault(store_id, {})
        sums = moved[on_date, store_id]
        for key, parts in sums.items():
            parts["opening"] = here.get(key, 0)
            here[key] = sum(parts.values())
        days += [DayMovement(on_date=on_date, store_id=store_id, movement=movement) for movement in _movements(sums)]
    return tuple(days)
