"""What accounts hold, line by line and in sum."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import sql
from liushui.loyalty.contracts import ENTRY_KINDS, Balances, Entry, EntryPage, ExpiryLot
from liushui.loyalty.errors import UnknownMember
from liushui.loyalty.ledger import NEVER
from liushui.loyalty.models import EntryRow
from liushui.loyalty.points import lots_left

_BALANCES = """
SELECT a.currency, a.points_free, a.principal_free_minor, a.gift_free_minor,
 COALESCE(SUM(h.points), 0), COALESCE(SUM(h.principal_minor), 0), COALESCE(SUM(h.gift_minor), 0)
FROM loyalty_account a LEFT JOIN loyalty_hold h ON h.account_id = a.id AND h.state = 'held'
WHERE a.id = %s GROUP BY a.id
"""
_FIELDS = (
    *("id", "account_id", "kind", "points", "principal_minor", "gift_minor", "currency", "at", "on_date", "store_id"),
    *("lot_until", "sale_id", "order_key", "operator", "reason"),
)
_LIMIT_MAX = 500


def balances(*, member_id: UUID) -> Balances:
    """What a member has, in one statement; raises UnknownMember."""
    rows = sql.run(_BALANCES, [member_id])
    if not rows:
        raise UnknownMember("There is no such member")
    currency, *numbers = rows[0]
    points, principal, gift, points_held, principal_held, gift_held = map(int, numbers)
    return Balances(
        points=points + points_held,
        points_held=points_held,
        principal_minor=principal + principal_held,
        gift_minor=gift + gift_held,
        stored_held_minor=principal_held + gift_held,
        currency=currency,
    )


def entries(*, member_id: UUID, kind: str = "", cursor: str = "", limit: int = 50) -> EntryPage:
    """The lines of a member's account, the newest first. `kind` is one of ENTRY_KINDS, `points` or `value`; or all."""
    rows = EntryRow.objects.filter(account_id=member_id)
    if kind == "points":
        rows = rows.exclude(points=0)
    elif kind == "value":
        rows = rows.exclude(principal_minor=0, gift_minor=0)
    elif kind:
        if kind not in ENTRY_KINDS:
            raise InvalidValue(f"There is no kind of entry {kind!r}", pointer="/kind")
        rows = rows.filter(kind=kind)
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise InvalidValue("This is not a place in the list", pointer="/cursor")
        rows = rows.filter(id__lt=int(cursor))
    limit = min(max(1, limit), _LIMIT_MAX)
    found = list(rows.order_by("-id").values_list(*_FIELDS)[: limit + 1])
    page = tuple(_entry(values) for values in found[:limit])
    return EntryPage(entries=page, next_cursor=str(page[-1].id) if len(found) > limit else "")


def expiring(*, member_id: UUID) -> tuple[ExpiryLot, ...]:
    """The points that are left to spend, by the day from which they are gone, the first day first; those that stay for
    ever are left out. One statement."""
    left, _beyond = lots_left(account_id=member_id)
    return tuple(ExpiryLot(points=points, expires_on=until) for until, points in left if until != NEVER)


def _entry(values: tuple[object, ...]) -> Entry:
    fields = dict(zip(_FIELDS, values, strict=True))
    until = fields.pop("lot_until")
    ends = until if isinstance(until, date) and until != NEVER else None
    return Entry(**fields, expires_on=ends)  # type: ignore[arg-type]  # columns as the model has them
