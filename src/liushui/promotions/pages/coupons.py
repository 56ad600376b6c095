"""Coupon batches: the list with its numbers, the list as a file, and a new batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import InvalidValue
from liushui.promotions import facade
from liushui.promotions.contracts import CodesImported, CouponBatch
from liushui.promotions.errors import BatchExists, BatchVoid
from liushui.promotions.pages.chain_names import chain_by_id, chain_of, zone_of
from liushui.promotions.pages.coupon_form import IMPORT_ROWS_MAX, IMPORTED, KIND_HELP, KINDS, BatchForm
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.request_limits import takes_files
from liushui.runtime.tabular import EXCEL_ENDINGS, UnreadableTable
from liushui.runtime.web import page

STATES: dict[str, tuple[Any, str]] = {
    "live": (pgettext_lazy("coupon", "Valid"), "status-good"),
    "scheduled": (pgettext_lazy("coupon", "Not valid yet"), "status-info"),
    "not_issued": (pgettext_lazy("coupon", "Nothing handed out"), "status-info"),
    "used_up": (pgettext_lazy("coupon", "Used up"), ""),
    "ended": (pgettext_lazy("coupon", "Ended"), ""),
    "void": (pgettext_lazy("coupon", "Voided"), "status-bad"),
}
OVERRUN_KINDS: dict[str, Any] = {
    "total": gettext_lazy("Uses in all"),
    "per_member": gettext_lazy("Uses by each member"),
    "budget": gettext_lazy("Budget"),
    "coupon": gettext_lazy("Uses of a coupon"),
    "coupon_member": gettext_lazy("Uses of a coupon by each member"),
}
ISSUE_PROBLEMS: dict[str, Any] = {
    "unknown": gettext_lazy("There is no such batch."),
    "void": gettext_lazy("The batch was voided."),
    "expired": gettext_lazy("The batch was over."),
    "wrong_kind": gettext_lazy("The codes of this batch are not handed out one by one."),
    "member_needed": gettext_lazy("The batch is for members, and the sale had none."),
    "none_left": gettext_lazy("All codes of the batch had been handed out."),
}
REASONS: dict[str, Any] = {
    "empty": gettext_lazy("The row has no code."),
    "too_short": gettext_lazy("The code has fewer than 6 characters, so it could be guessed."),
    "too_long": gettext_lazy("The code has more than 64 characters."),
    "twice": gettext_lazy("The code stands in the file before."),
    "taken": gettext_lazy("Another batch has this code."),
}
_EXPORT_PAGE = 500
_OVERRUNS_SHOWN = 20


@require_GET
@page(capability="promotion.read")
def coupon_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Batches of the chain, the newest first, and limits that late sales went beyond."""
    chain = chain_of(request, principal)
    text, kind = request.GET.get("q", "").strip(), request.GET.get("kind", "")
    before, rows_max = request.GET.get("after", ""), settings.LIUSHUI.page_rows
    found = facade.coupon_batches(
        chain_ids=[chain.id],
        text=text,
        kind=kind if kind in KINDS else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
        limit=rows_max + 1,
    )
    context = {
        "rows": [row_of(batch) for batch in found[:rows_max]],
        "after": found[rows_max - 1].id if len(found) > rows_max else None,
        "text": text,
        "kind": kind,
        "kinds": [(code, title) for code, title in KINDS.items() if code != IMPORTED],
        "is_narrowed": bool(text or kind or before),
        "may_issue": chain.id in principal.whole_chains("coupon.issue"),
        "may_export": principal.may("report.export"),
        "overruns": [
            (overrun, OVERRUN_KINDS[overrun.kind])
            for overrun in facade.overruns(chain_ids=[chain.id], limit=_OVERRUNS_SHOWN)
        ],
        "failed": [
            (coupon, ISSUE_PROBLEMS[coupon.problem])
            for coupon in facade.issues_failed(chain_ids=[chain.id], limit=_OVERRUNS_SHOWN)
        ],
        "currency": chain.currency,
        "zone": zone_of(chain),
    }
    return render(request, "promotions/coupons.html", context)


@require_GET
@page(capability="report.export")
def coupon_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """All batches of the chain with their numbers as a file; no codes."""
    principal.require("promotion.read")
    chain = chain_of(request, principal)
    columns = (
        Column(title=pgettext("coupon", "Batch")),
        Column(title=_("Name")),
        Column(title=pgettext("coupon", "Kind")),
        Column(title=pgettext("coupon", "State")),
        Column(title=_("Valid from"), kind="datetime"),
        Column(title=_("Valid until"), kind="datetime"),
        Column(title=pgettext("coupon", "Codes at most"), kind="integer"),
        Column(title=pgettext("coupon", "Handed out"), kind="integer"),
        Column(title=pgettext("coupon", "Held by orders"), kind="integer"),
        Column(title=pgettext("coupon", "Used"), kind="integer"),
        Column(title=pgettext("coupon", "Voided"), kind="integer"),
        Column(title=pgettext("coupon", "Left"), kind="integer"),
        Column(title=_("Made"), kind="datetime"),
        Column(title=_("Who")),
    )
    return table_response(
        filename=f"liushui-coupons-{timezone.localdate()}",
        columns=columns,
        rows=_export_rows(chain),
        format=request.GET.get("format", "csv"),
    )


@require_http_methods(["GET", "POST"])
@page(capability="coupon.issue")
@takes_files
def coupon_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new batch of the kind in the address; the page of the batch is where codes are handed out."""
    chain = chain_of(request, principal, "coupon.issue")
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else "unique"
    form = BatchForm(request.POST or None, request.FILES or None, kind=kind, chain_id=chain.id, zone=zone_of(chain))
    if request.method == "POST" and form.is_valid():
        try:
            if kind == IMPORTED:
                return _import(request, form, principal)
            batch = facade.make_batch(batch=form.new_batch(), principal=principal, now=datetime.now(UTC))
            return redirect("promotions:coupon-batch", batch_id=batch.id)
        except InvalidValue as error:
            form.add_wrong(error)
        except BatchExists as error:
            is_shared = error.pointer == "/shared_code"
            form.add_error(
                "shared_code" if is_shared else "code",
                _("Another batch has this code.") if is_shared else _("There is a batch of this name."),
            )
        except BatchVoid:
            form.add_error("code", _("This batch was voided."))
    context = {"form": form, "kind": kind, "kinds": KINDS.items(), "kind_help": KIND_HELP[kind]}
    return render(request, "promotions/coupon_new.html", context, status=422 if form.errors else 200)


def _import(request: HttpRequest, form: BatchForm, principal: Principal) -> HttpResponse:
    """Bring codes in from the file; rows that are not taken are told one by one."""
    upload = form.cleaned_data["file"]
    ending = Path(upload.name or "").suffix.lower()
    with tempfile.NamedTemporaryFile(suffix=ending if ending in EXCEL_ENDINGS else ".csv") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        try:
            done = facade.import_codes(
                batch=form.new_batch(),
                path=Path(copy.name),
                principal=principal,
                now=datetime.now(UTC),
                rows_max=IMPORT_ROWS_MAX,
            )
        except UnreadableTable:
            form.add_error("file", _("The file cannot be read, or has no column 券码 or code."))
            context = {"form": form, "kind": IMPORTED, "kinds": KINDS.items(), "kind_help": KIND_HELP[IMPORTED]}
            return render(request, "promotions/coupon_new.html", context, status=422)
    if not done.wrong:
        messages.success(request, _imported_text(done))
        return redirect("promotions:coupon-batch", batch_id=done.batch.id)
    faults = [(fault, REASONS[fault.reason]) for fault in done.faults]
    return render(
        request, "promotions/coupon_import.html", {"done": done, "faults": faults, "text": _imported_text(done)}
    )


def _imported_text(done: CodesImported) -> str:
    return ngettext("%(n)s code was brought in.", "%(n)s codes were brought in.", done.added) % {"n": f"{done.added:,}"}


def row_of(batch: CouponBatch) -> dict[str, Any]:
    """A batch with the words for it."""
    title, kind = STATES[batch.state(now=datetime.now(UTC))]
    return {
        "batch": batch,
        "kind": KINDS[IMPORTED if batch.is_imported else batch.kind],
        "state": title,
        "state_class": kind,
    }


def _export_rows(chain: ChainPlace) -> Iterator[tuple[Any, ...]]:
    zone = zone_of(chain_by_id(chain.id))
    is_chinese = (get_language() or "").startswith("zh")
    before: int | None = None
    while found := facade.coupon_batches(chain_ids=[chain.id], before=before, limit=_EXPORT_PAGE):
        for batch in found:
            row = row_of(batch)
            instants = (batch.valid_from, batch.valid_until, batch.created_at)
            valid_from, valid_until, created_at = (at.astimezone(zone) if at is not None else None for at in instants)
            yield (
                batch.code,
                batch.name_zh if is_chinese else batch.name_en,
                row["kind"],
                row["state"],
                valid_from,
                valid_until,
                batch.size,
                batch.issued,
                batch.reserved,
                batch.used,
                batch.voided,
                batch.left,
                created_at,
                batch.created_by_name,
            )
        before = found[-1].id
