"""Imports: the list, one with its progress and account, and starting one by upload with a preview first."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.intake import facade
from liushui.intake.contracts import STALLED_AFTER, ImportRun
from liushui.intake.domain.mapping import Mapping
from liushui.intake.errors import MappingError
from liushui.intake.pages.import_words import account_money, mapping_titles, shown_mappings
from liushui.intake.pages.words import IMPORT_STATUS, PHASES
from liushui.intake.raw_store import file_sha256, keep, raw_path
from liushui.intake.tasks import run_import
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.runtime.access import Principal
from liushui.runtime.request_limits import takes_files
from liushui.runtime.web import page
from liushui.stores import facade as stores


def _chain_codes(principal: Principal, capability: str) -> list[str]:
    """Codes of the chains in all of which the capability is held: an import may reach every store."""
    ids = principal.whole_chains(capability)
    return [chain.code for chain in stores.chains() if chain.id in ids]


@require_GET
@page(capability="intake.read")
def import_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Imports into the chains that the reader oversees, newest first."""
    rows = settings.LIUSHUI.page_rows
    number = _page_number(request)
    titles = mapping_titles()
    found = facade.imports(chains=_chain_codes(principal, "intake.read"), offset=(number - 1) * rows, limit=rows)
    context = {
        "rows": [_shown(run, titles) for run in found.runs],
        "page": number,
        "pages": -(-found.total // rows),
        "total": found.total,
        "may_start": bool(_chain_codes(principal, "intake.mend")),
    }
    return render(request, "intake/imports.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="intake.read")
def import_detail(request: HttpRequest, *, import_id: UUID, principal: Principal) -> HttpResponse:
    """One import with its account; a POST says in `do` whether to cancel it or to run it again."""
    run = facade.import_run(import_id=import_id, chains=_chain_codes(principal, "intake.read"))
    may_run = run.chain in _chain_codes(principal, "intake.mend")
    if request.method == "POST":
        _require_chain(principal, run.chain)
        now = datetime.now(UTC)
        if request.POST.get("do") == "cancel":
            facade.cancel_import(import_id=run.id, principal=principal, now=now)
            messages.success(request, _("The import stops after the batch it is at. What is booked stays."))
        elif request.POST.get("do") == "run" and facade.queue_again(import_id=run.id, now=now):
            run_import.enqueue(str(run.id), principal.name)
            messages.success(request, _("The import goes on where it stopped."))
        return redirect("intake:import", import_id=run.id)
    return render(request, "intake/import.html", _shown(run, mapping_titles()) | {"may_run": may_run})


@require_GET
@page(capability="intake.read")
def import_progress(request: HttpRequest, *, import_id: UUID, principal: Principal) -> HttpResponse:
    """The progress bar alone; at the end it has the whole page read again."""
    run = facade.import_run(import_id=import_id, chains=_chain_codes(principal, "intake.read"))
    response = render(request, "intake/import_progress.html", _shown(run, {}))
    if run.status not in ("waiting", "running"):
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "POST"])
@page(capability="intake.mend")
@takes_files
def import_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Upload a file and choose a mapping: see how it is read, then start it."""
    codes = _chain_codes(principal, "intake.mend")
    context: dict[str, Any] = {
        "mappings": shown_mappings(),
        "chains": [chain for chain in stores.chains() if chain.code in codes],
        "chosen": request.POST,
    }
    if request.method == "GET":
        return render(request, "intake/import_new.html", context)
    status = 200
    try:
        mapping = facade.load_mapping(_mapping_name(request))
        chain = request.POST.get("chain") or mapping.chain.code
        _require_chain(principal, chain)
        file, items = _uploaded(request, "file"), _uploaded(request, "items")
        context |= {"file": file, "items": items, "file_kept": _kept(file), "items_kept": _kept(items)}
        if file is None:
            context["file_missing"], status = True, 422
        elif request.POST.get("do") == "start":
            return _start(request, principal, mapping, chain, file, items)
        else:
            context["preview"] = _preview(mapping, chain, file, items)
    except LiushuiError as error:
        if isinstance(error, NotAllowed):
            raise
        context["error"], status = error, 422
    return render(request, "intake/import_new.html", context, status=status)


@require_GET
@page(capability="intake.mend")
def mapping_file(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The text of a mapping, to be kept or changed: `name` says which, else the first."""
    texts = facade.mapping_texts()
    name = request.GET.get("name") or min(texts)
    if name not in texts:
        raise MappingError(f"There is no mapping {name!r}", remedy="Choose one that the page of new imports shows.")
    return HttpResponse(
        texts[name],
        content_type="application/toml; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, f"{name}.toml") or "attachment"},
    )


class Upload(NamedTuple):
    """A file that was sent: where it is kept, and its name, which says what kind of file it is."""

    path: Path
    name: str


_SALT = "liushui.intake.upload"
_KEPT_SECONDS = 24 * 3600


def _start(
    request: HttpRequest, principal: Principal, mapping: Mapping, chain: str, file: Upload, items: Upload | None
) -> HttpResponse:
    run, is_new = facade.start_import(
        path=file.path,
        file_name=file.name,
        mapping=mapping,
        chain=chain,
        items=items.path if items else None,
        items_name=items.name if items else "",
        principal=principal,
        now=datetime.now(UTC),
    )
    if is_new:
        run_import.enqueue(str(run.id), principal.name)
        messages.success(request, _("The import has been started."))
    else:
        messages.info(request, _("This file has been imported with this mapping before; nothing was changed."))
    return redirect("intake:import", import_id=run.id)


def _preview(mapping: Mapping, chain: str, file: Upload, items: Upload | None) -> dict[str, Any]:
    found = facade.preview_file(
        path=file.path,
        file_name=file.name,
        mapping=mapping,
        chain=chain,
        items=items.path if items else None,
        items_name=items.name if items else "",
    )
    documents = [
        {
            "document": document,
            "amount_minor": sum(line.amount_minor or 0 for line in document.command.lines)
            if document.command
            else None,
        }
        for document in found.documents[:20]
    ]
    faulty = sum(document.command is None for document in found.documents)
    return {"found": found, "documents": documents, "faulty": faulty, "creates": sorted(mapping.chain.create_missing)}


def _mapping_name(request: HttpRequest) -> str:
    """The chosen mapping: by name only, so that no path of the server can be asked for."""
    name = str(request.POST.get("mapping", ""))
    if name not in facade.mapping_texts():
        raise MappingError("No mapping was chosen", remedy="Choose how the columns of the file are to be read.")
    return name


def _require_chain(principal: Principal, chain: str) -> None:
    if chain not in _chain_codes(principal, "intake.mend"):
        raise NotAllowed(
            f"You don't run imports for the whole of chain {chain!r}",
            remedy="Choose a chain of yours. A new chain is imported at the command line.",
        )


def _uploaded(request: HttpRequest, field: str) -> Upload | None:
    """An uploaded file, kept under its digest; or the one kept at the preview, named by a signed field of the form."""
    upload = request.FILES.get(field)
    if isinstance(upload, UploadedFile) and upload.name:
        with tempfile.NamedTemporaryFile(prefix="liushui-upload-") as copy:
            for chunk in upload.chunks():
                copy.write(chunk)
            copy.flush()
            path = Path(copy.name)
            return Upload(keep(path, file_sha256(path)), upload.name)
    try:
        sha256, name = signing.loads(request.POST.get(f"{field}_kept", ""), salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        return None
    return Upload(raw_path(sha256), name) if raw_path(sha256).exists() else None


def _kept(upload: Upload | None) -> str:
    return signing.dumps([upload.path.name, upload.name], salt=_SALT) if upload else ""


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


def _shown(run: ImportRun, titles: dict[str, str]) -> dict[str, Any]:
    label, kind = IMPORT_STATUS[run.status]
    chain = next((chain for chain in stores.chains() if chain.code == run.chain), None)
    return {
        "run": run,
        "chain": chain,
        "money": account_money(run.reconciliation) if run.reconciliation else {},
        "mapping_title": titles.get(run.mapping, run.mapping),
        "account": run.reconciliation,
        "status_label": label,
        "status_kind": kind,
        "is_moving": run.status in ("waiting", "running"),
        "is_stalled": run.status == "running" and run.updated_at < datetime.now(UTC) - STALLED_AFTER,
        "phase": PHASES.get(run.status, label),
        "total": run.rows_total or None,
    }


__all__ = ["import_detail", "import_list", "import_new", "import_progress", "mapping_file"]
