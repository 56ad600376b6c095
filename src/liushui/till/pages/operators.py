"""Signing in at a till by badge or PIN, and who gives people badge and PIN."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.errors import LiushuiError, NotFound
from liushui.runtime import operators, tills
from liushui.runtime.access import Principal
from liushui.runtime.menu import MenuEntry
from liushui.runtime.models import StaffUser
from liushui.runtime.operators import CredentialView, OperatorLocked, OperatorRefused, TrivialPin
from liushui.runtime.tills import Device, Operator
from liushui.runtime.web import client_address, page
from liushui.stores import facade as stores
from liushui.till import access
from liushui.till.access import COOKIE_PATH, OPERATOR_COOKIE, device_of, operator_of
from liushui.till.pages.shift_words import problem_text

_PIN = {"class": "form-control", "inputmode": "numeric", "autocomplete": "new-password"}


class PinForm(forms.Form):
    """A new PIN, twice."""

    pin = forms.CharField(
        label=gettext_lazy("New PIN"),
        max_length=8,
        help_text=gettext_lazy("4 to 8 digits, not 1234, not a year, not the same digit again and again."),
        widget=forms.PasswordInput(
            attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "new-password"}
        ),
    )
    pin_again = forms.CharField(
        label=gettext_lazy("The same again"),
        max_length=8,
        widget=forms.PasswordInput(
            attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "new-password"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        values = super().clean() or {}
        if values.get("pin") and values.get("pin_again") and values["pin"] != values["pin_again"]:
            self.add_error("pin_again", _("The two are not the same."))
        return values


@sensitive_post_parameters("pin", "badge")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Badge or PIN at an enrolled till; a till that was locked goes on where it stood."""
    device = device_of(request)
    if device is None:
        return redirect("till:enrol")
    if request.method == "GET":
        return _sign_in_page(request, device)
    shown = {name: request.POST.get(name, "").strip() for name in ("username", "pin", "badge")}
    if shown["username"].upper().startswith(operators.BADGE_PREFIX) and not shown["badge"]:
        shown["badge"], shown["username"] = shown["username"], ""  # scanned where a name was expected
    try:
        user = operators.identify(
            store_id=device.store_id,
            username=shown["username"],
            pin=shown["pin"],
            badge=shown["badge"].upper(),
            now=datetime.now(UTC),
            address=client_address(request),
        )
    except OperatorLocked:
        problem = _("Too many wrong PINs in a row. Wait a quarter of an hour, or ask a manager for a new PIN.")
    except OperatorRefused:
        problem = _("User name, PIN or badge is wrong, or it is not for this till.")
    else:
        return _signed_in(request, device, user)
    return _sign_in_page(request, device, problem=problem, username=shown["username"])


def _signed_in(request: HttpRequest, device: Device, user: StaffUser) -> HttpResponse:
    response = redirect(_next(request))
    token = request.COOKIES.get(OPERATOR_COOKIE, "")
    if not tills.unlock(token=token, device=device, user=user, now=datetime.now(UTC)):
        access.sign_in(request, response, user=user)
    return response


def _sign_in_page(request: HttpRequest, device: Device, *, problem: str = "", username: str = "") -> HttpResponse:
    operator = operator_of(request, touch=False)
    locked = _locked(operator)
    context = {
        "device": device,
        "store": stores.store(store_id=device.store_id),
        "locked": locked,
        "username": username or (locked.username if locked else ""),
        "recent": tills.recent_operators(device=device),
        "next": _next(request),
        "problem": problem,
    }
    return render(request, "till/sign_in.html", context, status=422 if problem else 200)


def _locked(operator: Operator | None) -> Operator | None:
    return operator if operator is not None and operator.is_locked else None


def _next(request: HttpRequest) -> str:
    """Where to go on: a page of the till, else the sale screen."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith(COOKIE_PATH) and ".." not in wanted else COOKIE_PATH


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out: the session is over on the server too. The ticket stays."""
    tills.sign_out(token=request.COOKIES.get(OPERATOR_COOKIE, ""), now=datetime.now(UTC))
    response = redirect("till:sign-in" if device_of(request) is not None else "till:enrol")
    response.delete_cookie(OPERATOR_COOKIE, path=COOKIE_PATH, samesite="Strict")
    return response


@require_GET
@page(capability="till.enrol")
def operator_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """People who work at tills of the reader's stores."""
    views = operators.credentials(principal=principal)
    return render(request, "till/operators.html", {"rows": views, "now": datetime.now(UTC)})


@sensitive_post_parameters("pin", "pin_again")
@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="till.enrol", step_up=True)
def operator_detail(request: HttpRequest, *, user_id: int, principal: Principal) -> HttpResponse:
    """One person's PIN and badge; a POST says in `do` what to do. A new badge is shown once, to be printed."""
    view = _view(user_id, principal)
    now, do = datetime.now(UTC), request.POST.get("do", "")
    form, badge = PinForm(), ""
    if request.method == "POST":
        match do:
            case "pin":
                form = PinForm(request.POST)
                if _set_pin(form, user_id=user_id, principal=principal, now=now):
                    messages.success(request, _("The PIN is set."))
                    return redirect("till:operator", user_id=user_id)
            case "badge":
                badge = operators.new_badge()
                operators.set_badge(user_id=user_id, badge=badge, principal=principal, now=now)
                view = _view(user_id, principal)
            case "clear":
                operators.clear(user_id=user_id, principal=principal, now=now)
                messages.success(request, _("PIN and badge are taken away. They work nowhere within half a minute."))
                return redirect("till:operator", user_id=user_id)
            case "unlock":
                operators.unlock(user_id=user_id, principal=principal, now=now)
                messages.success(request, _("The pause is ended."))
                return redirect("till:operator", user_id=user_id)
    picture = segno.make_qr(badge, error="m").svg_inline(scale=5, border=2, omitsize=True) if badge else ""
    own = principal.subject == f"staff:{user_id}"
    context = {"person": view, "form": form, "badge": badge, "picture": picture, "own": own, "now": now}
    return render(request, "till/operator.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("pin", "pin_again")
@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None, step_up=True)
def own_pin(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """One's own PIN for the till."""
    user_id = int(principal.subject.partition(":")[2])
    view = operators.own(user_id=user_id)
    if view is None:
        raise NotFound("You work at no till")
    form = PinForm(request.POST or None)
    if request.method == "POST" and _set_pin(form, user_id=user_id, principal=principal, now=datetime.now(UTC)):
        messages.success(request, _("The PIN is set."))
        return redirect("till:own-pin")
    return render(request, "till/own_pin.html", {"person": view, "form": form}, status=422 if form.errors else 200)


def _set_pin(form: PinForm, *, user_id: int, principal: Principal, now: datetime) -> bool:
    if not form.is_valid():
        return False
    try:
        operators.set_pin(user_id=user_id, pin=form.cleaned_data["pin"], principal=principal, now=now)
    except TrivialPin:
        form.add_error("pin", _("This PIN is too easy to guess. Choose another."))
    except LiushuiError as error:
        form.add_error("pin" if error.pointer == "/pin" else None, problem_text(error))
    else:
        return True
    return False


def _view(user_id: int, principal: Principal) -> CredentialView:
    for view in operators.credentials(principal=principal):
        if view.user_id == user_id:
            return view
    raise NotFound("There is no such member of staff")


urlpatterns: list[URLPattern] = [
    path("till/sign-in/", sign_in, name="sign-in"),
    path("till/sign-out/", sign_out, name="sign-out"),
    path("settings/tills/operators/", operator_list, name="operators"),
    path("settings/tills/operators/<int:user_id>/", operator_detail, name="operator"),
    path("account/pin/", own_pin, name="own-pin"),
]
MENU: tuple[MenuEntry, ...] = (
    MenuEntry(
        section="settings",
        title=gettext_lazy("PINs and badges"),
        url_name="till:operators",
        capability="till.enrol",
        position=50,
    ),
    MenuEntry(
        section="settings", title=gettext_lazy("My PIN"), url_name="till:own-pin", capability="till.use", position=60
    ),
)
