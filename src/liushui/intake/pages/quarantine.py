"""Quarantine: what could not be booked, why, and dealing with many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from liushui.intake import facade
from liushui.intake.contracts import QuarantineQuery, QuarantineSummary
from liushui.intake.pages.words import ENTRY_STATUS, detail_text, reason_name
from liushui.kernel.errors import LiushuiError
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page
from liushui.stores import facade as stores

_AT_ONCE = 500
_EXPORTED = 100_000


@require_http_methods(["GET", "POST"])
@page(capability="intake.read")
def quarantine_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Sales that wait for mending, oldest first; a POST replays or discards those chosen, or all that are found."""
    query = _query(request.GET, principal, "intake.read")
    if request.method == "POST":
        principal.require("intake.mend")
        if request.POST.get("do", "").startswith("discard"):
            _discard(request, principal)
        else:
            _replay(request, principal)
        return redirect(request.get_full_path())
    found = facade.quarantine(query=query)
    rows = settings.LIUSHUI.page_rows
    by_id = {store.id: store for store in stores.stores()}
    context = {
        "rows": [_row(entry, by_id) for entry in found.entries],
        "total": found.total,
        "page": query.offset // rows + 1,
        "pages": -(-found.total // rows),
        "reasons": [(reason, reason_name(reason), count) for reason, count in found.reasons],
        "reasons_total": sum(count for _reason, count in found.reasons),
        "reason": reason_name(query.reason) if query.reason else "",
        "sources": found.sources,
        "asked": query,
        "asked_first": request.GET.get("first", ""),
        "asked_last": request.GET.get("last", ""),
        "statuses": [(key, label) for key, (label, _kind) in ENTRY_STATUS.items()],
        "may_mend": principal.may("intake.mend") and query.status == "open",
        "at_once": min(found.total, _AT_ONCE),
    }
    return render(request, "intake/quarantine.html", context)


@require_GET
@page(capability="intake.read")
def quarantine_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """Everything that the filter finds, as a file."""
    query = replace(_query(request.GET, principal, "intake.read"), offset=0, limit=_EXPORTED)
    columns = [
        Column(title=_("Sale")),
        Column(title=_("Reason")),
        Column(title=_("What was wrong")),
        Column(title=_("Source")),
        Column(title=_("Store")),
        Column(title=_("Received"), kind="datetime"),
        Column(title=_("Tries"), kind="integer"),
    ]
    rows = (
        [
            entry.source_id,
            reason_name(entry.reason),
            detail_text(entry.detail),
            entry.source,
            entry.store_code,
            timezone.localtime(entry.received_at),
            entry.tries,
        ]
        for entry in facade.quarantine(query=query).entries
    )
    name = f"liushui-quarantine-{timezone.localdate()}"
    return table_response(filename=name, columns=columns, rows=rows, format=request.GET.get("format", "csv"))


def _chosen(request: HttpRequest, principal: Principal) -> list[UUID]:
    """The entries that were ticked, or all that the filter finds, up to what is done at once."""
    if request.POST.get("do", "").endswith("-all"):
        query = replace(_query(request.GET, principal, "intake.mend"), offset=0, limit=_AT_ONCE)
        return facade.quarantine_ids(query=query)
    return [UUID(text) for text in request.POST.getlist("entry") if is_uuid(text)][:_AT_ONCE]


def _each(ids: list[UUID], deal_with: Callable[[UUID], bool]) -> tuple[int, int]:
    """How many were dealt with and how many were not: one that somebody else has just closed stops no other."""
    done = 0
    for entry_id in ids:
        try:
            done += deal_with(entry_id)
        except LiushuiError:
            continue
    return done, len(ids) - done


def _replay(request: HttpRequest, principal: Principal) -> None:
    def replay(entry_id: UUID) -> bool:
        [result] = facade.replay_entries(entry_ids=[entry_id], principal=principal, now=datetime.now(UTC))
        return result.sale_id is not None

    booked, failed = _each(_chosen(request, principal), replay)
    if booked or not failed:
        text = ngettext("%(n)s sale has been booked.", "%(n)s sales have been booked.", booked) % {"n": booked}
        messages.success(request, text)
    if failed:
        text = ngettext("%(n)s sale is still refused.", "%(n)s sales are still refused.", failed) % {"n": failed}
        messages.warning(request, text)


def _discard(request: HttpRequest, principal: Principal) -> None:
    why = request.POST.get("why", "").strip()
    if not why:
        messages.error(request, _("Nothing was discarded: write why. The reason stays in the audit log."))
        return

    def discard(entry_id: UUID) -> bool:
        facade.discard_entry(entry_id=entry_id, reason=why, principal=principal, now=datetime.now(UTC))
        return True

    done, failed = _each(_chosen(request, principal), discard)
    text = ngettext("%(n)s sale has been discarded.", "%(n)s sales have been discarded.", done) % {"n": done}
    messages.success(request, text)
    if failed:
        text = ngettext(
            "%(n)s sale could not be discarded: somebody else has dealt with it, or it is not yours to mend.",
            "%(n)s sales could not be discarded: somebody else has dealt with them, or they are not yours to mend.",
            failed,
        ) % {"n": failed}
        messages.warning(request, text)


def _query(asked: QueryDict, principal: Principal, capability: str) -> QuarantineQuery:
    rows = settings.LIUSHUI.page_rows
    number = asked.get("page", "1")
    page_number = max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1
    first, last = _day(asked.get("first", "")), _day(asked.get("last", ""))
    if older := asked.get("older", ""):
        last = timezone.localdate() - timedelta(days=int(older)) if older in ("1", "7", "30") else last
    import_id = asked.get("import", "")
    status = asked.get("status", "open")
    place = stores.place(query=asked, allowed=principal.stores(capability))
    chain_ids = principal.whole_chains(capability)
    if asked.get("region") or asked.get("store"):
        chain_ids = frozenset()  # entries of no known store are in no region
    elif place.chain is not None:
        chain_ids &= {place.chain.id}
    return QuarantineQuery(
        store_ids=place.store_ids,
        chain_ids=chain_ids,
        status=status if status in ENTRY_STATUS else "open",
        reason=asked.get("reason", ""),
        source=asked.get("source", ""),
        first=_midnight(first) if first else None,
        before=_midnight(last + timedelta(days=1)) if last else None,
        import_id=UUID(import_id) if is_uuid(import_id) else None,
        offset=(page_number - 1) * rows,
        limit=rows,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(0)))


def is_uuid(text: str) -> bool:
    """Whether this is the text of a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _row(entry: QuarantineSummary, by_id: dict[int, Any]) -> dict[str, Any]:
    return {
        "entry": entry,
        "reason": reason_name(entry.reason),
        "detail": detail_text(entry.detail),
        "store": by_id.get(entry.store_id or 0),
    }


__all__ = ["quarantine_export", "quarantine_list"]
