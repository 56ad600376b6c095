"""In and out: a phone number, the code that was sent to it, joining, signing out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.portal import pending, sessions
from liushui.portal.access import door_page, own_next
from liushui.portal.pages.words import problem_text
from liushui.portal.pending import Step
from liushui.privacy import facade as privacy
from liushui.privacy.contracts import MEMBERSHIP, PURPOSES
from liushui.runtime.web import back_to, client_address
from liushui.stores.contracts import Chain

SIGN_IN = "sign-in"


@require_http_methods(["GET", "POST"])
@door_page
def sign_in(request: HttpRequest, *, chain: Chain) -> HttpResponse:
    """Ask for the phone number and send a code to it, whoever's it is: nobody learns here who is a member."""
    now, context = datetime.now(UTC), {"chain": chain, "next": own_next(request.GET.get("next", ""))}
    if request.method == "GET":
        if sessions.shopper_of(request=request, chain_id=chain.id, now=now) is not None:
            return redirect("portal:home")
        return render(request, "portal/sign_in.html", context)
    try:
        return _sent(request, chain, request.POST.get("phone", ""), own_next(request.POST.get("next", "")), now)
    except LiushuiError as error:
        return render(request, "portal/sign_in.html", context | {"problem": problem_text(error)}, status=error.status)


@require_http_methods(["GET", "POST"])
@door_page
def code(request: HttpRequest, *, chain: Chain) -> HttpResponse:
    """Take the code; a member is in, anybody else may join."""
    now = datetime.now(UTC)
    step = pending.of(request, purpose=SIGN_IN, now=now)
    if step is None:
        return redirect("portal:sign-in")
    context: dict[str, Any] = {"chain": chain, "to": _masked(step.phone), "hint": step.hint, "back": "portal:sign-in"}
    if request.method == "GET":
        return render(request, "portal/code.html", context)
    try:
        if request.POST.get("do") == "again":
            return _sent(request, chain, step.phone, step.next, now)
        privacy.check_code(
            chain_id=chain.id, to=step.phone, channel="sms", purpose=SIGN_IN, code=request.POST.get("code", ""),
            address=client_address(request), now=now,
        )  # fmt: skip
    except LiushuiError as error:
        return render(request, "portal/code.html", context | {"problem": problem_text(error)}, status=error.status)
    member = loyalty.find_member(chain_id=chain.id, text=step.phone)
    if member is None:
        response = redirect("portal:join")
        pending.put(response, step=replace(step, is_proven=True, hint="", ends_at=pending.ends_at(now)))
        return response
    response = redirect(own_next(step.next))
    pending.forget(response)
    sessions.begin(request=request, response=response, member=member, now=now)
    return response


@require_http_methods(["GET", "POST"])
@door_page
def join(request: HttpRequest, *, chain: Chain) -> HttpResponse:
    """Become a member with a phone that was proven; nothing else is asked for that is not wanted."""
    now = datetime.now(UTC)
    step = pending.of(request, purpose=SIGN_IN, now=now)
    if step is None or not step.is_proven:
        return redirect("portal:sign-in")
    notices = privacy.current_notices(chain_id=chain.id)
    context: dict[str, Any] = {
        "chain": chain, "to": _masked(step.phone), "notices": [notices[purpose] for purpose in PURPOSES],
        "given": {name: request.POST.get(name, "") for name in ("name", "birthday", "email")},
        "agreed": [purpose for purpose in PURPOSES if request.POST.get(f"agree_{purpose}")],
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "portal/join.html", context)
    if MEMBERSHIP not in context["agreed"]:
        problem = _("To become a member you need to agree to what a membership takes.")
        return render(request, "portal/join.html", context | {"problem": problem}, status=422)
    try:
        joined = loyalty.join(
            chain_id=chain.id, phone=step.phone, channel="portal", now=now, **context["given"],
            consents={purpose: notices[purpose].version for purpose in context["agreed"]},
        )  # fmt: skip
    except LiushuiError as error:
        return render(request, "portal/join.html", context | {"problem": problem_text(error)}, status=error.status)
    response = redirect("portal:home")
    pending.forget(response)
    sessions.begin(request=request, response=response, member=joined.member, now=now)
    return response


@back_to("portal:home")
@require_POST
@door_page
def sign_out(request: HttpRequest, *, chain: Chain) -> HttpResponse:
    """Out, here."""
    response = redirect("portal:sign-in")
    sessions.end(request=request, response=response)
    return response


def _sent(request: HttpRequest, chain: Chain, phone: str, wanted: str, now: datetime) -> HttpResponse:
    normal = privacy.normalise(field="phone", value=phone)
    asked = privacy.request_code(
        chain_id=chain.id, to=normal, channel="sms", purpose=SIGN_IN, address=client_address(request), now=now
    )
    response = redirect("portal:code")
    step = Step(phone=normal, purpose=SIGN_IN, next=wanted, ends_at=pending.ends_at(now), hint=asked.hint)
    pending.put(response, step=step)
    return response


def _masked(phone: str) -> str:
    return privacy.mask(field="phone", value=phone)


urlpatterns: list[URLPattern] = [
    path("my/sign-in/", sign_in, name="sign-in"),
    path("my/code/", code, name="code"),
    path("my/join/", join, name="join"),
    path("my/sign-out/", sign_out, name="sign-out"),
]
