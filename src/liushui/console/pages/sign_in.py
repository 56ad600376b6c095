"""In and out: one answer for every wrong name, wrong password and ended account."""

from __future__ import annotations

import structlog
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from liushui.runtime import audit
from liushui.runtime.grants import only_chain, staff_principal
from liushui.runtime.web import client_address, principal_of

log = structlog.get_logger(__name__)


class SignInForm(forms.Form):
    """Who, and the word that proves it."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=64,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "current-password"}),
    )


def local_next(request: HttpRequest) -> str:
    """Where to go after sign-in: `next` when it is an address of this server, else the home page."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    here = {request.get_host()}
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=here, require_https=request.is_secure()):
        return wanted
    return settings.LOGIN_REDIRECT_URL


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The door: a session with a fresh key for those who prove who they are."""
    if request.method == "GET" and principal_of(request) is not None:
        return redirect(local_next(request))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = authenticate(request, username=form.cleaned_data["username"], password=form.cleaned_data["password"])
        if user is not None:
            login(request, user)  # rotates the session key, so that one planted before is worth nothing
            principal = staff_principal(user, address=client_address(request))
            with transaction.atomic():
                audit.record(
                    principal=principal,
                    action="staff.sign_in",
                    target=principal.subject,
                    chain_id=only_chain(principal.grants),
                )
            return redirect(local_next(request))
        log.warning("sign-in refused", address=client_address(request))
        form.add_error(None, _("User name or password is wrong, or the account has been ended."))
    status = 422 if form.errors else 200
    return render(request, "console/sign_in.html", {"form": form, "next": local_next(request)}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out: the session is forgotten on the server too."""
    logout(request)
    return redirect(reverse("console:sign-in"))
