"""Why a promotion was not applied, and what is missing for it, in a sentence of the active language."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from liushui.kernel.money_text import money_text
from liushui.promotions.domain.rulebook import Effect, Leaf, Promotion, Scope

NAMED_AT_ONCE = 3  # more things than these are "chosen articles"
_STEP = re.compile(r"[A-Za-z_]+|\[(\d+)\]")
_PARTS = {"all": "parts", "any": "parts", "not": "parts"}  # of a Combined
_AMOUNTS = frozenset({"subtotal_at_least", "discounted_subtotal_at_least"})
_QUANTITIES = frozenset({"quantity_at_least", "line_quantity_at_least", "distinct_skus_at_least"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What words are made with: language, currency, names, and the promotions as their rulebook states them."""

    currency: str
    language: str
    names: Mapping[str, Mapping[str, str]]
    promotions: Mapping[str, Promotion]

    def money(self, amount_minor: int) -> str:
        """`¥8.00`."""
        return money_text(amount_minor=amount_minor, currency=self.currency, language=self.language)

    def factor(self, basis_points: int) -> str:
        """`1.5` of 15000."""
        whole, part = divmod(basis_points, 10_000)
        return f"{whole}.{part:04}".rstrip("0").rstrip(".")

    def promotion(self, promotion_id: str) -> str:
        """Its name as people know it."""
        known = self.promotions.get(promotion_id)
        return self._local(self.names.get(promotion_id) or (known.name if known else {})) or promotion_id

    def article(self, sku: str) -> str:
        """The name of an article, else its SKU."""
        return self.thing("sku", sku)

    def thing(self, kind: str, code: str) -> str:
        """The name of a category, SKU, tier, store … else its code."""
        return self._local(self.names.get(f"{kind}:{code}", {})) or code

    def _local(self, name: Mapping[str, str]) -> str:
        first, second = ("zh", "en") if self.language.startswith("zh") else ("en", "zh")
        return name.get(first) or name.get(second) or ""

    def joined(self, parts: Collection[str]) -> str:
        """Several of them in a row."""
        return ("，" if self.language.startswith("zh") else ", ").join(parts)

    def listed(self, parts: Collection[str]) -> str:
        """Names that belong together."""
        return ("、" if self.language.startswith("zh") else ", ").join(parts)

    def at(self, promotion_id: str, path: str) -> Leaf | Effect | None:
        """The condition or effect at a path of the promotion; None when that is not known."""
        found: Any = self.promotions.get(promotion_id)
        for step in _STEP.finditer(path):
            try:
                found = found[int(step[1])] if step[1] is not None else getattr(found, _PARTS.get(step[0], step[0]))
            except (AttributeError, IndexError, TypeError):
                return None
        return found if isinstance(found, Leaf | Effect) else None

    def goods(self, scope: Scope) -> str:
        """What a scope covers: the names of its categories, articles or brands; empty for everything."""
        if scope == Scope():
            return ""
        kinds = (("category", scope.category_in), ("sku", scope.sku_in), ("brand", scope.brand_in))
        for kind, codes in kinds:
            if codes and len(codes) <= NAMED_AT_ONCE:
                return self.listed([self.thing(kind, code) for code in sorted(codes)])
        return gettext("chosen articles")


def near_miss_text(*, promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    """What is still missing: `¥8.00 more and you get …`."""
    missing = int(reason["need"]) - int(reason["have"])
    stated = told.at(promotion_id, str(reason.get("path", "")))
    name = told.promotion(promotion_id)
    if stated is None:
        return gettext("Nearly there: %(name)s") % {"name": name}
    kind, goods = stated.type, told.goods(_bought(stated))
    if _is_in_money(stated):
        values = {"amount": told.money(missing), "goods": goods, "name": name}
        if goods:
            return gettext("Spend %(amount)s more on %(goods)s for: %(name)s") % values
        return gettext("Spend %(amount)s more for: %(name)s") % values
    pieces: dict[str, Any] = {"count": missing, "goods": goods, "name": name}
    if kind == "distinct_skus_at_least":
        return ngettext(
            "Add %(count)d other article for: %(name)s", "Add %(count)d other articles for: %(name)s", missing
        ) % pieces  # fmt: skip
    if goods:
        return gettext("Add %(count)d more of %(goods)s for: %(name)s") % pieces
    return gettext("Add %(count)d more for: %(name)s") % pieces


def _is_in_money(stated: Leaf | Effect) -> bool:
    if isinstance(stated, Effect):
        return stated.type == "every_amount_off" or stated.basis == "subtotal"
    return stated.type in _AMOUNTS


def _bought(stated: Leaf | Effect) -> Scope:
    """What more of must be bought."""
    if isinstance(stated, Effect) and stated.buy_scope is not None:
        return stated.buy_scope
    if isinstance(stated, Effect) and stated.basis_scope is not None:
        return stated.basis_scope
    return stated.scope


def reason_text(*, promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    """Why it was not applied."""
    code = str(reason.get("code", ""))
    say = _REASONS.get(code)
    if say is not None:
        return say(promotion_id, reason, told)
    return str(_PLAIN_REASONS.get(code) or gettext("It does not apply here"))


def _not_started(_promotion_id: str, reason: Mapping[str, Any], _told: Told) -> str:
    return gettext("Begins on %(time)s") % {"time": _time(reason)} if reason.get("at") else gettext("Has not begun")


def _expired(_promotion_id: str, reason: Mapping[str, Any], _told: Told) -> str:
    return gettext("Ended on %(time)s") % {"time": _time(reason)} if reason.get("at") else gettext("Has ended")


def _time(reason: Mapping[str, Any]) -> str:
    at = reason["at"] if isinstance(reason["at"], datetime) else datetime.fromisoformat(str(reason["at"]))
    return at.strftime("%Y-%m-%d %H:%M")  # on the clock of the store, whose offset the instant carries


def _limit(_promotion_id: str, reason: Mapping[str, Any], _told: Told) -> str:
    path = str(reason.get("path", ""))
    if path.endswith("budget"):
        return gettext("Its budget is used up")
    if path.endswith("per_member"):
        if reason.get("need") is None or "have" not in reason or reason["have"] is None:
            return gettext("Members only: it is limited for each of them")
        return gettext("This member has used it %(have)s of %(need)s times") % {
            "have": reason["have"], "need": reason["need"],
        }  # fmt: skip
    return gettext("It has been used as often as it may be")


def _conflict(_promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    others = told.listed([told.promotion(each) for each in reason.get("with", ())])
    return gettext("Not together with: %(names)s") % {"names": others}


def _not_best(_promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    if "total_with" not in reason or "total_without" not in reason:
        return gettext("Without it the customer pays less")
    return gettext("With it %(with)s would be paid, without it %(without)s") % {
        "with": told.money(int(reason["total_with"])), "without": told.money(int(reason["total_without"])),
    }  # fmt: skip


def _condition(promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    path = str(reason.get("path", ""))
    if path.startswith("weekdays"):
        return gettext("Not on this day of the week")
    if path.startswith("hours"):
        return gettext("Not at this hour")
    if ".not" in path:
        return gettext("Excluded by one of its conditions")
    stated, have, need = told.at(promotion_id, path), reason.get("have"), reason.get("need")
    if not isinstance(stated, Leaf):
        return gettext("A condition of it is not met")
    kind, goods = stated.type, told.goods(stated.scope)
    if kind in _AMOUNTS and type(have) is int and type(need) is int:
        return _of_goods(goods, have=told.money(have), need=told.money(need))
    if kind in _QUANTITIES and type(have) is int and type(need) is int:
        if kind == "distinct_skus_at_least":
            return gettext("Needs %(need)s different articles; there are %(have)s") % {"need": need, "have": have}
        return _of_goods(goods, have=str(have), need=str(need))
    words = _KINDS.get(kind)
    return (
        words(stated, have, told) if words else str(_PLAIN_KINDS.get(kind) or gettext("A condition of it is not met"))
    )


def _no_effect(promotion_id: str, reason: Mapping[str, Any], told: Told) -> str:
    stated, have, need = told.at(promotion_id, str(reason.get("path", ""))), reason.get("have"), reason.get("need")
    if stated is None or type(have) is not int or type(need) is not int:
        return gettext("There is nothing it could take off here")
    goods = told.goods(_bought(stated))
    if _is_in_money(stated):
        return _of_goods(goods, have=told.money(have), need=told.money(need))
    return _of_goods(goods, have=str(have), need=str(need))


def _of_goods(goods: str, *, have: str, need: str) -> str:
    if goods:
        values = {"need": need, "goods": goods, "have": have}
        return gettext("Needs %(need)s of %(goods)s; there is %(have)s") % values
    return gettext("Needs %(need)s; there is %(have)s") % {"need": need, "have": have}


def _tier(stated: Leaf, have: Any, told: Told) -> str:
    wanted = told.listed([told.thing("tier", tier) for tier in sorted(stated.values or ())])
    if not have:
        return gettext("Only for members of tier %(tiers)s") % {"tiers": wanted}
    return gettext("Only for members of tier %(tiers)s; this one is %(tier)s") % {
        "tiers": wanted, "tier": told.thing("tier", str(have)),
    }  # fmt: skip


def _contains(stated: Leaf, _have: Any, told: Told) -> str:
    return gettext("Needs %(goods)s in the basket") % {"goods": told.goods(stated.scope) or gettext("an article")}


_PLAIN_KINDS: Mapping[str, Any] = {
    "member": _("Only for members"),
    "customer_group_in": _("Only for certain groups of customers"),
    "attribute": _("The customer's data do not meet it"),
    "nth_order": _("Only for a certain order of a member, such as the first"),
    "first_order": _("Only for a certain order of a member, such as the first"),
    "birthday_within": _("Only around the member's birthday"),
    "channel_in": _("Not in this channel of sale"),
    "store_in": _("Not in this store"),
    "region_in": _("Not in this region"),
    "shipping_method_in": _("Not with this delivery"),
    "payment_method_in": _("Not with this way of paying"),
    "coupon": _("Needs a coupon code"),
}
_KINDS: Mapping[str, Callable[[Leaf, Any, Told], str]] = {"tier_in": _tier, "contains": _contains}
_PLAIN_REASONS: Mapping[str, Any] = {
    "scope_empty": _("Nothing in the basket is covered by it"),
    "code_missing": _("Needs a coupon code"),
}
_REASONS: Mapping[str, Callable[[str, Mapping[str, Any], Told], str]] = {
    "not_started": _not_started,
    "expired": _expired,
    "condition": _condition,
    "limit": _limit,
    "conflict": _conflict,
    "no_effect": _no_effect,
    "not_best": _not_best,
}
