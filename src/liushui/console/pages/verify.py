"""Confirming that it is still the same person, before something grave; what a form held is offered again."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liushui.console.pages.proof import ask_passkey, give_proof
from liushui.console.pages.sign_in import local_next, problem_text
from liushui.runtime import audit, second_factor, step_up
from liushui.runtime.access import Principal
from liushui.runtime.grants import only_chain
from liushui.runtime.models import StaffUser
from liushui.runtime.web import page


@sensitive_post_parameters("password", "code", "recovery", "credential")
@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None, before_set_up=True)
def verify(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Ask for a second factor, or for the password of one who has none, then lead back."""
    user, now = request.user, datetime.now(UTC)
    assert isinstance(user, StaffUser)  # nosec B101  # `page` lets nobody else in
    kinds = {factor.kind for factor in second_factor.factors(user_id=user.pk)}
    problem, status = "", 200
    if request.method == "POST":
        proof = give_proof(request, user=user, now=now, password=not kinds)
        if proof.way:
            step_up.confirm(request, now=now)
            audit.record(
                principal=principal, action="staff.verify", target=principal.subject,
                chain_id=only_chain(principal.grants), after={"way": proof.way},
            )  # fmt: skip
            return _back(request)
        problem, status = problem_text(proof), proof.status
    context = {
        "next": local_next(request),
        "problem": problem,
        "kinds": kinds,
        "passkey": ask_passkey(request, user=user),
        "username": user.username,
    }
    return render(request, "console/verify.html", context, status=status)


def _back(request: HttpRequest) -> HttpResponse:
    kept = step_up.kept_form(request)
    if kept is None:
        return redirect(local_next(request))
    step_up.forget_form(request)
    return render(request, "console/verified.html", {"kept": kept, "next": local_next(request)})
