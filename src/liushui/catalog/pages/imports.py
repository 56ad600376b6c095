"""Imports of items and prices: upload, preview, progress, the rows put aside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.catalog import facade, tasks
from liushui.catalog.contracts import ImportView
from liushui.catalog.domain.import_columns import CHINESE_HEADERS, FIELDS, Kind
from liushui.catalog.forms import UploadForm, add_problem
from liushui.catalog.pages.items import page_number, writable_chain
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.runtime.access import Principal
from liushui.runtime.error_words import translated
from liushui.runtime.export import Column, table_response
from liushui.runtime.request_limits import takes_files
from liushui.runtime.web import page

FAULTS_SHOWN = 100
STATUS_NAMES = {
    "preview": gettext_lazy("Looked at"),
    "waiting": gettext_lazy("Waiting for the worker"),
    "running": gettext_lazy("Running"),
    "done": gettext_lazy("Done"),
    "cancelled": gettext_lazy("Cancelled"),
    "failed": gettext_lazy("Failed"),
}
KIND_NAMES = {"items": gettext_lazy("Items"), "prices": gettext_lazy("Prices")}
STATE_NAMES = {
    "new": gettext_lazy("New"),
    "changed": gettext_lazy("Changed"),
    "unchanged": gettext_lazy("Unchanged"),
    "wrong": gettext_lazy("Wrong"),
}
_EXAMPLES = {
    "sku": "10001",
    "gtin": "6901234567892",
    "name_zh": "纯牛奶250ml",
    "name_en": "Milk 250 ml",
    "category": "food/milk",
    "brand": "流客",
    "unit": "盒",
    "weighed": "否",
    "tax_rate": "13%",
    "tax_code": "1030101030000000000",
    "discountable": "是",
    "cost": "2.10",
    "tags": "new, organic",
    "floor_price": "2.80",
    "image_url": "",
    "price": "3.50",
    "region": "",
    "store": "",
    "starts_at": "2026-12-01",
    "ends_at": "",
}


@require_http_methods(["GET", "POST"])
@page(capability="catalog.write")
@takes_files
def import_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Imports so far, and a form to bring a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = _open(form, request, principal)
        except NotAllowed:
            raise
        except LiushuiError as error:
            add_problem(form, error)
        else:
            return redirect("catalog:import", run_id=run.id)
    number, rows = page_number(request), settings.LIUSHUI.page_rows
    runs, total = facade.import_runs(
        chain_ids=principal.chains("catalog.write"), limit=rows, offset=(number - 1) * rows
    )
    context = {
        "form": form,
        "runs": [(run, STATUS_NAMES[run.status], KIND_NAMES[run.kind]) for run in runs],
        "total": total,
        "page": number,
        "pages": max(1, -(-total // rows)),
    }
    return render(request, "catalog/import_list.html", context, status=422 if form.errors else 200)


def _open(form: UploadForm, request: HttpRequest, principal: Principal) -> ImportView:
    upload: UploadedFile[bytes] = form.cleaned_data["file"]
    with tempfile.NamedTemporaryFile() as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        return facade.open_import(
            path=Path(copy.name),
            file_name=upload.name or "",
            kind=form.cleaned_data["kind"],
            chain_id=writable_chain(request, principal).id,
            principal=principal,
            now=datetime.now(UTC),
        )


@require_http_methods(["GET", "POST"])
@page(capability="catalog.write", step_up="POST")
def import_detail(request: HttpRequest, *, run_id: UUID, principal: Principal) -> HttpResponse:
    """An import: before it runs a preview, then its progress and result. A POST starts or cancels it."""
    chain_ids = principal.chains("catalog.write")
    run = facade.import_run(run_id=run_id, chain_ids=chain_ids)
    if request.method == "POST":
        if request.POST.get("do") == "start":
            facade.start_import(run_id=run_id, principal=principal)
            tasks.run_import.enqueue(str(run_id))
        elif request.POST.get("do") == "cancel":
            facade.cancel_import(run_id=run_id, principal=principal)
            messages.success(request, _("The import stops after the rows in hand."))
        return redirect("catalog:import", run_id=run_id)
    context: dict[str, Any] = _progress_context(run)
    if run.status == "preview":
        try:
            preview = facade.preview_import(run_id=run_id, chain_ids=chain_ids)
        except LiushuiError as error:
            context["error"] = error
        else:
            context |= {"preview": preview, "rows": [(row, STATE_NAMES[row.state]) for row in preview.rows]}
    elif run.is_over:
        context["faults"] = list(facade.import_faults(run_id=run_id, limit=FAULTS_SHOWN))
    return render(request, "catalog/import_detail.html", context)


@require_GET
@page(capability="catalog.write")
def progress(request: HttpRequest, *, run_id: UUID, principal: Principal) -> HttpResponse:
    """The progress bar alone, for the page that asks every second; at the end the page is loaded anew."""
    run = facade.import_run(run_id=run_id, chain_ids=principal.chains("catalog.write"))
    response = render(request, "catalog/import_progress.html", _progress_context(run))
    if run.is_over:
        response["HX-Refresh"] = "true"
    return response


def _progress_context(run: ImportView) -> dict[str, Any]:
    return {"run": run, "status": STATUS_NAMES[run.status], "kind": KIND_NAMES[run.kind]}


@require_GET
@page(capability="catalog.write")
def wrong_rows(request: HttpRequest, *, run_id: UUID, principal: Principal) -> HttpResponseBase:
    """The rows that were not taken, with the reason: to be mended and sent again as they are."""
    run = facade.import_run(run_id=run_id, chain_ids=principal.chains("catalog.write"))
    first = next(facade.import_faults(run_id=run_id, limit=1), None)
    headers = list(first.row) if first else []
    columns = [Column(title=title) for title in (*headers, _("Line"), _("Reason"), _("Remedy"))]

    def rows() -> Iterator[tuple[Any, ...]]:
        for fault in facade.import_faults(run_id=run_id):
            cells = (fault.row.get(header, "") for header in headers)
            yield (
                *cells,
                fault.line_number,
                f"{fault.column}: {translated(fault.reason)}".lstrip(": "),
                translated(fault.remedy),
            )

    name = f"{Path(run.file_name).stem}-wrong"
    return table_response(filename=name, columns=columns, rows=rows(), format=request.GET.get("format", "csv"))


@require_GET
@page(capability="catalog.write")
def template(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """An empty file with the headers that an import takes, and one row as an example."""
    kind: Kind = "prices" if request.GET.get("kind") == "prices" else "items"
    chinese = (get_language() or "").startswith("zh")
    columns = [Column(title=CHINESE_HEADERS[field] if chinese else field) for field in FIELDS[kind]]
    return table_response(
        filename=f"{kind}-template",
        columns=columns,
        rows=[tuple(_EXAMPLES[field] for field in FIELDS[kind])],
        format=request.GET.get("format", "csv"),
    )
