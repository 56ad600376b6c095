"""The try-it box beside the rules: what a member of a tier earns for an amount of a category at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.http import QueryDict
from django.utils.translation import gettext as _

from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_checks import Check, check
from liushui.loyalty.domain.programme_earning import Occasion, SoldLine, earn, earn_row, granted
from liushui.loyalty.domain.programme_sentence import Vocabulary, times_text
from liushui.loyalty.pages.programme_values import Wrong, read_money
from liushui.loyalty.pages.scope import is_chinese, local


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Points, and in words how they came."""

    points: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A warning in the reader's words; `id` is the element that it is about."""

    id: str
    text: str


def try_rules(programme: Programme, posted: QueryDict, *, words: Vocabulary, currency: str) -> Tried:
    """What the sale of the box earns by these rules; raises Wrong."""
    amount = read_money(posted.get("try.amount", ""), currency)
    at = _moment(posted.get("try.at", ""))
    category = posted.get("try.category", "").strip()[:200]
    is_birthday = bool(posted.get("try.birthday"))
    occasion = Occasion(
        tier=posted.get("try.tier", "")[:64],
        channel=posted.get("try.channel", "")[:32],
        day=at.date(),
        clock=at.time(),
        birthday=(at.month, at.day) if is_birthday else None,
    )
    line = SoldLine(line_number=1, category=category, amount_minor=amount)
    earned = earn(programme=programme, lines=[line], not_counted_minor=0, occasion=occasion)
    row = earn_row(programme=programme, category=category, occasion=occasion)
    if row is None:
        return Tried(points=0, text=_("No row fits: such a purchase earns nothing."))
    number = next(index for index, each in enumerate(programme.earn_rows, start=1) if each is row)
    parts = [_("By row %(number)s.") % {"number": number}]
    bonus = 0
    for benefit in granted(programme=programme, occasion=occasion):
        bonus += benefit.points
        if benefit.multiplier_bp != 10_000:
            parts.append(_("Birthday: points times %(times)s.") % {"times": times_text(benefit.multiplier_bp)})
        if benefit.points:
            parts.append(_("With the first purchase %(points)s more.") % {"points": f"{benefit.points:,}"})
    worth = programme.worth_minor(points=earned.points + bonus)
    if worth:
        language = "zh" if is_chinese() else "en"
        parts.append(_("Worth %(amount)s.") % {"amount": words.money(worth, language)})
    return Tried(points=earned.points + bonus, text=" ".join(parts))


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(_("Give a date and a time.")) from None


def findings(programme: Programme, words: Vocabulary) -> list[Finding]:
    """What the checks say, in words."""
    return [Finding(id=each.place.replace(".", "-"), text=_said(each, programme, words)) for each in check(programme)]


def _said(each: Check, programme: Programme, words: Vocabulary) -> str:
    row = each.place.rpartition(".")[2]
    number = int(row) + 1 if row.isdigit() else 0
    facts = {"number": number, "other": each.other, "percent": times_text(each.basis_points * 100)}
    if each.code == "tier_earns_less":
        lower, higher = programme.level(each.other), programme.levels[number - 1]
        names = {
            "higher": local((higher.name_zh, higher.name_en)),
            "lower": local((lower.name_zh, lower.name_en)) if lower else each.other,
            "category": local(words.categories.get(each.category, (each.category, each.category))),
        }
        if each.category:
            return _("%(higher)s earns less than %(lower)s on %(category)s on an ordinary day.") % names
        return _("%(higher)s earns less than %(lower)s on an ordinary day.") % names
    return {
        "unreachable": _("Row %(number)s never counts: row %(other)s above it fits in every such case."),
        "nobody": _("Nobody earns points: the table has no rows."),
        "not_all": _("Some purchases earn nothing, since no row fits everybody and everything."),
        "worthless": _("Points are earned but pay for nothing."),
        "dear": _("Row %(number)s gives %(percent)s%% of the price back in points."),
        "bonus_dear": _("Row %(number)s of top-ups gives %(percent)s%% on top."),
        "bonus_falls": _("Row %(number)s of top-ups gives less than the row before it."),
    }[each.code] % facts


def sample_moment(today: date) -> str:
    """The Saturday to come at noon, for the box to begin with."""
    ahead = (5 - today.weekday()) % 7
    return f"{date.fromordinal(today.toordinal() + ahead).isoformat()}T12:00"
