"""One quarantined sale: what was wrong, mending it by form or as JSON, discarding it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Item
from liushui.intake import facade
from liushui.intake.contracts import QuarantineDetail
from liushui.intake.errors import MalformedJson
from liushui.intake.pages.mend_form import field_of, form_of, read_form
from liushui.intake.pages.words import ENTRY_STATUS, detail_text, reason_name, remedy_text
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.orders.contracts import TENDER_TYPES
from liushui.runtime import error_words
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

_OFFERED = 300
_SUGGESTED = 8


@require_http_methods(["GET", "POST"])
@page(capability="intake.read")
def quarantine_detail(request: HttpRequest, *, entry_id: UUID, principal: Principal) -> HttpResponse:
    """One sale: what was wrong, the command to be mended as a form or as JSON, and the rows that it came from."""
    entry = _entry(entry_id, principal)
    if request.method == "GET":
        return _show(request, principal, entry)
    principal.require("intake.mend")
    now, reason = datetime.now(UTC), request.POST.get("reason", "")
    if request.POST.get("do") == "discard":
        try:
            facade.discard_entry(entry_id=entry_id, reason=reason, principal=principal, now=now)
        except InvalidValue as error:
            return _show(request, principal, entry, error=error, status=422)
        messages.success(request, _("The sale has been discarded. It stays in the list of discarded ones."))
        return redirect("intake:quarantine")
    body = b""
    try:
        if request.POST.get("form") == "json":
            body = request.POST.get("text", "").encode()
        else:
            typed = {name: str(value) for name, value in request.POST.items()}
            command, wrong = read_form(entry.command, typed=typed, currency=_currency(entry, typed.get("head-store")))
            if wrong:
                return _show(request, principal, entry, wrong=wrong, typed=typed, status=422)
            body = json.dumps(command, ensure_ascii=False).encode()
        result = facade.mend_sale(entry_id=entry_id, body=body, principal=principal, now=now, reason=reason[:400])
    except (InvalidValue, MalformedJson) as error:
        return _show(request, principal, entry, error=error, body=body, status=422)
    if result.sale_id is None:
        return _show(request, principal, _entry(entry_id, principal), status=422, tried=True)
    messages.success(request, _("The sale has been booked."))
    return redirect("intake:quarantine-entry", entry_id=entry_id)


@require_GET
@page(capability="intake.read")
def quarantine_items(request: HttpRequest, *, entry_id: UUID, principal: Principal) -> HttpResponse:
    """The item under the code that is being typed into a line, else items whose code or name begins so."""
    entry = _entry(entry_id, principal)
    line = request.GET.get("line", "")
    code = request.GET.get(f"line-{line}-code", "").strip()[:64]
    item: Item | None = None
    found: tuple[Item, ...] = ()
    if line.isdecimal() and code:
        item = _items(entry, _store_of(entry), [code]).get(code)
        if item is None and len(code) > 1:
            chain_ids = _chain_ids(entry)
            found = catalog.search_items(chain_ids=chain_ids, text=code, limit=_SUGGESTED, offset=0).items
    return render(request, "intake/quarantine_items.html", {"number": line, "item": item, "code": code, "found": found})


def _entry(entry_id: UUID, principal: Principal) -> QuarantineDetail:
    return facade.quarantine_entry(
        entry_id=entry_id,
        store_ids=principal.stores("intake.read"),
        chain_ids=principal.whole_chains("intake.read"),
    )


def _show(
    request: HttpRequest,
    principal: Principal,
    entry: QuarantineDetail,
    *,
    error: LiushuiError | None = None,
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    body: bytes = b"",
    status: int = 200,
    tried: bool = False,
) -> HttpResponse:
    command = _command_of(body) or entry.command
    text = body.decode("utf-8", "replace") if body else json.dumps(command, ensure_ascii=False, indent=2)
    is_open = entry.summary.status == "open"
    problem = error.problem() if error else entry.problem
    detail = detail_text(str(problem.get("detail", "")))
    if wrong is None:
        name = field_of(str(problem.get("pointer") or "")) if is_open else ""
        wrong = {name: detail} if name else {}
    label, kind = ENTRY_STATUS[entry.summary.status]
    may_mend = is_open and _may_mend(entry, principal)
    currency = _currency(entry, str(command.get("store", "")))
    form = form_of(command, currency=currency, errors=wrong, typed=typed)
    store = _store_of(entry, str(command.get("store", "")))
    items = _items(entry, store, [line.code for line in form.lines if line.code])
    context = {
        "entry": entry,
        "reason": reason_name(entry.summary.reason),
        "detail": detail_text(str(entry.problem.get("detail", ""))),
        "remedy": remedy_text(entry.problem),
        "reasons": [
            replace(one, text=detail_text(one.text), remedy=error_words.translated(one.remedy)) for one in entry.reasons
        ],
        "status_label": label,
        "status_kind": kind,
        "form": form,
        "lines": [(line, items.get(line.code)) for line in form.lines],
        "currency": currency,
        "store": store,
        "stores_offered": _stores_offered(principal) if may_mend else (),
        "chains": stores.chains(),
        "tender_types": TENDER_TYPES,
        "text": text,
        "error": error,
        "error_detail": detail if error else "",
        "fields_wrong": status == 422 and error is None and not tried,
        "position": _position(error, text),
        "tried": tried,
        "may_mend": may_mend,
        "columns": list(entry.raw_rows[0].get("cells", {})) if entry.raw_rows else [],  # type: ignore[call-overload]
        "raw_rows": [(row["row"], list(row["cells"].values())) for row in entry.raw_rows],  # type: ignore[attr-defined]
    }
    return render(request, "intake/quarantine_entry.html", context, status=status)


def _may_mend(entry: QuarantineDetail, principal: Principal) -> bool:
    if entry.summary.store_id is not None:
        return entry.summary.store_id in principal.stores("intake.mend")
    chains = principal.whole_chains("intake.mend")
    return entry.summary.chain_id in chains if entry.summary.chain_id is not None else bool(chains)


def _stores_offered(principal: Principal) -> list[Store]:
    allowed = principal.stores("intake.mend")
    return [store for store in stores.stores() if store.id in allowed][:_OFFERED]


def _chain_ids(entry: QuarantineDetail) -> frozenset[int]:
    if entry.summary.chain_id is not None:
        return frozenset({entry.summary.chain_id})
    return frozenset(chain.id for chain in stores.chains() if chain.code == entry.command.get("chain"))


def _store_of(entry: QuarantineDetail, code: str = "") -> Store | None:
    """The store that the sale names, else the one it was known to be of."""
    chains = _chain_ids(entry)
    wanted = code or entry.summary.store_code
    return next((store for store in stores.stores() if store.code == wanted and store.chain_id in chains), None)


def _currency(entry: QuarantineDetail, store_code: str | None) -> str:
    store = _store_of(entry, store_code or "")
    return store.currency if store else str(entry.command.get("currency") or "CNY")


def _items(entry: QuarantineDetail, store: Store | None, codes: Sequence[str]) -> dict[str, Item]:
    """Items by code; in a known store the barcodes of its scales are read too."""
    if store is not None:
        priced = catalog.price_items(store=store, codes=codes, at=entry.summary.received_at)
        return {code: each.item for code, each in priced.items()}
    found: dict[str, Item] = {}
    for chain_id in _chain_ids(entry):
        found |= catalog.find_items(chain_id=chain_id, codes=codes)
    return found


def _command_of(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body) if body else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _position(error: LiushuiError | None, text: str) -> tuple[int, int] | None:
    """Line and column at which the text stops being JSON."""
    if not isinstance(error, MalformedJson) or "position" not in error.context:
        return None
    before = text.encode()[: int(error.context["position"])].decode("utf-8", "replace")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


__all__ = ["quarantine_detail", "quarantine_items"]
