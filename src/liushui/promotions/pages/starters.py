"""Promotions to begin from: the ones that shops make again and again, filled in with usual numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from liushui.kernel.money import exponent

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A promotion to begin from. `document` is made for amounts in units of the currency."""

    code: str
    title: Any
    text: Any
    icon: str
    name: Mapping[str, str]
    document: Callable[[int], Document]  # minor units of one unit of money → what it says besides id and name


def _spend_off(unit: int) -> Document:
    return {
        "stage": "order",
        "when": [{"type": "subtotal_at_least", "amount": 200 * unit}],
        "effects": [{"type": "amount_off", "amount": 30 * unit, "level": "order"}],
    }


def _every_off(unit: int) -> Document:
    return {"stage": "order", "effects": [{"type": "every_amount_off", "every": 300 * unit, "amount": 40 * unit}]}


def _second_half(unit: int) -> Document:
    return {"effects": [{"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest"}]}


def _buy_get(unit: int) -> Document:
    sets = {"buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest", "buy_scope": {}, "get_scope": {}}
    return {"effects": [{"type": "buy_n_get_m", **sets}]}


def _bundle(unit: int) -> Document:
    return {"effects": [{"type": "bundle_price", "n": 3, "price": 10 * unit}]}


def _percent(unit: int) -> Document:
    return {"effects": [{"type": "percent_off", "percent": 20, "level": "unit"}]}


def _member_price(unit: int) -> Document:
    return {"when": [{"type": "member"}], "effects": [{"type": "percent_off", "percent": 5, "level": "unit"}]}


def _happy_hour(unit: int) -> Document:
    return {
        "weekdays": [1, 2, 3, 4, 5],
        "hours": [["20:00", "22:00"]],
        "effects": [{"type": "percent_off", "percent": 30, "level": "unit"}],
    }


def _coupon(unit: int) -> Document:
    return {
        "stage": "order",
        "when": [{"type": "coupon", "code": "WELCOME"}, {"type": "subtotal_at_least", "amount": 100 * unit}],
        "effects": [{"type": "amount_off", "amount": 20 * unit, "level": "order"}],
        "limits": {"per_member": 1},
    }


def _add_on(unit: int) -> Document:
    return {
        "stage": "order",
        "when": [{"type": "subtotal_at_least", "amount": 99 * unit}],
        "effects": [{"type": "gift_unit", "sku": "", "qty": 1, "percent": 50}],
    }


STARTERS: tuple[Starter, ...] = (
    Starter(
        code="spend-off",
        title=_("Spend and save"),
        text=_("Spend ¥200, ¥30 off"),
        icon="cash",
        name={"zh": "满 200 减 30", "en": "¥30 off ¥200"},
        document=_spend_off,
    ),
    Starter(
        code="every-off",
        title=_("Save on every …"),
        text=_("¥40 off for every ¥300"),
        icon="repeat",
        name={"zh": "每满 300 减 40", "en": "¥40 off every ¥300"},
        document=_every_off,
    ),
    Starter(
        code="second-half",
        title=_("Second at half price"),
        text=_("Of two, the cheaper at half price"),
        icon="circle-half-2",
        name={"zh": "第二件半价", "en": "Second at half price"},
        document=_second_half,
    ),
    Starter(
        code="buy-get",
        title=_("Buy N get M free"),
        text=_("Buy two, get one free"),
        icon="gift",
        name={"zh": "买二送一", "en": "3 for 2"},
        document=_buy_get,
    ),
    Starter(
        code="bundle",
        title=_("Bundle price"),
        text=_("Any three for ¥10"),
        icon="packages",
        name={"zh": "3 件 10 元", "en": "Any 3 for ¥10"},
        document=_bundle,
    ),
    Starter(
        code="percent",
        title=_("Discount in percent"),
        text=_("20% off chosen goods"),
        icon="discount",
        name={"zh": "八折", "en": "20% off"},
        document=_percent,
    ),
    Starter(
        code="member-price",
        title=_("Member price"),
        text=_("5% off for members"),
        icon="users",
        name={"zh": "会员价", "en": "Member price"},
        document=_member_price,
    ),
    Starter(
        code="happy-hour",
        title=_("Only at some hours"),
        text=_("30% off on weekdays from 20:00 to 22:00"),
        icon="clock",
        name={"zh": "限时折扣", "en": "Evening discount"},
        document=_happy_hour,
    ),
    Starter(
        code="coupon",
        title=_("With a coupon"),
        text=_("¥20 off ¥100 with a code"),
        icon="ticket",
        name={"zh": "优惠券满 100 减 20", "en": "Coupon: ¥20 off ¥100"},
        document=_coupon,
    ),
    Starter(
        code="add-on",
        title=_("Add-on at a low price"),
        text=_("Spend ¥99, one item at half price"),
        icon="shopping-cart-plus",
        name={"zh": "满 99 换购", "en": "Add-on from ¥99"},
        document=_add_on,
    ),
    Starter(
        code="blank",
        title=_("Something else"),
        text=_("An empty promotion, all up to you"),
        icon="file-plus",
        name={"zh": "", "en": ""},
        document=lambda unit: {"effects": [{"type": "percent_off", "percent": 10, "level": "unit"}]},
    ),
)
BY_CODE: Mapping[str, Starter] = {each.code: each for each in STARTERS}


def started(code: str, *, currency: str, taken: frozenset[str] | set[str]) -> Document | None:
    """A promotion made from a starter, under an id that none of `taken` is; None for an unknown code."""
    starter = BY_CODE.get(code)
    if starter is None:
        return None
    number = next(n for n in range(1, len(taken) + 2) if f"{code}-{n}" not in taken)
    name = {language: text for language, text in starter.name.items() if text}
    head: Document = {"id": f"{code}-{number}"}
    return {**head, **({"name": name} if name else {}), **starter.document(10 ** exponent(currency))}
