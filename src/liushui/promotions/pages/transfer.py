"""Promotions as JSON: out of a draft or a version to a file, and into a draft from a file or pasted text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.promotions import facade
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.rulebook_json import read_promotion, read_rulebook, write_promotion
from liushui.promotions.errors import InvalidDocument
from liushui.promotions.pages.chain_names import chain_by_id
from liushui.promotions.pages.drafts import may_write, promotions_of
from liushui.runtime.access import Principal
from liushui.runtime.web import page

# What Python's reader of JSON says, as error_words finds it.
MADE_ELSEWHERE = (
    pgettext_lazy("error", "Expecting value"),
    pgettext_lazy("error", "Expecting property name enclosed in double quotes"),
    pgettext_lazy("error", "Expecting ',' delimiter"),
    pgettext_lazy("error", "Expecting ':' delimiter"),
    pgettext_lazy("error", "Extra data"),
    pgettext_lazy("error", "Unterminated string starting at"),
    pgettext_lazy("error", "Invalid control character at"),
    pgettext_lazy("error", "Illegal trailing comma before end of object"),
    pgettext_lazy("error", "Illegal trailing comma before end of array"),
)
FILE_MAX = 4 * 1024 * 1024
IMPORTED_MAX = 500


@require_GET
@page(capability="promotion.read")
def draft_export(request: HttpRequest, *, draft_id: int, principal: Principal) -> HttpResponse:
    """The draft's rulebook, or one promotion of it, as a JSON file."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    asked = request.GET.get("promotion", "")
    if asked:
        found = next((each for each in promotions_of(draft) if each["id"] == asked), None)
        if found is None:
            raise InvalidDocument(f"The draft has no promotion {asked[:60]!r}", pointer="promotions")
        return _file(found, f"promotion-{draft.id}")
    return _file(json.loads(draft.document), f"promotions-draft-{draft.id}")


@require_GET
@page(capability="promotion.read")
def version_export(request: HttpRequest, *, rulebook_id: int, principal: Principal) -> HttpResponse:
    """A published version as a JSON file."""
    document = facade.version_document(rulebook_id=rulebook_id, principal=principal)
    return _file(json.loads(document), f"promotions-version-{rulebook_id}")


def _file(document: Any, name: str) -> HttpResponse:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    response = HttpResponse(text + "\n", content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


@require_http_methods(["GET", "POST"])
@page(capability="promotion.write")
def draft_import(request: HttpRequest, *, draft_id: int, principal: Principal) -> HttpResponse:
    """Promotions from a file or from pasted text into the draft: one, a list of them, or a whole rulebook."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    error: LiushuiError | None = None
    text = ""
    if request.method == "POST":
        raw = _posted(request)
        text = raw.decode("utf-8", "replace")
        try:
            count = _take(request, draft, raw, principal)
        except NotAllowed:
            raise
        except LiushuiError as problem:
            error = problem
        else:
            said = ngettext("%(count)d promotion taken in.", "%(count)d promotions taken in.", count)
            messages.success(request, said % {"count": count})
            return redirect("promotions:draft", draft_id=draft.id)
    context = {
        "draft": draft,
        "chain": chain,
        "error": error,
        "text": text,
        "is_open": draft.state == "open" and may_write(chain, principal),
        "replace": request.POST.get("how") == "replace",
    }
    return render(request, "promotions/import.html", context, status=422 if error else 200)


def _posted(request: HttpRequest) -> bytes:
    file = request.FILES.get("file")
    if file is not None:
        if (file.size or 0) > FILE_MAX:
            raise InvalidDocument(_("The file is larger than 4 MB."), pointer="$")
        return bytes(file.read())
    return request.POST.get("text", "").encode()


def _take(request: HttpRequest, draft: DraftView, raw: bytes, principal: Principal) -> int:
    """Into the draft, all or nothing; how many promotions."""
    value = strict.loads(raw)
    if isinstance(value, dict) and "promotions" in value:
        mode, promotions = value.get("mode", "best"), [write_promotion(p) for p in read_rulebook(value).promotions]
    else:
        listed = value if isinstance(value, list) else [value]
        promotions, mode = [], json.loads(draft.document).get("mode", "best")
        for index, each in enumerate(listed):
            try:
                promotions.append(write_promotion(read_promotion(each)))
            except InvalidDocument as error:
                at = f"promotions[{index}]"
                raise InvalidDocument(error.detail, pointer=f"{at}.{error.pointer}", remedy=error.remedy) from None
    if request.POST.get("how") != "replace":
        kept = {each["id"]: each for each in json.loads(draft.document)["promotions"]}
        promotions = list({**kept, **{each["id"]: each for each in promotions}}.values())
    facade.save_draft(
        draft_id=draft.id,
        revision=draft.revision,
        document={"version": "draft", "mode": mode, "promotions": promotions},
        principal=principal,
        now=datetime.now(UTC),
    )
    return len(promotions)
