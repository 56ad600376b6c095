"""How the form of a programme is drawn: rows with their fields, chips and boxes, and the sentence of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from liushui.catalog import facade as catalog
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_sentence import (
    Said,
    Vocabulary,
    say_benefit,
    say_bonus_row,
    say_earn_row,
    say_level,
    say_redemption,
    say_validity,
)
from liushui.loyalty.pages.programme_form import Errors, Form, ReadForm, Row
from liushui.loyalty.pages.scope import is_chinese, local
from liushui.runtime.places import ChainPlace

SALE_CHANNELS: Mapping[str, tuple[str, str]] = {
    "pos": ("门店收银", "store tills"),
    "web": ("网店", "the web shop"),
    "app": ("App", "the app"),
}
WEEKDAYS: tuple[tuple[str, Any], ...] = (
    ("1", pgettext_lazy("weekday", "Mon")), ("2", pgettext_lazy("weekday", "Tue")),
    ("3", pgettext_lazy("weekday", "Wed")), ("4", pgettext_lazy("weekday", "Thu")),
    ("5", pgettext_lazy("weekday", "Fri")), ("6", pgettext_lazy("weekday", "Sat")),
    ("7", pgettext_lazy("weekday", "Sun")),
)  # fmt: skip
TENDER_TITLES: Mapping[str, Any] = {
    "points": pgettext_lazy("tender", "Points"),
    "stored_value": pgettext_lazy("tender", "Stored value"),
    "gift_card": pgettext_lazy("tender", "Gift card"),
    "cash": pgettext_lazy("tender", "Cash"),
    "card": pgettext_lazy("tender", "Bank card"),
    "mobile": pgettext_lazy("tender", "Mobile payment"),
    "other": pgettext_lazy("tender", "Other"),
}
LABELS: Mapping[str, Any] = {
    "tiers": pgettext_lazy("programme", "Tiers"),
    "categories": pgettext_lazy("programme", "Categories"),
    "channels": pgettext_lazy("programme", "Channels"),
    "weekdays": pgettext_lazy("programme", "Weekdays"),
    "month_days": gettext_lazy("Days of the month"),
    "hours": gettext_lazy("Hours of the day"),
    "points": pgettext_lazy("programme", "Points"),
    "per_minor": pgettext_lazy("programme", "per amount"),
    "multiplier_bp": pgettext_lazy("programme", "times"),
    "code": pgettext_lazy("programme", "Code"),
    "name_zh": gettext_lazy("Chinese name"),
    "name_en": gettext_lazy("English name"),
    "spend_minor": gettext_lazy("Spend needed"),
    "grace_days": gettext_lazy("Days of grace"),
    "paid_minor": gettext_lazy("Paid in, at least"),
    "gift_minor": gettext_lazy("Gift part on top"),
    "validity.months": gettext_lazy("Months that points are good"),
    "validity.years": gettext_lazy("Years after the one they are earned in"),
    "redemption.points": pgettext_lazy("programme", "So many points"),
    "redemption.minor": pgettext_lazy("programme", "pay this amount"),
    "redemption.max_share_bp": gettext_lazy("At most this part of a sale"),
    "window_months": gettext_lazy("Months that count"),
    "gift_card_months": gettext_lazy("Months that a gift card is good for (0: no end)"),
    "birthday.points": gettext_lazy("Points with the first purchase"),
    "birthday.multiplier_bp": gettext_lazy("Points times"),
    "anniversary.points": gettext_lazy("Points with the first purchase"),
    "anniversary.multiplier_bp": gettext_lazy("Points times"),
}


def vocabulary(chain: ChainPlace, programme_tiers: Mapping[str, tuple[str, str]]) -> Vocabulary:
    """What the codes of this chain's programme are called."""
    return Vocabulary(
        currency=chain.currency,
        tiers=programme_tiers,
        categories=catalog.category_names(chain_ids=[chain.id]),
        channels=SALE_CHANNELS,
    )


def tiers_of_form(form: Form) -> dict[str, tuple[str, str]]:
    """The tiers as the table of them says now, whole or not."""
    return {
        row["code"].strip(): (row.get("name_zh", ""), row.get("name_en", ""))
        for row in form.tables["levels"]
        if row.get("code", "").strip()
    }


def tiers_of_programme(programme: Programme) -> dict[str, tuple[str, str]]:
    """The same of rules that are whole."""
    return {level.code: (level.name_zh, level.name_en) for level in programme.levels}


def form_view(form: Form, *, words: Vocabulary, read: ReadForm, focus: str = "") -> dict[str, Any]:
    """Everything that the template of the fields draws."""
    errors = read.errors
    says = sentences(read.programme, words) if read.programme else {}
    return {
        "plain": form.plain,
        "errors": errors,
        "earn": [_earn_row(at, row, words, errors, says, focus) for at, row in enumerate(form.tables["earn"])],
        "levels": [_simple_row("levels", at, row, errors, says, focus) for at, row in enumerate(form.tables["levels"])],
        "bonus": [_simple_row("bonus", at, row, errors, says, focus) for at, row in enumerate(form.tables["bonus"])],
        "tenders": [
            (code, title, code in form.plain["tenders_without_points"].split("\n"), code == "points")
            for code, title in TENDER_TITLES.items()
        ],
        "windows": (("day", _("that day")), ("week", _("three days around it")), ("month", _("its month"))),
        "says": says,
        "focus": focus,
    }


def _simple_row(table: str, at: int, row: Row, errors: Errors, says: Mapping[str, Said], focus: str) -> dict[str, Any]:
    name = f"{table}.{at}"
    columns = ("code", "name_zh", "name_en", "spend_minor", "grace_days") if table == "levels" else (
        "paid_minor", "gift_minor",
    )  # fmt: skip
    return {
        "name": name,
        "number": at + 1,
        "id": f"{table}-{at}",
        "is_focus": focus == name,
        "say": says.get(name),
        "fields": [
            {
                "name": f"{name}.{column}",
                "id": f"{table}-{at}-{column}",
                "column": column,
                "label": LABELS[column],
                "value": row.get(column, ""),
                "error": errors.get(f"{name}.{column}", ""),
                "is_money": column.endswith("_minor"),
                "is_number": column in ("grace_days",),
            }
            for column in columns
        ],
    }


def _earn_row(
    at: int, row: Row, words: Vocabulary, errors: Errors, says: Mapping[str, Said], focus: str
) -> dict[str, Any]:
    name = f"earn.{at}"
    chosen = {key: [each for each in row.get(key, "").split("\n") if each] for key in
              ("tiers", "categories", "channels", "weekdays")}  # fmt: skip
    wrong = {key.removeprefix(f"{name}."): text for key, text in errors.items() if key.startswith(f"{name}.")}
    unknown = [code for code in chosen["tiers"] if code not in words.tiers]
    return {
        "name": name,
        "number": at + 1,
        "id": f"earn-{at}",
        "is_focus": focus == name or bool(wrong),
        "say": says.get(name),
        "values": row,
        "wrong": wrong,
        "tiers": [
            *((code, local(names) or code, code in chosen["tiers"]) for code, names in words.tiers.items()),
            *((code, code, True) for code in unknown),
        ],
        "channels": [(code, local(names), code in chosen["channels"]) for code, names in words.channels.items()],
        "weekdays": [(code, title, code in chosen["weekdays"]) for code, title in WEEKDAYS],
        "categories": row.get("categories", ""),
        "category_chips": [
            (path, local(words.categories.get(path, (path, path))) or path) for path in chosen["categories"]
        ],
        "cells": _cells(chosen, row, words),
    }


def _cells(chosen: Mapping[str, list[str]], row: Row, words: Vocabulary) -> list[str]:
    """The row of the decision table while it is closed: who, what, where, when."""
    language_joins = "、" if is_chinese() else ", "

    def named(key: str, known: Mapping[str, tuple[str, str]]) -> str:
        return language_joins.join(local(known.get(code, (code, code))) or code for code in chosen[key])

    days = language_joins.join(str(title) for code, title in WEEKDAYS if code in chosen["weekdays"])
    month = _("day %(days)s") % {"days": row.get("month_days", "")} if row.get("month_days", "").strip() else ""
    when = " · ".join(part for part in (days, month, row.get("hours", "").strip()) if part)
    return [named("tiers", words.tiers), named("categories", words.categories), named("channels", words.channels), when]


def sentences(programme: Programme, words: Vocabulary) -> dict[str, Said]:
    """What every rule says, by the name of its row or part."""
    said = {f"earn.{at}": say_earn_row(row, words) for at, row in enumerate(programme.earn_rows)}
    said |= {
        f"levels.{at}": say_level(level, programme.window_months, words) for at, level in enumerate(programme.levels)
    }
    said |= {f"bonus.{at}": say_bonus_row(row, words) for at, row in enumerate(programme.bonus_rows)}
    return said | {
        "validity": say_validity(programme.validity),
        "redemption": say_redemption(programme.redemption, words),
        "birthday": say_benefit(programme.birthday, is_birthday=True),
        "anniversary": say_benefit(programme.anniversary, is_birthday=False),
    }


def wrong_fields(read: ReadForm) -> list[tuple[str, str, str]]:
    """(element, label, words) of all that is wrong, for the list above the form."""
    return [(element_of(name), label_of(name), text) for name, text in read.errors.items()]


def element_of(name: str) -> str:
    """The id of a field's element."""
    return name.replace(".", "-")


def label_of(name: str) -> str:
    """What a field is called, its row's number before it."""
    parts = name.split(".")
    if len(parts) == 3 and parts[1].isdigit():
        label = str(LABELS.get(parts[2], parts[2]))
        return _("Row %(number)s: %(label)s") % {"number": int(parts[1]) + 1, "label": label}
    return str(LABELS.get(name, name))
