"""Differences with providers: the list, one of them with the form that settles it, and comparing a day's bill."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.payments import facade
from liushui.payments.contracts import ReconciliationCase
from liushui.payments.errors import BillMissing, CaseSettled, ProviderUnavailable, ProviderUnknown
from liushui.payments.pages.words import CASE_KINDS, PROVIDERS, word
from liushui.runtime import approvals, places
from liushui.runtime.access import Principal
from liushui.runtime.web import page


@require_GET
@page(capability="payment.read")
def case_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Open differences, or with `?state=settled` those that were settled; and the last days that were compared."""
    state = "settled" if request.GET.get("state") == "settled" else "open"
    place = places.directory().place(query=request.GET.dict(), allowed=principal.stores("payment.read"))
    is_narrowed = bool(request.GET.get("store") or request.GET.get("region"))
    chains = () if is_narrowed else principal.whole_chains("payment.read")
    found = facade.cases(store_ids=place.store_ids, whole_chains=chains, state=state)
    stores = {store.id: store for store in places.directory().stores()}
    context = {
        "rows": [_row(case, stores) for case in found],
        "state": state,
        "may_settle": bool(principal.whole_chains("payment.settle")),
        "providers": [(name, word(PROVIDERS, name)) for name in facade.provider_names()],
        "yesterday": timezone.localdate() - timedelta(days=1),
        "days": [(day, word(PROVIDERS, day.provider)) for day in facade.reconciliations(limit=14)] if chains else (),
    }
    return render(request, "payments/cases.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="payment.read")
def case_page(request: HttpRequest, *, case_id: UUID, principal: Principal) -> HttpResponse:
    """One difference; a POST settles it, or asks another person to agree where money is written off."""
    case = facade.case(
        case_id=case_id,
        store_ids=principal.stores("payment.read"),
        whole_chains=principal.whole_chains("payment.read"),
    )
    wrong = ""
    if request.method == "POST":
        principal.require("payment.settle")
        try:
            _settle(request, case, principal)
            return redirect("payments:case", case_id=case_id)
        except InvalidValue:
            wrong = _("Write a note of 1 to 400 characters.")
    stores = {store.id: store for store in places.directory().stores()}
    approval = _approval(case)
    context = _row(case, stores) | {
        "approval": approval,
        "waits": approval is not None and approval.state == "pending" and approval.expires_at > datetime.now(UTC),
        "is_agreed": _is_agreed(approval),
        "may_settle": case.state == "open" and _may_settle(case, principal),
        "wrong": wrong,
        "note": request.POST.get("note", approval.reason if approval else ""),
    }
    return render(request, "payments/case.html", context, status=422 if wrong else 200)


@require_POST
@page(capability="payment.settle")
def reconcile(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Compare one day's bill of one provider; a bill is of all stores, so this is for whom the whole chain is."""
    if not principal.whole_chains("payment.settle"):
        raise NotAllowed("A bill is of all stores of the chain", remedy="Ask somebody who works for the whole chain.")
    try:
        bill_date = date.fromisoformat(request.POST.get("date", ""))
        result = facade.reconcile(
            provider=request.POST.get("provider", ""), bill_date=bill_date, now=datetime.now(UTC), principal=principal
        )
    except ValueError:
        messages.error(request, _("This is not a date."))
    except BillMissing:
        messages.error(request, _("The provider has no bill for that day yet."))
    except (ProviderUnavailable, ProviderUnknown):
        messages.error(request, _("The provider could not be asked. Try again later."))
    else:
        waiting = sum(case.state == "open" for case in result.cases)
        text = ngettext(
            "%(lines)s lines compared, %(n)s difference is open.",
            "%(lines)s lines compared, %(n)s differences are open.",
            waiting,
        ) % {"lines": result.lines, "n": waiting}
        (messages.warning if waiting else messages.success)(request, text)
    return redirect("payments:cases")


def _settle(request: HttpRequest, case: ReconciliationCase, principal: Principal) -> None:
    """Settle it when that needs nobody else, or when somebody else has agreed; ask otherwise."""
    now, note = datetime.now(UTC), request.POST.get("note", "")
    try:
        if facade.difference_minor(case) and not _is_agreed(_approval(case)):
            facade.ask_to_settle(case_id=case.id, note=note, principal=principal, now=now)
            messages.success(request, _("Another person has been asked to agree."))
            return
        facade.settle_case(case_id=case.id, note=note, principal=principal, now=now)
        messages.success(request, _("The difference is settled."))
    except CaseSettled:
        messages.error(request, _("Somebody else has just settled it."))
    except approvals.ApprovalMissing:
        messages.error(request, _("The agreement is used up or too old. Ask again."))


def _approval(case: ReconciliationCase) -> approvals.Approval | None:
    return approvals.approval(approval_id=case.approval_id) if case.approval_id else None


def _is_agreed(approval: approvals.Approval | None) -> bool:
    return (
        approval is not None
        and approval.state == "approved"
        and approval.used_at is None
        and approval.expires_at > datetime.now(UTC)
    )


def _may_settle(case: ReconciliationCase, principal: Principal) -> bool:
    if case.store_id is not None:
        return case.store_id in principal.stores("payment.settle")
    return bool(principal.whole_chains("payment.settle"))


def _row(case: ReconciliationCase, stores: dict[int, Any]) -> dict[str, Any]:
    return {
        "case": case,
        "kind": word(CASE_KINDS, case.kind),
        "provider": word(PROVIDERS, case.provider),
        "store": stores.get(case.store_id or 0),
        "difference_minor": facade.difference_minor(case),
    }
