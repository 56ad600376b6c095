"""Backtests: the list, and one with its progress and what it came to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.trials import facade
from liushui.trials.contracts import STALLED_AFTER, Backtest
from liushui.trials.pages.result import result_context
from liushui.trials.pages.words import STATUS
from liushui.trials.tasks import run_backtest


@require_GET
@page(capability="promotion.read")
def backtest_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Backtests of the stores that the reader may see, newest first."""
    rows = settings.LIUSHUI.page_rows
    number = _page_number(request)
    found = facade.backtests(
        chain_ids=principal.chains("promotion.read"),
        store_ids=principal.stores("promotion.read"),
        offset=(number - 1) * rows,
        limit=rows,
    )
    context = {
        "rows": [_shown(each) for each in found.backtests],
        "page": number,
        "pages": -(-found.total // rows),
        "total": found.total,
        "may_start": bool(principal.stores("promotion.write")),
    }
    return render(request, "trials/backtests.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def backtest(request: HttpRequest, *, backtest_id: UUID, principal: Principal) -> HttpResponse:
    """One backtest; a POST says in `do` whether to cancel it or to run it again."""
    if request.method == "POST":
        _change(request, backtest_id, principal)
        return redirect("trials:backtest", backtest_id=backtest_id)
    found = facade.backtest(backtest_id=backtest_id, store_ids=principal.stores("promotion.read"))
    context = _shown(found) | {
        "may_change": principal.stores("promotion.write").issuperset(found.store_ids),
        "may_export": principal.may("report.export"),
    }
    if found.result is not None:
        context |= result_context(found, receipts_of=principal.stores("sale.read"))
    return render(request, "trials/backtest.html", context)


@require_GET
@page(capability="promotion.read")
def progress(request: HttpRequest, *, backtest_id: UUID, principal: Principal) -> HttpResponse:
    """The progress bar alone; at the end it has the whole page read again."""
    found = facade.backtest(backtest_id=backtest_id, store_ids=principal.stores("promotion.read"))
    response = render(request, "trials/progress.html", _shown(found))
    if not found.is_moving:
        response["HX-Refresh"] = "true"
    return response


def _change(request: HttpRequest, backtest_id: UUID, principal: Principal) -> None:
    now = datetime.now(UTC)
    if request.POST.get("do") == "cancel":
        facade.cancel_backtest(backtest_id=backtest_id, principal=principal, now=now)
        messages.success(request, _("The backtest stops after the receipts in hand."))
    elif request.POST.get("do") == "run" and facade.queue_again(backtest_id=backtest_id, principal=principal, now=now):
        run_backtest.enqueue(str(backtest_id))
        messages.success(request, _("The backtest begins anew."))


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


def _shown(found: Backtest) -> dict[str, Any]:
    label, kind = STATUS[found.status]
    places = {store.id: store for store in stores.stores()}
    chosen = [places[key] for key in found.store_ids if key in places]
    everywhere = sum(store.chain_id == found.chain_id for store in places.values())
    return {
        "backtest": found,
        "status_label": label,
        "status_kind": kind,
        "is_stalled": found.status == "running" and found.updated_at < datetime.now(UTC) - STALLED_AFTER,
        "stores": chosen,
        "is_whole_chain": len(chosen) == everywhere,
        "days": (found.last - found.first).days + 1,
        "total": found.receipts_total or None,
        "phase": _("Receipts") if found.status == "running" else label,
    }
