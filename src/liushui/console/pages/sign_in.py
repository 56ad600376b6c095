"""In and out: the password, then the second factor of those who have one. One answer for everything that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from liushui.console.pages.proof import Proof, ask_passkey, give_proof
from liushui.runtime import lockout, second_factor, sessions
from liushui.runtime.grants import held_grants, staff_subject
from liushui.runtime.models import StaffUser
from liushui.runtime.web import client_address, principal_of

log = structlog.get_logger(__name__)
_PENDING = "liushui_pending_sign_in"
_PENDING_SECONDS = 300  # from the password to the code


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
    """The first step: a session with a fresh key for those who prove who they are and need nothing else."""
    if request.method == "GET" and principal_of(request) is not None:
        return redirect(local_next(request))
    form, status = SignInForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            user = _check_password(request, form.cleaned_data)
        except lockout.TooManyTries:
            status = 429
            form.add_error(None, locked_text())
        else:
            if user is not None:
                return _go_on(request, user)
            form.add_error(None, _("User name or password is wrong, or the account has been ended."))
    if form.errors and status == 200:
        status = 422
    return render(request, "console/sign_in.html", {"form": form, "next": local_next(request)}, status=status)


def _check_password(request: HttpRequest, values: dict[str, Any]) -> StaffUser | None:
    """Whose password it is. Raises TooManyTries."""
    now, username = datetime.now(UTC), values["username"]
    tries = lockout.count_try(request=request, username=username, now=now)
    user = ModelBackend().authenticate(request, username=username, password=values["password"])
    if isinstance(user, StaffUser):
        lockout.take_back(request=request, username=username)
        return user
    log.warning("sign-in refused", address=client_address(request))
    known = StaffUser.objects.filter(username=username).first()
    lockout.note_lock(
        tries=tries,
        username=username,
        user_id=known.pk if known else None,
        grants=held_grants(subject=staff_subject(known.pk)) if known else (),
        address=client_address(request),
    )
    return None


def _go_on(request: HttpRequest, user: StaffUser) -> HttpResponse:
    """In, or to the second step; until that is done the session knows only who has given his password."""
    now, wanted = datetime.now(UTC), local_next(request)
    if not second_factor.has_factor(user_id=user.pk):
        sessions.begin(request=request, user=user, way="password", address=client_address(request), now=now)
        return redirect(wanted)
    request.session.flush()  # nothing of an earlier person, and a key that nobody has planted
    request.session[_PENDING] = {
        "user_id": user.pk, "at": int(now.timestamp()), "hash": user.get_session_auth_hash()
    }  # fmt: skip
    return redirect(f"{reverse('console:second-step')}?{urlencode({'next': wanted})}")


@sensitive_post_parameters("code", "recovery", "credential")
@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The second step: a code, a passkey or a recovery code of the person whose password was right just now."""
    user = _pending_user(request, now=datetime.now(UTC))
    if user is None:
        return redirect(f"{reverse('console:sign-in')}?{urlencode({'next': local_next(request)})}")
    problem, status = "", 200
    if request.method == "POST":
        proof = give_proof(request, user=user, now=datetime.now(UTC))
        if proof.way:
            wanted, now = local_next(request), datetime.now(UTC)
            sessions.begin(request=request, user=user, way=proof.way, address=client_address(request), now=now)
            request.session.pop(_PENDING, None)
            return redirect(wanted)
        problem, status = problem_text(proof), proof.status
    context = {
        "next": local_next(request),
        "problem": problem,
        "kinds": {factor.kind for factor in second_factor.factors(user_id=user.pk)},
        "recovery": request.GET.get("way") == "recovery",
        "passkey": ask_passkey(request, user=user),
    }
    return render(request, "console/second_step.html", context, status=status)


def _pending_user(request: HttpRequest, *, now: datetime) -> StaffUser | None:
    """Who gave the right password a moment ago; nobody once that is long ago, the password new or the account ended."""
    pending = request.session.get(_PENDING)
    if pending is None or not 0 <= int(now.timestamp()) - pending["at"] <= _PENDING_SECONDS:
        return None
    user = StaffUser.objects.filter(pk=pending["user_id"], is_active=True).first()
    if user is None or not constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return None
    return user


def locked_text() -> str:
    """What a locked out person reads; nobody learns whether there is such an account."""
    return _("Too many wrong tries. Wait %(minutes)s minutes, or ask the person who manages access.") % {
        "minutes": settings.LIUSHUI.lockout_minutes
    }


def problem_text(proof: Proof) -> str:
    """Why a proof was not taken, without saying what was wrong with it."""
    return locked_text() if proof.status == 429 else _("That was not right. Try again.")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out: the session is forgotten on the server too."""
    sessions.end(request=request)
    return redirect(reverse("console:sign-in"))
