"""Starting a backtest: which two rulebooks, which days, which stores."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.promotions import facade as promotions
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, Store
from liushui.trials import books, facade
from liushui.trials.actions.create_backtest import DAYS_MAX
from liushui.trials.contracts import Backtest, NewBacktest
from liushui.trials.errors import BacktestRefused
from liushui.trials.tasks import run_backtest

DAYS = 30  # of the usual choice, yesterday the last


@require_http_methods(["GET", "POST"])
@page(capability="promotion.write")
def new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The form; a POST starts the backtest and leads to it."""
    now = datetime.now(UTC)
    given = request.POST if request.method == "POST" else request.GET
    mine = [store for store in stores.stores() if store.id in principal.stores("promotion.write")]
    chain = _chain(given.get("chain", ""), mine)
    if chain is None:
        raise NotAllowed("You may not try promotions in any store of this chain", remedy="Ask for the right in one.")
    places = [store for store in mine if store.chain_id == chain.id]
    context, status = _context(chain, places, given, now), 200
    if request.method == "POST":
        try:
            started = _start(request, chain, places, principal, now)
        except NotAllowed:
            raise
        except LiushuiError as error:
            context["wrong_days"], status = _wrong_days(error, given), 422
            context["error"] = error
        else:
            run_backtest.enqueue(str(started.id))
            messages.success(request, _("The backtest has been started."))
            return redirect("trials:backtest", backtest_id=started.id)
    return render(request, "trials/new.html", context, status=status)


def _chain(code: str, mine: list[Store]) -> Chain | None:
    chains = {store.chain_id for store in mine}
    known = [chain for chain in stores.chains() if chain.id in chains]
    return next((chain for chain in known if code in ("", chain.code)), None)


def _context(chain: Chain, places: list[Store], given: Any, now: datetime) -> dict[str, Any]:
    drafts, versions = books.choices(chain_id=chain.id, now=now)
    live = next((choice.key for choice in versions if choice.is_live), books.NONE)
    today = max(store.business_date(now) for store in places)
    chosen = set(given.getlist("store"))
    regions = [region for region in stores.regions() if region.chain_id == chain.id]
    return {
        "chain": chain,
        "chains": [each for each in stores.chains() if each.id == chain.id],
        "drafts": drafts,
        "versions": versions,
        "live": given.get("live") or live,
        "draft": given.get("draft") or (drafts[0].key if drafts else live),
        "first": given.get("first") or (today - timedelta(days=DAYS)).isoformat(),
        "last": given.get("last") or (today - timedelta(days=1)).isoformat(),
        "name": given.get("name", ""),
        "tiers": promotions.member_tiers(chain_id=chain.id),
        "member_tier": given.get("member_tier", ""),
        "ignores_dates": "first" not in given or bool(given.get("ignores_dates")),
        "regions": [
            (region, [(store, store.code in chosen) for store in places if store.region_id == region.id])
            for region in regions
            if any(store.region_id == region.id for store in places)
        ],
        "is_chosen": bool(chosen),
        "store_count": len(places),
    }


def _start(request: HttpRequest, chain: Chain, places: list[Store], principal: Principal, now: datetime) -> Backtest:
    posted = request.POST
    chosen = set(posted.getlist("store"))
    known = {store.code: store.id for store in places}
    if not chosen <= known.keys():
        raise NotAllowed("One of these stores is not yours to try promotions in", remedy="Choose stores of yours.")
    tiers = {tier.code for tier in promotions.member_tiers(chain_id=chain.id)}
    if posted.get("member_tier") and posted["member_tier"] not in tiers:
        raise BacktestRefused("There is no such member tier", pointer="/member_tier", remedy="Choose one of the list.")
    live = books.book(key=posted.get("live", ""), principal=principal, now=now)
    draft = books.book(key=posted.get("draft", ""), principal=principal, now=now)
    return facade.create_backtest(
        new=NewBacktest(
            chain_id=chain.id,
            name=posted.get("name", "").replace("\0", "").strip() or draft.name,
            live=live,
            draft=draft,
            first=_day(posted.get("first", ""), "first"),
            last=_day(posted.get("last", ""), "last"),
            store_ids=frozenset(known[code] for code in chosen or known),
            member_tier=posted.get("member_tier", ""),
            ignores_dates=bool(posted.get("ignores_dates")),
        ),
        principal=principal,
        now=now,
    )


def _wrong_days(error: LiushuiError, posted: Any) -> str:
    """What is to be said beside the days; empty when they are not what is wrong."""
    if error.pointer not in ("/first", "/last"):
        return ""
    try:
        first, last = (date.fromisoformat(posted.get(field, "")) for field in ("first", "last"))
    except ValueError:
        return _("Write both days, as 2026-05-08.")
    if not 0 <= (last - first).days < DAYS_MAX:
        return _("Choose the days in order, %(days)s at most.") % {"days": DAYS_MAX}
    return _("These stores sold nothing on these days, or in several currencies.")


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BacktestRefused(
            f"{text!r} is not a date", pointer=f"/{field}", remedy="Write it as 2026-05-08."
        ) from None
