"""The form in which a quarantined sale is mended: a command as fields with amounts as people write them, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import format_minor, parse_minor

HEADS: dict[str, Any] = {
    "store": gettext_lazy("Store"),
    "completed_at": gettext_lazy("Time of sale"),
    "receipt_number": gettext_lazy("Receipt number"),
    "workstation": gettext_lazy("Till"),
    "operator": gettext_lazy("Cashier"),
    "customer": gettext_lazy("Customer"),
    "channel": gettext_lazy("Channel"),
    "chain": gettext_lazy("Chain"),
    "currency": gettext_lazy("Currency"),
}
LINE_FIELDS: dict[str, Any] = {
    "code": gettext_lazy("Code"),
    "units": gettext_lazy("Units"),
    "amount": gettext_lazy("Amount"),
    "regular": gettext_lazy("Before discounts"),
}
TENDER_FIELDS: dict[str, Any] = {
    "type": gettext_lazy("Kind of payment"),
    "method": gettext_lazy("Means of payment"),
    "amount": gettext_lazy("Amount"),
}
_MONEY = ("amount", "regular")
_UNITS = re.compile(r"-?[0-9]{1,15}")


@dataclass(slots=True, kw_only=True)
class Field:
    """One field: its name in the form, what it is called, what it says, what is wrong with it."""

    name: str
    key: str
    label: str
    value: str
    error: str = ""
    is_first_wrong: bool = False
    is_money: bool = False


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of goods or a way of paying."""

    index: int
    fields: list[Field]
    code: str = ""
    name: str = ""

    @property
    def number(self) -> int:
        """Counted from one, as people do."""
        return self.index + 1

    @property
    def error(self) -> str:
        """What is wrong with it, all in one."""
        return " ".join(each.error for each in self.fields if each.error)


@dataclass(slots=True, kw_only=True)
class MendForm:
    """The fields of a sale."""

    heads: list[Field] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    tenders: list[Line] = field(default_factory=list)

    def all_fields(self) -> list[Field]:
        """In the order of the page."""
        return [*self.heads, *(each for line in (*self.lines, *self.tenders) for each in line.fields)]


def form_of(
    command: Mapping[str, Any], *, currency: str, errors: Mapping[str, str], typed: Mapping[str, str] | None = None
) -> MendForm:
    """The form of a command; `typed` is what was written over it, `errors` are texts by the names of fields."""

    def made(name: str, key: str, label: Any, value: object) -> Field:
        text = str((typed or {}).get(name, value))
        return Field(
            name=name, key=key, label=str(label), value=text, error=errors.get(name, ""), is_money=key in _MONEY
        )

    def rows(kind: str, prefix: str, labels: Mapping[str, Any]) -> list[Line]:
        return [
            Line(
                index=i,
                fields=[made(f"{prefix}-{i}-{key}", key, labels[key], _cell(row, key, currency)) for key in labels],
                code=str(row.get("code", "")),
                name=str(row.get("name", "")),
            )
            for i, row in _rows(command, kind)
        ]

    form = MendForm(
        heads=[made(f"head-{key}", key, label, command.get(key, "")) for key, label in HEADS.items()],
        lines=rows("lines", "line", LINE_FIELDS),
        tenders=rows("tenders", "tender", TENDER_FIELDS),
    )
    wrong = next((each for each in form.all_fields() if each.error), None)
    if wrong is not None:
        wrong.is_first_wrong = True
    return form


def read_form(
    command: Mapping[str, Any], *, typed: Mapping[str, str], currency: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """The command with what was typed put in, and what is wrong with it by the names of fields.

    Amounts are decimals of the currency, read strictly; whatever was not changed stays as it was sent.
    """
    mended: dict[str, Any] = json.loads(json.dumps(command))
    errors: dict[str, str] = {}
    for key in HEADS:
        if f"head-{key}" in typed:
            value = typed[f"head-{key}"].strip()
            mended.pop(key, None)
            if value:
                mended[key] = value
    for kind, prefix, keys in (("lines", "line", LINE_FIELDS), ("tenders", "tender", TENDER_FIELDS)):
        for i, row in _rows(mended, kind):
            for key in keys:
                name = f"{prefix}-{i}-{key}"
                if name in typed and typed[name].strip() != _cell(row, key, currency):
                    error = _put(row, key, typed[name].strip(), currency, is_needed=kind == "tenders")
                    errors |= {name: error} if error else {}
                elif key in _MONEY and type(row.get(key)) in (int, float):
                    row[key] = str(row[key])  # a JSON number is never money; what the page showed was a decimal
    return mended, errors


def _rows(command: Mapping[str, Any], kind: str) -> list[tuple[int, dict[str, Any]]]:
    rows = command.get(kind)
    return [(i, row) for i, row in enumerate(rows if isinstance(rows, list) else []) if isinstance(row, dict)]


def _cell(row: Mapping[str, Any], key: str, currency: str) -> str:
    """What a field says: money as a decimal of the currency, whether it was sent as one or in minor units."""
    minor = row.get(f"{key}_minor")
    if key in _MONEY and type(minor) is int:
        return format_minor(minor, currency)
    value = row.get(key)
    return "" if value is None else str(value)


def _put(row: dict[str, Any], key: str, value: str, currency: str, *, is_needed: bool) -> str:
    """Put a typed value in; answers what is wrong with it, in words, or nothing."""
    if key == "units":
        if not _UNITS.fullmatch(value):
            return _("“%(text)s” is not a whole number.") % {"text": value}
        row[key] = int(value)
    elif key in _MONEY:
        return _put_amount(row, key, value, currency, is_needed=is_needed)
    elif value:
        row[key] = value
    elif key in ("code", "type"):
        return _("This cannot be empty.")
    else:
        row.pop(key, None)
    return ""


def _put_amount(row: dict[str, Any], key: str, value: str, currency: str, *, is_needed: bool) -> str:
    if not value and is_needed:
        return _("This cannot be empty.")
    try:
        minor = parse_minor(value, currency) if value else None
    except InvalidValue:
        example = {"text": value, "currency": currency, "example": format_minor(1250, currency)}
        return _("“%(text)s” is not an amount in %(currency)s. Write it like %(example)s.") % example
    was_minor = f"{key}_minor" in row
    row.pop(f"{key}_minor", None)
    row.pop(key, None)
    if minor is not None:
        row |= {f"{key}_minor": minor} if was_minor else {key: format_minor(minor, currency)}
    return ""


def field_of(pointer: str) -> str:
    """The name of the field that a JSON pointer into a sale leads to; empty when there is none."""
    parts = pointer.split("/")[1:]
    if len(parts) == 1 and parts[0] in HEADS:
        return f"head-{parts[0]}"
    if parts and parts[0] in ("lines", "tenders"):
        prefix, keys, usual = (
            ("line", LINE_FIELDS, "code") if parts[0] == "lines" else ("tender", TENDER_FIELDS, "amount")
        )
        index = parts[1] if len(parts) > 1 and parts[1].isdecimal() else "0"
        key = parts[2].removesuffix("_minor") if len(parts) > 2 else usual
        return f"{prefix}-{index}-{key if key in keys else 'regular' if key == 'discounts' else usual}"
    return ""


__all__ = ["Field", "Line", "MendForm", "field_of", "form_of", "read_form"]
