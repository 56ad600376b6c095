"""Settings, staff: accounts and the roles they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from liushui.console.pages.words import (
    CAPABILITY_NAMES,
    ROLE_NAMES,
    PlaceOffer,
    duty_warnings,
    end_of,
    grant_key,
    kept_roles,
    offered_places,
)
from liushui.kernel.errors import LiushuiError
from liushui.runtime import error_words, grants, lockout, staff
from liushui.runtime.access import CAPABILITIES, Principal
from liushui.runtime.access import ROLES as ROLE_CAPABILITIES
from liushui.runtime.staff import USERNAME
from liushui.runtime.web import page


class RoleForm(forms.Form):
    """A role in a place; the place is picked by its text among those offered."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"), widget=forms.Select(attrs={"class": "form-select"}), choices=()
    )
    place = forms.CharField(
        label=gettext_lazy("Place"),
        help_text=gettext_lazy("Type a code or a name and pick the chain, region or store."),
        widget=forms.TextInput(attrs={"class": "form-control", "list": "places-offered", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, places: tuple[PlaceOffer, ...], roles: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places
        self.fields["role"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (role, name) for role, name in ROLE_NAMES.items() if role in roles
        ]

    def clean_place(self) -> PlaceOffer:
        """The place of that text."""
        for place in self.places:
            if place.text == self.cleaned_data["place"]:
                return place
        raise forms.ValidationError(_("Pick one of the places offered while you type."))


class TimedRoleForm(RoleForm):
    """A role that may end by itself."""

    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("The last day on which it holds; empty: until it is taken away."),
        widget=forms.DateInput(attrs={"class": "form-control", "type": "date"}),
    )

    def end(self) -> datetime | None:
        """The moment from which the role gives nothing."""
        until = self.cleaned_data["until"]
        return end_of(until) if until else None


class StaffForm(TimedRoleForm):
    """A new account with its first role."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=64,
        validators=[RegexValidator(USERNAME, gettext_lazy("Use letters, digits and @ . + - _ only."))],
        help_text=gettext_lazy("Letters, digits and @ . + - _; typed at sign-in."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    display_name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=128,
        help_text=gettext_lazy("As colleagues know the person; it appears in the audit log."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    field_order = ("username", "display_name", "role", "place", "until")


@require_GET
@page(capability="access.manage")
def staff_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Staff with a role in the places that the reader manages."""
    text, state = request.GET.get("q", "").strip().casefold(), request.GET.get("state", "")
    found = [
        view
        for view in staff.staff(principal=principal)
        if text in f"{view.username} {view.display_name}".casefold() and state in ("", _state(view.is_active))
    ]
    listed = Paginator(found, settings.LIUSHUI.page_rows).get_page(request.GET.get("page"))
    rows = [(view, kept_roles(view.held, principal)) for view in listed]
    locked = lockout.locked_usernames(now=timezone.now())
    context = {"rows": rows, "listed": listed, "text": text, "state": state, "locked": locked}
    return render(request, "console/staff.html", context)


def _state(is_active: bool) -> str:
    return "active" if is_active else "ended"


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up=True)
def staff_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new account; its password is shown in the answer and never again."""
    places = offered_places(principal)
    form = StaffForm(request.POST or None, places=places, roles=grants.STAFF_ROLES)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            user_id, password = staff.create_staff(
                username=values["username"],
                display_name=values["display_name"],
                grants=[values["place"].grant(values["role"])],
                expires_at=form.end(),
                principal=principal,
            )
        except LiushuiError as error:
            add_problem(form, error)
        else:
            return _detail(request, user_id=user_id, principal=principal, password=password)
    status = 422 if form.errors else 200
    return render(request, "console/staff_new.html", {"form": form, "places": places, "roles": _roles()}, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up="POST")
def staff_detail(request: HttpRequest, *, user_id: int, principal: Principal) -> HttpResponse:
    """One account; a POST says in `do` what to do with it."""
    if request.method == "GET":
        return _detail(request, user_id=user_id, principal=principal)
    match request.POST.get("do"):
        case "grant":
            return _give_role(request, user_id=user_id, principal=principal)
        case "revoke":
            _take_role(request, user_id=user_id, principal=principal)
        case "password":
            password = staff.reset_password(user_id=user_id, principal=principal)
            return _detail(request, user_id=user_id, principal=principal, password=password)
        case "factors":
            staff.reset_factors(user_id=user_id, principal=principal)
            messages.success(request, _("The second factors are gone and every sign-in of the account has ended."))
        case "unlock":
            staff.unlock(user_id=user_id, principal=principal)
            messages.success(request, _("The person may sign in again."))
        case "deactivate" | "activate" as verb:
            staff.set_active(user_id=user_id, is_active=verb == "activate", principal=principal)
            messages.success(request, _("Saved."))
        case _:
            staff.staff_member(user_id=user_id, principal=principal)
    return redirect("console:staff-detail", user_id=user_id)


def _give_role(request: HttpRequest, *, user_id: int, principal: Principal) -> HttpResponse:
    view = staff.staff_member(user_id=user_id, principal=principal)
    form = TimedRoleForm(request.POST, places=offered_places(principal), roles=grants.STAFF_ROLES)
    if form.is_valid():
        wanted = form.cleaned_data["place"].grant(form.cleaned_data["role"])
        try:
            grants.grant(
                subject=grants.staff_subject(view.id), grant=wanted, granted_by=principal, expires_at=form.end()
            )
        except LiushuiError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("console:staff-detail", user_id=user_id)
    return _detail(request, user_id=user_id, principal=principal, form=form)


def _take_role(request: HttpRequest, *, user_id: int, principal: Principal) -> None:
    view = staff.staff_member(user_id=user_id, principal=principal)
    for held in view.grants:
        if grant_key(held) == request.POST.get("grant"):
            grants.revoke(subject=grants.staff_subject(view.id), grant=held, revoked_by=principal)
            messages.success(request, _("Saved."))


def _detail(
    request: HttpRequest, *, user_id: int, principal: Principal, form: TimedRoleForm | None = None, password: str = ""
) -> HttpResponse:
    view = staff.staff_member(user_id=user_id, principal=principal)
    own = principal.subject == grants.staff_subject(user_id)
    places = offered_places(principal)
    context = {
        "staff": view,
        "own": own,
        "held": kept_roles(view.held, principal, own=own),
        "warnings": duty_warnings(view.held),
        "is_locked": view.username in lockout.locked_usernames(now=timezone.now()),
        "form": form or TimedRoleForm(places=places, roles=grants.STAFF_ROLES),
        "places": places,
        "password": password,
        "roles": _roles(),
    }
    return render(request, "console/staff_detail.html", context, status=422 if form and form.errors else 200)


def _roles() -> list[tuple[Any, list[Any]]]:
    return [
        (name, [CAPABILITY_NAMES[capability] for capability in CAPABILITIES if capability in ROLE_CAPABILITIES[role]])
        for role, name in ROLE_NAMES.items()
        if role in grants.STAFF_ROLES
    ]


def add_problem(form: forms.Form, error: LiushuiError) -> None:
    """Show a named error beside the field that it is about, else above the form."""
    field = (error.pointer or "").strip("/")
    text = error_words.error_text(error, with_remedy=True)
    form.add_error(field if field in form.fields else None, text)
