"""Quarantine: what could not be booked, why, and mending it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from liushui.intake import facade
from liushui.intake.contracts import QuarantineDetail, QuarantineQuery
from liushui.intake.errors import InvalidSale, MalformedJson
from liushui.intake.pages.words import ENTRY_STATUS, reason_name
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores import facade as stores

HEADS = (
    "store",
    "completed_at",
    "chain",
    "currency",
    "channel",
    "workstation",
    "operator",
    "receipt_number",
    "customer",
)
LINE_FIELDS = ("code", "units", "amount", "regular")


@require_http_methods(["GET", "POST"])
@page(capability="intake.read")
def quarantine_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Sales that wait for mending, oldest first; a POST replays those chosen, or all that the filter finds."""
    query = _query(request.GET, principal, "intake.read")
    if request.method == "POST":
        principal.require("intake.mend")
        _replay(request, principal)
        return redirect(request.get_full_path())
    found = facade.quarantine(query=query)
    rows = settings.LIUSHUI.page_rows
    context = {
        "rows": [_row(entry) for entry in found.entries],
        "total": found.total,
        "page": query.offset // rows + 1,
        "pages": -(-found.total // rows),
        "reasons": [(reason, reason_name(reason), count) for reason, count in found.reasons],
        "sources": found.sources,
        "stores": _stores(query),
        "asked": query,
        "asked_first": request.GET.get("first", ""),
        "asked_last": request.GET.get("last", ""),
        "statuses": [(key, label) for key, (label, _kind) in ENTRY_STATUS.items()],
        "may_mend": principal.may("intake.mend") and query.status == "open",
    }
    return render(request, "intake/quarantine.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="intake.read")
def quarantine_detail(request: HttpRequest, *, entry_id: UUID, principal: Principal) -> HttpResponse:
    """One sale: what was wrong, the command to be mended as a form or as JSON, and the rows that it came from."""
    entry = _entry(entry_id, principal)
    if request.method == "GET":
        return _show(request, principal, entry)
    principal.require("intake.mend")
    now = datetime.now(UTC)
    if request.POST.get("do") == "discard":
        try:
            facade.discard_entry(entry_id=entry_id, reason=request.POST.get("reason", ""), principal=principal, now=now)
        except InvalidValue as error:
            return _show(request, principal, entry, error=error, status=422)
        messages.success(request, _("The sale has been discarded. It stays in the list of discarded ones."))
        return redirect("intake:quarantine")
    body = b""
    try:
        body = _posted_body(request, entry)
        result = facade.mend_sale(
            entry_id=entry_id, body=body, principal=principal, now=now, reason=request.POST.get("reason", "")[:400]
        )
    except (InvalidValue, MalformedJson) as error:
        return _show(request, principal, entry, error=error, body=body, status=422)
    if result.sale_id is None:
        return _show(request, principal, _entry(entry_id, principal), status=422, tried=True)
    messages.success(request, _("The sale has been booked."))
    return redirect("intake:quarantine-entry", entry_id=entry_id)


def _replay(request: HttpRequest, principal: Principal) -> None:
    if request.POST.get("do") == "replay-all":
        ids = facade.quarantine_ids(query=_query(request.GET, principal, "intake.mend", limit=500))
    else:
        ids = [UUID(text) for text in request.POST.getlist("entry") if _is_uuid(text)]
    try:
        results = facade.replay_entries(entry_ids=ids, principal=principal, now=datetime.now(UTC))
    except LiushuiError as error:
        messages.error(request, error.detail)
        return
    booked = sum(result.sale_id is not None for result in results)
    failed = len(results) - booked
    messages.success(
        request, ngettext("%(n)s sale has been booked.", "%(n)s sales have been booked.", booked) % {"n": booked}
    )
    if failed:
        text = ngettext("%(n)s sale is still refused.", "%(n)s sales are still refused.", failed) % {"n": failed}
        messages.warning(request, text)


def _query(asked: QueryDict, principal: Principal, capability: str, limit: int | None = None) -> QuarantineQuery:
    rows = settings.LIUSHUI.page_rows
    number = asked.get("page", "1")
    page_number = max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1
    first, last = _day(asked.get("first", "")), _day(asked.get("last", ""))
    if older := asked.get("older", ""):
        last = timezone.localdate() - timedelta(days=int(older)) if older in ("1", "7", "30") else last
    import_id = asked.get("import", "")
    status = asked.get("status", "open")
    return QuarantineQuery(
        store_ids=principal.stores(capability),
        chain_ids=principal.whole_chains(capability),
        status=status if status in ENTRY_STATUS else "open",
        reason=asked.get("reason", ""),
        source=asked.get("source", ""),
        store=asked.get("store", ""),
        first=_midnight(first) if first else None,
        before=_midnight(last + timedelta(days=1)) if last else None,
        import_id=UUID(import_id) if _is_uuid(import_id) else None,
        offset=0 if limit else (page_number - 1) * rows,
        limit=limit or rows,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(0)))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _stores(query: QuarantineQuery) -> list[str]:
    return sorted({store.code for store in stores.stores() if store.id in query.store_ids})


def _row(entry: Any) -> dict[str, Any]:
    return {"entry": entry, "reason": reason_name(entry.reason), "age": timezone.now() - entry.received_at}


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
    body: bytes = b"",
    status: int = 200,
    tried: bool = False,
) -> HttpResponse:
    command = _command_of(body) or entry.command
    text = body.decode("utf-8", "replace") if body else json.dumps(command, ensure_ascii=False, indent=2)
    label, kind = ENTRY_STATUS[entry.summary.status]
    context = {
        "entry": entry,
        "reason": reason_name(entry.summary.reason),
        "status_label": label,
        "status_kind": kind,
        "heads": [
            (name, command.get(name, "")) for name in HEADS if name in command or name in ("store", "completed_at")
        ],
        "lines": _lines(command, _wrong_line(error.pointer if error else entry.problem.get("pointer"))),
        "text": text,
        "error": error,
        "position": _position(error, text),
        "tried": tried,
        "may_mend": entry.summary.status == "open" and _may_mend(entry, principal),
        "columns": list(entry.raw_rows[0].get("cells", {})) if entry.raw_rows else [],  # type: ignore[call-overload]
        "raw_rows": [(row["row"], list(row["cells"].values())) for row in entry.raw_rows],  # type: ignore[attr-defined]
    }
    return render(request, "intake/quarantine_entry.html", context, status=status)


def _may_mend(entry: QuarantineDetail, principal: Principal) -> bool:
    if entry.summary.store_id is not None:
        return entry.summary.store_id in principal.stores("intake.mend")
    chains = principal.whole_chains("intake.mend")
    return entry.summary.chain_id in chains if entry.summary.chain_id is not None else bool(chains)


def _lines(command: dict[str, Any], wrong: int | None) -> list[dict[str, Any]]:
    lines = command.get("lines")
    return [
        {
            "index": i,
            "cells": [(name, _cell(line, name)) for name in LINE_FIELDS],
            "name": line.get("name", ""),
            "wrong": i == wrong,
        }
        for i, line in enumerate(lines if isinstance(lines, list) else [])
        if isinstance(line, dict)
    ]


def _cell(line: dict[str, Any], name: str) -> object:
    """Amounts as they were sent: decimal text under the name, or minor units under the name with `_minor`."""
    return line.get(name, line.get(f"{name}_minor", ""))


def _wrong_line(pointer: object) -> int | None:
    parts = str(pointer or "").split("/")
    return int(parts[2]) if len(parts) > 2 and parts[1] == "lines" and parts[2].isdecimal() else None


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


def _posted_body(request: HttpRequest, entry: QuarantineDetail) -> bytes:
    """The mended command: the JSON as typed, or the present one with the form's fields put in."""
    if request.POST.get("form") == "json":
        return request.POST.get("text", "").encode()
    command = json.loads(json.dumps(entry.command))
    for name in HEADS:
        if f"head-{name}" in request.POST:
            value = request.POST[f"head-{name}"].strip()
            command.pop(name, None)
            if value:
                command[name] = value
    for i, line in enumerate(command.get("lines", [])):
        for name in LINE_FIELDS:
            typed = request.POST.get(f"line-{i}-{name}")
            if typed is not None and typed.strip() != str(_cell(line, name)):
                _put(line, name, typed.strip(), i)
    return json.dumps(command, ensure_ascii=False).encode()


def _put(line: dict[str, Any], name: str, value: str, index: int) -> None:
    if name == "code":
        line[name] = value
    elif name == "units":
        digits = value.removeprefix("-")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
            raise InvalidSale(f"{value!r} is not a whole number of units", pointer=f"/lines/{index}/units")
        line[name] = int(value)
    elif f"{name}_minor" in line and "." not in value and value.removeprefix("-").isdecimal():
        line[f"{name}_minor"] = int(value)
    else:
        line.pop(f"{name}_minor", None)
        line.pop(name, None)
        if value:
            line[name] = value


__all__ = ["quarantine_detail", "quarantine_list"]
