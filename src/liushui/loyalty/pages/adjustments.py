"""Corrections of points and stored value: asked for here, decided in the approval inbox, booked once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed, NotFound
from liushui.kernel.ids import new_id
from liushui.kernel.money_text import money_text
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.loyalty.lists import Adjustment, adjustment, adjustments
from liushui.loyalty.pages.programme_values import Wrong, read_money, read_whole
from liushui.loyalty.pages.scope import chain_by_id, seen_member, zone_of
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

KINDS: tuple[tuple[str, Any], ...] = (
    ("points", pgettext_lazy("member", "Points")),
    ("principal", gettext_lazy("Principal")),
    ("gift", gettext_lazy("Gift part")),
)
POINTS_MAX = 10**9
_STATES = {
    "waiting": pgettext_lazy("correction", "Waiting"),
    "booked": pgettext_lazy("correction", "Booked"),
    "refused": pgettext_lazy("correction", "Not booked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A correction in words, with who asked for it."""

    id: UUID  # of the approval
    adjustment_id: UUID
    text: str
    requested_by_name: str
    requested_at: datetime
    reason: str
    state: str
    state_name: Any
    problem: str


@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def adjust(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """Ask for a correction; the same form sent twice asks once."""
    member = seen_member(member_id=member_id, principal=principal, capability="value.adjust")
    if member.status != "active":
        return redirect("loyalty:member", member_id=member.id)
    if request.method == "GET":
        return _show(request, member, principal)
    chain = chain_by_id(member.chain_id)
    try:
        amounts = _amounts(request, chain)
    except Wrong as wrong:
        return _show(request, member, principal, amount_error=str(wrong))
    reason = request.POST.get("reason", "").strip()[:400]
    if not reason:
        return _show(request, member, principal, problem=_("Say why, in a few words."))
    try:
        facade.request_adjustment(
            adjustment_id=_id(request), member_id=member.id, reason=reason, principal=principal,
            now=datetime.now(UTC), **amounts,
        )  # fmt: skip
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, member, principal, problem=_(error.title))
    messages.success(request, _("Asked for. Another person decides it under Approvals."))
    return redirect("loyalty:member", member_id=member.id)


def _amounts(request: HttpRequest, chain: ChainPlace) -> dict[str, int]:
    """What to book; raises Wrong."""
    kind, text = request.POST.get("kind", ""), request.POST.get("amount", "")
    if kind == "points":
        amount = read_whole(text, low=1, high=POINTS_MAX)
    elif kind in ("principal", "gift"):
        amount = read_money(text, chain.currency)
    else:
        raise Wrong(_("Choose what to correct."))
    if amount == 0:
        raise Wrong(_("This must be more than 0."))
    signed = -amount if request.POST.get("direction") == "take" else amount
    return {"points": signed} if kind == "points" else {f"{kind}_minor": signed}


def _id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_id", ""))
    except ValueError:
        return new_id()


def _show(
    request: HttpRequest, member: Member, principal: Principal, *, problem: str = "", amount_error: str = ""
) -> HttpResponse:
    chain = chain_by_id(member.chain_id)
    masked = privacy.masked(subject_ids=[member.subject_id]) if member.subject_id else {}
    context = {
        "member": member,
        "personal": next(iter(masked.values()), {}),
        "chain": chain,
        "zone": zone_of(chain),
        "balances": facade.balances(member_id=member.id),
        "kinds": KINDS,
        "posted": request.POST if request.method == "POST" else {"kind": "points"},
        "request_id": _id(request),
        "problem": problem,
        "amount_error": amount_error,
        "asked": asked_of(member, datetime.now(UTC)),
    }
    return render(request, "loyalty/adjust.html", context, status=422 if problem or amount_error else 200)


@require_GET
@page(capability="member.read")
def correction(request: HttpRequest, *, adjustment_id: UUID, principal: Principal) -> HttpResponse:
    """One correction: what it is, what the member has now and would have; where the approval inbox leads."""
    found = adjustment(adjustment_id=adjustment_id)
    if found is None:
        raise NotFound("There is no such correction, or it is not yours to see")
    member = seen_member(member_id=found.member_id, principal=principal)
    chain = chain_by_id(member.chain_id)
    balances = facade.balances(member_id=member.id)
    language = get_language() or "en"

    def money(amount: int) -> str:
        return money_text(amount_minor=amount, currency=chain.currency, language=language)

    rows = [
        (KINDS[0][1], f"{balances.points:,}", f"{found.points:+,}", f"{balances.points + found.points:,}",
         found.points),
        *(
            (
                title, money(now),
                money_text(amount_minor=change, currency=chain.currency, language=language, sign=True),
                money(now + change), change,
            )
            for title, now, change in (
                (KINDS[1][1], balances.principal_minor, found.principal_minor),
                (KINDS[2][1], balances.gift_minor, found.gift_minor),
            )
        ),
    ]  # fmt: skip
    masked = privacy.masked(subject_ids=[member.subject_id]) if member.subject_id else {}
    context = {
        "member": member,
        "personal": next(iter(masked.values()), {}),
        "zone": zone_of(chain),
        "asked": _asked(found, chain, datetime.now(UTC)),
        "rows": [row for row in rows if row[-1]],
        "is_waiting": found.state == "waiting",
    }
    return render(request, "loyalty/correction.html", context)


def waiting_of(member: Member, now: datetime) -> list[Asked]:
    """The corrections of a member that nobody has decided yet."""
    return [each for each in asked_of(member, now) if each.state == "waiting"]


def asked_of(member: Member, now: datetime) -> list[Asked]:
    """All corrections of a member, the newest first."""
    chain = chain_by_id(member.chain_id)
    return [_asked(each, chain, now) for each in adjustments(member_id=member.id, limit=20)]


def _asked(found: Adjustment, chain: ChainPlace, now: datetime) -> Asked:
    asked = approvals.approval(approval_id=found.approval_id)
    problem = why_not(asked, now=now) or (_(found.problem) if found.problem else "")
    return Asked(
        id=asked.id,
        adjustment_id=found.id,
        text=_text(found, chain),
        requested_by_name=asked.requested_by_name,
        requested_at=asked.requested_at,
        reason=found.reason,
        state=found.state,
        state_name=_STATES[found.state],
        problem=problem if found.state != "booked" else "",
    )


def why_not(asked: approvals.Approval, *, now: datetime) -> str:
    """How a request ended that nobody approved; empty for others."""
    said: dict[str, str] = {
        "rejected": pgettext("correction", "rejected by %(name)s: %(reason)s")
        % {"name": asked.decided_by_name, "reason": asked.decision_reason},
        "withdrawn": pgettext("correction", "withdrawn"),
        "expired": pgettext("correction", "nobody decided in time"),
    }
    return said.get(asked.state_at(now), "")


def _text(found: Adjustment, chain: ChainPlace) -> str:
    """`+120 points`, `-¥30.00 principal`."""
    language = get_language() or "en"
    parts = []
    if found.points:
        words = ngettext("%(points)s point", "%(points)s points", abs(found.points))
        parts.append(words % {"points": f"{found.points:+,}"})
    for title, amount in ((KINDS[1][1], found.principal_minor), (KINDS[2][1], found.gift_minor)):
        if amount:
            money = money_text(amount_minor=amount, currency=chain.currency, language=language, sign=True)
            parts.append(f"{title} {money}")
    return " · ".join(parts)
