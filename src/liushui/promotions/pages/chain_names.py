"""What the codes in promotions are called: categories, items, places, tiers, batches of one chain; and its clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from liushui.catalog import facade as catalog
from liushui.kernel.errors import NotAllowed
from liushui.promotions import facade
from liushui.promotions.domain.coupons import CouponBatch
from liushui.promotions.domain.sentence_names import Names
from liushui.promotions.pages.form_values import Style
from liushui.promotions.pages.form_view import NameOf
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace

Json = Mapping[str, Any]
CHANNELS: Mapping[str, Any] = {"pos": _("Store tills"), "web": _("Web shop"), "app": _("App")}
PAYMENTS: Mapping[str, Any] = {
    "wechat": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "unionpay": _("UnionPay"),
    "cash": _("Cash"),
}
BATCHES_NAMED = 500
_ITEM_KEYS = ("sku_in", "sku_not_in", "sku")


def chain_of(request: HttpRequest, principal: Principal, capability: str = "promotion.read") -> ChainPlace:
    """The chain of the chosen place, or the first one where the capability is held in any part; else NotAllowed."""
    allowed = principal.chains(capability)
    directory = places.directory()
    chosen = directory.place(query=request.GET.dict(), allowed=principal.stores(capability))
    asked = chosen.chain.id if chosen.chain else chosen.store.chain_id if chosen.store else None
    chains = [chain for chain in directory.chains() if chain.id in allowed and asked in (None, chain.id)]
    if not chains:
        raise NotAllowed(f"This needs the right '{capability}'")
    return chains[0]


def chain_by_id(chain_id: int) -> ChainPlace:
    """A chain of the directory; the facade has checked that the reader may see it."""
    return next(chain for chain in places.directory().chains() if chain.id == chain_id)


def zone_of(chain: ChainPlace) -> ZoneInfo:
    """The clock that most stores of the chain go by."""
    zones = Counter(store.time_zone for store in places.directory().stores() if store.chain_id == chain.id)
    return ZoneInfo(zones.most_common(1)[0][0] if zones else settings.TIME_ZONE)


def style_of(chain: ChainPlace, percent_as: str = "") -> Style:
    """How this reader writes numbers: tenths paid in Chinese, percent off in English, unless a form says how it was."""
    if percent_as not in ("zhe", "off"):
        percent_as = "zhe" if is_chinese() else "off"
    return Style(currency=chain.currency, zone=zone_of(chain), percent_as=percent_as)


def is_chinese() -> bool:
    """Whether the page is read in Chinese."""
    return (get_language() or "").startswith("zh")


def names_of(chain: ChainPlace, documents: Iterable[Json], more_skus: Iterable[str] = ()) -> Names:
    """Names of all that these promotions speak of; five queries at most."""
    listed = list(documents)
    skus = set(more_skus)
    for document in listed:
        _gather(document, skus)
    items = catalog.find_items(chain_id=chain.id, codes=skus) if skus else {}
    directory = places.directory()
    return Names(
        currency=chain.currency,
        zone=zone_of(chain),
        categories=catalog.category_names(chain_ids=[chain.id]),
        items={sku: (item.name_zh, item.name_en) for sku, item in items.items()},
        stores={s.code: (s.name_zh, s.name_en) for s in directory.stores() if s.chain_id == chain.id},
        regions={r.code: (r.name_zh, r.name_en) for r in directory.regions() if r.chain_id == chain.id},
        tiers={tier.code: (tier.name_zh, tier.name_en) for tier in facade.member_tiers(chain_id=chain.id)},
        batches={each.code: (each.name_zh, each.name_en) for each in _batches(chain, listed)},
        promotions={
            str(each["id"]): ((each.get("name") or {}).get("zh", ""), (each.get("name") or {}).get("en", ""))
            for each in listed
        },
    )


def _batches(chain: ChainPlace, documents: list[Json]) -> tuple[CouponBatch, ...]:
    speaks_of_one = any('"batch"' in json.dumps(each) for each in documents)
    return facade.coupon_batches(chain_ids=[chain.id], limit=BATCHES_NAMED) if speaks_of_one else ()


def _gather(value: Any, skus: set[str]) -> None:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in _ITEM_KEYS:
                skus.update([each] if isinstance(each, str) else [sku for sku in each if isinstance(sku, str)])
            else:
                _gather(each, skus)
    elif isinstance(value, list | tuple):
        for each in value:
            _gather(each, skus)


def name_of(names: Names) -> NameOf:
    """What the chips of the form say."""
    chinese = is_chinese()

    def found(source: str, code: str) -> str:
        if source == "channels":
            return str(CHANNELS.get(code, code))
        if source == "payments":
            return str(PAYMENTS.get(code, code))
        if source not in ("categories", "items", "stores", "regions", "tiers", "batches", "promotions"):
            return code
        return names.chinese(source, code) if chinese else names.english(source, code)

    return found


def told_names(names: Names) -> dict[str, dict[str, str]]:
    """The same names as facade.explain takes them."""
    kinds = (
        ("category", names.categories),
        ("sku", names.items),
        ("store", names.stores),
        ("region", names.regions),
        ("tier", names.tiers),
        ("batch", names.batches),
    )
    return {f"{kind}:{code}": {"zh": zh, "en": en} for kind, known in kinds for code, (zh, en) in known.items()}
