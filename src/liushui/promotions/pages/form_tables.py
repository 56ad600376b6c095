"""What the builder's form asks for: a row for each field of each condition, effect and part of a promotion.

`key` is the field's name in the JSON form; what a value of a kind looks like in the form is form_values.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field. `is_plain` fields stand in sight; the others are under "all settings" unless they say something."""

    key: str
    label: Any
    kind: str  # money | percent | count | whole | signed | factor | text | choice | flag | instant | list | scope | …
    is_plain: bool = True
    is_required: bool = False
    choices: Choices = ()
    default: Any = None  # what a document without the key means; a field that says so is left out
    source: str = ""  # of a list: what is searched in
    help: Any = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of condition or effect: what it is called, and what it asks for."""

    title: Any
    fields: tuple[Asked, ...] = ()


UNIT_ORDER: Choices = (
    ("", _("Not said")),
    ("cheapest", _("The cheapest first")),
    ("most_expensive", _("The dearest first")),
    ("line_order", _("In the order of the lines")),
)
LEVELS: Choices = (
    ("unit", _("On each unit")),
    ("line", _("On each line")),
    ("order", _("On all together")),
)
_SHIPPING_TOO: Choices = (*LEVELS, ("order_and_shipping", _("On all together, then delivery")))


def _required(key: str, label: Any, kind: str, **more: Any) -> Asked:
    return Asked(key=key, label=label, kind=kind, is_required=True, **more)


_SCOPE = Asked(key="scope", label=_("Which goods"), kind="scope")
_PERCENT = _required("percent", _("Discount"), "percent")
_MAX_DISCOUNT = Asked(key="max_discount", label=_("At most this much off"), kind="money", is_plain=False)
_BASE = Asked(
    key="base",
    label=_("Reckoned on"),
    kind="choice",
    is_plain=False,
    default="remaining",
    choices=(("remaining", _("What remains to be paid")), ("list", _("List prices"))),
)
_COMMON = (_MAX_DISCOUNT, _BASE)
_ORDER = Asked(key="unit_order", label=_("Which units count first"), kind="choice", choices=UNIT_ORDER, is_plain=False)
_ORDER_REQUIRED = _required("unit_order", _("Which units are reduced"), "choice", choices=UNIT_ORDER)
_CHOOSING = (
    Asked(key="max_units", label=_("At most so many units"), kind="count", is_plain=False),
    Asked(key="max_units_per_line", label=_("At most so many units of a line"), kind="count", is_plain=False),
    Asked(key="unit_multiple_of", label=_("Only a multiple of so many units"), kind="count", is_plain=False),
    _ORDER,
)
_FORMATION = Asked(
    key="formation",
    label=_("How sets are made"),
    kind="choice",
    is_plain=False,
    default="sets",
    choices=(("sets", _("Set by set, best for the shopper")), ("pool", _("From all sets together"))),
)


def _level(*, shipping: bool = False) -> Asked:
    return _required("level", _("How it is taken off"), "choice", choices=_SHIPPING_TOO if shipping else LEVELS)


def _tiered(value_kind: str) -> tuple[Asked, ...]:
    return (
        _SCOPE,
        _required(
            "basis",
            _("Steps by"),
            "choice",
            choices=(("subtotal", _("Amount")), ("eligible_quantity", _("Number of units"))),
        ),
        _required("tiers", _("Steps"), f"tiers_{value_kind}"),
        Asked(key="level", label=_("How it is taken off"), kind="choice", choices=(("", _("Not said")), *LEVELS)),
        Asked(
            key="base_value",
            label=_("Below the first step"),
            kind=f"base_{value_kind}",
            is_plain=False,
            default=0,
        ),
        Asked(key="marginal", label=_("Each slice by its own step"), kind="flag", is_plain=False, default=False),
        Asked(key="basis_scope", label=_("Goods that the steps count"), kind="scope", is_plain=False),
        *_CHOOSING,
        *_COMMON,
    )


_METHODS = Asked(key="methods", label=_("Ways of delivery"), kind="list", help=_("Empty: all of them."))

EFFECTS: Mapping[str, Kind] = {
    "percent_off": Kind(title=_("Percent off"), fields=(_PERCENT, _SCOPE, _level(), *_CHOOSING, *_COMMON)),
    "amount_off": Kind(
        title=_("Amount off"),
        fields=(
            _required("amount", _("Amount off"), "money"),
            _SCOPE,
            _level(shipping=True),
            *_CHOOSING,
            *_COMMON,
        ),
    ),
    "every_amount_off": Kind(
        title=_("Amount off for every …"),
        fields=(
            _required("every", _("For every"), "money"),
            _required("amount", _("Amount off"), "money"),
            Asked(key="max_times", label=_("At most so many times"), kind="count"),
            _SCOPE,
            *_CHOOSING,
            *_COMMON,
        ),
    ),
    "fixed_unit_price": Kind(
        title=_("Fixed price"),
        fields=(_required("price", _("Price of each unit"), "money"), _SCOPE, *_CHOOSING, *_COMMON),
    ),
    "bundle_price": Kind(
        title=_("Any N for one price"),
        fields=(
            _required("n", _("Units in a set"), "count"),
            _required("price", _("Price of the set"), "money"),
            _SCOPE,
            _FORMATION,
            *_CHOOSING,
            *_COMMON,
        ),
    ),
    "buy_n_get_m": Kind(
        title=_("Buy N get M"),
        fields=(
            _required("buy_qty", _("Buy"), "count"),
            _required("get_qty", _("Get"), "count"),
            _required("percent", _("Discount on what one gets"), "percent"),
            _required("buy_scope", _("Goods to buy"), "scope"),
            _required("get_scope", _("Goods to get"), "scope"),
            _ORDER_REQUIRED,
            Asked(key="max_applications", label=_("At most so many times"), kind="count", is_plain=False),
            _FORMATION,
            *_CHOOSING[:3],
            *_COMMON,
        ),
    ),
    "nth_unit_percent": Kind(
        title=_("Nth unit reduced"),
        fields=(
            _required("n", _("Which one of a set (2: the second)"), "count"),
            *(_PERCENT, _SCOPE, _ORDER_REQUIRED, _FORMATION, *_CHOOSING[:3], *_COMMON),
        ),
    ),
    "cheapest_unit_free": Kind(
        title=_("Cheapest free"),
        fields=(_required("units", _("Units that are free"), "count"), _SCOPE, *_CHOOSING, *_COMMON),
    ),
    "percent_off_group": Kind(
        title=_("Percent off complete sets"),
        fields=(
            _required("group_size", _("Units in a set"), "count"),
            _PERCENT,
            _SCOPE,
            _FORMATION,
            *_CHOOSING,
            *_COMMON,
        ),
    ),
    "first_then_additional_amount_off": Kind(
        title=_("Amount off the first, then each further one"),
        fields=(
            _required("first", _("Off the first"), "money"),
            _required("additional", _("Off each further one"), "money"),
            Asked(key="max_units", label=_("At most so many units"), kind="count"),
            _SCOPE,
            _ORDER_REQUIRED,
            *_CHOOSING[1:3],
            *_COMMON,
        ),
    ),
    "tiered_percent_off": Kind(title=_("Percent off in steps"), fields=_tiered("percent")),
    "tiered_amount_off": Kind(title=_("Amount off in steps"), fields=_tiered("money")),
    "gift_unit": Kind(
        title=_("Gift or add-on at a low price"),
        fields=(
            _required("sku", _("Item"), "one", source="items"),
            _required("qty", _("Units"), "count"),
            _PERCENT,
            *_COMMON,
        ),
    ),
    "shipping_percent_off": Kind(title=_("Percent off delivery"), fields=(_PERCENT, _METHODS, *_COMMON)),
    "shipping_amount_off": Kind(
        title=_("Amount off delivery"), fields=(_required("amount", _("Amount off"), "money"), _METHODS, *_COMMON)
    ),
    "points": Kind(
        title=_("Points"),
        fields=(
            Asked(key="multiply", label=_("Times as many points"), kind="factor"),
            Asked(key="add", label=_("Extra points"), kind="count"),
        ),
    ),
    "issue_coupon": Kind(
        title=_("A coupon for the next order"),
        fields=(_required("batch", _("Coupon batch"), "one", source="batches"),),
    ),
}

_N_UNITS = _required("n", _("Units"), "count")

LEAVES: Mapping[str, Kind] = {
    "subtotal_at_least": Kind(title=_("Spends at least"), fields=(_required("amount", _("Amount"), "money"), _SCOPE)),
    "discounted_subtotal_at_least": Kind(
        title=_("Spends at least, after earlier discounts"),
        fields=(_required("amount", _("Amount"), "money"), _SCOPE),
    ),
    "quantity_at_least": Kind(title=_("Buys at least so many units"), fields=(_N_UNITS, _SCOPE)),
    "line_quantity_at_least": Kind(title=_("Buys at least so many units of one item"), fields=(_N_UNITS, _SCOPE)),
    "distinct_skus_at_least": Kind(
        title=_("Buys at least so many kinds"), fields=(_required("n", _("Kinds"), "count"), _SCOPE)
    ),
    "contains": Kind(title=_("Buys any of"), fields=(_required("scope", _("Which goods"), "scope"),)),
    "member": Kind(title=_("Is a member")),
    "tier_in": Kind(
        title=_("Is a member of tier"), fields=(_required("tiers", _("Member tiers"), "list", source="tiers"),)
    ),
    "customer_group_in": Kind(
        title=_("Is in a member group"), fields=(_required("groups", _("Member groups"), "list"),)
    ),
    "attribute": Kind(
        title=_("Has a member attribute"),
        fields=(
            _required("name", _("Attribute"), "text"),
            _required(
                "op",
                _("Comparison"),
                "choice",
                choices=(
                    ("eq", pgettext_lazy("comparison", "is")),
                    ("in", _("is one of")),
                    ("gte", _("is at least")),
                    ("lte", _("is at most")),
                ),
            ),
            _required("value", _("Value"), "scalar", help=_("A whole number, true, false, or a text; one a line.")),
        ),
    ),
    "nth_order": Kind(title=_("It is the Nth order"), fields=(_required("n", _("Which order"), "count"),)),
    "first_order": Kind(title=_("It is the first order")),
    "birthday_within": Kind(
        title=_("Birthday is near"), fields=(_required("days", _("Days before or after"), "whole"),)
    ),
    "channel_in": Kind(
        title=_("Buys through a channel"), fields=(_required("channels", _("Channels"), "list", source="channels"),)
    ),
    "store_in": Kind(title=_("Buys in a store"), fields=(_required("stores", _("Stores"), "list", source="stores"),)),
    "region_in": Kind(
        title=_("Buys in a region"), fields=(_required("regions", _("Regions"), "list", source="regions"),)
    ),
    "shipping_method_in": Kind(
        title=_("Way of delivery"), fields=(_required("methods", _("Ways of delivery"), "list"),)
    ),
    "payment_method_in": Kind(
        title=_("Means of payment"),
        fields=(_required("methods", _("Means of payment"), "list", source="payments"),),
    ),
    "coupon": Kind(
        title=_("Shows a coupon"),
        fields=(
            Asked(key="batch", label=_("Coupon batch"), kind="one", source="batches"),
            Asked(key="code", label=_("or one code for all"), kind="text"),
        ),
    ),
}
COMBINED: Mapping[str, Any] = {
    "all": _("All of these"),
    "any": _("Any of these"),
    "not": _("Not this"),
}

SCOPE: tuple[Asked, ...] = (
    Asked(key="category_in", label=_("Categories"), kind="list", source="categories"),
    Asked(key="sku_in", label=_("Items"), kind="list", source="items"),
    Asked(key="brand_in", label=_("Brands"), kind="list", source="brands"),
    Asked(key="tag_in", label=_("Tags"), kind="list", source="tags"),
    Asked(key="category_not_in", label=_("Not these categories"), kind="list", source="categories", is_plain=False),
    Asked(key="sku_not_in", label=_("Not these items"), kind="list", source="items", is_plain=False),
    Asked(key="unit_price_min", label=_("List price from"), kind="money", is_plain=False),
    Asked(key="unit_price_max", label=_("List price up to"), kind="money", is_plain=False),
    Asked(
        key="not_already_discounted",
        label=_("Only what is not reduced already"),
        kind="flag",
        default=False,
        is_plain=False,
    ),
)
LIMITS: tuple[Asked, ...] = (
    Asked(key="per_member", label=_("Orders per member"), kind="whole"),
    Asked(key="per_order", label=_("Times per order"), kind="count"),
    Asked(key="total", label=_("Orders in all"), kind="whole"),
    Asked(key="budget", label=_("Budget"), kind="money"),
    Asked(
        key="budget_mode",
        label=_("When the budget does not suffice"),
        kind="choice",
        default="reject",
        choices=(("reject", _("Give nothing")), ("partial", _("Give what is left"))),
    ),
)
PERIOD: tuple[Asked, ...] = (
    Asked(key="starts_at", label=_("Starts"), kind="instant"),
    Asked(key="ends_at", label=_("Ends, without"), kind="instant"),
    Asked(key="weekdays", label=_("Days of the week"), kind="weekdays"),
    Asked(key="hours", label=_("Hours of the day"), kind="hours", help=_("Such as 10:00-14:00, 17:00-20:00.")),
)
STACKING: tuple[Asked, ...] = (
    Asked(
        key="stage",
        label=_("Stage"),
        kind="choice",
        default="item",
        choices=(
            ("catalogue", _("List price")),
            ("item", pgettext_lazy("stage", "Items")),
            ("order", _("Whole order")),
            ("shipping", _("Delivery")),
            ("points", _("Points")),
        ),
    ),
    Asked(key="priority", label=_("Priority"), kind="signed", default=0, help=_("Higher goes first.")),
    Asked(key="lane", label=_("Lane"), kind="signed", default=0, help=_("Lower goes first.")),
    Asked(
        key="exclusive", label=_("Exclusive"), kind="flag", default=False, help=_("Nothing else in its stage with it.")
    ),
    Asked(
        key="unit_exclusive",
        label=_("Takes units for itself"),
        kind="flag",
        default=False,
        help=_("A unit takes part in one such promotion only."),
    ),
    Asked(key="not_with", label=_("Not together with"), kind="list", source="promotions"),
    Asked(key="group", label=_("Group"), kind="text"),
    Asked(
        key="group_mode",
        label=_("Of the group"),
        kind="choice",
        default="best",
        choices=(
            ("best", _("The largest discount")),
            ("first", _("The first that fits")),
            ("all", _("All that fit")),
        ),
    ),
    Asked(key="group_max", label=_("At most so many of the group"), kind="count"),
)
RETURNS: tuple[Asked, ...] = (
    Asked(
        key="return_policy",
        label=_("When goods come back"),
        kind="choice",
        default="keep",
        choices=(
            ("keep", _("What was kept keeps its discount")),
            ("clawback", _("Reckon the discount anew on what was kept")),
        ),
    ),
)
SCOPE_KEYS = ("scope", "buy_scope", "get_scope", "basis_scope")
