"""Settings, audit log: who did what to which thing, when, with the values before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page

EXPORT_ROWS_MAX = 100_000
_EXPORT_CHUNK = 1000
_COLUMNS = (
    Column(title=_("When"), kind="datetime"),
    Column(title=_("Who")),
    Column(title=_("Name")),
    Column(title=_("What")),
    Column(title=_("Thing")),
    Column(title=_("Changed value")),
    Column(title=_("Before")),
    Column(title=_("After")),
    Column(title=_("From where")),
    Column(title=_("Reason")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that changed; a dash stands for nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters as typed, so that the form shows them again."""

    who: str
    action: str
    target: str
    first: date | None
    last: date | None

    def bounds(self) -> dict[str, Any]:
        """As audit.entries takes them: days of the console's time zone, the last one included."""
        zone = timezone.get_current_timezone()
        until = self.last + timedelta(days=1) if self.last else None
        return {
            "subject": self.who,
            "action": self.action,
            "target": self.target,
            "since": datetime.combine(self.first, time(), zone) if self.first else None,
            "until": datetime.combine(until, time(), zone) if until else None,
        }


@require_GET
@page(capability="audit.read")
def audit_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The newest lines of the places that the reader audits."""
    asked, rows = _asked(request), settings.LIUSHUI.page_rows
    found = audit.entries(**_reach(principal), **asked.bounds(), before=_cursor(request), limit=rows + 1)
    lines = [(entry, changes(entry)) for entry in found[:rows]]
    after = str(found[rows - 1].id) if len(found) > rows else None
    return render(request, "console/audit.html", {"lines": lines, "asked": asked, "after": after})


@require_GET
@page(capability="audit.read")
def audit_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The same lines as CSV, one changed value a row, at most EXPORT_ROWS_MAX lines."""
    return table_response(
        filename="liushui-audit", columns=_COLUMNS, rows=_export_rows(principal, _asked(request)), format="csv"
    )


def _export_rows(principal: Principal, asked: Asked) -> Iterator[tuple[Any, ...]]:
    cursor: UUID | None = None
    for _chunk in range(EXPORT_ROWS_MAX // _EXPORT_CHUNK):
        found = audit.entries(**_reach(principal), **asked.bounds(), before=cursor, limit=_EXPORT_CHUNK)
        for entry in found:
            who = (timezone.localtime(entry.at), entry.subject, entry.subject_name, entry.action, entry.target)
            for change in changes(entry) or (Change(name="", before="", after=""),):
                yield (*who, change.name, change.before, change.after, entry.address, entry.reason)
        if len(found) < _EXPORT_CHUNK:
            return
        cursor = found[-1].id


def changes(entry: audit.Entry) -> tuple[Change, ...]:
    """What changed, one value a line; of a new thing only the values that say something."""
    before, after = entry.before or {}, entry.after or {}
    names = [*before, *(name for name in after if name not in before)]
    if not before:
        names = [name for name in names if after[name] not in (None, "", [])]
    return tuple(Change(name=name, before=_text(before, name), after=_text(after, name)) for name in names)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if name not in values or value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


def _reach(principal: Principal) -> dict[str, Any]:
    return {
        "store_ids": principal.stores("audit.read"),
        "chain_ids": principal.whole_chains("audit.read"),
    }


def _asked(request: HttpRequest) -> Asked:
    query = {name: str(value).replace("\0", "").strip() for name, value in request.GET.items()}
    return Asked(
        who=query.get("who", ""),
        action=query.get("action", ""),
        target=query.get("target", ""),
        first=_day(query.get("first", "")),
        last=_day(query.get("last", "")),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _cursor(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["after"])
    except (KeyError, ValueError):
        return None
