"""What an export says in the reader's words: the page for people. The JSON beside it keeps the names of the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import pgettext_lazy

_MINOR, _DIGITS_OF_YEAR = "_minor", 4
_NAMES: dict[str, Any] = {
    "membership": pgettext_lazy("export", "Membership"),
    "marketing": pgettext_lazy("export", "Offers"),
    "profiling": pgettext_lazy("export", "Offers by what was bought"),
    "service": pgettext_lazy("export", "service"),
    "number": pgettext_lazy("export", "Number"),
    "merged_numbers": pgettext_lazy("export", "Memberships merged into this one"),
    "status": pgettext_lazy("export", "Status"),
    "joined_at": pgettext_lazy("export", "Joined"),
    "joined_by": pgettext_lazy("export", "Joined by way of"),
    "home_store_id": pgettext_lazy("export", "Home store"),
    "tier": pgettext_lazy("export", "Tier"),
    "tier_since": pgettext_lazy("export", "Tier since"),
    "tier_until": pgettext_lazy("export", "Tier until"),
    "cards": pgettext_lazy("export", "Cards"),
    "given_at": pgettext_lazy("export", "Given"),
    "is_blocked": pgettext_lazy("export", "Blocked"),
    "free": pgettext_lazy("export", "Balance"),
    "points_free": pgettext_lazy("export", "Points"),
    "principal_free_minor": pgettext_lazy("export", "Stored value paid in"),
    "gift_free_minor": pgettext_lazy("export", "Stored value given"),
    "entries": pgettext_lazy("export", "Entries"),
    "top_ups": pgettext_lazy("export", "Top-ups"),
    "paid_minor": pgettext_lazy("export", "Paid"),
    "at": pgettext_lazy("export", "Time"),
    "kind": pgettext_lazy("export", "Kind"),
    "points": pgettext_lazy("export", "Points"),
    "principal_minor": pgettext_lazy("export", "Paid in"),
    "gift_minor": pgettext_lazy("export", "Gift"),
    "currency": pgettext_lazy("export", "Currency"),
    "on_date": pgettext_lazy("export", "Day"),
    "store_id": pgettext_lazy("export", "Store"),
    "store": pgettext_lazy("export", "Store"),
    "lot_until": pgettext_lazy("export", "Good until"),
    "sale_id": pgettext_lazy("export", "Receipt"),
    "order_key": pgettext_lazy("export", "Order"),
    "reason": pgettext_lazy("export", "Reason"),
    "total_minor": pgettext_lazy("export", "Total"),
    "tax_minor": pgettext_lazy("export", "of which tax"),
    "lines": pgettext_lazy("export", "Goods"),
    "tenders": pgettext_lazy("export", "Payments"),
    "name": pgettext_lazy("export", "Name"),
    "sku": pgettext_lazy("export", "Item number"),
    "units": pgettext_lazy("export", "Quantity"),
    "amount_minor": pgettext_lazy("export", "Amount"),
    "discount_minor": pgettext_lazy("export", "Discount"),
    "type": pgettext_lazy("export", "Kind"),
    "method": pgettext_lazy("export", "Means"),
    "tender": pgettext_lazy("export", "Paid by"),
    "batch": pgettext_lazy("export", "Coupon"),
    "code": pgettext_lazy("export", "Code"),
    "is_used": pgettext_lazy("export", "Used"),
    "begun_at": pgettext_lazy("export", "Since"),
    "expires_at": pgettext_lazy("export", "Until"),
    "browser": pgettext_lazy("export", "Browser"),
    "tier_changes": pgettext_lazy("export", "Changes of tier"),
    "spend_by_day": pgettext_lazy("export", "Spent by day"),
    "since": pgettext_lazy("export", "Since"),
    "to": pgettext_lazy("export", "New tier"),
    "cause": pgettext_lazy("export", "Reason"),
    "on": pgettext_lazy("export", "Day"),
    "spend_minor": pgettext_lazy("export", "Spent"),
    "purchases": pgettext_lazy("export", "Purchases"),
}
_VALUES: dict[str, Any] = {
    "active": pgettext_lazy("export", "active"),
    "completed": pgettext_lazy("export", "completed"),
    "voided": pgettext_lazy("export", "voided"),
    "earn": pgettext_lazy("export", "earned"),
    "benefit": pgettext_lazy("export", "gift of the shop"),
    "take_back": pgettext_lazy("export", "taken back with goods"),
    "spend": pgettext_lazy("export", "spent"),
    "give_back": pgettext_lazy("export", "given back"),
    "expire": pgettext_lazy("export", "expired"),
    "top_up": pgettext_lazy("export", "topped up"),
    "adjust": pgettext_lazy("export", "corrected"),
    "merge": pgettext_lazy("export", "merged"),
    "till": pgettext_lazy("export", "till"),
    "portal": pgettext_lazy("export", "these pages"),
    "console": pgettext_lazy("export", "the shop's office"),
    "import": pgettext_lazy("export", "taken over"),
    "sms": pgettext_lazy("export", "text message"),
    "email": pgettext_lazy("export", "e-mail"),
    "sent": pgettext_lazy("export", "sent"),
    "failed": pgettext_lazy("export", "failed"),
}


def name_of(field: str) -> Any:
    """A field's name in words; the name itself where there is none."""
    return _NAMES.get(field, field.replace("_", " "))


def value_of(value: Any, *, currency: str = "", field: str = "") -> Any:
    """A value as people write it: amounts with their point, times of this place's clock, yes and no."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return pgettext_lazy("export", "yes") if value else pgettext_lazy("export", "no")
    if field.endswith(_MINOR) and isinstance(value, int):
        sign, amount = "-" if value < 0 else "", abs(value)
        return f"{sign}{amount // 100}.{amount % 100:02} {currency}".strip()
    if isinstance(value, str):
        if field.endswith("birthday"):
            return value.removeprefix("--")
        moment = parse_datetime(value) if value[:_DIGITS_OF_YEAR].isdigit() and "T" in value else None
        return _time(moment) if moment is not None else _VALUES.get(value, value)
    return value


def node(value: Any, *, currency: str = "", field: str = "") -> dict[str, Any]:
    """JSON as a page shows it: rows by name, a table of like rows, a list, or a text."""
    if isinstance(value, Mapping):
        money = str(value.get("currency") or currency)
        rows = [(name_of(str(key)), node(item, currency=money, field=str(key))) for key, item in value.items()]
        return {"kind": "rows", "rows": rows}
    if isinstance(value, (list, tuple)):
        if _is_table(value):
            return _table(value, currency)
        return {"kind": "items", "parts": [node(item, currency=currency) for item in value]}
    return {"kind": "text", "text": value_of(value, currency=currency, field=field)}


def _is_table(rows: Sequence[Any]) -> bool:
    plain = all(
        isinstance(row, Mapping) and not any(isinstance(item, (Mapping, list, tuple)) for item in row.values())
        for row in rows
    )
    return bool(rows) and plain and len({tuple(row) for row in rows}) == 1


def _table(rows: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    """Columns that are empty in every row are left out, and the currency, which stands beside each amount."""
    has_money = any(name.endswith(_MINOR) for name in rows[0])
    names = [
        name
        for name in rows[0]
        if any(row[name] not in (None, "") for row in rows) and not (name == "currency" and has_money)
    ]
    return {
        "kind": "table",
        "heads": [name_of(name) for name in names],
        "rows": [
            [value_of(row[name], currency=str(row.get("currency") or currency), field=name) for name in names]
            for row in rows
        ],
    }


def _time(moment: datetime) -> str:
    return f"{timezone.localtime(moment) if timezone.is_aware(moment) else moment:%Y-%m-%d %H:%M}"
