"""The rules of a draft as decision tables: written without JSON, said in words, tried while they are written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.catalog import facade as catalog
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.money_text import currency_symbol
from liushui.loyalty import facade
from liushui.loyalty.contracts import ProgrammeDraft
from liushui.loyalty.pages.programme_form import (
    Form,
    ReadForm,
    change_form,
    form_of_document,
    form_of_posted,
    read_form,
)
from liushui.loyalty.pages.programme_try import findings, sample_moment, try_rules
from liushui.loyalty.pages.programme_values import Wrong
from liushui.loyalty.pages.programme_view import (
    SALE_CHANNELS,
    form_view,
    sentences,
    tiers_of_form,
    vocabulary,
    wrong_fields,
)
from liushui.loyalty.pages.scope import chain_by_id, chain_of, is_chinese, local, zone_of
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

HITS_MAX = 20


@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def rules(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """The form of a draft; a POST saves it."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    if request.method == "GET":
        form = form_of_document(json.loads(draft.document), chain.currency)
        return _show(
            request, draft, chain, principal, form, ReadForm(document=None, programme=draft.programme, errors={})
        )
    form = form_of_posted(request.POST)
    read = read_form(form, chain.currency)
    problem: LiushuiError | None = None
    if read.document is not None:
        try:
            facade.save_programme_draft(
                draft_id=draft.id,
                revision=revision_of(request, draft),
                document=read.document,
                principal=principal,
                now=datetime.now(UTC),
            )
        except NotAllowed:
            raise
        except LiushuiError as error:
            problem = error
        else:
            messages.success(request, _("Saved in the draft."))
            if request.POST.get("do") == "save-and-close":
                return redirect("loyalty:draft", programme_draft_id=draft.id)
            return redirect("loyalty:rules", programme_draft_id=draft.id)
    return _show(request, draft, chain, principal, form, read, problem=problem, is_wrong=True)


@require_POST
@page(capability="member.read")
def rules_change(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """The form with a row more, a row less, or rows in another order; nothing is saved."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    form = form_of_posted(request.POST)
    focus = change_form(form, request.POST.get("do", ""))
    read = read_form(form, chain.currency)
    quiet = ReadForm(document=read.document, programme=read.programme, errors={})  # a new row is not wrong yet
    context = _fields(draft, chain, form, quiet, focus=focus) | {"is_open": True, "is_changed": True}
    return render(request, "loyalty/rules_fields.html", context)


@require_POST
@page(capability="member.read")
def rules_preview(request: HttpRequest, *, programme_draft_id: int, principal: Principal) -> HttpResponse:
    """What the rows say in both languages, what the checks find, and what the sale of the try-it box earns."""
    draft = facade.programme_draft(draft_id=programme_draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    form = form_of_posted(request.POST)
    read = read_form(form, chain.currency)
    words = vocabulary(chain, tiers_of_form(form))
    context: dict[str, Any] = {
        "is_whole": read.programme is not None,
        "wrong": wrong_fields(read),
        "general": read.general,
    }
    if read.programme is not None:
        said = sentences(read.programme, words)
        context |= {
            "says": [(name.replace(".", "-"), each) for name, each in said.items()],
            "findings": findings(read.programme, words),
        }
        try:
            context["tried"] = try_rules(read.programme, request.POST, words=words, currency=chain.currency)
        except Wrong as wrong:
            context["try_problem"] = str(wrong)
    return render(request, "loyalty/rules_preview.html", context)


@require_GET
@page(capability="member.read")
def find(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Categories whose name or path holds the text, as options of a picker."""
    if request.GET.get("source", "categories") != "categories":
        raise Http404
    chain = chain_of(request, principal)
    text = request.GET.get("q", "").strip()[:80].lower()
    named = catalog.category_names(chain_ids=[chain.id])
    found = []
    for path in named:
        codes = path.split("/")
        paths = ["/".join(codes[: depth + 1]) for depth in range(len(codes))]
        title = " › ".join(local(named.get(each, (each, each))) for each in paths)
        if text in path.lower() or text in title.lower():
            found.append((path, title, path))
    context = {"hits": found[:HITS_MAX], "text": text, "list_id": request.GET.get("list", "")[:80]}
    return render(request, "loyalty/find.html", context)


def revision_of(request: HttpRequest, draft: ProgrammeDraft) -> int:
    """The revision that the form was made from."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else draft.revision


def may_write(chain: ChainPlace, principal: Principal) -> bool:
    """Whether the reader may change the programme of the chain."""
    return chain.id in principal.whole_chains("loyalty.write")


def _fields(draft: ProgrammeDraft, chain: ChainPlace, form: Form, read: ReadForm, focus: str = "") -> dict[str, Any]:
    words = vocabulary(chain, tiers_of_form(form))
    return {
        "draft": draft,
        "chain": chain,
        "form": form_view(form, words=words, read=read, focus=focus),
        "currency_sign": currency_symbol(currency=chain.currency, language="zh" if is_chinese() else "en"),
    }


def _show(
    request: HttpRequest,
    draft: ProgrammeDraft,
    chain: ChainPlace,
    principal: Principal,
    form: Form,
    read: ReadForm,
    *,
    problem: LiushuiError | None = None,
    is_wrong: bool = False,
) -> HttpResponse:
    tiers = tiers_of_form(form)
    last = list(tiers)[-1:]
    named = catalog.category_names(chain_ids=[chain.id])
    category = next((path for row in form.tables["earn"] for path in row.get("categories", "").split("\n") if path), "")
    context = _fields(draft, chain, form, read) | {
        "is_open": draft.state == "open" and may_write(chain, principal),
        "problem": problem,
        "wrong": wrong_fields(read) if is_wrong else [],
        "general": read.general if is_wrong else "",
        "try_tiers": [(code, local(names) or code, code in last) for code, names in tiers.items()],
        "try_channels": [(code, local(names)) for code, names in SALE_CHANNELS.items()],
        "try_amount": "100",
        "try_at": sample_moment(datetime.now(zone_of(chain)).date()),
        "try_category": category,
        "try_category_name": local(named.get(category, (category, category))),
    }
    return render(request, "loyalty/rules.html", context, status=422 if is_wrong else 200)
