"""What a backtest came to, as its page shows it: figures side by side, charts, tables, examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.numbers import get_currency_symbol
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.kernel.money import exponent, round_half_up
from liushui.stores import facade as stores
from liushui.trials.contracts import Backtest
from liushui.trials.pages.words import PROMOTION_STATE, promotion_name

_BARS = 24
_SIDES = ("live", "draft")


def result_context(found: Backtest, *, receipts_of: frozenset[int]) -> dict[str, Any]:
    """All that the template asks. `receipts_of`: stores whose receipts the reader may open."""
    result = found.result or {}
    names = {each["id"]: promotion_name(each["id"], each["name"]) for each in result["promotions"]}
    links = {store.code for store in stores.stores() if store.id in receipts_of and store.id in found.store_ids}
    days, places = _day_chart(result, found.currency), _store_chart(result, found)
    return {
        "result": result,
        "measures": measures(result),
        "day_chart": days if len(result["days"]) > 1 else None,
        "store_chart": places if 1 < len(result["stores"]) <= _BARS else None,
        "promotion_rows": [_promotion(each, names) for each in result["promotions"]],
        "limit_rows": [_limit(each, names) for each in result["limits"]],
        "examples": [
            (
                _("Receipts that become cheaper"),
                "winners",
                [_example(each, names, links) for each in result["winners"]],
            ),
            (_("Receipts that become dearer"), "losers", [_example(each, names, links) for each in result["losers"]]),
        ],
        "not_proven": max(result[side]["receipts_not_proven"] for side in _SIDES),
        "lines_without_cost": result["lines"] - result["lines_costed"],
    }


def measures(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The figures side by side. `kind` is money, count or percent; `recorded` is what the receipts say."""
    live, draft, receipts = result["live"], result["draft"], result["receipts"]
    worth = result["worth"]
    return [
        _measure("worth", _("At list prices"), "money", worth, worth, recorded=worth),
        _measure("given", _("Discount"), "money", live["given"], draft["given"], recorded=worth - result["paid"]),
        _measure(
            "per_receipt", _("Discount per receipt"), "money", _each(live["given"], receipts),
            _each(draft["given"], receipts), recorded=_each(worth - result["paid"], receipts),
        ),
        _measure(
            "share", _("Discount of list prices"), "percent", _share(live["given"], worth),
            _share(draft["given"], worth), recorded=_share(worth - result["paid"], worth),
        ),
        _measure("net", _("To be paid"), "money", live["net"], draft["net"], recorded=result["paid"]),
        _measure("margin", _("Margin where the cost is known"), "money", live["margin"], draft["margin"]),
        _measure(
            "margin_share", _("Margin of net sales"), "percent", _margin_share(live), _margin_share(draft)
        ),
        _measure(
            "receipts", _("Receipts with a promotion"), "count", live["receipts_touched"], draft["receipts_touched"]
        ),
        _measure("members", _("Members with a promotion"), "count", live["members_touched"], draft["members_touched"]),
    ]  # fmt: skip


def _measure(
    key: str, name: str, kind: str, live: int | None, draft: int | None, *, recorded: int | None = None
) -> dict[str, Any]:
    change = None if live is None or draft is None else draft - live
    return {
        "key": key, "name": name, "kind": kind, "live": live, "draft": draft, "recorded": recorded, "change": change
    }  # fmt: skip


def _each(amount: int, receipts: int) -> int | None:
    return round_half_up(amount, receipts) if receipts else None


def _share(part: int, whole: int) -> int | None:
    return round_half_up(part * 10_000, whole) if whole > 0 else None


def _margin_share(side: Mapping[str, Any]) -> int | None:
    return _share(side["margin"], side["costed_net"]) if side["margin"] is not None else None


def _promotion(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    label, kind = PROMOTION_STATE[row["state"]]
    sides = [row[side] or {"receipts": None, "amount": None} for side in _SIDES]
    return {**row, "title": names[row["id"]], "state_label": label, "state_kind": kind, "sides": sides}


def _limit(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {**row, "title": names[row["promotion"]], "budget": row["limits"].get("budget")}


def _example(row: Mapping[str, Any], names: Mapping[str, str], links: set[str]) -> dict[str, Any]:
    return {
        **row,
        "time": row["at"][:16].replace("T", " "),
        "opens": row["store"] in links,
        "change": row["draft"] - row["live"],
        "promotions": {
            side: [(names.get(promotion, promotion), amount) for promotion, amount in row[f"{side}_promotions"]]
            for side in _SIDES
        },
    }


def _store_names(found: Backtest) -> list[str]:
    known = {store.code: store for store in stores.stores() if store.chain_id == found.chain_id}
    first, second = ("name_zh", "name_en") if (get_language() or "").startswith("zh") else ("name_en", "name_zh")
    names = []
    for row in (found.result or {})["stores"]:
        store = known.get(row["store"])
        names.append((getattr(store, first) or getattr(store, second)) if store else row["store"])
    return names


def _day_chart(result: Mapping[str, Any], currency: str) -> dict[str, Any]:
    rows = result["days"]
    return _chart("line", _("Discount by day"), _("Business day"), [row["day"][5:] for row in rows], rows, currency)


def _store_chart(result: Mapping[str, Any], found: Backtest) -> dict[str, Any]:
    names = _store_names(found)
    chart = _chart("hbar", _("Discount by store"), _("Store"), names, result["stores"], found.currency)
    return chart | ({"height": "high"} if len(names) > 6 else {})


def _chart(
    kind: str, label: str, category: str, titles: list[str], rows: list[Mapping[str, Any]], currency: str
) -> dict[str, Any]:
    language = "zh_Hans_CN" if (get_language() or "").startswith("zh") else "en"
    symbol = "¥" if currency == "CNY" else get_currency_symbol(currency, language)
    return {
        "type": kind,
        "label": label,
        "format": "money",
        "currency": {"symbol": symbol, "exponent": exponent(currency)},
        "table": _("Show as table"),
        "category": category,
        "categories": titles,
        "series": [
            {"name": _("Draft (B)"), "values": [row["draft"] for row in rows], "style": "main"},
            {"name": _("Live (A)"), "values": [row["live"] for row in rows], "style": "ghost"},
        ],
    }
