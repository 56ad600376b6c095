"""The form of a programme: decision tables that are edited by clicks, and the JSON document that they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from liushui.kernel.errors import LiushuiError
from liushui.loyalty.domain.programme import ONCE_BP, Programme
from liushui.loyalty.domain.programme_json import (
    CARD_MONTHS_MAX,
    CARD_MONTHS_MIN_CNY,
    TENDERS,
    read_programme,
    write_programme,
)
from liushui.loyalty.errors import InvalidProgramme
from liushui.loyalty.pages.programme_values import (
    Wrong,
    read_days,
    read_hours,
    read_money,
    read_percent,
    read_times,
    read_whole,
    write_days,
    write_hours,
    write_money,
    write_percent,
    write_times,
)
from liushui.runtime import error_words

Row = dict[str, str]
Errors = dict[str, str]
Json = Mapping[str, Any]
TABLES: Mapping[str, tuple[str, ...]] = {
    "earn": (
        "tiers", "categories", "channels", "weekdays", "month_days", "hours", "points", "per_minor", "multiplier_bp",
    ),
    "levels": ("code", "name_zh", "name_en", "spend_minor", "grace_days"),
    "bonus": ("paid_minor", "gift_minor"),
}  # fmt: skip
NEW: Mapping[str, Row] = {
    "earn": {"points": "1", "per_minor": "1", "multiplier_bp": "1"},
    "levels": {"grace_days": "30"},
    "bonus": {},
}
ROWS_MAX = {"earn": 200, "levels": 20, "bonus": 50}
PLAIN = (
    "match", "tenders_without_points", "validity.kind", "validity.months", "validity.years", "redemption.is_on",
    "redemption.points", "redemption.minor", "redemption.max_share_bp", "window_months", "spend_order",
    "gift_card_months",
    "birthday.is_on", "birthday.window", "birthday.points", "birthday.multiplier_bp", "anniversary.is_on",
    "anniversary.window", "anniversary.points", "anniversary.multiplier_bp",
)  # fmt: skip
_LISTS = ("tiers", "categories", "channels", "weekdays", "tenders_without_points")
_POINTERS = {
    "earning.rows": "earn",
    "tiers.levels": "levels",
    "stored_value.top_up_bonus": "bonus",
    "earning.match": "match",
    "earning.tenders_without_points": "tenders_without_points",
    "tiers.window_months": "window_months",
    "stored_value.spend_order": "spend_order",
    "stored_value.gift_card_months": "gift_card_months",
}


@dataclass(slots=True, kw_only=True)
class Form:
    """What the fields hold, as text; lists have a value a line."""

    plain: Row = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadForm:
    """What a form came to: the rules when nothing is wrong, else words by field; `general` belongs to none."""

    document: dict[str, Any] | None
    programme: Programme | None
    errors: Errors
    general: str = ""


def form_of_document(document: Json, currency: str) -> Form:
    """The form that shows a document in normal form."""
    form = Form()
    earning, tiers, value = document["earning"], document["tiers"], document["stored_value"]
    validity = document["validity"]
    form.plain = {
        "match": earning["match"],
        "tenders_without_points": "\n".join(earning["tenders_without_points"]),
        "validity.kind": validity["kind"],
        "validity.months": str(validity.get("months", 12)),
        "validity.years": str(validity.get("years", 1)),
        "window_months": str(tiers["window_months"]),
        "spend_order": value["spend_order"],
        "gift_card_months": str(value.get("gift_card_months", 0)),
    }
    redemption = document["redemption"] or {"points": 100, "minor": 100, "max_share_bp": ONCE_BP}
    form.plain |= {
        "redemption.is_on": "on" if document["redemption"] else "",
        "redemption.points": str(redemption["points"]),
        "redemption.minor": write_money(redemption["minor"], currency),
        "redemption.max_share_bp": write_percent(redemption["max_share_bp"]),
    }
    for name in ("birthday", "anniversary"):
        benefit = document[name] or {"window": "month", "points": 0, "multiplier_bp": 2 * ONCE_BP}
        form.plain |= {
            f"{name}.is_on": "on" if document[name] else "",
            f"{name}.window": benefit["window"],
            f"{name}.points": str(benefit["points"]),
            f"{name}.multiplier_bp": write_times(benefit["multiplier_bp"]),
        }
    form.tables["earn"] = [_earn_form(row, currency) for row in earning["rows"]]
    form.tables["levels"] = [
        {
            **{key: str(level[key]) for key in ("code", "name_zh", "name_en", "grace_days")},
            "spend_minor": write_money(level["spend_minor"], currency),
        }
        for level in tiers["levels"]
    ]
    form.tables["bonus"] = [{key: write_money(row[key], currency) for key in row} for row in value["top_up_bonus"]]
    return form


def _earn_form(row: Json, currency: str) -> Row:
    return {
        **{key: "\n".join(str(each) for each in row.get(key, ())) for key in _LISTS if key in row},
        "month_days": write_days(row.get("month_days", ())),
        "hours": write_hours(row.get("hours", ())),
        "points": str(row["points"]),
        "per_minor": write_money(row["per_minor"], currency),
        "multiplier_bp": write_times(row.get("multiplier_bp", ONCE_BP)),
    }


def form_of_posted(posted: QueryDict) -> Form:
    """The form as it was sent; names that are none of its fields are dropped."""
    form = Form(plain={name: _text(posted, name) for name in PLAIN})
    for table, columns in TABLES.items():
        numbers = {name.split(".")[1] for name in posted if name.startswith(f"{table}.") and name.count(".") == 2}
        rows = sorted(int(each) for each in numbers if each.isascii() and each.isdigit() and len(each) < 4)
        form.tables[table] = [
            {column: _text(posted, f"{table}.{number}.{column}") for column in columns}
            for number in rows[: ROWS_MAX[table]]
        ]
    return form


def _text(posted: QueryDict, name: str) -> str:
    values = posted.getlist(name)
    return "\n".join(values) if name.rpartition(".")[2] in _LISTS else (values[-1] if values else "")


def read_form(form: Form, currency: str) -> ReadForm:
    """The document and the rules, or what is wrong, field by field."""
    reader = _Reader(currency)
    document = reader.document(form)
    if reader.errors:
        return ReadForm(document=None, programme=None, errors=reader.errors)
    try:
        programme = read_programme(document)
    except InvalidProgramme as error:
        return _refused(error)
    return ReadForm(document=write_programme(programme), programme=programme, errors={})


def _refused(error: LiushuiError) -> ReadForm:
    """What only the whole shows: thresholds that fall, tiers that nobody declared."""
    name = field_of_pointer(error.pointer or "")
    words = {
        "spend_minor": _("This must be more than the tier before it takes. Put the lowest tier first."),
        "paid_minor": _("This must be more than in the row before. Put the lowest first."),
        "code": _("This tier stands there twice, or its code is not a text."),
        "tiers": _("There is no such tier in the table of tiers."),
        "name_zh": _("Give a name of 1 to 128 characters."),
        "name_en": _("Give a name of 1 to 128 characters."),
        "multiplier_bp": _("This is too small or too large."),
    }.get(name.rpartition(".")[2])
    said = words or error_words.error_text(error)
    return ReadForm(document=None, programme=None, errors={name: said} if name else {}, general="" if name else said)


def field_of_pointer(pointer: str) -> str:
    """The form's field for `earning.rows[3].per_minor`; empty when it has none."""
    plain = pointer.replace("[", ".").replace("]", "")
    for begin, name in _POINTERS.items():
        if plain == begin or plain.startswith(f"{begin}."):
            rest = plain.removeprefix(begin).lstrip(".").split(".")
            return ".".join([name, *rest[:2]]) if rest[0] else name
    return plain if plain in PLAIN else ""


class _Reader:
    """Reads field after field and keeps what is wrong with each."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.errors: Errors = {}

    def one(self, name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except Wrong as wrong:
            self.errors[name] = str(wrong)
            return None

    def document(self, form: Form) -> dict[str, Any]:
        plain = form.plain
        return {
            "format": 1,
            "currency": self.currency,
            "earning": {
                "match": plain["match"] if plain["match"] in ("first", "best") else "first",
                "tenders_without_points": _among(plain["tenders_without_points"], TENDERS, always="points"),
                "rows": [self._earn(f"earn.{at}", row) for at, row in enumerate(form.tables["earn"])],
            },
            "validity": self._validity(plain),
            "redemption": self._redemption(plain),
            "tiers": {
                "window_months": self._whole(plain, "window_months", low=1, high=120),
                "levels": [self._level(f"levels.{at}", row) for at, row in enumerate(form.tables["levels"])],
            },
            "stored_value": {
                "spend_order": plain["spend_order"]
                if plain["spend_order"] in ("gift_first", "pro_rata")
                else "principal_first",
                "gift_card_months": self.one("gift_card_months", lambda: self._card_months(plain)),
                "top_up_bonus": [self._bonus(f"bonus.{at}", row) for at, row in enumerate(form.tables["bonus"])],
            },
            "birthday": self._benefit(plain, "birthday"),
            "anniversary": self._benefit(plain, "anniversary"),
        }

    def _whole(self, row: Row, key: str, *, low: int, high: int, name: str = "") -> Any:
        return self.one(name or key, lambda: read_whole(row.get(key, ""), low=low, high=high))

    def _card_months(self, plain: Row) -> int:
        months = read_whole(plain.get("gift_card_months", "") or "0", low=0, high=CARD_MONTHS_MAX)
        if self.currency == "CNY" and 0 < months < CARD_MONTHS_MIN_CNY:
            raise Wrong(_("0 for no end, or 36 months and more: the rules want three years at least."))
        return months

    def _money(self, row: Row, key: str, name: str, *, least: int = 0) -> Any:
        def read() -> int:
            minor = read_money(row.get(key, ""), self.currency)
            if minor < least:
                raise Wrong(_("This must be more than 0."))
            return minor

        return self.one(name, read)

    def _earn(self, at: str, row: Row) -> dict[str, Any]:
        read: dict[str, Any] = {key: _lines(row.get(key, "")) for key in ("tiers", "categories", "channels")}
        read["weekdays"] = [int(day) for day in _among(row.get("weekdays", ""), tuple("1234567"))]
        read["month_days"] = self.one(f"{at}.month_days", lambda: read_days(row.get("month_days", "")))
        read["hours"] = self.one(f"{at}.hours", lambda: read_hours(row.get("hours", "")))
        read = {key: value for key, value in read.items() if value}
        read["points"] = self._whole(row, "points", low=0, high=1_000_000, name=f"{at}.points")
        read["per_minor"] = self._money(row, "per_minor", f"{at}.per_minor", least=1)
        read["multiplier_bp"] = self.one(f"{at}.multiplier_bp", lambda: read_times(row.get("multiplier_bp") or "1"))
        return read

    def _level(self, at: str, row: Row) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key in ("code", "name_zh", "name_en"):
            read[key] = row.get(key, "").strip()
            if not read[key]:
                self.errors[f"{at}.{key}"] = _("Give the name.") if key != "code" else _("Give a short code.")
        read["spend_minor"] = self._money(row, "spend_minor", f"{at}.spend_minor")
        read["grace_days"] = self._whole(row, "grace_days", low=0, high=3660, name=f"{at}.grace_days")
        return read

    def _bonus(self, at: str, row: Row) -> dict[str, Any]:
        return {key: self._money(row, key, f"{at}.{key}", least=1) for key in ("paid_minor", "gift_minor")}

    def _validity(self, plain: Row) -> dict[str, Any]:
        kind = plain["validity.kind"]
        if kind == "months":
            return {"kind": kind, "months": self._whole(plain, "validity.months", low=1, high=120)}
        if kind == "year_end":
            return {"kind": kind, "years": self._whole(plain, "validity.years", low=0, high=10)}
        return {"kind": "never"}

    def _redemption(self, plain: Row) -> dict[str, Any] | None:
        if not plain["redemption.is_on"]:
            return None
        return {
            "points": self._whole(plain, "redemption.points", low=1, high=10**6),
            "minor": self._money(plain, "redemption.minor", "redemption.minor", least=1),
            "max_share_bp": self.one("redemption.max_share_bp", lambda: read_percent(plain["redemption.max_share_bp"])),
        }

    def _benefit(self, plain: Row, name: str) -> dict[str, Any] | None:
        if not plain[f"{name}.is_on"]:
            return None
        window = plain[f"{name}.window"]
        return {
            "window": window if window in ("day", "week", "month") else "month",
            "points": self._whole(plain, f"{name}.points", low=0, high=1_000_000),
            "multiplier_bp": self.one(
                f"{name}.multiplier_bp", lambda: read_times(plain[f"{name}.multiplier_bp"] or "1")
            ),
        }


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _among(text: str, known: tuple[str, ...], *, always: str = "") -> list[str]:
    chosen = {*_lines(text), always}
    return [each for each in known if each in chosen]


def change_form(form: Form, deed: str) -> str:
    """Do what a button asks for: add:earn, remove:earn.0, copy:earn.0, up:earn.1, down:earn.0; the row to look at."""
    verb, _colon, name = deed.partition(":")
    table, _dot, number = name.partition(".")
    if table not in TABLES:
        return ""
    rows = form.tables[table]
    if verb == "add" and not number and len(rows) < ROWS_MAX[table]:
        rows.append(dict(NEW[table]))
        return f"{table}.{len(rows) - 1}"
    if not (number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(rows)):
        return ""
    at = int(number)
    if verb == "remove":
        del rows[at]
        return f"{table}.{min(at, len(rows) - 1)}" if rows else table
    if verb == "copy" and len(rows) < ROWS_MAX[table]:
        rows.insert(at + 1, dict(rows[at]))
        return f"{table}.{at + 1}"
    to = at - 1 if verb == "up" else at + 1 if verb == "down" else -1
    if not 0 <= to < len(rows):
        return f"{table}.{at}"
    rows[at], rows[to] = rows[to], rows[at]
    return f"{table}.{to}"
