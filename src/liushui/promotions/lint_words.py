"""What the lint found, in plain words of the active language: for the pages of drafts and their review."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from liushui.promotions.domain.lint import Finding
from liushui.promotions.domain.sentence_names import decimal_text
from liushui.promotions.reason_words import Told

_STEP = re.compile(r"([A-Za-z_]+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingWords:
    """A finding as people read it: what it is, what it means here, what to do."""

    title: str
    text: str
    advice: str


TITLES: Mapping[str, Any] = {
    "never_eligible": _("Can never apply"),
    "gives_nothing": _("Never gives anything"),
    "coupon_unknown": _("Unknown coupon batch"),
    "circular_exclusion": _("Exclusions in a circle"),
    "group_contradicts": _("Group and exclusion contradict"),
    "group_modes_differ": _("One group, several rules"),
    "unknown_reference": _("Excludes what is not there"),
    "nothing_in_catalogue": _("No such goods"),
    "gift_not_in_catalogue": _("The gift is not sold"),
    "coupon_unusable": _("Nobody can have the coupon"),
    "threshold_unreachable": _("A limit is in the way"),
    "dominated": _("Always worse than another"),
    "behind_exclusive": _("Hidden behind an exclusive promotion"),
    "behind_first": _("Hidden behind the first of its group"),
    "group_gives_nothing": _("The group gives nothing"),
    "identical": _("The same promotion twice"),
    "below_cost": _("Sold below cost"),
    "joint_discount": _("Too much off together"),
    "large_discount": _("A very large discount"),
    "tier_inversion": _("A higher tier pays more"),
    "larger_pays_more": _("Buying more costs too much"),
    "anonymous_refused": _("Shoppers without a card are refused"),
    "name_missing": _("A name is missing"),
    "overlap": _("Two discounts on the same goods"),
    "at_floor": _("Held back by a floor price"),
    "already_ended": _("Has ended"),
    "no_end": _("No end date"),
    "no_budget": _("A large discount without a budget"),
    "sequential_loses": _("In turn is dearer than best"),
    "not_proven": _("Best price not proven"),
    "not_tried": _("Not tried"),
}
TEXTS: Mapping[str, Any] = {
    "never_eligible": _("%(name)s can never apply: %(first)s and %(second)s contradict each other."),
    "gives_nothing": _("%(name)s never takes anything off: see %(path)s."),
    "coupon_unknown": _("%(name)s asks for coupons of batch %(batch)s, and there is no such batch."),
    "circular_exclusion": _(
        "%(names)s exclude each other in a circle: of these %(members)s, %(applied)s applied here."
    ),
    "group_contradicts": _("All of group %(group)s may apply together, but %(name)s and %(other)s exclude each other."),
    "group_modes_differ": _("%(name)s and %(other)s are both in group %(group)s, but say different rules for it."),
    "unknown_reference": _("%(name)s is not to be combined with %(missing)s, which is not in this rulebook."),
    "nothing_in_catalogue": _("The chain sells nothing of what %(name)s asks for: see %(path)s."),
    "gift_not_in_catalogue": _("The gift of %(name)s, %(sku)s, is not in the catalogue."),
    "coupon_unusable": _("%(name)s needs coupons of batch %(batch)s: %(why)s."),
    "threshold_unreachable": _("%(name)s is kept back by %(path)s: it allows %(have)s where %(need)s are needed."),
    "dominated": _("%(other)s always gives at least as much as %(name)s: here %(theirs)s instead of %(own)s."),
    "behind_exclusive": _("%(name)s is never reached: %(other)s allows no other promotion beside it."),
    "behind_first": _("%(name)s is never reached: %(other)s comes before it in the same group."),
    "group_gives_nothing": _("%(name)s waits for another of group %(group)s, which is then kept out: none applies."),
    "identical": _("%(names)s are the same but for their names; both apply."),
    "below_cost": _("%(sku)s is sold for %(net)s; it costs %(cost)s."),
    "joint_discount": _("%(names)s together take %(share)s off: %(discount)s of %(gross)s. The line is at %(max)s."),
    "large_discount": _("%(name)s takes %(share)s off: %(discount)s of %(gross)s. The line is at %(max)s."),
    "tier_inversion": _("With the same basket %(higher)s pay %(higher_total)s, %(lower)s only %(lower_total)s."),
    "larger_pays_more": _("Goods for %(added)s more raise the total by %(more)s, because %(name)s then gives less."),
    "anonymous_refused": _("%(name)s has a limit per member, so shoppers without a card never get it."),
    "name_missing": _("%(name)s has no name in: %(languages)s."),
    "overlap": _("%(name)s and %(other)s reduce the same goods: %(discount)s off %(gross)s."),
    "at_floor": _("Floor prices keep %(unused)s back of what %(name)s would give."),
    "already_ended": _("%(name)s is over and does nothing any more."),
    "no_end": _("%(name)s goes on until somebody ends it."),
    "no_budget": _("%(name)s takes %(share)s off and has neither a budget nor a limit of uses."),
    "sequential_loses": _("Applied in turn, this basket costs %(lost)s more than the best set, %(best_total)s."),
    "not_proven": _("So many promotions meet here that the search stops: up to %(gap)s may be left on the table."),
    "not_tried": "%(reason)s",
}
ADVICE: Mapping[str, Any] = {
    "never_eligible": _("Change or remove one of the two."),
    "circular_exclusion": _("Put them into one group, or say each exclusion on purpose."),
    "group_contradicts": _("Use a group of which one applies, or take the exclusion away."),
    "group_modes_differ": _("Give all promotions of a group the same rule."),
    "nothing_in_catalogue": _("Check the chosen goods, or list them first."),
    "dominated": _("Remove it, or make it better for somebody."),
    "behind_exclusive": _("Change its stage or times, or make the other one not exclusive."),
    "behind_first": _("Change the order within the group."),
    "identical": _("Remove one of them."),
    "joint_discount": _("Let them exclude each other, put them into one group, or set a cap."),
    "large_discount": _("Check the numbers; set a cap, a budget or a limit."),
    "below_cost": _("Check the numbers, or set a floor price."),
    "tier_inversion": _("Give the higher tier at least the same."),
    "larger_pays_more": _("Let the tiers rise, or reward in each set."),
    "anonymous_refused": _("Add the condition that the shopper is a member, or limit the number of uses instead."),
    "no_end": _("Give it an end date."),
    "no_budget": _("Give it a budget."),
    "overlap": _("If only one is meant to apply, put them into one group."),
    "coupon_unusable": _("Make a new batch, or choose another one."),
    "coupon_unknown": _("Make the batch, or choose another one."),
}
_WHY: Mapping[str, Any] = {
    "void": _("the batch is void"),
    "expired": _("the batch has expired"),
    "empty": _("the batch has no codes left"),
    "wrong_kind": _("its codes are not handed out one by one"),
}
_PARTS: Mapping[str, Any] = {
    "starts_at": _("the start"),
    "ends_at": _("the end"),
    "weekdays": _("the weekdays"),
    "hours": _("the hours"),
    "budget": _("the budget"),
    "total": _("the limit of uses"),
    "per_member": _("the limit per member"),
    "per_order": _("the limit per order"),
    "scope": _("the chosen goods"),
    "basis_scope": _("the goods that count"),
    "buy_scope": _("the goods to buy"),
    "get_scope": _("the rewarded goods"),
    "price": _("the price"),
    "max_discount": _("the cap"),
    "max_units": _("the most units"),
    "unit_multiple_of": _("the multiple of units"),
    "tiers": _("the tiers"),
    "category_in": _("the categories"),
    "category_not_in": _("the categories left out"),
    "sku_in": _("the articles"),
    "sku_not_in": _("the articles left out"),
    "unit_price_min": _("the lowest price"),
    "unit_price_max": _("the highest price"),
}


def finding_words(finding: Finding, told: Told) -> FindingWords:
    """A finding in words. `told` knows the currency, the language and names."""
    names = [told.promotion(each) for each in finding.promotions]
    values: dict[str, str] = {name: _value(name, value, told) for name, value in finding.message_values.items()}
    values["missing"] = str(finding.message_values.get("name", ""))  # of a promotion that is not there
    values |= {"names": told.listed(names), "name": names[0] if names else "", "other": names[-1] if names else ""}
    values |= _special(finding, told)
    return FindingWords(
        title=str(TITLES[finding.code]),
        text=str(TEXTS[finding.code]) % values,
        advice=str(ADVICE.get(finding.code, "")),
    )


def _value(name: str, value: int | str, told: Told) -> str:
    if isinstance(value, str):
        return part_words(value) if name in ("path", "first", "second") else value
    if name.endswith("_bp"):
        return percent_text(value)
    return told.money(value) if name in _MONEY else str(value)


_MONEY = frozenset(
    {"own", "net", "cost", "discount", "gross", "added", "more", "unused", "amount", "lost", "best_total", "gap",
     "higher_total", "lower_total"}
)  # fmt: skip


def percent_text(basis_points: int) -> str:
    """`12.5%`."""
    return f"{decimal_text(basis_points, 2)}%"


def _special(finding: Finding, told: Told) -> dict[str, str]:
    """Values that a code says in its own way."""
    make = _SPECIAL.get(finding.code)
    shares = {"share_bp": "share", "max_bp": "max"}
    made = {
        short: percent_text(value)
        for name, short in shares.items()
        if isinstance(value := finding.message_values.get(name), int)
    }
    return made | (make(finding.message_values, told) if make else {})


def _limited(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    in_money = str(values.get("path", "")) != "limits.total"
    return {
        name: told.money(value) if in_money else str(value)
        for name in ("have", "need")
        if isinstance(value := values.get(name), int)
    }


def _theirs(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    value = values.get("other")
    return {"theirs": told.money(value) if isinstance(value, int) else ""}


def _tiers(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    known = {"anonymous": gettext("shoppers without a card"), "member": gettext("members")}
    return {
        name: known.get(code) or gettext("%(tier)s members") % {"tier": told.thing("tier", code)}
        for name in ("higher", "lower")
        if (code := str(values.get(name, "")))
    }


def _article(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    return {"sku": told.article(str(values.get("sku", "")))}


def _batch(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    why = _WHY.get(str(values.get("why", "")))
    return {"batch": told.thing("batch", str(values.get("batch", ""))), "why": str(why or "")}


def _languages(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    known = {"zh": gettext("Chinese"), "en": gettext("English")}
    codes = str(values.get("languages", "")).split(", ")
    return {"languages": told.listed([known.get(code, code) for code in codes])}


def _reason(values: Mapping[str, int | str], told: Told) -> dict[str, str]:
    reason = str(values.get("reason", ""))
    if reason == "work":
        return {"reason": gettext("The rulebook is so large that not every pair of promotions was tried.")}
    if reason == "more":
        count = int(values.get("count", 0))
        return {
            "reason": ngettext(
                "%(count)s more finding like this: %(title)s", "%(count)s more findings like this: %(title)s", count
            )
            % {"count": count, "title": TITLES.get(str(values.get("code", "")), "")}
        }
    return {"reason": gettext("No basket was found that this promotion applies to, so it was not looked at.")}


_SPECIAL: Mapping[str, Callable[[Mapping[str, int | str], Told], dict[str, str]]] = {
    "threshold_unreachable": _limited,
    "dominated": _theirs,
    "tier_inversion": _tiers,
    "below_cost": _article,
    "gift_not_in_catalogue": _article,
    "coupon_unknown": _batch,
    "coupon_unusable": _batch,
    "name_missing": _languages,
    "not_tried": _reason,
}


def part_words(path: str) -> str:
    """Where in a promotion something stands, without brackets: `when[1].not` is condition 2, in its opposite."""
    steps = [(name, int(number) if number else None) for name, number in _STEP.findall(path)]
    for name, number in steps[:1]:
        if name == "when":
            words = gettext("condition %(number)s") % {"number": (number or 0) + 1}
            last = steps[-1][0]
            if last in _PARTS:
                return gettext("%(part)s of %(whole)s") % {"part": _PARTS[last], "whole": words}
            is_opposite = sum(step == "not" for step, _number in steps) % 2 == 1
            return pgettext("condition", "%(words)s (must not hold)") % {"words": words} if is_opposite else words
        if name == "effects" and number is not None:
            last, tier = steps[-1]
            whole = gettext("benefit %(number)s") % {"number": number + 1}
            if last == "tiers" and tier is not None:
                return gettext("tier %(number)s of %(whole)s") % {"number": tier + 1, "whole": whole}
            return (
                gettext("%(part)s of %(whole)s") % {"part": _PARTS[last], "whole": whole} if last in _PARTS else whole
            )
        if steps[-1][0] in _PARTS:
            return str(_PARTS[steps[-1][0]])
    return path
