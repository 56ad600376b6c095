"""Members of a chain: found by filters in the address, by phone, card or number through a form, taken out as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.money import exponent
from liushui.loyalty import facade
from liushui.loyalty.lists import MemberLine, MemberQuery, list_members
from liushui.loyalty.pages.scope import READ, WRITE, asked_date, chain_of, local, stores_of, zone_of
from liushui.loyalty.pages.tiers import tier_names
from liushui.loyalty.pages.words import STATUSES
from liushui.privacy import facade as privacy
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

SOUGHT_MAX = 200
_EXPORT_PAGE = 500


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def member_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Members by filters, the newest first; a POST looks for one by phone, card or number and opens the page."""
    chain = chain_of(request, principal)
    if request.method == "POST":
        text = request.POST.get("text", "").strip()[:SOUGHT_MAX]
        try:
            found = facade.find_member(chain_id=chain.id, text=text) if text else None
        except NotAllowed:
            raise
        except LiushuiError as error:
            return _show(request, chain, principal, problem=_(error.title))
        if found is None:
            return _show(request, chain, principal, problem=_("Nobody is found by that.") if text else "")
        return redirect("loyalty:member", member_id=found.id)
    return _show(request, chain, principal)


def _show(request: HttpRequest, chain: ChainPlace, principal: Principal, *, problem: str = "") -> HttpResponse:
    query = query_of(request, chain, limit=settings.LIUSHUI.page_rows)
    found = list_members(query=query)
    tiers, places = tier_names(chain.id), stores_of(chain)
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "rows": _rows(found.members, tiers, places),
        "after": found.next_cursor or None,
        "tiers": tiers.items(),
        "statuses": [(code, title) for code, (title, _kind) in STATUSES.items()],
        "stores": sorted(places.values(), key=lambda store: store.code),
        "query": query,
        "joined_from": request.GET.get("joined_from", ""),
        "joined_to": request.GET.get("joined_to", ""),
        "problem": problem,
        "is_narrowed": query.is_narrowed,
        "may_write": chain.id in principal.chains(WRITE),
        "may_export": chain.id in principal.chains("report.export"),
    }
    return render(request, "loyalty/members.html", context, status=422 if problem else 200)


def query_of(request: HttpRequest, chain: ChainPlace, *, limit: int) -> MemberQuery:
    """What the address asks for; words that mean nothing ask for nothing."""
    zone = zone_of(chain)
    home = next((s for s in stores_of(chain).values() if s.code == request.GET.get("home")), None)
    status = request.GET.get("status", "active")
    return MemberQuery(
        chain_id=chain.id,
        tier=request.GET.get("tier", "")[:64],
        status=status if status in (*STATUSES, "all") else "active",
        home_store_id=home.id if home else None,
        joined_from=_midnight(asked_date(request.GET.get("joined_from")), zone),
        joined_before=_midnight(asked_date(request.GET.get("joined_to")), zone, days=1),
        cursor=request.GET.get("after", "")[:120],
        limit=limit,
    )


def _midnight(day: date | None, zone: ZoneInfo, *, days: int = 0) -> datetime | None:
    if day is None or day.year > 9000:
        return None
    return datetime.combine(day + timedelta(days=days), time(), zone)


def _rows(found: tuple[MemberLine, ...], tiers: Mapping[str, str], places: Mapping[int, Any]) -> list[dict[str, Any]]:
    personal = masked_of(found)
    return [
        {
            "member": one,
            "personal": personal.get(one.subject_id, {}) if one.subject_id else {},
            "tier": tiers.get(one.tier, one.tier),
            "status": STATUSES[one.status][0],
            "status_class": STATUSES[one.status][1],
            "home": places.get(one.home_store_id or 0),
        }
        for one in found
    ]


def masked_of(found: tuple[MemberLine, ...]) -> Mapping[UUID, Mapping[str, str]]:
    """Masked personal data of these members, in one statement."""
    ids = [one.subject_id for one in found if one.subject_id is not None]
    return privacy.masked(subject_ids=ids) if ids else {}


@require_GET
@page(capability="report.export")
def member_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The found members as CSV or XLSX; personal data masked as on the page."""
    principal.require(READ)
    chain = chain_of(request, principal)
    places = exponent(chain.currency)
    columns = (
        Column(title=_("Member number")),
        Column(title=pgettext("member", "Name")),
        Column(title=pgettext("member", "Phone")),
        Column(title=pgettext("member", "Tier")),
        Column(title=pgettext("member", "Status")),
        Column(title=_("Home store")),
        Column(title=pgettext("member", "Joined"), kind="datetime"),
        Column(title=_("Last purchase"), kind="date"),
        Column(title=pgettext("member", "Points"), kind="integer"),
        Column(title=_("Principal"), kind="amount", places=places),
        Column(title=_("Gift part"), kind="amount", places=places),
    )
    return table_response(
        filename=f"liushui-members-{timezone.localdate()}",
        columns=columns,
        rows=_export_rows(request, chain),
        format=request.GET.get("format", "csv"),
    )


def _export_rows(request: HttpRequest, chain: ChainPlace) -> Iterator[tuple[Any, ...]]:
    tiers, places, zone = tier_names(chain.id), stores_of(chain), zone_of(chain)
    query = query_of(request, chain, limit=_EXPORT_PAGE).after("")
    while True:
        found = list_members(query=query)
        for row in _rows(found.members, tiers, places):
            one, personal, home = row["member"], row["personal"], row["home"]
            yield (
                one.number, personal.get("name", ""), personal.get("phone", ""), row["tier"], row["status"],
                local((home.name_zh, home.name_en)) if home else "", one.joined_at.astimezone(zone), one.last_bought_on,
                one.points, one.principal_minor, one.gift_minor,
            )  # fmt: skip
        if not found.next_cursor:
            return
        query = query.after(found.next_cursor)
