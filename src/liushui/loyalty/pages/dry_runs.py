"""A draft tried on the members: progress, how many would rise and fall, who, what the points would be worth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.money import exponent
from liushui.loyalty import facade
from liushui.loyalty.contracts import DryRun, DryRunMember
from liushui.loyalty.errors import UnknownProgramme
from liushui.loyalty.pages.programme_view import tiers_of_programme
from liushui.loyalty.pages.scope import chain_by_id, local, zone_of
from liushui.loyalty.pages.tiers import tier_names
from liushui.loyalty.tasks import run_dry_run
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import back_to, page

DIRECTIONS = {
    "up": (pgettext_lazy("dry run", "Rise"), "status-good"),
    "down": (pgettext_lazy("dry run", "Fall"), "status-bad"),
    "grace": (pgettext_lazy("dry run", "Time of grace"), "status-warn"),
}
STATES = {
    "waiting": (pgettext_lazy("job", "Waiting"), "status-info"),
    "running": (pgettext_lazy("job", "Running"), "status-info"),
    "done": (pgettext_lazy("job", "Done"), "status-good"),
    "failed": (pgettext_lazy("job", "Failed"), "status-bad"),
    "cancelled": (pgettext_lazy("job", "Cancelled"), "status-warn"),
}
_ROWS, _EXPORT_PAGE = 50, 500


@back_to("loyalty:draft")
@require_POST
@page(capability="member.read")
def start(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """Queue a trial of the draft as it is."""
    run = facade.start_dry_run(draft_id=programme_draft_id, principal=principal, now=datetime.now(UTC))
    run_dry_run.enqueue(str(run.id))
    messages.success(request, _("The dry run has been started."))
    return redirect("loyalty:dry-run", dry_run_id=run.id)


@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def dry_run(request: HttpRequest, *, dry_run_id: UUID, principal: Principal) -> HttpResponse:
    """One trial: its progress, or its tables; a POST stops it."""
    if request.method == "POST":
        run = facade.cancel_dry_run(run_id=dry_run_id, principal=principal, now=datetime.now(UTC))
        if run.status == "done":
            messages.info(request, _("The dry run was done before it could be stopped."))
        elif run.status != "failed":
            messages.success(request, _("The dry run stops after the members in hand."))
        return redirect("loyalty:dry-run", dry_run_id=dry_run_id)
    run = facade.dry_run(run_id=dry_run_id, principal=principal)
    chain = chain_by_id(run.chain_id)
    draft = facade.programme_draft(draft_id=run.draft_id, principal=principal)
    names = _names(run, principal)
    asked = request.GET.get("direction", "")
    direction = asked if asked in DIRECTIONS else None
    number = _page_number(request)
    members = facade.dry_run_members(
        run_id=run.id, direction=direction, principal=principal, limit=_ROWS, offset=(number - 1) * _ROWS  # type: ignore[arg-type]  # checked above
    ) if run.status == "done" else ()  # fmt: skip
    counts = {"up": run.ups or 0, "down": run.downs or 0, "grace": run.graces or 0}
    total = counts[direction] if direction else sum(counts.values())
    whole = principal.whole_chains("loyalty.write") | principal.whole_chains("loyalty.approve")
    context = _progress_context(run) | {
        "may_cancel": run.status in ("waiting", "running") and run.chain_id in whole,
        "draft": draft,
        "chain": chain,
        "zone": zone_of(chain),
        "is_stale": draft.revision != run.revision,
        "tiers": [(names.get(each.code, each.code) or pgettext("tier", "None"), each, each.after - each.before)
                  for each in run.tiers],
        "directions": [("", _("All"), sum(counts.values())),
                       *((code, title, counts[code]) for code, (title, _kind) in DIRECTIONS.items())],
        "direction": direction or "",
        "members": [_row(each, names) for each in members],
        "page": number,
        "pages": max(1, -(-total // _ROWS)),
        "total": total,
        "difference_minor": None if run.liability_after_minor is None or run.liability_before_minor is None
        else run.liability_after_minor - run.liability_before_minor,
        "may_export": run.chain_id in principal.chains("report.export"),
    }  # fmt: skip
    return render(request, "loyalty/dry_run.html", context)


@require_GET
@page(capability="member.read")
def progress(request: HttpRequest, *, dry_run_id: UUID, principal: Principal) -> HttpResponse:
    """The progress bar alone; at the end it has the whole page read again."""
    run = facade.dry_run(run_id=dry_run_id, principal=principal)
    response = render(request, "loyalty/dry_run_progress.html", _progress_context(run))
    if run.status not in ("waiting", "running"):
        response["HX-Refresh"] = "true"
    return response


@require_GET
@page(capability="report.export")
def export(request: HttpRequest, *, dry_run_id: UUID, principal: Principal) -> HttpResponseBase:
    """The members whom the draft would move, as a file: numbers, no personal data."""
    principal.require("member.read")
    run = facade.dry_run(run_id=dry_run_id, principal=principal)
    if run.chain_id not in principal.chains("report.export"):
        raise UnknownProgramme(f"There is no trial {dry_run_id}, or it is not yours to see")
    columns = (
        Column(title=_("Member number")),
        Column(title=_("Direction")),
        Column(title=_("Tier now")),
        Column(title=_("Tier by the draft")),
        Column(title=_("Kept until"), kind="date"),
        Column(title=_("Spent in the window"), kind="amount", places=exponent(chain_by_id(run.chain_id).currency)),
    )
    return table_response(
        filename=f"dry-run-{run.day}", columns=columns, rows=_export_rows(run, principal),
        format=request.GET.get("format", "csv"),
    )  # fmt: skip


def _export_rows(run: DryRun, principal: Principal) -> Iterator[tuple[Any, ...]]:
    names, offset = _names(run, principal), 0
    while found := facade.dry_run_members(run_id=run.id, principal=principal, limit=_EXPORT_PAGE, offset=offset):
        for each in found:
            row = _row(each, names)
            yield (each.number, row["direction"], row["before"], row["after"], each.until_after, each.spend_minor)
        offset += len(found)


def _names(run: DryRun, principal: Principal) -> dict[str, str]:
    draft = facade.programme_draft(draft_id=run.draft_id, principal=principal)
    named = {code: local(names) for code, names in tiers_of_programme(draft.programme).items()}
    return tier_names(run.chain_id) | named


def _row(each: DryRunMember, names: dict[str, str]) -> dict[str, Any]:
    none = pgettext("tier", "None")
    title, kind = DIRECTIONS[each.direction]
    return {
        "member": each,
        "direction": title,
        "direction_class": kind,
        "before": names.get(each.tier_before, each.tier_before) or none,
        "after": names.get(each.tier_after, each.tier_after) or none,
    }


def _progress_context(run: DryRun) -> dict[str, Any]:
    title, kind = STATES[run.status]
    return {
        "run": run,
        "state_name": title,
        "state_class": kind,
        "is_moving": run.status in ("waiting", "running"),
        "total_members": run.members_total or None,
    }


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
