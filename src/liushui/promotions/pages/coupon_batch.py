"""One coupon batch: its numbers, handing codes out, codes for members, one code looked up, taking out of use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from liushui.kernel.errors import InvalidValue
from liushui.promotions import facade
from liushui.promotions.contracts import CouponBatch
from liushui.promotions.errors import BatchVoid, CodesIssued, CouponInUse, UnknownCode
from liushui.promotions.pages.chain_names import chain_by_id, zone_of
from liushui.promotions.pages.coupons import row_of
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page

CODE_STATES: dict[str, tuple[Any, str]] = {
    "free": (pgettext_lazy("coupon code", "Not used"), "status-good"),
    "reserved": (pgettext_lazy("coupon code", "Held by an order"), "status-info"),
    "used": (pgettext_lazy("coupon code", "Used"), ""),
    "void": (pgettext_lazy("coupon code", "Voided"), "status-bad"),
}
_AGAIN = timedelta(minutes=10)  # a download that broke off is sent again so long
_MEMBERS_SHOWN = 200


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read")
def coupon_batch(request: HttpRequest, *, batch_id: int, principal: Principal) -> HttpResponse:
    """A batch; a POST looks one code up, which so stands in no address."""
    batch = _batch(batch_id, principal)
    context: dict[str, Any] = {}
    if request.method == "POST":
        context = _found(batch, request.POST.get("code", ""))
    return _page(request, batch, principal, **context)


@require_POST
@page(capability="coupon.issue", step_up="POST")
def coupon_codes(request: HttpRequest, *, batch_id: int, principal: Principal) -> HttpResponseBase:
    """Hand codes out: a file that is made while it is sent, and kept nowhere."""
    batch = _batch(batch_id, principal)
    count, now = request.POST.get("count", "").strip(), datetime.now(UTC)
    try:
        issue = facade.issue_codes(
            chain_id=batch.chain_id,
            batch=batch.code,
            count=int(count) if re.fullmatch(r"\d{1,9}", count, re.ASCII) else None if not count else 0,
            key=f"console:{request.POST.get('key', '')[:64]}",
            principal=principal,
            now=now,
        )
    except (InvalidValue, CodesIssued):
        return _page(request, batch, principal, status=422, wrong_count=_("So many codes are not left."))
    except BatchVoid:
        return _page(request, batch, principal, status=422, wrong_count=_("This batch was voided."))
    if issue.is_repeat and now - issue.issued_at > _AGAIN:
        messages.error(request, _("These codes were handed out before. They are shown once."))
        return redirect("promotions:coupon-batch", batch_id=batch.id)
    titles = (pgettext("coupon", "Number"), pgettext("coupon", "Code"))
    name = f"coupons-{_file_name(batch.code)}-{issue.first_serial}-{timezone.localdate()}.csv"
    response = StreamingHttpResponse(
        facade.issued_csv(issue=issue, titles=titles), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


@require_POST
@page(capability="coupon.issue", step_up="POST")
def coupon_members(request: HttpRequest, *, batch_id: int, principal: Principal) -> HttpResponseBase:
    """Give members a code each; who has one gets the same again. With `do=file` as a file."""
    batch = _batch(batch_id, principal)
    members = [part for part in re.split(r"[\s,;，；、]+", request.POST.get("members", "")) if part]
    try:
        if not members:
            raise InvalidValue("No members are named", pointer="/members")
        given = facade.give_codes(
            chain_id=batch.chain_id,
            batch=batch.code,
            member_ids=members,
            principal=principal,
            now=datetime.now(UTC),
        )
    except InvalidValue:
        return _page(
            request, batch, principal, status=422, typed_members=request.POST.get("members", ""),
            wrong_members=_("Name 1 to 10,000 members, each by a number of up to 64 characters."),
        )  # fmt: skip
    except CodesIssued:
        return _page(
            request, batch, principal, status=422, typed_members=request.POST.get("members", ""),
            wrong_members=_("So many codes are not left."),
        )  # fmt: skip
    except BatchVoid:
        return _page(request, batch, principal, status=422, wrong_members=_("This batch was voided."))
    if request.POST.get("do") == "file" or len(given) > _MEMBERS_SHOWN:
        return table_response(
            filename=f"coupons-{_file_name(batch.code)}-{timezone.localdate()}",
            columns=(Column(title=_("Member")), Column(title=pgettext("coupon", "Code"))),
            rows=((each.member_id, each.code) for each in given),
            format="csv",
        )
    return _page(request, _batch(batch_id, principal), principal, given=given)


@require_POST
@page(capability="coupon.issue", step_up="POST")
def coupon_void(request: HttpRequest, *, batch_id: int, principal: Principal) -> HttpResponse:
    """Take the batch out of use, or with `code` one code of it."""
    batch = _batch(batch_id, principal)
    code, reason, now = request.POST.get("code", ""), request.POST.get("reason", ""), datetime.now(UTC)
    try:
        if code:
            if facade.coupon_state(chain_id=batch.chain_id, code=code).batch != batch.code:
                raise UnknownCode("The code is of another batch")
            facade.void_code(chain_id=batch.chain_id, code=code, reason=reason, principal=principal, now=now)
            messages.success(request, _("The code cannot be used any more."))
        else:
            facade.void_batch(chain_id=batch.chain_id, batch=batch.code, reason=reason, principal=principal, now=now)
            messages.success(request, _("No code of this batch can be used any more."))
    except InvalidValue:
        wrong = _("Say why, in 1 to 400 characters.")
        context = _found(batch, code) if code else {}
        context["wrong_code" if code else "wrong_void"] = wrong
        return _page(request, batch, principal, status=422, **context)
    except UnknownCode:
        messages.error(request, _("This batch has no such code."))
    except CouponInUse:
        messages.error(request, _("The code is used, or an order holds it at this moment."))
    return redirect("promotions:coupon-batch", batch_id=batch.id)


def _batch(batch_id: int, principal: Principal) -> CouponBatch:
    return facade.coupon_batch_of(batch_id=batch_id, chain_ids=principal.chains("promotion.read"))


def _page(
    request: HttpRequest, batch: CouponBatch, principal: Principal, *, status: int = 200, **more: Any
) -> HttpResponse:
    may_issue = batch.status == "active" and batch.chain_id in principal.whole_chains("coupon.issue")
    not_issued = batch.size - batch.issued
    context = row_of(batch) | {
        "not_issued": not_issued,
        "may_issue": may_issue,
        "may_hand_out": may_issue and batch.kind == "unique" and not batch.is_imported and not_issued > 0,
        "may_give": may_issue and batch.kind == "member",
        "key": uuid4().hex,
        "zone": zone_of(chain_by_id(batch.chain_id)),
        "issues": facade.coupon_issues(chain_id=batch.chain_id, batch=batch.code),
        **more,
    }
    return render(request, "promotions/coupon_batch.html", context, status=status)


def _found(batch: CouponBatch, code: str) -> dict[str, Any]:
    """How a code stands, if it is of this batch."""
    context: dict[str, Any] = {"asked_code": code.strip()[:64], "is_asked": True}
    try:
        found = facade.coupon_state(chain_id=batch.chain_id, code=code)
    except UnknownCode:
        return context
    if found.batch == batch.code:
        context |= {"found": found, "found_state": CODE_STATES[found.state]}
    return context


def _file_name(code: str) -> str:
    """A batch's code as a part of a file's name."""
    return re.sub(r"[^\w-]+", "-", code)
