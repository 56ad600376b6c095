"""One's own account: password, second factors, recovery codes, and where one is signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liushui.console.pages.proof import give_proof
from liushui.console.pages.sign_in import problem_text
from liushui.kernel.errors import LiushuiError
from liushui.runtime import error_words, passkeys, sealed, second_factor, sessions, staff, step_up
from liushui.runtime.access import Principal
from liushui.runtime.models import StaffUser
from liushui.runtime.web import page

_NEW_KEY, _NEW_PASSKEY = "liushui_new_totp_key", "liushui_new_passkey"
_PURPOSE = "totp-enrolment"
# What a User-Agent header says first of these is what the person would call it.
_BROWSERS = {
    "MicroMessenger/": "WeChat", "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome",
    "Safari/": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS X": "macOS",
    "Linux": "Linux",
}  # fmt: skip


class PasswordForm(forms.Form):
    """Another password; the present one proves who asks."""

    password = forms.CharField(
        label=gettext_lazy("Present password"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=256,
        strip=False,
        help_text=gettext_lazy("At least 10 characters; not a common word, not digits only."),
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=gettext_lazy("New password, once more"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both times the same."""
        values = super().clean() or {}
        if values.get("new_password") != values.get("repeated"):
            self.add_error("repeated", _("The two are not the same."))
        return values


def own_account(request: HttpRequest) -> StaffUser:
    """Who is signed in."""
    assert isinstance(request.user, StaffUser)  # nosec B101  # `page` lets nobody else in
    return request.user


@sensitive_post_parameters("password", "new_password", "repeated")
@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None, before_set_up=True)
def security(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """All of it on one page; a POST says in `do` what to change. Factors change only after fresh proof."""
    user = own_account(request)
    if request.method == "GET":
        return _shown(request, user, principal)
    match request.POST.get("do"):
        case "password":
            return _change_password(request, user, principal)
        case "end":
            sessions.end_one(user=user, sign_in_id=_id(request.POST.get("sign_in")), principal=principal)
            messages.success(request, _("That sign-in has ended."))
        case "end_others":
            sessions.end_others(request=request, user=user, principal=principal)
            messages.success(request, _("All other sign-ins have ended."))
        case "remove" | "recovery_codes" as verb:
            if not step_up.is_fresh(request):
                return step_up.ask(request)
            if verb == "recovery_codes":
                return _new_codes(request, user, principal)
            second_factor.remove(user=user, factor_id=_id(request.POST.get("factor")), principal=principal)
            messages.success(request, _("Removed."))
    return redirect("console:security")


def _change_password(request: HttpRequest, user: StaffUser, principal: Principal) -> HttpResponse:
    form, now = PasswordForm(request.POST), datetime.now(UTC)
    if not form.is_valid():
        return _shown(request, user, principal, form=form, status=422)
    proof = give_proof(request, user=user, now=now, password=True)
    if proof.way != "password":
        form.add_error("password", problem_text(proof))
        return _shown(request, user, principal, form=form, status=max(proof.status, 422))
    try:
        staff.change_own_password(user=user, password=form.cleaned_data["new_password"], principal=principal)
    except LiushuiError as error:
        form.add_error("new_password", error_words.error_text(error))
        return _shown(request, user, principal, form=form, status=422)
    sessions.keep_this(request=request, user=user)
    step_up.confirm(request, now=now)
    messages.success(request, _("The password is changed. All other sign-ins have ended."))
    return redirect("console:security")


def _new_codes(request: HttpRequest, user: StaffUser, principal: Principal) -> HttpResponse:
    if not second_factor.has_factor(user_id=user.pk):
        return redirect("console:security")
    codes = second_factor.new_recovery_codes(user_id=user.pk, principal=principal)
    return render(request, "console/recovery_codes.html", {"codes": codes})


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None, step_up=True, before_set_up=True)
def add_app(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new app for one-time codes: its key as a QR code, kept once a code of it is typed."""
    user, problem = own_account(request), ""
    key = sealed.unseal(request.session.get(_NEW_KEY, ""), purpose=_PURPOSE)
    if key is None:
        key = second_factor.new_totp_key()
        request.session[_NEW_KEY] = sealed.seal(key, purpose=_PURPOSE)
    if request.method == "POST":
        try:
            second_factor.add_totp(
                user=user, name=request.POST.get("name") or _("Authenticator app"), key=key,
                code=request.POST.get("code", ""), principal=principal, now=datetime.now(UTC),
            )  # fmt: skip
        except second_factor.WrongCode:
            problem = _("That code does not fit. Check the clock of the phone, and type the code that is shown now.")
        else:
            request.session.pop(_NEW_KEY, None)
            return _added(request, user, principal)
    address = second_factor.totp_address(username=user.username, key=key)
    context = {
        "picture": segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#fff"),
        "key": " ".join(key[start : start + 4] for start in range(0, len(key), 4)),
        "problem": problem,
    }
    return render(request, "console/add_app.html", context, status=422 if problem else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None, step_up=True, before_set_up=True)
def add_passkey(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new passkey, made by the browser for this host."""
    user, host, problem = own_account(request), request.get_host(), ""
    if request.method == "POST":
        try:
            passkeys.add_passkey(
                host=host, user=user, name=request.POST.get("name") or _("Passkey"),
                state=request.session.pop(_NEW_PASSKEY, {}), answer=request.POST.get("credential", ""),
                principal=principal, now=datetime.now(UTC),
            )  # fmt: skip
        except LiushuiError as error:
            problem = _(error.title)
        else:
            return _added(request, user, principal)
    options = None
    if passkeys.is_possible_on(host):
        challenge = passkeys.begin_registration(host=host, user=user)
        request.session[_NEW_PASSKEY], options = challenge.state, challenge.options
    context = {"options": options, "problem": problem}
    return render(request, "console/add_passkey.html", context, status=422 if problem else 200)


def _added(request: HttpRequest, user: StaffUser, principal: Principal) -> HttpResponse:
    """With the first factor come recovery codes."""
    messages.success(request, _("Added. You will be asked for it when you sign in."))
    if second_factor.recovery_codes_left(user_id=user.pk) == 0:
        return _new_codes(request, user, principal)
    return redirect("console:security")


def _shown(
    request: HttpRequest, user: StaffUser, principal: Principal, *, form: PasswordForm | None = None, status: int = 200
) -> HttpResponse:
    known = second_factor.factors(user_id=user.pk)
    is_required = second_factor.is_required_for(principal)
    context = {
        "form": form or PasswordForm(),
        "factors": known,
        "has_app": any(factor.kind == "totp" for factor in known),
        "codes_left": second_factor.recovery_codes_left(user_id=user.pk),
        "sign_ins": [(one, browser_name(one.agent)) for one in sessions.sign_ins(request=request, user=user)],
        "must_change": user.must_change_password,
        "must_enrol": is_required and not known,
        "may_remove": not is_required or len(known) > 1,
    }
    return render(request, "console/security.html", context, status=status)


def browser_name(agent: str) -> str:
    """Browser and system of a User-Agent header, as far as they are known; else its beginning."""
    found = [next((name for mark, name in known.items() if mark in agent), "") for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in found if name) or agent[:40]


def _id(text: str | None) -> UUID:
    """The id that a form names; one that is none names nothing."""
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)
