"""One promotion of a draft as a form: written without JSON, said in words, tried on a basket while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from liushui.catalog import facade as catalog
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.promotions import facade
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.rulebook_json import read_promotion
from liushui.promotions.errors import InvalidDocument, UnknownRulebook
from liushui.promotions.pages import sentences
from liushui.promotions.pages.chain_names import (
    CHANNELS,
    PAYMENTS,
    chain_by_id,
    is_chinese,
    name_of,
    names_of,
    style_of,
    zone_of,
)
from liushui.promotions.pages.drafts import may_write, promotions_of
from liushui.promotions.pages.form_change import change_tree
from liushui.promotions.pages.form_document import (
    Errors,
    Tree,
    document_of_tree,
    field_of_pointer,
    tree_of_document,
    tree_of_posted,
)
from liushui.promotions.pages.form_values import Style
from liushui.promotions.pages.form_view import FormView, all_fields, form_view
from liushui.promotions.pages.starters import BY_CODE, started
from liushui.promotions.pages.try_it import now_text, read_wish, sample, try_it
from liushui.runtime import error_words
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def builder(request: HttpRequest, *, draft_id: int, promotion_id: str, principal: Principal) -> HttpResponse:
    """The form of one promotion; a POST saves it into the draft."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    style = style_of(chain, request.POST.get("percent_as", ""))
    if request.method == "GET":
        document = _document(request, draft, promotion_id, chain)
        tree = tree_of_document(document, style)
        return _show(request, draft, chain, principal, promotion_id, tree=tree, style=style, errors={})
    tree = _posted_tree(request, promotion_id)
    document, errors = _read(tree, style)
    problem: LiushuiError | None = None
    if not errors:
        try:
            facade.put_promotion(
                draft_id=draft.id,
                revision=_revision(request, draft),
                promotion=document,
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
                return redirect("promotions:draft", draft_id=draft.id)
            return redirect("promotions:builder", draft_id=draft.id, promotion_id=promotion_id)
    return _show(request, draft, chain, principal, promotion_id, tree=tree, style=style, errors=errors, problem=problem)


@require_POST
@page(capability="promotion.read")
def builder_change(request: HttpRequest, *, draft_id: int, promotion_id: str, principal: Principal) -> HttpResponse:
    """The form with a part more, a part less, or another kind of part; nothing is saved."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    style = style_of(chain, request.POST.get("percent_as", ""))
    tree = _posted_tree(request, promotion_id)
    focus = change_tree(tree, request.POST.get("do", ""))
    document, _errors = document_of_tree(tree, style)
    form = form_view(tree, style=style, errors={}, name_of=name_of(names_of(chain, [document])), focus=focus)
    context = {"form": form, "style": style, "draft": draft, "chain": chain, "is_open": True}
    return render(request, "promotions/builder_fields.html", context | {"is_changed": True})


@require_POST
@page(capability="promotion.read")
def builder_preview(request: HttpRequest, *, draft_id: int, promotion_id: str, principal: Principal) -> HttpResponse:
    """What the promotion says as it stands in the form, and what the tried basket costs by it."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    style = style_of(chain, request.POST.get("percent_as", ""))
    tree = _posted_tree(request, promotion_id)
    document, errors = _read(tree, style)
    names = names_of(chain, [document, *promotions_of(draft)])
    form = form_view(tree, style=style, errors=errors, name_of=name_of(names))
    context: dict[str, Any] = {
        "chain": chain,
        "wrong": [(field.id, field.label, field.error) for field in all_fields(form) if field.error],
        "general": errors.get("", "") or errors.get("effects", ""),
    }
    if not errors:
        first, second = ("zh", "en") if is_chinese() else ("en", "zh")
        context |= {
            "sentence": sentences.said(document, names, first),
            "other_sentence": sentences.said(document, names, second),
            "other_language": "en" if second == "en" else "zh-Hans",
        }
    context["wish"] = read_wish(request.POST, chain, store_ids=principal.stores("promotion.read"))
    try:
        context["result"] = try_it(
            context["wish"],
            chain=chain,
            document=draft.document,
            promotion=None if errors else document,
            draft_names=names,
        )
    except InvalidDocument as error:
        context["general"] = error_words.translated(error.detail)
    return render(request, "promotions/preview.html", context)


def _posted_tree(request: HttpRequest, promotion_id: str) -> Tree:
    return {**tree_of_posted(request.POST.lists()), "id": promotion_id}


def _read(tree: Tree, style: Style) -> tuple[dict[str, Any], Errors]:
    """The document of a form and what is wrong with it: first by the form, then by the format itself."""
    document, errors = document_of_tree(tree, style)
    if not errors:
        try:
            read_promotion(document)
        except InvalidDocument as error:
            named = [field.name for field in all_fields(form_view(tree, style=style, errors={}, name_of=_code))]
            errors = {field_of_pointer(error.pointer or "", named): _detail(error)}
    return document, errors


def _detail(error: InvalidDocument) -> str:
    _head, colon, detail = error.detail.partition(": ")
    return error_words.translated(detail if colon else error.detail)


def _code(_source: str, code: str) -> str:
    return code


def _document(request: HttpRequest, draft: DraftView, promotion_id: str, chain: ChainPlace) -> Mapping[str, Any]:
    """The promotion in the draft; else a new one from the template that the address names."""
    known = {each["id"]: each for each in promotions_of(draft)}
    if promotion_id in known:
        return known[promotion_id]
    starter = request.GET.get("starter", "")
    new = started(starter, currency=chain.currency, taken=set()) if starter in BY_CODE else None
    if new is None:
        raise UnknownRulebook(f"The draft has no promotion {promotion_id[:60]!r}")
    return {**new, "id": promotion_id}


def _revision(request: HttpRequest, draft: DraftView) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else draft.revision


def _show(
    request: HttpRequest,
    draft: DraftView,
    chain: ChainPlace,
    principal: Principal,
    promotion_id: str,
    *,
    tree: Tree,
    style: Style,
    errors: Errors,
    problem: LiushuiError | None = None,
) -> HttpResponse:
    document, _errors = document_of_tree(tree, style)
    names = names_of(chain, [document])
    form: FormView = form_view(tree, style=style, errors=errors, name_of=name_of(names))
    zone = zone_of(chain)
    wished = request.POST if request.method == "POST" else request.GET  # a basket that the lint found comes by address
    wish = read_wish(wished, chain, store_ids=principal.stores("promotion.read"))
    quantities = wish.quantities or sample(chain, document)
    items = catalog.find_items(chain_id=chain.id, codes=quantities)
    context = {
        "draft": draft,
        "chain": chain,
        "form": form,
        "style": style,
        "zone": zone,
        "heading": sentences.title({**document, "id": promotion_id}),
        "promotion_id": promotion_id,
        "is_open": draft.state == "open" and may_write(chain, principal),
        "is_new": promotion_id not in {each["id"] for each in promotions_of(draft)},
        "wrong": [(field.id, field.label, field.error) for field in all_fields(form) if field.error],
        "general": errors.get("", "") or errors.get("effects", ""),
        "problem": problem,
        "try_lines": [(items[sku], quantity) for sku, quantity in quantities.items() if sku in items],
        "try_store": wish.store,
        "try_at": f"{wish.at:%Y-%m-%dT%H:%M}" if wished.get("try.at") else now_text(zone),
        "wish": wish,
        "tiers": facade.member_tiers(chain_id=chain.id),
        "channels": CHANNELS.items(),
        "payments": PAYMENTS.items(),
    }
    return render(request, "promotions/builder.html", context, status=422 if errors or problem else 200)
