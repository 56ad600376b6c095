"""All promotions of a chain with how they stand, to a page or to a file; stopping one, asking for one to run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.money import exponent
from liushui.promotions import facade
from liushui.promotions.contracts import PromotionCost, PromotionView, Usage
from liushui.promotions.domain.sentence_names import Names
from liushui.promotions.pages import sentences
from liushui.promotions.pages.chain_names import chain_of, is_chinese, names_of
from liushui.promotions.pages.starters import STARTERS
from liushui.runtime import error_words
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

STATUSES: Mapping[str, tuple[Any, str]] = {
    "live": (pgettext_lazy("promotion", "Running"), "status-good"),
    "scheduled": (pgettext_lazy("promotion", "To come"), "status-info"),
    "paused": (pgettext_lazy("promotion", "Paused"), "status-warn"),
    "draft": (gettext_lazy("In a draft"), ""),
    "ended": (pgettext_lazy("promotion", "Over"), ""),
}
_SORTS = ("name", "status", "starts", "priority", "spent")
CHOSEN_MAX = 50


def refusal(error: LiushuiError) -> str:
    """Why a promotion was not stopped or resumed, for whoever asked; a reason that is missing in his language."""
    return _("Say why, in 1 to 400 characters.") if error.pointer == "/reason" else error_words.error_text(error)


@dataclass(slots=True, kw_only=True)
class Row:
    """A promotion as the list shows it."""

    promotion: PromotionView
    name: str
    status_name: Any
    status_class: str
    sentence: str = ""
    period: str = ""
    marks: Sequence[str] = field(default_factory=list)
    spent: int = 0
    receipts: int = 0
    uses: int = 0  # of its limits, orders that are not completed yet among them
    budget: int | None = None
    burn: int | None = None  # percent of the budget, at most 100


@require_GET
@page(capability="promotion.read")
def promotion_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Promotions found by the query form, page by page."""
    chain = chain_of(request, principal)
    now = datetime.now(UTC)
    every = facade.promotions(chain_id=chain.id, at=now)
    rows = _found(request, every, chain)
    number, at_once = _page_number(request), settings.LIUSHUI.page_rows
    shown = rows[(number - 1) * at_once : number * at_once]
    _say(shown, names_of(chain, [row.promotion.document for row in shown]))
    status = request.GET.get("status", "")
    context = {
        "chain": chain,
        "rows": shown,
        "total": len(rows),
        "has_any": bool(every),
        "page": number,
        "pages": max(1, -(-len(rows) // at_once)),
        "text": request.GET.get("q", ""),
        "status": status,
        "counts": _counts(request, every),
        "live": facade.live_rulebook(chain_id=chain.id, at=now),
        "drafts": facade.drafts(chain_ids=[chain.id]),
        "starters": STARTERS,
        "may_write": chain.id in principal.whole_chains("promotion.write"),
        "may_pause": may_pause(chain, principal),
        "may_export": chain.id in principal.chains("report.export"),
    }
    return render(request, "promotions/list.html", context)


@require_GET
@page(capability="report.export")
def promotion_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The found promotions as CSV or XLSX, sentences in both languages."""
    principal.require("promotion.read")
    chain = chain_of(request, principal)
    rows = _found(request, facade.promotions(chain_id=chain.id, at=datetime.now(UTC)), chain)
    names = names_of(chain, [row.promotion.document for row in rows])
    _say(rows, names)
    places = exponent(chain.currency)
    columns = [
        Column(title=_("Id")),
        Column(title=_("Chinese name")),
        Column(title=_("English name")),
        Column(title=_("Status")),
        Column(title=_("Period")),
        Column(title=_("What it says, in Chinese")),
        Column(title=_("What it says, in English")),
        Column(title=_("Priority"), kind="integer"),
        Column(title=_("Receipts so far"), kind="integer"),
        Column(title=_("Cost so far"), kind="amount", places=places),
        Column(title=_("Budget"), kind="amount", places=places),
    ]
    return table_response(
        filename="promotions",
        columns=columns,
        rows=(
            (
                row.promotion.id, row.promotion.name_zh, row.promotion.name_en, str(row.status_name), row.period,
                sentences.said(row.promotion.document, names, "zh"),
                sentences.said(row.promotion.document, names, "en"),
                row.promotion.document.get("priority", 0), row.receipts, row.spent, row.budget,
            )
            for row in rows
        ),
        format=request.GET.get("format", "csv"),
    )  # fmt: skip


@require_POST
@page(capability="promotion.read")
def change_chosen(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Pause the chosen promotions, or ask for one that is paused to run again; the facade says who may."""
    chain = chain_of(request, principal)
    reason, deed = request.POST.get("reason", ""), request.POST.get("do", "")
    done: list[str] = []
    for promotion_id in dict.fromkeys(request.POST.getlist("chosen")[:CHOSEN_MAX]):
        try:
            _do(deed, promotion_id, reason, chain=chain, principal=principal)
        except NotAllowed:
            raise
        except LiushuiError as error:
            messages.error(request, f"{promotion_id}: {refusal(error)}")
        else:
            done.append(promotion_id)
    if done and deed == "pause":
        messages.success(request, _("Paused: %(names)s") % {"names": ", ".join(done)})
    elif done:
        messages.success(request, _("Asked for review: %(names)s") % {"names": ", ".join(done)})
    return redirect(request.POST["next"] if _is_own(request.POST.get("next", "")) else "promotions:list")


def may_pause(chain: ChainPlace, principal: Principal) -> bool:
    """Whether the reader may stop a promotion at once."""
    return chain.id in principal.whole_chains("promotion.write") | principal.whole_chains("promotion.approve")


def _is_own(address: str) -> bool:
    return address.startswith("/promotions/")


def _do(deed: str, promotion_id: str, reason: str, *, chain: ChainPlace, principal: Principal) -> None:
    now = datetime.now(UTC)
    if deed == "pause":
        facade.pause_promotion(
            chain_id=chain.id, promotion_id=promotion_id, reason=reason, principal=principal, now=now
        )
    elif deed == "resume":
        facade.resume_promotion(
            chain_id=chain.id, promotion_id=promotion_id, reason=reason, principal=principal, now=now
        )
    elif deed == "end":
        facade.end_promotion(chain_id=chain.id, promotion_id=promotion_id, reason=reason, principal=principal, now=now)


def _found(request: HttpRequest, every: Iterable[PromotionView], chain: ChainPlace) -> list[Row]:
    """The rows that the address asks for, sorted; what they say comes later, for one page of them."""
    status, text = request.GET.get("status", ""), request.GET.get("q", "").strip().lower()
    rows = [
        row_of(each)
        for each in every
        if status in ("", each.status) and text in f"{each.id} {each.name_zh} {each.name_en}".lower()
    ]
    fill_usage(rows, chain)
    sort = request.GET.get("sort", "") or "status"
    key = sort.lstrip("-") if sort.lstrip("-") in _SORTS else "status"
    rows.sort(key=lambda row: (_sort_key(row, key), row.name), reverse=sort.startswith("-"))
    return rows


def row_of(promotion: PromotionView) -> Row:
    """A promotion as a row."""
    name, status_class = STATUSES[promotion.status]
    return Row(
        promotion=promotion,
        name=sentences.title({**promotion.document, "id": promotion.id}),
        status_name=name,
        status_class=status_class,
        marks=sentences.marks(promotion.document),
    )


def fill_usage(rows: Sequence[Row], chain: ChainPlace) -> None:
    """Say what recorded sales were given so far, and how much of the budget is used, what orders hold among it."""
    ids = [row.promotion.id for row in rows]
    costs = facade.promotion_costs(chain_id=chain.id, promotion_ids=ids)
    limited = [row.promotion.id for row in rows if row.promotion.document.get("limits")]
    used = facade.usage(chain_id=chain.id, promotion_ids=limited, member_id=None)
    for row in rows:
        cost, usage = costs.get(row.promotion.id, PromotionCost()), used.get(row.promotion.id, Usage())
        row.spent, row.receipts, row.uses = cost.amount_minor, cost.receipts, usage.total
        row.budget = (row.promotion.document.get("limits") or {}).get("budget")
        if row.budget:
            row.burn = min(100, usage.spent * 100 // row.budget)


def _sort_key(row: Row, key: str) -> Any:
    if key == "status":
        return list(STATUSES).index(row.promotion.status)
    if key == "starts":
        return row.promotion.starts_at or ""
    if key == "priority":
        return row.promotion.document.get("priority", 0)
    return row.spent if key == "spent" else row.name


def _say(rows: Iterable[Row], names: Names) -> None:
    for row in rows:
        row.sentence = sentences.said(row.promotion.document, names, "zh" if is_chinese() else "en")
        row.period = sentences.period(row.promotion.document, names)


def _counts(request: HttpRequest, every: Iterable[PromotionView]) -> list[tuple[str, Any, int]]:
    found = dict.fromkeys(STATUSES, 0)
    for each in every:
        found[each.status] += 1
    return [("", _("All"), sum(found.values())), *((code, STATUSES[code][0], n) for code, n in found.items())]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
