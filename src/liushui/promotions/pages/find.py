"""What the pickers of the builder search in: at most 20 hits, found on the server as one types."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from liushui.catalog import facade as catalog
from liushui.promotions import facade
from liushui.promotions.pages.chain_names import CHANNELS, PAYMENTS, chain_of, is_chinese
from liushui.promotions.pages.drafts import promotions_of
from liushui.promotions.pages.sentences import title
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace, StorePlace
from liushui.runtime.web import page

HITS_MAX = 20
Hit = tuple[str, str, str]  # code, name, note
SOURCES = (
    "categories", "items", "brands", "tags", "stores", "regions", "tiers", "batches", "channels", "payments",
    "promotions",
)  # fmt: skip


@require_GET
@page(capability="promotion.read")
def find(request: HttpRequest, *, source: str, principal: Principal) -> HttpResponse:
    """The things of one kind whose code or name holds the text, as options of a list."""
    if source not in SOURCES:
        raise Http404
    chain = chain_of(request, principal)
    text = request.GET.get("q", "").strip()[:80]
    hits = list(_hits(source, text, chain, request, principal))[:HITS_MAX]
    context = {"hits": hits, "text": text, "list_id": request.GET.get("list", "")[:80]}
    return render(request, "promotions/find.html", context)


def _hits(source: str, text: str, chain: ChainPlace, request: HttpRequest, principal: Principal) -> Iterable[Hit]:
    if source == "items":
        found = catalog.search_items(chain_ids=[chain.id], text=text, is_active=True, limit=HITS_MAX, offset=0)
        return [(item.sku, _local(item.name_zh, item.name_en), item.sku) for item in found.items]
    if source == "brands":
        return [(brand, brand, "") for brand in catalog.brands(chain_id=chain.id, text=text, limit=HITS_MAX)]
    if source == "tags":
        counts = catalog.tags(chain_id=chain.id, text=text, limit=HITS_MAX)
        return [(tag, tag, _items(count)) for tag, count in counts]
    if source == "batches":
        batches = facade.coupon_batches(chain_ids=[chain.id], text=text, limit=HITS_MAX)
        return [(each.code, _local(each.name_zh, each.name_en), each.code) for each in batches]
    return _matching(_known(source, chain, request, principal), text)


def _known(source: str, chain: ChainPlace, request: HttpRequest, principal: Principal) -> Iterable[Hit]:
    directory = places.directory()
    if source == "categories":
        named = catalog.category_names(chain_ids=[chain.id])
        return [(path, _path_name(path, named), path) for path in named]
    if source == "stores":
        return [(s.code, _local(s.name_zh, s.name_en), s.code) for s in _seen_stores(chain, principal)]
    if source == "regions":
        seen = {store.region_id for store in _seen_stores(chain, principal)}
        return [(r.code, _local(r.name_zh, r.name_en), r.code) for r in directory.regions() if r.id in seen]
    if source == "tiers":
        tiers = facade.member_tiers(chain_id=chain.id)
        return [(tier.code, _local(tier.name_zh, tier.name_en), tier.code) for tier in tiers]
    if source == "promotions":
        return _promotions(request, principal)
    return [(code, str(name), code) for code, name in (CHANNELS if source == "channels" else PAYMENTS).items()]


def _seen_stores(chain: ChainPlace, principal: Principal) -> list[StorePlace]:
    seen = principal.stores("promotion.read")
    return [store for store in places.directory().stores() if store.chain_id == chain.id and store.id in seen]


def _promotions(request: HttpRequest, principal: Principal) -> list[Hit]:
    draft_id = request.GET.get("draft", "")
    if not (draft_id.isascii() and draft_id.isdigit() and len(draft_id) < 18):
        return []
    draft = facade.draft(draft_id=int(draft_id), principal=principal)
    own = request.GET.get("own", "")
    return [(each["id"], title(each), each["id"]) for each in promotions_of(draft) if each["id"] != own]


def _matching(known: Iterable[Hit], text: str) -> list[Hit]:
    """Those that begin with the text first, then those that hold it."""
    wanted = text.lower()
    found = [hit for hit in known if wanted in hit[0].lower() or wanted in hit[1].lower()]
    return sorted(found, key=lambda hit: not (hit[0].lower().startswith(wanted) or hit[1].lower().startswith(wanted)))


def _items(count: int) -> str:
    return ngettext("%(count)s item", "%(count)s items", count) % {"count": count}


def _path_name(path: str, named: dict[str, tuple[str, str]]) -> str:
    """Food fresh › Fruit."""
    codes = path.split("/")
    paths = ["/".join(codes[: depth + 1]) for depth in range(len(codes))]
    return " › ".join(_local(*named.get(each, (each, each))) for each in paths)


def _local(name_zh: str, name_en: str) -> str:
    return (name_zh or name_en) if is_chinese() else (name_en or name_zh)
