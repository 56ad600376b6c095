"""The reports that there are, and how their rows are made from figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from liushui.analytics.contracts import Figures, Row
from liushui.analytics.domain import metrics

_WHOLE = ("tickets", "average_ticket", "items", "items_per_ticket")
_MONEY = ("gross", "discount", "refund", "tax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A report: its columns in order, the column it is sorted by at first, and columns whose values do not add up."""

    columns: tuple[str, ...]
    shown: tuple[str, ...] = ()  # the columns to begin with; empty: all
    sort: str = "net"
    descending: bool = True
    not_additive: frozenset[str] = frozenset()


KINDS: dict[str, Kind] = {
    "sales": Kind(
        columns=("net", "growth", *_WHOLE, *_MONEY, "margin", "margin_rate"),
        shown=("net", "growth", "tickets", "average_ticket", "discount", "refund", "margin", "margin_rate"),
        sort="key",
    ),
    "stores": Kind(
        columns=("net", "growth", "share", *_WHOLE, "discount", "refund", "return_rate", "margin", "margin_rate"),
        shown=("net", "growth", "share", "tickets", "average_ticket", "refund", "margin_rate"),
    ),
    "hours": Kind(columns=("net", "share", *_WHOLE, "discount", "refund"), sort="key", descending=False),
    "items": Kind(
        columns=(
            "net",
            "share",
            "items",
            "tickets",
            "gross",
            "discount",
            "refund",
            "returned_items",
            "margin",
            "margin_rate",
        ),
        shown=("net", "share", "items", "tickets", "discount", "refund", "margin_rate"),
        not_additive=frozenset({"tickets"}),
    ),
    "categories": Kind(
        columns=("net", "share", "items", "gross", "discount", "refund", "returned_items", "margin", "margin_rate"),
        shown=("net", "share", "items", "discount", "refund", "margin", "margin_rate"),
    ),
    "payments": Kind(columns=("amount", "share", "payments"), sort="amount"),
    "cashiers": Kind(
        columns=("net", "share", *_WHOLE, "discount", "discount_rate", "refund", "return_rate", "voids", "voided"),
        shown=("net", "share", "tickets", "average_ticket", "discount_rate", "return_rate", "voids"),
    ),
}
GRAINS = ("day", "week", "month")


def values_of(
    columns: Iterable[str], figures: Figures, *, whole: Figures, before: Figures | None
) -> dict[str, int | None]:
    """A row's values; `growth` against `before` is of the same days and hours, given by the caller."""
    values: dict[str, int | None] = {}
    for column in columns:
        if column == "share":
            values[column] = metrics.share_bp(part=figures.net_minor, whole=whole.net_minor)
        elif column == "growth":
            values[column] = (
                None if before is None else metrics.change_bp(now=figures.net_minor, before=before.net_minor)
            )
        else:
            values[column] = metrics.value(column, figures)
    return values


def ordered(rows: Sequence[Row], *, sort: str, descending: bool) -> list[Row]:
    """Rows by a column or by key; what is not defined comes last either way, equals by key."""
    if sort == "key":
        return sorted(rows, key=lambda row: row.key, reverse=descending)
    known = [row for row in rows if row.values.get(sort) is not None]
    unknown = sorted((row for row in rows if row.values.get(sort) is None), key=lambda row: row.key)
    sign = -1 if descending else 1
    return [*sorted(known, key=lambda row: (sign * (row.values[sort] or 0), row.key)), *unknown]


def grain_of(day: date, grain: str) -> tuple[str, date, date]:
    """Key, first and last day of the day, ISO week or month that a day belongs to."""
    if grain == "week":
        first = day - timedelta(days=day.weekday())
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}", first, first + timedelta(days=6)
    if grain == "month":
        first = day.replace(day=1)
        next_month = (first + timedelta(days=31)).replace(day=1)
        return f"{day:%Y-%m}", first, next_month - timedelta(days=1)
    return day.isoformat(), day, day


def child_of(path: str, parent: str) -> tuple[str, bool]:
    """The path one level below `parent` that `path` lies on, and whether there is more below that."""
    rest = path[len(parent) + 1 :] if parent else path
    head, slash, _ = rest.partition("/")
    return (f"{parent}/{head}" if parent and head else parent or head), bool(slash)
