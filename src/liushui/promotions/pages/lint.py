"""What the lint says of a draft: a part of its page that comes after it, with the basket that shows each finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from liushui.promotions import facade
from liushui.promotions.contracts import DraftView
from liushui.promotions.domain.lint import Finding, key
from liushui.promotions.domain.sentence_names import Names, instant_text
from liushui.promotions.errors import InvalidDocument
from liushui.promotions.lint_queries import LintReport
from liushui.promotions.lint_words import FindingWords, finding_words
from liushui.promotions.pages.chain_names import CHANNELS, PAYMENTS, chain_by_id, name_of, names_of, told_names
from liushui.promotions.pages.drafts import promotions_of
from liushui.promotions.reason_words import Told
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

Json = Mapping[str, Any]
MARKS: Mapping[str, tuple[Any, str]] = {
    "error": (gettext_lazy("Stops publishing"), "status-bad"),
    "warning": (gettext_lazy("To be acknowledged"), "status-warn"),
    "note": (gettext_lazy("For your information"), "status-info"),
}
NAMES: Mapping[str, Any] = {"error": gettext_lazy("Faults"), "warning": gettext_lazy("Warnings")}
TRY_LINES_MAX = 30  # what the try-it basket takes


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessLine:
    """A line of a witness basket before and after."""

    name: str
    quantity: int
    gross: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessView:
    """A basket that shows a finding: who buys when and where, the lines, what is paid, by which promotions."""

    facts: Sequence[str]
    lines: Sequence[WitnessLine]
    gross: int
    total: int
    currency: str
    applied: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding on the page."""

    key: str
    severity: str
    is_asked: bool  # the draft is responsible for it, and a warning is to be acknowledged
    words: FindingWords
    promotions: Sequence[tuple[str, str]]  # id, name
    witness: WitnessView | None
    other: WitnessView | None
    try_address: str


@dataclass(slots=True)
class _Shown:
    """What findings are shown with."""

    told: Told
    names: Names
    draft: DraftView
    may_try: bool
    known: frozenset[str] = field(default_factory=frozenset)


@require_GET
@page(capability="promotion.read")
def draft_findings(request: HttpRequest, *, draft_id: int, principal: Principal) -> HttpResponse:
    """What was found in a draft; fetched by its page, since looking it over takes a moment."""
    draft = facade.draft(draft_id=draft_id, principal=principal)
    chain = chain_by_id(draft.chain_id)
    context: dict[str, Any] = {"draft": draft, "may_decide": request.GET.get("decide") == "yes"}
    try:
        report = facade.lint_draft(draft_id=draft_id, principal=principal, now=datetime.now(UTC))
    except InvalidDocument as error:
        return render(request, "promotions/findings.html", context | {"problem": error})
    groups = list(_groups(report, _shown(report, draft, chain)))
    return render(request, "promotions/findings.html", context | {"groups": groups, "summary": summary(report)})


def summary(report: LintReport) -> str:
    """How many of each kind, in one line."""
    errors, warnings = len(report.errors), len(report.warnings)
    if not report.findings:
        return _("Nothing was found.")
    parts = []
    if errors:
        parts.append(ngettext("%(count)s stops publishing", "%(count)s stop publishing", errors) % {"count": errors})
    if warnings:
        parts.append(
            ngettext("%(count)s to be acknowledged", "%(count)s to be acknowledged", warnings) % {"count": warnings}
        )
    notes = len(report.findings) - errors - warnings
    if notes:
        parts.append(ngettext("%(count)s to know", "%(count)s to know", notes) % {"count": notes})
    return " · ".join(parts)


def _shown(report: LintReport, draft: DraftView, chain: ChainPlace) -> _Shown:
    skus = {
        line["sku"]
        for finding in report.findings
        for basket in (finding.witness, finding.other_witness)
        if basket is not None
        for line in basket["lines"]
    }
    names = names_of(chain, promotions_of(draft), more_skus=skus)
    told = Told(
        currency=chain.currency,
        language=get_language() or "en",
        names=told_names(names),
        promotions={each.id: each for each in report.rulebook.promotions},
    )
    return _Shown(
        told=told, names=names, draft=draft, may_try=draft.state == "open", known=frozenset(names.items.keys())
    )


def _groups(report: LintReport, shown: _Shown) -> Iterator[tuple[str, str, list[FindingView]]]:
    """(heading, class of its mark, findings) by severity."""
    for severity, (title, mark) in MARKS.items():
        mine = [each for each in report.findings if each.severity == severity]
        asked = [each for each in mine if severity == "note" or report.is_of_draft(each)]
        before = [each for each in mine if each not in asked]
        if asked:
            yield str(title), mark, [_view(each, shown, is_asked=True) for each in asked]
        if before:
            heading = _("%(title)s, as before this draft") % {"title": NAMES[severity]}
            yield heading, "", [_view(each, shown, is_asked=False) for each in before]


def _view(finding: Finding, shown: _Shown, *, is_asked: bool) -> FindingView:
    return FindingView(
        key=key(finding),
        severity=finding.severity,
        is_asked=is_asked,
        words=finding_words(finding, shown.told),
        promotions=[(each, shown.told.promotion(each)) for each in finding.promotions],
        witness=_witness(finding.witness, finding.answer, shown),
        other=_witness(finding.other_witness, finding.other_answer, shown),
        try_address=_try_address(finding, shown),
    )


def _witness(basket: Json | None, answer: Json | None, shown: _Shown) -> WitnessView | None:
    if basket is None or answer is None:
        return None
    priced = {line["id"]: line for line in answer["lines"]}
    applied = [each for each in answer["promotions"] if each["status"] == "applied"]
    return WitnessView(
        facts=list(_facts(basket, shown)),
        lines=[
            WitnessLine(
                name=shown.told.article(line["sku"]),
                quantity=line["quantity"],
                gross=priced[line["id"]]["gross"],
                net=priced[line["id"]]["net"],
            )
            for line in basket["lines"]
        ],
        gross=answer["gross"],
        total=answer["total"],
        currency=answer["currency"],
        applied=[(shown.told.promotion(each["id"]), each["amount"]) for each in applied],
    )


def _facts(basket: Json, shown: _Shown) -> Iterator[str]:
    """Who buys, when, where and how: whatever is not as usual."""
    name = name_of(shown.names)
    if basket.get("at"):
        yield instant_text(datetime.fromisoformat(basket["at"]), shown.names)
    member = basket.get("member")
    if member:
        tier = member.get("tier")
        yield name("tiers", tier) if tier else _("Member")
        if "completed_orders" in member:
            yield _("%(count)s orders before") % {"count": member["completed_orders"]}
    for key_, kind in (("store", "stores"), ("region", "regions")):
        if basket.get(key_):
            yield name(kind, basket[key_])
    if basket.get("channel", "pos") != "pos":
        yield str(CHANNELS.get(basket["channel"], basket["channel"]))
    if basket.get("payment_method"):
        yield str(PAYMENTS.get(basket["payment_method"], basket["payment_method"]))
    for code in basket.get("codes", ()):
        yield _("Code %(code)s") % {"code": code if isinstance(code, str) else code["code"]}
    for charge in basket.get("shipping", ()):
        yield _("Delivery: %(method)s") % {"method": charge["method"]}


def _try_address(finding: Finding, shown: _Shown) -> str:
    """Where the witness basket can be tried, beside the first promotion; empty where its goods are made up."""
    basket = finding.witness
    if basket is None or not finding.promotions or not shown.may_try or len(basket["lines"]) > TRY_LINES_MAX:
        return ""
    if any(line["sku"] not in shown.known for line in basket["lines"]):
        return ""
    member = basket.get("member") or {}
    asked = {f"try.quantity.{line['sku']}": line["quantity"] for line in basket["lines"]}
    codes = [each if isinstance(each, str) else each["code"] for each in basket.get("codes", ())]
    extra = {
        "try.store": basket.get("store") or "",
        "try.at": str(basket.get("at") or "")[:16],
        "try.tier": member.get("tier") or ("-" if member else ""),
        "try.orders": member.get("completed_orders") or "",
        "try.groups": " ".join(member.get("groups") or ()),
        "try.codes": " ".join(codes),
        "try.channel": basket.get("channel") or "",
        "try.payment": basket.get("payment_method") or "",
    }
    address = resolve_url("promotions:builder", draft_id=shown.draft.id, promotion_id=finding.promotions[0])
    return f"{address}?{urlencode(asked | {name: value for name, value in extra.items() if value})}"
