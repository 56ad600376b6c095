"""What a chain allows of returns: days, limits, other stores, the order of tenders, reasons and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.kernel.money import format_minor, parse_minor
from liushui.returns import facade
from liushui.returns.contracts import CARD_LATE_TENDERS, LATE_TENDERS, MONEY_TENDERS, PolicyView, ReturnPolicy
from liushui.returns.domain.policy import CODES_MAX, DAYS_MAX, from_json, to_json
from liushui.returns.errors import PolicyChanged
from liushui.returns.pages.words import COUPONS_BACK, MONEY, OTHER_STORE
from liushui.runtime.access import Principal
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

_NEW_ROWS = 3
_AMOUNTS = ("approval_over_minor", "unreceipted_max_minor")
_DAYS = ("days_max", "card_days")
_CHOICES = (
    "other_store",
    "coupons_back",
    "unreceipted_tender",
    "card_late_tender",
    "exchanged_tender",
    "card_late_without_member",
)
LABELS: Mapping[str, Any] = {
    "days_max": gettext_lazy("Days to bring goods back"),
    "approval_over_minor": gettext_lazy("Approval is needed above"),
    "unreceipted_max_minor": gettext_lazy("At most without a receipt"),
    "card_days": gettext_lazy("Days in which card and phone are paid back"),
    "tender_order": gettext_lazy("Money goes back in this order"),
    "reasons": gettext_lazy("Reasons"),
    "conditions": gettext_lazy("Conditions of the goods"),
}


@require_http_methods(["GET", "POST"])
@page(capability="loyalty.approve", step_up="POST")
def policy(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The settings as they are, and saving them for the whole chain."""
    chain = _chain(request, principal)
    view = facade.policy_view(chain_id=chain.id)
    if request.method != "POST":
        return render(request, "returns/policy.html", _context(chain, view, to_json(view.policy), version=view.version))
    typed = _typed(request.POST)
    version = int(request.POST.get("version", "")) if request.POST.get("version", "").isdecimal() else 0
    try:
        read = _read(typed, chain)
        facade.save_policy(
            chain_id=chain.id, policy=read, expected_version=version, principal=principal, now=datetime.now(UTC)
        )
    except PolicyChanged:
        messages.error(request, _("Somebody else has changed the policy meanwhile: this is how it stands now."))
        return redirect(request.get_full_path())
    except InvalidValue as problem:
        context = _context(chain, view, typed, version=version) | _wrong(problem)
        return render(request, "returns/policy.html", context, status=422)
    messages.success(request, _("The return policy is saved. It holds from now on, at every till of the chain."))
    return redirect(request.get_full_path())


def _chain(request: HttpRequest, principal: Principal) -> Chain:
    """The chosen chain, else the first that the reader decides for as a whole."""
    mine = principal.whole_chains("loyalty.approve")
    chosen = request.GET.get("chain", "")
    found = [chain for chain in stores.chains() if chain.id in mine and (not chosen or chain.code == chosen)]
    if not found:
        raise NotFound("There is no such chain whose policy you may see")
    return found[0]


def _context(chain: Chain, view: PolicyView, typed: Mapping[str, Any], *, version: int) -> dict[str, Any]:
    amounts = {
        name: typed[name] if isinstance(typed[name], str) else format_minor(typed[name], chain.currency)
        for name in _AMOUNTS
    }
    empty = {"code": "", "name_zh": "", "name_en": "", "is_active": True, "is_sellable": True}
    return {
        "chain": chain,
        "view": view,
        "version": version,
        "typed": {**typed, **amounts},
        "order": [(place, typed["tender_order"][place]) for place in range(len(MONEY_TENDERS))],
        "reasons": list(enumerate([*typed["reasons"], *[empty] * _NEW_ROWS])),
        "conditions": list(enumerate([*typed["conditions"], *[empty] * _NEW_ROWS])),
        "other_store": OTHER_STORE.items(),
        "coupons_back": COUPONS_BACK.items(),
        "money": MONEY.items(),
        "late": [(name, MONEY[name]) for name in LATE_TENDERS],
        "card_late": [(name, MONEY[name]) for name in CARD_LATE_TENDERS],
    }


def _typed(posted: QueryDict) -> dict[str, Any]:
    """The form as it was filled in; rows without any text are left out."""
    return {
        **{name: posted.get(name, "") for name in (*_AMOUNTS, *_DAYS, *_CHOICES)},
        "tender_order": [posted.get(f"tender_order-{place}", "") for place in range(len(MONEY_TENDERS))],
        "reasons": _codes(posted, "reasons", flags=("is_active",)),
        "conditions": _codes(posted, "conditions", flags=("is_active", "is_sellable")),
    }


def _codes(posted: QueryDict, name: str, *, flags: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    for place in range(CODES_MAX + 1):
        texts = {field: posted.get(f"{name}-{place}-{field}", "").strip() for field in ("code", "name_zh", "name_en")}
        if any(texts.values()):
            rows.append({**texts, **{flag: f"{name}-{place}-{flag}" in posted for flag in flags}})
    return rows


def _read(typed: Mapping[str, Any], chain: Chain) -> ReturnPolicy:
    values = dict(typed)
    for name in _AMOUNTS:
        try:
            values[name] = parse_minor(typed[name], chain.currency)
        except InvalidValue as problem:
            problem.pointer = f"/{name}"
            raise
    for name in _DAYS:
        text = typed[name].strip()
        values[name] = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else text
    return from_json(values)


def _wrong(problem: LiushuiError) -> dict[str, Any]:
    """What is wrong in words, what people call the setting, and the id of the field that it is said beside."""
    name, *place = (problem.pointer or "/").strip("/").split("/")
    field = "-".join([name, *place])
    if name in _DAYS:
        text = _("Write a whole number of days from 0 to %(most)s.") % {"most": f"{DAYS_MAX:,}"}
    elif name in _AMOUNTS:
        text = _("Write an amount of 0 or more, such as 200 or 12.50.")
    elif name == "tender_order":
        text, field = _("Name each way once: one is there twice."), "tender_order-0"
    elif name in ("reasons", "conditions") and len(place) == 2:
        text = _("A row needs a code, a Chinese and an English name; short ones, without control characters.")
    elif name in ("reasons", "conditions"):
        text = _("Each code stands there once, and there are at most %(most)s of them.") % {"most": CODES_MAX}
        field = f"{name}-0-code"
    else:
        text = _(problem.title)
    return {"problem": text, "where": LABELS.get(name, ""), "wrong": name, "wrong_field": field}
